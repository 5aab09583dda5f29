//! Echoes over datagrams: each socket of ours is a lane. What is lost on the way is counted, and is nobody's fault.
//! The course of the run is `course`'s.

use std::io;

use framing::EncodeError;
use reactor::{Address, ConnId, Datagram, SocketId, Tag};

use super::content::LaneId;
use super::course::{Carrier, Course, Stage, judge};
use super::tally::Wrong;
use super::unordered::Unordered;
use crate::cli::exit::{Failure, Fault, Result};
use crate::session::{Link, Service};

/// The service of `sb-load` on datagrams.
pub(super) struct DatagramLoad {
    course: Course<Sockets>,
}

/// Sockets, in the order in which they were opened.
#[derive(Debug)]
pub(super) struct Sockets {
    ids: Vec<SocketId>,
    server: Address,
}

impl Sockets {
    /// Sockets that send to this server.
    pub(super) fn new(server: Address) -> Sockets {
        Sockets { ids: Vec::new(), server }
    }

    fn lane(&self, id: SocketId) -> Option<LaneId> {
        let at = self.ids.binary_search_by_key(&id.slot(), |known| known.slot()).ok()?;
        u16::try_from(at).ok().map(LaneId)
    }
}

impl Carrier for Sockets {
    type Lane = Unordered;

    fn send(&mut self, link: &mut Link<'_, '_>, lane: LaneId, message: &[u8]) -> Result<(), EncodeError> {
        link.send_datagram(self.ids[lane.index()], self.server.clone(), message);
        Ok(())
    }

    fn end_sending(&mut self, _: &mut Link<'_, '_>) -> bool {
        false
    }

    /// What is lost, doubled or overtaken on the way is nobody's fault.
    fn judge(wrong: Wrong, messages: u64) -> Result<()> {
        judge(Wrong { altered: wrong.altered, strayed: wrong.strayed, ..Wrong::default() })?;
        match messages {
            0 => Err(Failure::new(Fault::Connection, "nobody answers")),
            _ => Ok(()),
        }
    }
}

impl DatagramLoad {
    pub(super) fn new(course: Course<Sockets>) -> Self {
        Self { course }
    }

    /// Sends from these.
    pub(super) fn begin(&mut self, link: &mut Link<'_, '_>, mut sockets: Vec<SocketId>) {
        sockets.sort_by_key(|id| id.slot());
        self.course.carrier.ids = sockets;
        self.course.begin(link);
    }

    pub(super) fn outcome(self) -> Result<()> {
        self.course.outcome()
    }
}

impl Service for DatagramLoad {
    type Command = ();

    /// There are no streams here.
    fn message(&mut self, _: &mut Link<'_, '_>, _: ConnId, _: &[u8]) {}

    fn datagram(&mut self, link: &mut Link<'_, '_>, socket: SocketId, datagram: Datagram<'_>) {
        if datagram.from.ip() != self.course.carrier.server.ip() {
            return; // anybody may send to us
        }
        if let Some(lane) = self.course.carrier.lane(socket) {
            let now = self.course.now(link);
            self.course.note(lane, datagram.payload, now);
            self.course.proceed(link, now);
        }
    }

    fn handle_error(&mut self, link: &mut Link<'_, '_>, error: &io::Error) {
        if self.course.stage() != Stage::Over {
            let server = &self.course.carrier.server;
            let failure = Failure::new(Fault::Connection, format!("cannot send to {server}: {error}"));
            self.course.fail(Err(failure));
            self.course.end(link);
        }
    }

    fn timeout(&mut self, link: &mut Link<'_, '_>, tag: Tag) {
        self.course.timeout(link, tag);
    }

    fn draining(&mut self, link: &mut Link<'_, '_>) {
        self.course.interrupt(link);
    }
}
