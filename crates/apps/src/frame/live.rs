//! A live endpoint as something to read: one connection, of which every read is given out and nothing is answered, once
//! its handshake is over.
//!
//! Leaves what is made of the reads to whoever reads, handshakes and records to `session`, and sockets to `reactor`. The
//! session's framing is `raw`, so that a message of it is what one read got; where the connection is sealed, what was
//! sealed in that.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::time::Duration;

use auth::Dialect;
use bytes::Bytes;
use reactor::{Address, Closed, ConnId, Deadline, Flow, Limits, ListenerId, Reactor, Tag};

use super::input::Ended;
use crate::attach::{self, Datagrams};
use crate::calling::{self, Route};
use crate::cli::args::{AuthArgs, Defaults};
use crate::cli::exit::{Failure, Fault, Result};
use crate::cli::notes::Notes;
use crate::cli::sparing::Sparing;
use crate::door;
use crate::ending::{obey_signals, outcome_of};
use crate::endpoint::Endpoint;
use crate::session::{self, Caller, Link, Profile, Role, Service, Session, Via};

/// How a connection is tapped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tapped {
    /// The most that one read takes.
    pub(super) read_bytes: usize,
    /// For how long, from when the connection stands; for ever if nothing is said.
    pub(super) time: Option<Duration>,
}

impl Default for Tapped {
    fn default() -> Self {
        Self { read_bytes: Limits::default().read_bytes, time: None }
    }
}

/// One connection.
pub(super) struct Live {
    reactor: Reactor<Session<Tap>>,
    flow: Flow,
    /// What is left of the read that is being given out.
    rest: Bytes,
}

impl Live {
    /// Connects.
    pub(super) fn call(endpoint: &Endpoint, auth: &AuthArgs, tapped: Tapped, notes: &Notes) -> Result<Self> {
        let dialect = auth.dialect(&DEFAULTS);
        if matches!(dialect, Dialect::Mutual | Dialect::Noise) && auth.service().is_none() {
            let message =
                format!("--auth {dialect} also needs the --service of who is called: talk, echo, chat...");
            return Err(Failure::new(Fault::Usage, message));
        }
        let mut live = Self::new(endpoint, auth, tapped, Role::Caller, notes)?;
        let callee = attach::callee(endpoint, Datagrams::NotSpoken)?;
        calling::call(&mut live.reactor, callee, |tap| &mut tap.route)?;
        Ok(live)
    }

    /// Listens for one caller.
    pub(super) fn listen(
        endpoint: &Endpoint,
        auth: &AuthArgs,
        tapped: Tapped,
        notes: &Notes,
    ) -> Result<Self> {
        let mut live = Self::new(endpoint, auth, tapped, Role::Server, notes)?;
        let one_at_a_time = door::options(auth.dialect(&DEFAULTS));
        attach::listen(&mut live.reactor, endpoint, &one_at_a_time, Datagrams::NotSpoken, notes)?;
        Ok(live)
    }

    fn new(endpoint: &Endpoint, auth: &AuthArgs, tapped: Tapped, role: Role, notes: &Notes) -> Result<Self> {
        let options = auth.options(&DEFAULTS, [endpoint], notes)?;
        let profile = Profile { adopted: role, ..Profile::new(options.spec, options.policy) };
        let Tapped { read_bytes, time: life_timeout } = tapped;
        let newcomers_max = door::NEWCOMERS_MAX;
        let limits = Limits { read_bytes, life_timeout, newcomers_max, ..Limits::default() };
        let mut reactor = Reactor::new(Session::new(Tap::new(notes), profile), limits)?;
        // Before the line that scripts wait for: after it they may interrupt us.
        obey_signals(&mut reactor)?;
        Ok(Self { reactor, flow: Flow::Continue, rest: Bytes::new() })
    }

    /// How it ended, if it is over.
    pub(super) fn ended(&mut self) -> Option<Ended> {
        if self.flow == Flow::Continue {
            return None;
        }
        Some(self.with_tap(|tap| tap.ended.take()).unwrap_or(Ended::ByUs))
    }

    fn with_tap<R>(&mut self, ask: impl FnOnce(&mut Tap) -> R) -> R {
        self.reactor.with_context(|session, cx| session.with_link(cx, |tap, _| ask(tap)))
    }
}

impl Read for Live {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.with_tap(|tap| tap.reads.pop_front()) {
                Some(read) => self.rest = read,
                None if self.flow == Flow::Continue => self.flow = self.reactor.turn()?,
                None => return self.with_tap(Tap::end_of_reads),
            }
        }
        let bytes = room.len().min(self.rest.len());
        room[..bytes].copy_from_slice(&self.rest.split_to(bytes));
        Ok(bytes)
    }
}

/// Hears everything, says nothing.
struct Tap {
    notes: Sparing,
    route: Route,
    /// Whose reads these are: a second caller's would be taken for its.
    current: Option<ConnId>,
    /// What came and was not given out: no more than one turn of the loop brings.
    reads: VecDeque<Bytes>,
    /// The first reason counts.
    ended: Option<Ended>,
}

impl Tap {
    fn new(notes: &Notes) -> Self {
        let notes = Sparing::of(notes.clone());
        Self { notes, route: Route::default(), current: None, reads: VecDeque::new(), ended: None }
    }

    fn end(&mut self, link: &mut Link<'_, '_>, ended: Ended) {
        self.ended.get_or_insert(ended);
        link.stop();
    }

    /// The end as readers know it, if it was the peer's.
    fn end_of_reads(&mut self) -> io::Result<usize> {
        match self.ended {
            Some(Ended::ByPeer) => Ok(0),
            _ => Err(io::Error::other("the connection is over")),
        }
    }
}

impl Service for Tap {
    type Command = ();

    fn verify(&mut self, _: ListenerId, _: &Address) -> bool {
        self.current.is_none()
    }

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, caller: Caller) {
        if self.current.is_some() {
            return link.abort(id); // nobody will hear it
        }
        self.current = Some(id);
        self.notes.note(format_args!("connected with {}", caller.peer));
    }

    fn message(&mut self, _: &mut Link<'_, '_>, id: ConnId, read: &[u8]) {
        if self.current == Some(id) {
            self.reads.push_back(Bytes::copy_from_slice(read));
        }
    }

    fn end_of_input(&mut self, link: &mut Link<'_, '_>, id: ConnId) {
        if self.current == Some(id) {
            self.ended.get_or_insert(Ended::ByPeer);
        }
        link.hang_up(id);
    }

    fn close(&mut self, link: &mut Link<'_, '_>, id: ConnId, ended: &session::Ended) {
        use session::Ended::Lost;
        if self.current != Some(id) {
            return;
        }
        match (ended, outcome_of(ended)) {
            (Lost(Closed::Stopped | Closed::TimedOut(Deadline::Life)), _) => self.end(link, Ended::ByUs),
            (_, Ok(())) => self.end(link, Ended::ByPeer),
            (_, Err(failure)) => self.end(link, Ended::Lost(failure)),
        }
    }

    fn turned_away(&mut self, link: &mut Link<'_, '_>, peer: &Address, via: Via, ended: &session::Ended) {
        match outcome_of(ended) {
            Err(failure) if !matches!(via, Via::Listener(_)) => self.end(link, Ended::Lost(failure)),
            _ if self.current.is_some() => {}
            _ => self.notes.note(format_args!("{peer}: {ended}")),
        }
    }

    fn unreachable(&mut self, link: &mut Link<'_, '_>, _: Tag, address: &Address, error: &io::Error) {
        match self.route.unreachable(link, address, error) {
            Ok(next) => self.notes.note(format_args!("{address}: {error}; trying {next}")),
            Err(failure) => self.end(link, Ended::Lost(failure)),
        }
    }

    fn draining(&mut self, link: &mut Link<'_, '_>) {
        self.route.give_up();
        link.stop(); // there is nothing to be said goodbye with
    }
}

/// Reads are no messages, and show of themselves who they are from only if asked to.
const DEFAULTS: Defaults = Defaults { framing: "raw", auth: Dialect::None, service: "frame" };
