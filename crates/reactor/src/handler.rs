//! What a program does with the bytes: the hooks of `socketserver`, called by the loop, one event at a time.
//! Hooks only record what they want done, in the [`Context`]; doing it is the turn's.

use std::io;

use bytes::Bytes;

use crate::address::Address;
use crate::context::Context;
use crate::groups::GroupId;
use crate::ids::{ConnId, ListenerId, SocketId};
use crate::measure::Measure;
use crate::signal::Signal;

/// A program over the loop. Only [`setup`](Handler::setup), [`handle`](Handler::handle) and
/// [`finish`](Handler::finish) have to be written; the others do what `socketserver` does by default.
///
/// State for each connection is the handler's own: [`ConnMap`](crate::ConnMap) keeps it by id.
pub trait Handler {
    /// What other threads may [`post`](crate::Handle::post) to this handler; `()` where nobody does.
    type Command: Send;

    /// Asks whether a call is wanted, before it is set up. `false` closes this call only.
    fn verify(&mut self, _listener: ListenerId, _peer: &Address) -> bool {
        true
    }

    /// A connection stands: a call came in, or one of ours was made. Until [`Context::established`] is recorded
    /// for it, the handshake deadline runs.
    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>);

    /// Bytes lie here, beginning with the first that was not taken before. Says how many it took; the rest comes
    /// again with what follows it. It should take all that it can use: it is not called again for the same bytes
    /// unless more come or the connection is [resumed](Context::resume_reading).
    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize;

    /// The peer has ended its side; `rest` was never taken. By default ours is closed too.
    fn end_of_input(&mut self, cx: &mut Context<'_>, id: ConnId, _rest: &[u8]) {
        cx.close(id);
    }

    /// The queue towards this peer went over the high mark, or came down to the low one.
    fn pressure(&mut self, _cx: &mut Context<'_>, _id: ConnId, _pressure: Pressure) {}

    /// The connection is over. Called exactly once for each that was set up.
    fn finish(&mut self, cx: &mut Context<'_>, id: ConnId, why: Closed);

    /// A connection asked for with [`Context::connect`] or [`Context::connect_any`] could not be made.
    fn unreachable(&mut self, _cx: &mut Context<'_>, _tag: Tag, _address: &Address, _error: &io::Error) {}

    /// A datagram came.
    fn datagram(&mut self, _cx: &mut Context<'_>, _socket: SocketId, _datagram: Datagram<'_>) {}

    /// Half as many datagrams as may wait are waiting for a socket, or none is any more.
    fn datagram_pressure(&mut self, _cx: &mut Context<'_>, _socket: SocketId, _pressure: Pressure) {}

    /// Something failed that ends nothing: a datagram that could not be sent, a call lost before it was taken. What goes
    /// on failing (`accept`, receiving datagrams) is told once.
    fn handle_error(&mut self, _cx: &mut Context<'_>, _error: &io::Error) {}

    /// A timer set with [`Context::set_timer`] is due.
    fn timeout(&mut self, _cx: &mut Context<'_>, _tag: Tag) {}

    /// [`Reactor::run_once`](crate::Reactor::run_once) has waited for as long as it may, and nothing happened.
    fn handle_timeout(&mut self, _cx: &mut Context<'_>) {}

    /// A command was posted from outside.
    fn command(&mut self, _cx: &mut Context<'_>, _command: Self::Command) {}

    /// Another worker has published this to a group; the members here are sent it as it is. Here a handler sends it to
    /// connections that take it in a form of their own and that it therefore keeps in [`Groups`](crate::Groups) of
    /// its own. What it publishes itself it is not told.
    fn published(&mut self, _cx: &mut Context<'_>, _group: GroupId, _bytes: &Bytes) {}

    /// A signal came that does not ask to end, and that the loop was told to [obey](crate::Reactor::obey).
    fn signal(&mut self, _cx: &mut Context<'_>, _signal: Signal) {}

    /// Called once in every turn, after its events.
    fn service_actions(&mut self, _cx: &mut Context<'_>) {}

    /// Adds what this handler has counted to what is shown of the loop, when somebody [asks](crate::Handle::measure).
    fn measure(&self, _into: &mut Vec<Measure>) {}

    /// The loop begins to drain: the last chance to say goodbye. Every connection is closed after it, gracefully.
    fn draining(&mut self, _cx: &mut Context<'_>) {}
}

/// How a connection came about.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// A call from `peer`.
    Accepted {
        /// The listener that it reached.
        listener: ListenerId,
        /// Who calls.
        peer: &'a Address,
    },
    /// A connection of our own.
    Connected {
        /// What [`Context::connect`] was given.
        tag: Tag,
        /// Whom we called.
        peer: &'a Address,
    },
    /// A stream that was open already when it was handed over.
    Adopted {
        /// Who is at the other end, as far as the system tells.
        peer: &'a Address,
    },
}

impl Origin<'_> {
    /// Who is at the other end.
    pub fn peer(&self) -> &Address {
        match self {
            Origin::Accepted { peer, .. } | Origin::Connected { peer, .. } | Origin::Adopted { peer } => peer,
        }
    }
}

/// The handler's own number for something it started: a connection or a timer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(pub u64);

/// One received datagram.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Who sent it.
    pub from: &'a Address,
    /// Its bytes.
    pub payload: &'a [u8],
    /// Its end is lost: it was longer than `datagram_bytes_max`. What is here is exactly so long.
    pub truncated: bool,
}

/// How full the queue towards a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    /// Over the high mark: stop producing for this peer. If it is a stream that called us, the loop has stopped reading from it.
    High,
    /// Down to the low mark: go on.
    Low,
}

/// Why a connection ended.
#[derive(Debug)]
pub enum Closed {
    /// We closed it, and everything queued was handed to the system.
    ByUs,
    /// The handler gave it up with [`Context::abort`]; what was queued is lost.
    Aborted,
    /// The transport failed: reset by the peer, host gone.
    Failed(io::Error),
    /// A deadline passed.
    TimedOut(Deadline),
    /// More than `outbound_hard` bytes waited for the peer to read.
    Overflowed {
        /// How many would have waited.
        bytes: usize,
    },
    /// The handler left more than `untaken_bytes_max` received bytes untaken.
    Untaken {
        /// How many lay there.
        bytes: usize,
    },
    /// It had not shown who it is, and its place was needed for a newer caller.
    Evicted,
    /// The loop stopped while the connection stood.
    Stopped,
}

impl Closed {
    /// Whether everything that was queued for the peer was handed to the system before the end.
    pub fn is_clean(&self) -> bool {
        matches!(self, Closed::ByUs)
    }
}

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Closed::ByUs => f.write_str("closed"),
            Closed::Aborted => f.write_str("given up"),
            Closed::Failed(error) => write!(f, "connection lost: {error}"),
            Closed::TimedOut(deadline) => write!(f, "timed out: {deadline}"),
            Closed::Overflowed { bytes } => write!(f, "peer does not read: {bytes} bytes waiting for it"),
            Closed::Untaken { bytes } => write!(f, "{bytes} received bytes were never taken"),
            Closed::Evicted => f.write_str("made room for a newer caller"),
            Closed::Stopped => f.write_str("stopped"),
        }
    }
}

/// The deadline that ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// Not established within `handshake_timeout`.
    Handshake,
    /// Silent for `idle_timeout`.
    Idle,
    /// The rest of a message did not come within `partial_timeout`.
    Partial,
    /// Took none of the queued bytes for `stall_timeout`.
    Stall,
    /// Had more queued than the hard mark for as long as `SlowPeer::CloseAfter` allows.
    Slow,
    /// Older than `life_timeout`.
    Life,
}

impl std::fmt::Display for Deadline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Deadline::Handshake => "no handshake",
            Deadline::Idle => "silent",
            Deadline::Partial => "half a message and no more",
            Deadline::Stall => "not reading",
            Deadline::Slow => "reading too slowly",
            Deadline::Life => "its time is over",
        })
    }
}
