//! What a handler may ask of the loop. Asking only records; the turn carries it out, in the order asked.

use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use crate::address::Address;
use crate::binding::{Membership, MembershipChange};
use crate::conn::Attempt;
use crate::dialer::Step;
use crate::groups::GroupId;
use crate::handler::Tag;
use crate::ids::{ConnId, SocketId, TimerId};
use crate::ops::{Chunk, Op, Ops, Reach};
use crate::time::Time;

/// A handler's side of the loop, lent to each hook.
///
/// A wish about a connection that has ended is dropped (a late send is counted in
/// [`Stats::sends_late`](crate::Stats::sends_late)): ids are never reused, so it cannot reach anyone else.
pub struct Context<'a> {
    now: Time,
    ops: &'a mut Ops,
    /// What `handle` is being shown; empty in every other hook.
    input: &'a [u8],
}

impl<'a> Context<'a> {
    pub(crate) fn new(now: Time, ops: &'a mut Ops) -> Context<'a> {
        Context { now, ops, input: &[] }
    }

    /// For `handle`: the wishes are carried out before the input is gone.
    pub(crate) fn over(input: &'a [u8], now: Time, ops: &'a mut Ops) -> Context<'a> {
        Context { now, ops, input }
    }

    /// The time of this turn: read once, the same for all its events.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Sends bytes. All that is sent to one peer in a turn leaves in as few writes as the kernel takes. A piece of the
    /// input that [`handle`](crate::Handler::handle) is being shown is not copied if it is long, or becomes long with
    /// the pieces that follow it there and are sent after it: they leave from where they lie.
    #[inline]
    pub fn send(&mut self, to: ConnId, bytes: &[u8]) {
        match self.place_in_input(bytes) {
            Some(place) => self.send_input(to, place),
            None => self.send_with(to, |out| out.extend_from_slice(bytes)),
        }
    }

    /// The same for a piece of the input of which the handler knows the place.
    ///
    /// # Panics
    /// Like a slice if there is no such piece; one that goes on behind the piece before it is looked at when the input
    /// has been handled. There is none at all in any hook but `handle`.
    #[inline]
    pub fn send_input(&mut self, to: ConnId, place: Range<usize>) {
        debug_assert!(self.input.get(place.clone()).is_some(), "{place:?} is no piece of the input");
        self.ops.send_shown(to, place, self.input);
    }

    /// The bytes that [`handle`](crate::Handler::handle) is being shown; none in every other hook.
    #[inline]
    pub fn input(&self) -> &'a [u8] {
        self.input
    }

    /// Where in the [`input`](Context::input) these very bytes lie, not ones that look like them.
    #[inline]
    pub fn place_in_input(&self, bytes: &[u8]) -> Option<Range<usize>> {
        place_within(self.input, bytes)
    }

    /// Sends what `fill` appends to the loop's own output buffer: no copy in between. `fill` must only append.
    #[inline]
    pub fn send_with<R>(&mut self, to: ConnId, fill: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        self.ops.gather(to, self.input, fill)
    }

    /// Whether so much is waiting to be sent that nothing more should be taken from the input for now. What a
    /// handler leaves then is shown to it again, without new bytes, once there is room.
    pub fn is_full(&self) -> bool {
        self.ops.is_full()
    }

    /// Sends bytes that other peers are sent too: shared, not copied.
    pub fn send_shared(&mut self, to: ConnId, bytes: Bytes) {
        if !bytes.is_empty() {
            self.record(Op::Send { to, what: Chunk::Shared(bytes) });
        }
    }

    /// Sends bytes to every member of a group, on every worker: shared, not copied.
    ///
    /// What one handler publishes reaches each member in the order in which it was published, and the members on its
    /// own loop in that order among its other sends. Members on different workers may hear two publishers in different
    /// orders, and what is [posted](crate::Handle::post) to another worker may arrive there before what was published
    /// earlier in the same hook.
    pub fn publish(&mut self, group: GroupId, bytes: Bytes) {
        if !bytes.is_empty() {
            self.record(Op::Publish { group, bytes, reach: Reach::Everywhere });
        }
    }

    /// Makes a connection a member of a group: it is sent what is published from now on.
    pub fn join(&mut self, id: ConnId, group: GroupId) {
        self.record(Op::Join(id, group));
    }

    /// Ends a membership. That of a connection that ends does so by itself.
    pub fn leave(&mut self, id: ConnId, group: GroupId) {
        self.record(Op::Leave(id, group));
    }

    /// Sends one datagram from a socket of ours. Those for one place that are asked for one behind the other, none longer
    /// than the first, may leave in one call.
    pub fn send_datagram(&mut self, socket: SocketId, to: Address, payload: &[u8]) {
        self.ops.gather_datagram(socket, to, payload, self.input);
    }

    /// Hears a multicast group on a UDP socket. What goes wrong is told to
    /// [`Handler::handle_error`](crate::Handler::handle_error).
    pub fn join_multicast(&mut self, socket: SocketId, membership: Membership) {
        self.record(Op::ChangeMembership { socket, membership, change: MembershipChange::Join });
    }

    /// Hears a multicast group no more.
    pub fn leave_multicast(&mut self, socket: SocketId, membership: Membership) {
        self.record(Op::ChangeMembership { socket, membership, change: MembershipChange::Leave });
    }

    /// Ends our side once everything queued is written; the peer may go on.
    pub fn end_writing(&mut self, id: ConnId) {
        self.record(Op::EndWriting(id));
    }

    /// Closes a connection once everything queued is written. Nothing more is read from it.
    pub fn close(&mut self, id: ConnId) {
        self.record(Op::Close(id));
    }

    /// Ends a connection at once; what is queued for it is lost.
    pub fn abort(&mut self, id: ConnId) {
        self.record(Op::Abort(id));
    }

    /// Stops reading from a peer; the kernel holds it back when its window is full. What was read in this turn may
    /// still be shown, but the end of the input is told only after reading goes on.
    pub fn pause_reading(&mut self, id: ConnId) {
        self.record(Op::PauseReading(id));
    }

    /// Reads on, beginning with what was left untaken.
    pub fn resume_reading(&mut self, id: ConnId) {
        self.record(Op::ResumeReading(id));
    }

    /// For a handler that took bytes in and, because [`is_full`](Context::is_full), did not act on all of them:
    /// [`handle`](crate::Handler::handle) is called again once there is room, with what it did not take, be it nothing.
    /// The end of the input waits for that; after it nothing is offered again.
    pub fn offer_again(&mut self, id: ConnId) {
        self.record(Op::OfferAgain(id));
    }

    /// For a handler that takes the beginning of a message and keeps it itself: since when it has waited for the rest,
    /// so that [`partial_timeout`](crate::Limits::partial_timeout) counts for it as for bytes that were not taken. To
    /// be said whenever bytes have come; `None` when nothing is kept any more.
    pub fn waits_since(&mut self, id: ConnId, since: Option<Time>) {
        self.record(Op::WaitsSince(id, since));
    }

    /// Says that a connection has shown who it is: the handshake deadline ends, the idle one begins.
    pub fn established(&mut self, id: ConnId) {
        self.record(Op::Established(id));
    }

    /// Starts a connection of our own. [`setup`](crate::Handler::setup) or
    /// [`unreachable`](crate::Handler::unreachable) will tell, with the same tag.
    pub fn connect(&mut self, address: Address, tag: Tag) {
        let attempt = Attempt { tag, address, others: VecDeque::new(), source: None };
        self.record(Op::Connect(Box::new(attempt)));
    }

    /// The same from an address of ours: `source_address` of Python's `create_connection`. The system chooses the port,
    /// of which each source has its own, so that more connections to one server can be had than there are ports.
    pub fn connect_from(&mut self, source: IpAddr, address: Address, tag: Tag) {
        let attempt = Attempt { tag, address, others: VecDeque::new(), source: Some(source) };
        self.record(Op::Connect(Box::new(attempt)));
    }

    /// Starts a connection to whichever of these addresses answers first, tried one after the other, each for as long
    /// as [`connect_timeout`](crate::Limits::connect_timeout) allows: the addresses of one name.
    /// [`setup`](crate::Handler::setup) tells which it was; [`unreachable`](crate::Handler::unreachable) comes once,
    /// with the last of them. Without an address nothing happens.
    pub fn connect_any(&mut self, addresses: impl IntoIterator<Item = Address>, tag: Tag) {
        let mut others: VecDeque<Address> = addresses.into_iter().collect();
        if let Some(address) = others.pop_front() {
            self.record(Op::Connect(Box::new(Attempt { tag, address, others, source: None })));
        }
    }

    /// Does what a [`Dialer`](crate::Dialer) asks for, under the tag by which the handler knows its connection and its
    /// timer. To look something up is not the loop's to do: [`Step::LookUp`] is the handler's own.
    pub fn follow(&mut self, step: Option<Step>, tag: Tag) {
        match step {
            Some(Step::Connect(addresses)) => self.connect_any(addresses, tag),
            Some(Step::Wait(wait)) => _ = self.set_timer(wait, tag),
            Some(Step::HangUp(id)) => self.close(id),
            Some(Step::LookUp) | None => {}
        }
    }

    /// Asks for [`timeout`](crate::Handler::timeout) with this tag, so long from now and not earlier.
    pub fn set_timer(&mut self, after: Duration, tag: Tag) -> TimerId {
        let id = self.ops.next_timer();
        self.record(Op::SetTimer { id, at: self.now + after, tag });
        id
    }

    /// Takes a timer back. One that is being fired in this very turn may still come.
    pub fn cancel_timer(&mut self, id: TimerId) {
        self.record(Op::CancelTimer(id));
    }

    /// Closes the listeners and every connection gracefully, and stops when all are gone or the deadline passes.
    pub fn drain(&mut self, deadline: Duration) {
        self.record(Op::Drain(deadline));
    }

    /// Stops the loop after this turn; connections that stand are cut.
    pub fn stop(&mut self) {
        self.record(Op::Stop);
    }

    fn record(&mut self, op: Op) {
        self.ops.record(op, self.input);
    }
}

#[inline]
fn place_within(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let end = start + part.len();
    (end <= whole.len()).then_some(start..end)
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("now", &self.now).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_bytes_of_the_input_are_found_in_it() {
        let input = *b"abcabc";
        assert_eq!(place_within(&input, &input[3..5]), Some(3..5));
        assert_eq!(place_within(&input, &input), Some(0..6));
        assert_eq!(place_within(&input, &{ input }[..3]), None, "a copy lies elsewhere");
        assert_eq!(place_within(&input[..4], &input[2..6]), None, "half of it is beyond the end");
        assert_eq!(place_within(&input[2..], &input[..3]), None);
    }
}
