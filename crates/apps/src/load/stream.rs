//! Echoes over streams: which connection is which lane, and what happens to them.
//! The course of the run is `course`'s.

use std::io;

use framing::{EncodeError, FrameSpec};
use reactor::{Address, ConnId, ConnMap, Tag, Time};

use super::assembly::Assembly;
use super::content::LaneId;
use super::course::{Carrier, Course, Stage};
use super::opener::Opener;
use super::ordered::Ordered;
use crate::calling::Route;
use crate::cli::exit::{Failure, Fault, Result};
use crate::ending::outcome_of;
use crate::session::{Caller, Ended, Link, Service, Via};

/// The service of `sb-load` on streams.
pub(super) struct StreamLoad {
    course: Course<Streams>,
    opener: Opener,
    /// Where the framing tells no messages apart.
    assembly: Option<Assembly>,
    /// Whose messages are heard just now, and since when.
    present: Option<(ConnId, LaneId, Time)>,
}

/// Connections, in the order in which they stood.
#[derive(Debug, Default)]
pub(super) struct Streams {
    ids: Vec<ConnId>,
    /// Those that stand.
    lanes: ConnMap<LaneId>,
}

impl Carrier for Streams {
    type Lane = Ordered;

    #[inline]
    fn send(&mut self, link: &mut Link<'_, '_>, lane: LaneId, message: &[u8]) -> Result<(), EncodeError> {
        link.send(self.ids[lane.index()], message)
    }

    fn end_sending(&mut self, link: &mut Link<'_, '_>) -> bool {
        self.ids.iter().for_each(|id| link.end_sending(*id));
        !self.lanes.is_empty()
    }
}

impl StreamLoad {
    pub(super) fn new(course: Course<Streams>, connections: u16, spec: &FrameSpec) -> Self {
        let assembly = spec.is_raw().then(|| Assembly::new(connections));
        let opener = Opener::new(connections, course.salt());
        Self { course, opener, assembly, present: None }
    }

    pub(super) fn route(&mut self) -> &mut Route {
        &mut self.opener.route
    }

    pub(super) fn outcome(self) -> Result<()> {
        self.course.outcome()
    }

    /// The lane of a connection, and the time at which it began to be heard in this turn. What follows from what came on
    /// another one is done before.
    #[inline]
    fn present(&mut self, link: &mut Link<'_, '_>, id: ConnId) -> Option<(LaneId, Time)> {
        if let Some((present, lane, now)) = self.present
            && present == id
        {
            return Some((lane, now));
        }
        self.turn_to(link, id)
    }

    fn turn_to(&mut self, link: &mut Link<'_, '_>, id: ConnId) -> Option<(LaneId, Time)> {
        self.proceed(link);
        let lane = *self.course.carrier.lanes.get(id)?;
        let now = self.course.now(link);
        self.present = Some((id, lane, now));
        Some((lane, now))
    }

    /// Bytes came, of a message or of several.
    fn assemble(&mut self, lane: LaneId, bytes: &[u8], now: Time) {
        let Self { course, assembly: Some(assembly), .. } = self else { return };
        let mut rest = bytes;
        while !rest.is_empty() {
            let message_bytes = course.traffic.expected_bytes(lane);
            rest = assembly.feed(lane, rest, message_bytes, |message| course.note(lane, message, now));
        }
    }

    /// All that came on the present connection has been heard.
    fn proceed(&mut self, link: &mut Link<'_, '_>) {
        if let Some((_, _, now)) = self.present.take() {
            self.course.proceed(link, now);
        }
    }

    fn fail(&mut self, link: &mut Link<'_, '_>, failure: Failure) {
        self.course.fail(Err(failure));
        self.course.end(link);
    }
}

impl Service for StreamLoad {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, caller: Caller) {
        let lane = LaneId(self.opener.standing());
        self.course.carrier.lanes.insert(id, lane);
        self.course.carrier.ids.push(id);
        self.opener.stands(link, &caller);
        if self.opener.is_done() {
            self.course.begin(link);
        }
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        let Some((lane, now)) = self.present(link, id) else { return };
        if self.assembly.is_none() {
            self.course.answer(link, lane, message, now);
        } else {
            self.assemble(lane, message, now);
        }
    }

    fn close(&mut self, link: &mut Link<'_, '_>, id: ConnId, ended: &Ended) {
        let Some(lane) = self.course.carrier.lanes.remove(id) else { return };
        match self.course.stage() {
            Stage::Opening => self.fail(link, failure_of(ended)),
            Stage::Running | Stage::Holding => self.course.lose(link, lane, failure_of(ended)),
            Stage::Closing if self.course.carrier.lanes.is_empty() => self.course.end(link),
            Stage::Closing | Stage::Over => {}
        }
    }

    fn turned_away(&mut self, link: &mut Link<'_, '_>, _: &Address, _: Via, ended: &Ended) {
        self.fail(link, failure_of(ended));
    }

    fn unreachable(&mut self, link: &mut Link<'_, '_>, _: Tag, address: &Address, error: &io::Error) {
        match self.opener.route.unreachable(link, address, error) {
            Ok(next) => self.course.reporter.notes.note(format_args!("{address}: {error}; trying {next}")),
            Err(failure) => self.fail(link, failure),
        }
    }

    fn timeout(&mut self, link: &mut Link<'_, '_>, tag: Tag) {
        self.course.timeout(link, tag);
    }

    fn service_actions(&mut self, link: &mut Link<'_, '_>) {
        self.proceed(link);
    }

    fn draining(&mut self, link: &mut Link<'_, '_>) {
        self.opener.route.give_up();
        self.course.interrupt(link);
    }
}

/// Why a connection that was needed is gone. Hanging up is no fault of the framing or the key, but ends it too.
pub(super) fn failure_of(ended: &Ended) -> Failure {
    let hung_up = || Failure::new(Fault::Connection, "the server hung up on us");
    outcome_of(ended).err().unwrap_or_else(hung_up)
}
