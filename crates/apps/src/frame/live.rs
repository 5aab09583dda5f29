//! A live endpoint under the X-ray: one connection, of which every read is shown and nothing is answered.
//!
//! Leaves what is made of the reads to the screen, and sockets to `reactor`.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use reactor::{
    Address, Closed, ConnId, Context, Handler, Limits, ListenOptions, ListenerId, Origin, Reactor, Tag,
};

use super::show::Screen;
use crate::attach::{self, Callee, Datagrams};
use crate::cli::exit::{Failure, Fault, Result};
use crate::cli::notes::Notes;
use crate::cli::signals;
use crate::endpoint::Endpoint;

/// Connects, and shows what comes until the other side ends.
pub(super) fn call(endpoint: &Endpoint, read_bytes: usize, screen: Screen, notes: &Notes) -> Result<()> {
    let callee = attach::callee(endpoint, Datagrams::NotSpoken)?;
    let mut reactor = Reactor::new(Tap::new(screen, notes), limits(read_bytes))?;
    match callee {
        Callee::Open(socket) => drop(reactor.adopt(socket, 1)?),
        Callee::Addresses(addresses) => reactor.with_context(|tap, cx| {
            tap.route = addresses.into();
            tap.call_next(cx);
        }),
    }
    run(reactor)
}

/// Takes one caller, and shows what it sends until it ends.
pub(super) fn listen(endpoint: &Endpoint, read_bytes: usize, screen: Screen, notes: &Notes) -> Result<()> {
    let mut reactor = Reactor::new(Tap::new(screen, notes), limits(read_bytes))?;
    let options = ListenOptions { calls_max: 1, ..ListenOptions::default() };
    attach::listen(&mut reactor, endpoint, &options, Datagrams::NotSpoken, notes)?;
    run(reactor)
}

fn run(reactor: Reactor<Tap>) -> Result<()> {
    let (drain, end) = (reactor.handle(), reactor.handle());
    signals::watch(move || drain.drain(GOODBYE_TIMEOUT), move || end.shutdown())?;
    reactor.run()?.end()
}

fn limits(read_bytes: usize) -> Limits {
    Limits { read_bytes, ..Limits::default() }
}

/// Hears everything, says nothing.
struct Tap {
    screen: Screen,
    notes: Notes,
    /// Addresses that are still to be tried.
    route: VecDeque<Address>,
    is_taken: bool,
    outcome: Outcome,
}

/// How it ended.
enum Outcome {
    /// We left before the peer did.
    Left,
    /// The peer ended its side.
    Heard,
    Failed(Failure),
}

impl Tap {
    fn new(screen: Screen, notes: &Notes) -> Self {
        let notes = notes.clone();
        Self { screen, notes, route: VecDeque::new(), is_taken: false, outcome: Outcome::Left }
    }

    /// Whether there is another address to call.
    fn call_next(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(address) = self.route.pop_front() else { return false };
        cx.connect(address, Tag::default());
        true
    }

    fn fail(&mut self, cx: &mut Context<'_>, failure: Failure) {
        self.outcome = Outcome::Failed(failure);
        cx.stop();
    }

    fn end(self) -> Result<()> {
        match self.outcome {
            Outcome::Heard => self.screen.finish(),
            Outcome::Left => self.screen.leave(),
            Outcome::Failed(failure) => Err(failure),
        }
    }
}

impl Handler for Tap {
    type Command = ();

    /// One caller is enough: a second one would be drawn into the first one's stream.
    fn verify(&mut self, _: ListenerId, _: &Address) -> bool {
        !self.is_taken
    }

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
        self.is_taken = true;
        self.notes.note(format_args!("connected with {}", origin.peer()));
        cx.established(id); // nobody has to prove anything to be looked at
    }

    fn handle(&mut self, cx: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        if let Err(failure) = self.screen.show(input) {
            self.fail(cx, failure);
        }
        input.len()
    }

    fn end_of_input(&mut self, cx: &mut Context<'_>, _: ConnId, _: &[u8]) {
        self.outcome = Outcome::Heard;
        cx.stop();
    }

    fn finish(&mut self, cx: &mut Context<'_>, _: ConnId, why: Closed) {
        if let Closed::Failed(error) = why {
            let _ = self.screen.sum_up(); // what failed first is what is told
            self.fail(cx, error.into());
        }
        cx.stop();
    }

    fn unreachable(&mut self, cx: &mut Context<'_>, _: Tag, address: &Address, error: &io::Error) {
        if !self.call_next(cx) {
            let message = format!("cannot reach {address}: {error}");
            self.fail(cx, Failure::new(Fault::Connection, message));
        }
    }
}

/// There is nothing to be said goodbye with.
const GOODBYE_TIMEOUT: Duration = Duration::from_millis(100);
