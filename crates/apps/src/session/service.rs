//! What a program is, over a session: it hears of callers who have shown who they are, and of their messages.
//! How either came about is the session's.

use std::io;

use auth::Authenticated;
use reactor::{Address, ConnId, Datagram, ListenerId, Measure, Origin, Pressure, Signal, SocketId, Tag};

use super::{Ended, Link};

/// A program over a session. Only [`message`](Service::message) has to be written.
///
/// Every hook is called on the loop's thread and must not block.
pub trait Service {
    /// What other threads may post to it through a [`reactor::Handle`]; `()` where nobody does.
    type Command: Send;

    /// Asks whether a call is wanted at all, before its handshake.
    fn verify(&mut self, _listener: ListenerId, _peer: &Address) -> bool {
        true
    }

    /// A conversation begins. The caller holds the token that only a finished handshake makes.
    fn open(&mut self, _link: &mut Link<'_, '_>, _id: ConnId, _caller: Caller) {}

    /// A whole message came.
    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]);

    /// The peer has ended its side between two messages. By default we hang up too.
    fn end_of_input(&mut self, link: &mut Link<'_, '_>, id: ConnId) {
        link.hang_up(id);
    }

    /// The queue towards a peer went over its high mark, or came down to its low one.
    fn pressure(&mut self, _link: &mut Link<'_, '_>, _id: ConnId, _pressure: Pressure) {}

    /// A conversation is over. Called exactly once for each that was opened.
    fn close(&mut self, _link: &mut Link<'_, '_>, _id: ConnId, _ended: &Ended) {}

    /// A connection ended before its conversation began.
    fn turned_away(&mut self, _link: &mut Link<'_, '_>, _peer: &Address, _via: Via, _ended: &Ended) {}

    /// A call of ours could not be made.
    fn unreachable(&mut self, _link: &mut Link<'_, '_>, _tag: Tag, _address: &Address, _error: &io::Error) {}

    /// A datagram came: it is a message by itself, unframed, and its sender has shown nothing.
    fn datagram(&mut self, _link: &mut Link<'_, '_>, _socket: SocketId, _datagram: Datagram<'_>) {}

    /// Half as many datagrams as may wait are waiting for a socket, or none is any more.
    fn datagram_pressure(&mut self, _link: &mut Link<'_, '_>, _socket: SocketId, _pressure: Pressure) {}

    /// Something failed that ends nothing.
    fn handle_error(&mut self, _link: &mut Link<'_, '_>, _error: &io::Error) {}

    /// A timer is due.
    fn timeout(&mut self, _link: &mut Link<'_, '_>, _tag: Tag) {}

    /// A command was posted from outside.
    fn command(&mut self, _link: &mut Link<'_, '_>, _command: Self::Command) {}

    /// A signal came that the loop obeys, and that neither asks to end nor is the session's to answer.
    fn signal(&mut self, _link: &mut Link<'_, '_>, _signal: Signal) {}

    /// Called once in every turn of the loop, after its events.
    fn service_actions(&mut self, _link: &mut Link<'_, '_>) {}

    /// Adds what this service has counted to what is shown of its loop, when somebody asks.
    fn measure(&self, _into: &mut Vec<Measure>) {}

    /// The loop begins to drain: the last chance to say goodbye.
    fn draining(&mut self, _link: &mut Link<'_, '_>) {}
}

/// Who is at the other end of a conversation.
#[derive(Debug)]
pub struct Caller {
    /// The token that the handshake made.
    pub proof: Authenticated,
    /// Where the peer is.
    pub peer: Address,
    /// How the connection came about.
    pub via: Via,
}

/// How a connection came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// A call that reached this listener.
    Listener(ListenerId),
    /// A call of ours, with the tag it was given.
    Call(Tag),
    /// A stream that was handed over open.
    Adoption,
}

impl Via {
    pub(super) fn of(origin: Origin<'_>) -> Via {
        match origin {
            Origin::Accepted { listener, .. } => Via::Listener(listener),
            Origin::Connected { tag, .. } => Via::Call(tag),
            Origin::Adopted { .. } => Via::Adoption,
        }
    }
}
