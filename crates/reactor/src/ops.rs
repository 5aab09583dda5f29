//! What handlers asked for in this turn, in the order they asked: the list between [`Context`](crate::Context),
//! which writes it, and the turn, which carries it out.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use crate::address::Address;
use crate::binding::{Membership, MembershipChange};
use crate::conn::Attempt;
use crate::groups::GroupId;
use crate::handler::Tag;
use crate::ids::{ConnId, SocketId, TimerId};
use crate::series;
use crate::time::Time;

/// One wish of a handler.
#[derive(Debug)]
pub(crate) enum Op {
    Send { to: ConnId, what: Chunk },
    SendDatagrams { socket: SocketId, to: Address, payload: Range<usize>, each: usize },
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
    Connect(Box<Attempt>),
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

/// Bytes to send: in the gather buffer, in the input that the handler is being shown, or shared with other
/// receivers.
#[derive(Debug)]
pub(crate) enum Chunk {
    Gathered(Range<usize>),
    Shown(Range<usize>),
    Shared(Bytes),
}

/// The list, and the buffer in which small sends gather so that a peer's answers leave in one write.
#[derive(Debug, Default)]
pub(crate) struct Ops {
    list: Vec<Op>,
    gathered: Vec<u8>,
    /// What is gathering for one peer: the last wish, until another follows it.
    run: Option<Run>,
    /// What carrying out the wishes takes that bring no bytes into the gather buffer.
    weight: usize,
    timers_made: u64,
    /// The list holds something about groups.
    names_groups: bool,
    /// The list holds bytes that lie in the input: it must be carried out before that is read over.
    refers_to_input: bool,
    /// The list holds a wish to read no further, or to hear again what was read.
    holds_back: bool,
}

/// A send that may still grow: it begins here in the gather buffer, and ends with it.
#[derive(Clone, Copy, Debug)]
struct Run {
    to: ConnId,
    start: usize,
}

impl Ops {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty() && self.run.is_none_or(|run| run.start == self.gathered.len())
    }

    /// Whether enough has gathered to be carried out before anything else.
    pub(crate) fn is_full(&self) -> bool {
        self.gathered.len() + self.weight >= GATHERED_HIGH
    }

    /// Whether what has gathered should leave while it is warm: there is much of it, and in pieces so long that
    /// gathering on would hardly save a write.
    pub(crate) fn is_worth_a_write(&self) -> bool {
        let bytes = self.gathered.len();
        bytes >= GATHERED_WARM && bytes / LONG_SEND > self.list.len()
    }

    pub(crate) fn refers_to_input(&self) -> bool {
        self.refers_to_input
    }

    /// Whether the end of some stream may have to wait for what was recorded.
    pub(crate) fn holds_back(&self) -> bool {
        self.holds_back
    }

    pub(crate) fn push(&mut self, op: Op) {
        self.end_run();
        self.names_groups |= matches!(op, Op::Join(..) | Op::Leave(..) | Op::Publish { .. });
        self.holds_back |= matches!(op, Op::OfferAgain(_) | Op::PauseReading(_));
        self.weight += if matches!(op, Op::Publish { .. }) { PUBLISH_WEIGHT } else { WISH_WEIGHT };
        self.list.push(op);
    }

    /// Lets `fill` append to the gather buffer. A send that continues the one before it to the same peer becomes part
    /// of it.
    pub(crate) fn gather<R>(&mut self, to: ConnId, fill: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        if self.run.is_none_or(|run| run.to != to) {
            self.begin_run(to);
        }
        fill(&mut self.gathered)
    }

    /// Not in the way of sends that go on with a run, which are most.
    #[inline(never)]
    fn begin_run(&mut self, to: ConnId) {
        self.end_run();
        self.run = Some(Run { to, start: self.gathered.len() });
    }

    /// What has gathered for one peer is a wish like the others now.
    fn end_run(&mut self) {
        let Some(Run { to, start }) = self.run.take() else { return };
        let end = self.gathered.len();
        debug_assert!(end >= start, "a sender only appends");
        if end > start {
            self.list.push(Op::Send { to, what: Chunk::Gathered(start..end) });
        }
    }

    /// Records bytes that lie in the input, without a copy. What continues a gathered send joins it instead: one
    /// piece leaves in one write, two do not.
    pub(crate) fn send_shown(&mut self, to: ConnId, range: Range<usize>, input: &[u8]) {
        if self.run.is_some_and(|run| run.to == to && run.start < self.gathered.len()) {
            self.gathered.extend_from_slice(&input[range]);
            return;
        }
        self.end_run();
        match self.list.last_mut() {
            Some(Op::Send { to: last, what: Chunk::Shown(before) })
                if *last == to && before.end == range.start =>
            {
                before.end = range.end;
            }
            _ => {
                self.refers_to_input = true;
                self.push(Op::Send { to, what: Chunk::Shown(range) });
            }
        }
    }

    /// Appends a datagram's payload. What goes on with a series joins it, and may leave in the same call.
    pub(crate) fn gather_datagram(&mut self, socket: SocketId, to: Address, payload: &[u8]) {
        self.end_run();
        let start = self.gathered.len();
        self.gathered.extend_from_slice(payload);
        let end = self.gathered.len();
        match self.list.last_mut() {
            Some(Op::SendDatagrams { socket: last, to: place, payload: before, each })
                if *last == socket
                    && *place == to
                    && series::goes_on(&to, before.len(), *each, payload.len()) =>
            {
                debug_assert!(before.end == start, "only sends append, and this one is the last");
                before.end = end;
            }
            _ => self.push(Op::SendDatagrams { socket, to, payload: start..end, each: payload.len() }),
        }
    }

    pub(crate) fn next_timer(&mut self) -> TimerId {
        self.timers_made += 1;
        TimerId(self.timers_made)
    }

    /// Hands the wishes over and begins anew in `spare`'s storage. The timer count goes on.
    pub(crate) fn take_into(&mut self, spare: &mut Batch) {
        self.end_run();
        spare.list.clear();
        spare.gathered.clear();
        std::mem::swap(&mut self.list, &mut spare.list);
        std::mem::swap(&mut self.gathered, &mut spare.gathered);
        spare.names_groups = std::mem::take(&mut self.names_groups);
        self.refers_to_input = false;
        self.holds_back = false;
        self.weight = 0;
        // A single huge turn must not keep its memory for ever.
        self.gathered.shrink_to(GATHERED_KEPT_MAX);
        self.list.shrink_to(WISHES_KEPT_MAX);
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

/// Gathered bytes that fit a level-1 cache together with the input that they answer.
const GATHERED_WARM: usize = 16 * 1024;

/// A send of which the bytes cost more than the system call that writes them.
const LONG_SEND: usize = 2 * 1024;

/// A publication becomes a wish for each member: 256 of them are enough for one batch, however short they are.
const PUBLISH_WEIGHT: usize = GATHERED_HIGH / 256;

/// Any other wish, in bytes of the list.
const WISH_WEIGHT: usize = 64;

/// Wishes for which the list keeps room between turns.
const WISHES_KEPT_MAX: usize = 4 * 1024;

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
        let mut batch = Batch::default();
        ops.take_into(&mut batch);
        assert_eq!(batch.gathered, b"abcde");
        assert_eq!(batch.list.len(), 3, "{:?}", batch.list);
    }

    #[test]
    fn what_lies_in_the_input_is_not_copied_and_what_follows_it_there_leaves_with_it() {
        let mut ops = Ops::default();
        ops.send_shown(conn(1), 0..2, b"abcdef");
        ops.send_shown(conn(1), 2..4, b"abcdef");
        assert!(ops.refers_to_input() && ops.gathered.is_empty());
        assert!(matches!(&ops.list[..], [Op::Send { what: Chunk::Shown(range), .. }] if *range == (0..4)));
        ops.send_shown(conn(1), 5..6, b"abcdef");
        ops.send_shown(conn(2), 0..1, b"abcdef");
        assert_eq!(ops.list.len(), 3, "neither a gap nor another peer is joined: {:?}", ops.list);
        ops.take_into(&mut Batch::default());
        assert!(!ops.refers_to_input());
    }

    #[test]
    fn input_behind_gathered_bytes_joins_them() {
        let mut ops = Ops::default();
        ops.gather(conn(1), |out| out.extend_from_slice(b"head"));
        ops.send_shown(conn(1), 0..4, b"body");
        assert!(!ops.refers_to_input());
        let mut batch = Batch::default();
        ops.take_into(&mut batch);
        assert_eq!((&batch.gathered[..], batch.list.len()), (&b"headbody"[..], 1));
    }

    #[test]
    fn datagrams_join_those_before_them_to_the_same_place_from_the_same_socket() {
        let socket = |serial| SocketId(SourceId::new(0, serial));
        let to = |port: u16| Address::Udp(([127, 0, 0, 1], port).into());
        let mut ops = Ops::default();
        for (from, port, payload) in
            [(1, 1, "aa"), (1, 1, "bb"), (1, 2, "cc"), (2, 2, "dd"), (2, 2, "e"), (2, 2, "ff")]
        {
            ops.gather_datagram(socket(from), to(port), payload.as_bytes());
        }
        ops.gather(conn(3), |out| out.push(b'-'));
        ops.gather_datagram(socket(2), to(2), b"gg");
        let mut batch = Batch::default();
        ops.take_into(&mut batch);
        let series = batch.list.iter().filter_map(|op| match op {
            Op::SendDatagrams { payload, each, .. } => Some((&batch.gathered[payload.clone()], *each)),
            _ => None,
        });
        let series: Vec<_> = series.collect();
        assert_eq!(series, [(&b"aabb"[..], 2), (b"cc", 2), (b"dde", 2), (b"ff", 2), (b"gg", 2)]);
    }

    #[test]
    fn short_publications_fill_a_batch_too() {
        let mut ops = Ops::default();
        let publish =
            || Op::Publish { group: GroupId(1), bytes: Bytes::from_static(b"x"), reach: Reach::Here };
        (0..255).for_each(|_| ops.push(publish()));
        assert!(!ops.is_full());
        ops.push(publish());
        assert!(ops.is_full(), "each of them becomes a send for every member");
        ops.take_into(&mut Batch::default());
        assert!(!ops.is_full());
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
