//! What handlers asked for in this turn, in the order they asked: the list between [`Context`](crate::Context),
//! which writes it, and the turn, which carries it out.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use crate::address::Address;
use crate::binding::{Membership, MembershipChange};
use crate::groups::GroupId;
use crate::handler::Tag;
use crate::ids::{ConnId, SocketId, TimerId};
use crate::time::Time;

/// One wish of a handler.
#[derive(Debug)]
pub(crate) enum Op {
    Send { to: ConnId, what: Chunk },
    SendDatagram { socket: SocketId, to: Address, payload: Range<usize> },
    ChangeMembership { socket: SocketId, membership: Membership, change: MembershipChange },
    EndWriting(ConnId),
    Close(ConnId),
    Abort(ConnId),
    PauseReading(ConnId),
    ResumeReading(ConnId),
    OfferAgain(ConnId),
    WaitsSince(ConnId, Option<Time>),
    Established(ConnId),
    Join(ConnId, GroupId),
    Leave(ConnId, GroupId),
    Publish { group: GroupId, bytes: Bytes, reach: Reach },
    Connect { address: Address, others: VecDeque<Address>, tag: Tag },
    SetTimer { id: TimerId, at: Time, tag: Tag },
    CancelTimer(TimerId),
    Drain(Duration),
    Stop,
}

/// How far a publication goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To the members on all workers.
    Everywhere,
    /// To the members here: it came from another worker.
    Here,
}

/// Bytes to send: in the gather buffer, or shared with other receivers.
#[derive(Debug)]
pub(crate) enum Chunk {
    Gathered(Range<usize>),
    Shared(Bytes),
}

/// The list, and the buffer in which small sends gather so that a peer's answers leave in one write.
#[derive(Debug, Default)]
pub(crate) struct Ops {
    pub(crate) list: Vec<Op>,
    pub(crate) gathered: Vec<u8>,
    timers_made: u64,
    /// The list holds something about groups.
    names_groups: bool,
}

impl Ops {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether enough has gathered to be carried out before anything else.
    pub(crate) fn is_full(&self) -> bool {
        self.gathered.len() >= GATHERED_HIGH
    }

    pub(crate) fn push(&mut self, op: Op) {
        self.names_groups |= matches!(op, Op::Join(..) | Op::Leave(..) | Op::Publish { .. });
        self.list.push(op);
    }

    /// Lets `fill` append to the gather buffer and records what it appended. A send that continues the one before
    /// it to the same peer becomes part of it.
    pub(crate) fn gather<R>(&mut self, to: ConnId, fill: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let start = self.gathered.len();
        let result = fill(&mut self.gathered);
        let end = self.gathered.len();
        debug_assert!(end >= start, "a sender only appends");
        match self.list.last_mut() {
            Some(Op::Send { to: last, what: Chunk::Gathered(range) })
                if *last == to && range.end == start =>
            {
                range.end = end;
            }
            _ if end > start => self.push(Op::Send { to, what: Chunk::Gathered(start..end) }),
            _ => {}
        }
        result
    }

    /// Appends a datagram's payload; every datagram is its own.
    pub(crate) fn gather_datagram(&mut self, socket: SocketId, to: Address, payload: &[u8]) {
        let start = self.gathered.len();
        self.gathered.extend_from_slice(payload);
        self.push(Op::SendDatagram { socket, to, payload: start..self.gathered.len() });
    }

    pub(crate) fn next_timer(&mut self) -> TimerId {
        self.timers_made += 1;
        TimerId(self.timers_made)
    }

    /// Hands the wishes over and begins anew in `spare`'s storage. The timer count goes on.
    pub(crate) fn take_into(&mut self, spare: &mut Batch) {
        spare.list.clear();
        spare.gathered.clear();
        std::mem::swap(&mut self.list, &mut spare.list);
        std::mem::swap(&mut self.gathered, &mut spare.gathered);
        spare.names_groups = std::mem::take(&mut self.names_groups);
        // A single huge turn must not keep its memory for ever.
        self.gathered.shrink_to(GATHERED_KEPT_MAX);
    }
}

/// Wishes on their way to being carried out.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) list: Vec<Op>,
    pub(crate) gathered: Vec<u8>,
    pub(crate) names_groups: bool,
}

/// Gathered bytes at which the turn carries wishes out before it goes on: answers stay warm in the cache, and one
/// turn's memory is bounded.
pub(crate) const GATHERED_HIGH: usize = 256 * 1024;

/// Capacity that the gather buffer keeps between turns: what one flush needs, and the read that overshoots it.
const GATHERED_KEPT_MAX: usize = 2 * GATHERED_HIGH;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SourceId;

    fn conn(serial: u64) -> ConnId {
        ConnId(SourceId::new(0, serial))
    }

    #[test]
    fn answers_to_one_peer_become_one_send() {
        let mut ops = Ops::default();
        ops.gather(conn(1), |out| out.extend_from_slice(b"ab"));
        ops.gather(conn(1), |out| out.extend_from_slice(b"c"));
        ops.gather(conn(2), |out| out.extend_from_slice(b"d"));
        ops.gather(conn(1), |out| out.extend_from_slice(b"e"));
        assert_eq!(ops.gathered, b"abcde");
        assert_eq!(ops.list.len(), 3, "{:?}", ops.list);
    }

    #[test]
    fn an_empty_send_records_nothing() {
        let mut ops = Ops::default();
        ops.gather(conn(1), |_| ());
        assert!(ops.is_empty());
    }

    #[test]
    fn timer_names_are_never_reused_after_a_flush() {
        let mut ops = Ops::default();
        let first = ops.next_timer();
        ops.take_into(&mut Batch::default());
        assert_ne!(ops.next_timer(), first);
    }
}
