//! Echoes with a connection for each: how many can be opened, authenticated, used once and closed.
//! The course of the run is `course`'s.

use std::io;

use framing::{EncodeError, FrameSpec};
use reactor::{Address, ConnId, ConnMap, Tag, Time};

use super::content::LaneId;
use super::course::{Carrier, Course, Stage};
use super::ordered::Ordered;
use super::stream::failure_of;
use crate::calling::Route;
use crate::cli::exit::{Failure, Fault, Result};
use crate::session::{Caller, Ended, Link, Service, Via};

/// The service of `sb-load` for connections that are used once. A first one finds out which address answers.
pub(super) struct ConnectLoad {
    course: Course<Calls>,
    route: Route,
}

/// Connections under way, one for each lane.
#[derive(Debug, Default)]
pub(super) struct Calls {
    server: Option<Address>,
    /// The message of each lane, and what came back.
    errands: Vec<Errand>,
    lanes: ConnMap<LaneId>,
    /// The framing tells no messages apart: an answer is whole when it is as long as what was sent.
    is_raw: bool,
}

#[derive(Clone, Debug, Default)]
struct Errand {
    message: Vec<u8>,
    answer: Vec<u8>,
    /// When all of the answer had come.
    answered: Option<Time>,
}

impl Calls {
    pub(super) fn new(at_once: u16, spec: &FrameSpec) -> Calls {
        let errands = vec![Errand::default(); usize::from(at_once)];
        Calls { errands, is_raw: spec.is_raw(), ..Calls::default() }
    }

    /// Something came back for a lane; says whether it is all.
    fn hear(&mut self, lane: LaneId, message: &[u8], now: Time) -> bool {
        let errand = &mut self.errands[lane.index()];
        errand.answer.extend_from_slice(message);
        let is_whole = !self.is_raw || errand.answer.len() >= errand.message.len();
        errand.answered = is_whole.then_some(now);
        is_whole
    }
}

impl Carrier for Calls {
    type Lane = Ordered;

    /// The message waits for its connection.
    fn send(&mut self, link: &mut Link<'_, '_>, lane: LaneId, message: &[u8]) -> Result<(), EncodeError> {
        self.errands[lane.index()] = Errand { message: message.to_vec(), ..Errand::default() };
        if let Some(server) = &self.server {
            link.call(server.clone(), tag_of(lane));
        }
        Ok(())
    }

    /// Each is closed by itself.
    fn end_sending(&mut self, _: &mut Link<'_, '_>) -> bool {
        false
    }
}

impl ConnectLoad {
    pub(super) fn new(course: Course<Calls>) -> Self {
        Self { course, route: Route::default() }
    }

    pub(super) fn route(&mut self) -> &mut Route {
        &mut self.route
    }

    pub(super) fn outcome(self) -> Result<()> {
        self.course.outcome()
    }

    /// A connection is over before its message came back.
    fn lose(&mut self, link: &mut Link<'_, '_>, lane: Option<LaneId>, failure: Failure) {
        match (lane, self.course.stage()) {
            (Some(lane), Stage::Running) => self.course.lose(link, lane, failure),
            (_, Stage::Over) => {}
            _ => {
                self.course.fail(Err(failure));
                self.course.end(link);
            }
        }
    }
}

impl Service for ConnectLoad {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, caller: Caller) {
        let calls = &mut self.course.carrier;
        let Some(lane) = lane_of(caller.via).filter(|_| calls.server.is_some()) else {
            calls.server = Some(caller.peer);
            return link.hang_up(id);
        };
        calls.lanes.insert(id, lane);
        if let Err(error) = link.send(id, &calls.errands[lane.index()].message) {
            self.lose(link, None, error.into());
        }
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        let now = self.course.now(link);
        let calls = &mut self.course.carrier;
        if let Some(lane) = calls.lanes.get(id).copied()
            && calls.hear(lane, message, now)
        {
            link.hang_up(id);
        }
    }

    fn close(&mut self, link: &mut Link<'_, '_>, id: ConnId, ended: &Ended) {
        let Some(lane) = self.course.carrier.lanes.remove(id) else {
            return self.course.begin(link); // it was the first, which showed that somebody is there
        };
        let Errand { answer, answered, .. } = std::mem::take(&mut self.course.carrier.errands[lane.index()]);
        let Some(at) = answered else { return self.lose(link, Some(lane), failure_of(ended)) };
        self.course.note(lane, &answer, at);
        let now = self.course.now(link);
        self.course.proceed(link, now);
    }

    fn turned_away(&mut self, link: &mut Link<'_, '_>, _: &Address, via: Via, ended: &Ended) {
        self.lose(link, lane_of(via), failure_of(ended));
    }

    fn unreachable(&mut self, link: &mut Link<'_, '_>, tag: Tag, address: &Address, error: &io::Error) {
        if self.course.stage() == Stage::Opening {
            match self.route.unreachable(link, address, error) {
                Ok(next) => {
                    self.course.reporter.notes.note(format_args!("{address}: {error}; trying {next}"));
                }
                Err(failure) => self.lose(link, None, failure),
            }
            return;
        }
        let failure = Failure::new(Fault::Connection, format!("cannot reach {address}: {error}"));
        self.lose(link, lane_of(Via::Call(tag)), failure);
    }

    fn timeout(&mut self, link: &mut Link<'_, '_>, tag: Tag) {
        self.course.timeout(link, tag);
    }

    fn draining(&mut self, link: &mut Link<'_, '_>) {
        self.route.give_up();
        self.course.interrupt(link);
    }
}

fn tag_of(lane: LaneId) -> Tag {
    Tag(lane.0.into())
}

fn lane_of(via: Via) -> Option<LaneId> {
    match via {
        Via::Call(tag) => u16::try_from(tag.0).ok().map(LaneId),
        _ => None,
    }
}
