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
    /// What the wishes take beside the gather buffer, in their list or when they are carried out.
    weight: usize,
    timers_made: u64,
    /// The list holds something about groups.
    names_groups: bool,
    /// The list holds bytes that lie in the input: it must be carried out before that is read over.
    refers_to_input: bool,
    /// The list holds a wish to read no further, or to hear again what was read.
    holds_back: bool,
}

/// A send that may still grow.
#[derive(Clone, Debug)]
enum Run {
    /// It begins here in the gather buffer, and ends with it.
    Gathered { to: ConnId, start: usize },
    /// It lies there in the input.
    Shown { to: ConnId, place: Range<usize> },
}

impl Ops {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty() && self.run.as_ref().is_none_or(|run| self.is_empty_run(run))
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

    /// Records a wish of the loop's own, or of a hook that is shown no input.
    pub(crate) fn push(&mut self, op: Op) {
        self.record(op, &[]);
    }

    /// Records any wish but to send. What is being shown is needed to end a send before it.
    pub(crate) fn record(&mut self, op: Op, input: &[u8]) {
        self.end_run(input);
        self.names_groups |= matches!(op, Op::Join(..) | Op::Leave(..) | Op::Publish { .. });
        self.holds_back |= matches!(op, Op::OfferAgain(_) | Op::PauseReading(_));
        self.weight += if matches!(op, Op::Publish { .. }) { PUBLISH_WEIGHT } else { WISH_WEIGHT };
        self.list.push(op);
    }

    /// Lets `fill` append to the gather buffer. A send that continues the one before it to the same peer becomes part
    /// of it.
    #[inline]
    pub(crate) fn gather<R>(&mut self, to: ConnId, input: &[u8], fill: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        if !matches!(&self.run, Some(Run::Gathered { to: last, .. }) if *last == to) {
            self.begin_gathered(to, input);
        }
        fill(&mut self.gathered)
    }

    /// Records bytes that lie in the input. What lies right behind the piece before it, to the same peer, becomes part
    /// of it.
    #[inline]
    pub(crate) fn send_shown(&mut self, to: ConnId, place: Range<usize>, input: &[u8]) {
        match &mut self.run {
            Some(Run::Shown { to: last, place: before }) if *last == to && before.end == place.start => {
                before.end = place.end;
            }
            _ => self.begin_shown(to, place, input),
        }
    }

    /// Not in the way of sends that go on with a run, which are most. Few bytes of the input before them are copied to
    /// where they leave in the same write.
    #[inline(never)]
    fn begin_gathered(&mut self, to: ConnId, input: &[u8]) {
        if matches!(&self.run, Some(Run::Shown { to: last, .. }) if *last == to) {
            self.settle(input);
        }
        if !matches!(&self.run, Some(Run::Gathered { to: last, .. }) if *last == to) {
            self.end_run(input);
            self.run = Some(Run::Gathered { to, start: self.gathered.len() });
        }
    }

    /// What lies in the input joins gathered bytes before it: one piece leaves in one write, two do not.
    #[inline(never)]
    fn begin_shown(&mut self, to: ConnId, place: Range<usize>, input: &[u8]) {
        match &self.run {
            _ if place.is_empty() => {}
            Some(run @ Run::Gathered { to: last, .. }) if *last == to && !self.is_empty_run(run) => {
                self.gathered.extend_from_slice(&input[place]);
            }
            _ => {
                // Another input may be shown before this is looked at again.
                let _ = &input[place.clone()];
                self.end_run(input);
                self.run = Some(Run::Shown { to, place });
            }
        }
    }

    /// No more of this input will be sent: little of it is copied, and may be gone then; what is long must be carried
    /// out before it is.
    #[inline]
    pub(crate) fn settle(&mut self, input: &[u8]) {
        let Some(Run::Shown { to, place }) = &self.run else { return };
        let (to, place) = (*to, place.clone());
        if place.len() < IN_PLACE_MIN {
            self.run = Some(Run::Gathered { to, start: self.gathered.len() });
            self.gathered.extend_from_slice(&input[place]);
        } else {
            self.run = None;
            self.refers_to_input = true;
            self.weight += WISH_WEIGHT;
            self.list.push(Op::Send { to, what: Chunk::Shown(place) });
        }
    }

    /// What was to be sent to one peer is a wish like the others now.
    fn end_run(&mut self, input: &[u8]) {
        self.settle(input);
        let Some(Run::Gathered { to, start }) = self.run.take() else { return };
        let end = self.gathered.len();
        debug_assert!(end >= start, "a sender only appends");
        if end > start {
            self.weight += WISH_WEIGHT;
            self.list.push(Op::Send { to, what: Chunk::Gathered(start..end) });
        }
    }

    fn is_empty_run(&self, run: &Run) -> bool {
        match run {
            Run::Gathered { start, .. } => *start == self.gathered.len(),
            Run::Shown { place, .. } => place.is_empty(),
        }
    }

    /// Appends a datagram's payload. What goes on with a series joins it, and may leave in the same call.
    pub(crate) fn gather_datagram(&mut self, socket: SocketId, to: Address, payload: &[u8], input: &[u8]) {
        self.end_run(input);
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
            _ => {
                self.record(
                    Op::SendDatagrams { socket, to, payload: start..end, each: payload.len() },
                    input,
                );
            }
        }
    }

    pub(crate) fn next_timer(&mut self) -> TimerId {
        self.timers_made += 1;
        TimerId(self.timers_made)
    }

    /// Hands the wishes over and begins anew in `spare`'s storage. The timer count goes on.
    pub(crate) fn take_into(&mut self, spare: &mut Batch) {
        debug_assert!(
            !matches!(self.run, Some(Run::Shown { .. })),
            "the input was settled when it had been shown"
        );
        self.end_run(&[]);
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

/// Input that is sent on without a copy. For less than this the copy costs less than keeping track of it.
const IN_PLACE_MIN: usize = 512;

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
        say(&mut ops, 1, b"ab");
        say(&mut ops, 1, b"c");
        say(&mut ops, 2, b"d");
        say(&mut ops, 1, b"e");
        assert_eq!(sent(&mut ops, &[]), [(1, "abc"), (2, "d"), (1, "e")].map(owned));
    }

    #[test]
    fn long_input_is_not_copied_and_what_follows_it_there_leaves_with_it() {
        let input = [b'x'; 4 * IN_PLACE_MIN];
        let mut ops = Ops::default();
        ops.send_shown(conn(1), 0..IN_PLACE_MIN, &input);
        ops.send_shown(conn(1), IN_PLACE_MIN..IN_PLACE_MIN + 7, &input);
        ops.send_shown(conn(1), IN_PLACE_MIN + 8..input.len(), &input);
        ops.send_shown(conn(2), 0..IN_PLACE_MIN, &input);
        ops.settle(&input);
        assert!(ops.refers_to_input() && ops.gathered.is_empty());
        let places = ops.list.iter().map(|op| match op {
            Op::Send { to, what: Chunk::Shown(place) } => (*to, place.clone()),
            other => panic!("{other:?}"),
        });
        let (first, gap) = (0..IN_PLACE_MIN + 7, IN_PLACE_MIN + 8..input.len());
        assert!(places.eq([(conn(1), first), (conn(1), gap), (conn(2), 0..IN_PLACE_MIN)]));
        ops.take_into(&mut Batch::default());
        assert!(!ops.refers_to_input());
    }

    #[test]
    fn little_input_is_copied_and_may_be_gone_then() {
        let input: Vec<u8> = (b'a'..=b'z').cycle().take(IN_PLACE_MIN).collect();
        let mut ops = Ops::default();
        ops.send_shown(conn(1), 1..2, &input);
        ops.send_shown(conn(1), 2..IN_PLACE_MIN, &input);
        ops.settle(&input);
        assert!(!ops.refers_to_input());
        say(&mut ops, 1, b"!");
        let expected = format!("{}!", str::from_utf8(&input[1..]).unwrap());
        assert_eq!(sent(&mut ops, &[]), [(conn(1), expected)]);
        ops.send_shown(conn(1), 0..IN_PLACE_MIN, &input);
        ops.settle(&input);
        assert!(ops.refers_to_input(), "one byte more is long");
    }

    #[test]
    fn whatever_is_sent_leaves_in_the_order_in_which_it_was_sent() {
        let input = [&[b'x'; IN_PLACE_MIN][..], b"abcdef"].concat();
        let long = "x".repeat(IN_PLACE_MIN);
        let short = |from: usize| IN_PLACE_MIN + from..IN_PLACE_MIN + from + 2;
        let mut ops = Ops::default();
        ops.send_shown(conn(1), short(0), &input);
        say_over(&mut ops, 1, b"1", &input);
        ops.send_shown(conn(1), short(2), &input);
        ops.send_shown(conn(2), short(2), &input);
        ops.send_shown(conn(2), short(4), &input);
        ops.send_shown(conn(1), short(0), &input);
        ops.record(Op::EndWriting(conn(3)), &input);
        ops.send_shown(conn(1), 0..IN_PLACE_MIN, &input);
        say_over(&mut ops, 1, b"2", &input);
        ops.settle(&input);
        let expected = [(1, "ab1cd"), (2, "cdef"), (1, "ab"), (3, "ended"), (1, &long), (1, "2")].map(owned);
        assert_eq!(sent(&mut ops, &input), expected);
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn a_piece_of_an_input_that_is_not_shown_is_refused_at_once() {
        Ops::default().send_shown(conn(1), 0..6, &[]);
    }

    fn say(ops: &mut Ops, to: u64, bytes: &[u8]) {
        say_over(ops, to, bytes, &[]);
    }

    fn say_over(ops: &mut Ops, to: u64, bytes: &[u8], input: &[u8]) {
        ops.gather(conn(to), input, |out| out.extend_from_slice(bytes));
    }

    fn owned((to, text): (u64, &str)) -> (ConnId, String) {
        (conn(to), text.to_owned())
    }

    /// Who is sent what.
    fn sent(ops: &mut Ops, input: &[u8]) -> Vec<(ConnId, String)> {
        let mut batch = Batch::default();
        ops.take_into(&mut batch);
        let sends = batch.list.iter().map(|op| match op {
            Op::Send { to, what: Chunk::Gathered(place) } => (*to, &batch.gathered[place.clone()]),
            Op::Send { to, what: Chunk::Shown(place) } => (*to, &input[place.clone()]),
            Op::EndWriting(id) => (*id, &b"ended"[..]),
            other => panic!("{other:?}"),
        });
        sends.map(|(to, bytes)| (to, String::from_utf8(bytes.to_vec()).unwrap())).collect()
    }

    #[test]
    fn datagrams_join_those_before_them_to_the_same_place_from_the_same_socket() {
        let socket = |serial| SocketId(SourceId::new(0, serial));
        let to = |port: u16| Address::Udp(([127, 0, 0, 1], port).into());
        let mut ops = Ops::default();
        for (from, port, payload) in
            [(1, 1, "aa"), (1, 1, "bb"), (1, 2, "cc"), (2, 2, "dd"), (2, 2, "e"), (2, 2, "ff")]
        {
            ops.gather_datagram(socket(from), to(port), payload.as_bytes(), &[]);
        }
        ops.gather(conn(3), &[], |out| out.push(b'-'));
        ops.gather_datagram(socket(2), to(2), b"gg", &[]);
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
    fn short_sends_to_many_fill_a_batch_too() {
        let mut ops = Ops::default();
        let mut peers = 0;
        while !ops.is_full() {
            peers += 1;
            say(&mut ops, peers, b"x");
        }
        assert!(ops.list.len() * size_of::<Op>() <= 2 * GATHERED_HIGH, "{peers} wishes");
        assert!(peers > 1_000, "what they take is all that counts: {peers}");
    }

    #[test]
    fn an_empty_send_records_nothing() {
        let mut ops = Ops::default();
        ops.gather(conn(1), &[], |_| ());
        assert!(ops.is_empty());
        ops.send_shown(conn(2), 0..0, &[]);
        assert!(ops.is_empty());
        assert_eq!(sent(&mut ops, &[]), []);
    }

    #[test]
    fn timer_names_are_never_reused_after_a_flush() {
        let mut ops = Ops::default();
        let first = ops.next_timer();
        ops.take_into(&mut Batch::default());
        assert_ne!(ops.next_timer(), first);
    }
}
