//! One stream connection as the loop sees it: its phase, its flags, what it has not taken and what it has not
//! sent. The moves between phases are the turn's; the conversation is the handler's.

use std::collections::VecDeque;
use std::net::IpAddr;

use crate::address::Address;
use crate::handler::{Deadline, Tag};
use crate::ids::ListenerId;
use crate::limits::{Limits, SlowPeer};
use crate::outbound::Outbound;
use crate::time::Time;

/// A connection. It is kept small: an idle one owns no buffer.
#[derive(Debug)]
pub(crate) struct Conn<S> {
    pub(crate) stream: S,
    /// The listener that it came through: its place there is freed at the end.
    pub(crate) listener: Option<ListenerId>,
    pub(crate) phase: Phase,
    pub(crate) flags: Flags,
    /// When the phase began.
    pub(crate) since: Time,
    /// When the peer last sent something.
    pub(crate) heard: Time,
    /// When its entry in the timer heap is due; `NEVER` when it has none.
    pub(crate) armed: Time,
    /// Received, not taken. Empty means no allocation.
    pub(crate) rest: Rest,
    pub(crate) out: Outbound,
    /// Sends recorded for it that the present flush has still to come to.
    pub(crate) sends_ahead: u32,
}

/// Where a connection is in its life. It only moves downwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Ours, on its way; where to is in the loop's list of attempts.
    Connecting,
    /// Stands, but has not shown who it is.
    Embryonic,
    /// Stands.
    Open,
    /// To be closed once everything queued is written.
    Flushing,
    /// Our side is ended; what the peer still sends is thrown away until it ends its own.
    Lingering,
    /// Over; `finish` is next.
    Dead,
}

/// A connection on its way: where to, and where to next if nobody is there.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) tag: Tag,
    pub(crate) address: Address,
    /// To be tried after this one, in order.
    pub(crate) others: VecDeque<Address>,
    /// Which address of ours it is made from, if that matters.
    pub(crate) source: Option<IpAddr>,
}

/// What is known about readiness, and what stops us from acting on it.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, each named where it is set")]
pub(crate) struct Flags {
    /// An edge came and has not been drained.
    pub(crate) readable: bool,
    /// The kernel has not refused bytes since the last edge.
    pub(crate) writable: bool,
    /// It stands on the ready list.
    pub(crate) listed: bool,
    /// The peer's end is announced or seen: short reads do not mean drained any more.
    pub(crate) ending: bool,
    /// The peer's end was read.
    pub(crate) ended: bool,
    /// The handler paused reading.
    pub(crate) paused: bool,
    /// We made the connection. Such a one is read even while it is congested: with both ends waiting for the
    /// other to read, neither would ever go on.
    pub(crate) ours: bool,
    /// More than the high mark is queued.
    pub(crate) congested: bool,
    /// The rest is to be shown to the handler again, without new bytes.
    pub(crate) replay: bool,
    /// It was accepted, and has not shown who it is.
    pub(crate) newcomer: bool,
    /// Our side is to be ended, or is, after what is queued.
    pub(crate) end_writing: bool,
    /// Our side is ended.
    pub(crate) write_ended: bool,
    /// A write failed: what was queued is lost. What the peer sent before is still read.
    pub(crate) broken: bool,
}

/// Received bytes that the handler did not take, and since when it has been waiting for more. There are no bytes if it
/// keeps them itself, and only says that it waits.
#[derive(Debug, Default)]
pub(crate) struct Rest(Option<Box<Kept>>);

#[derive(Debug)]
struct Kept {
    bytes: Vec<u8>,
    /// So many of the front were taken since they were last moved: less than half of them.
    taken: usize,
    since: Time,
}

impl Rest {
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |kept| &kept.bytes[kept.taken..])
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |kept| kept.bytes.len() - kept.taken)
    }

    fn since(&self) -> Option<Time> {
        self.0.as_ref().map(|kept| kept.since)
    }

    /// The handler keeps the beginning of a message since then, or keeps nothing.
    pub(crate) fn wait_since(&mut self, since: Option<Time>) {
        match since {
            Some(since) => {
                let kept = self.kept(since);
                kept.since = kept.since.min(since);
            }
            None if self.len() == 0 => self.0 = None,
            None => {}
        }
    }

    /// Appends what was read behind what was there.
    pub(crate) fn extend(&mut self, more: &[u8], now: Time) {
        self.kept(now).bytes.extend_from_slice(more);
    }

    /// The handler took so many bytes from the front. Progress starts the clock of the next message. What is left is
    /// moved only when as many were taken since it was moved last, so that many short steps cost no more than one.
    pub(crate) fn advance(&mut self, taken: usize, now: Time) {
        if taken == self.len() {
            self.0 = None;
        }
        let Some(kept) = self.0.as_mut().filter(|_| taken > 0) else { return };
        kept.taken += taken;
        kept.since = now;
        if 2 * kept.taken >= kept.bytes.len() {
            kept.bytes.drain(..kept.taken);
            kept.taken = 0;
            give_back(&mut kept.bytes);
        }
    }

    /// A copy of what is left when so many bytes of the front are taken, which makes progress like taking them.
    pub(crate) fn behind(&self, taken: usize, now: Time) -> Rest {
        let since = self.since().filter(|_| taken == 0).unwrap_or(now);
        let mut left = Rest::default();
        left.replace(&self.bytes()[taken..], taken, since);
        left
    }

    /// Keeps `bytes` as the new rest. The clock goes on only if nothing was taken.
    pub(crate) fn replace(&mut self, bytes: &[u8], taken: usize, now: Time) {
        if bytes.is_empty() {
            self.0 = None;
            return;
        }
        let kept = self.kept(now);
        kept.bytes.clear();
        kept.bytes.extend_from_slice(bytes);
        kept.taken = 0;
        give_back(&mut kept.bytes);
        if taken > 0 {
            kept.since = now;
        }
    }

    fn kept(&mut self, now: Time) -> &mut Kept {
        self.0.get_or_insert_with(|| Box::new(Kept { bytes: Vec::new(), taken: 0, since: now }))
    }
}

/// A short rest does not hold on to the memory of a long one before it.
fn give_back(rest: &mut Vec<u8>) {
    if rest.capacity() > 4 * rest.len() + REST_KEPT_MAX {
        rest.shrink_to_fit();
    }
}

/// Capacity that is not worth a reallocation.
const REST_KEPT_MAX: usize = 4 * 1024;

impl<S> Conn<S> {
    pub(crate) fn new(stream: S, phase: Phase, now: Time) -> Conn<S> {
        let ours = phase == Phase::Connecting;
        let flags = Flags { writable: !ours, ours, ..Flags::default() };
        Conn {
            stream,
            listener: None,
            phase,
            flags,
            since: now,
            heard: now,
            armed: Time::NEVER,
            rest: Rest::default(),
            out: Outbound::default(),
            sends_ahead: 0,
        }
    }

    /// The same as a newcomer that called a listener.
    pub(crate) fn through(mut self, listener: ListenerId) -> Conn<S> {
        self.flags.newcomer = true;
        Conn { listener: Some(listener), ..self }
    }

    pub(crate) fn enter(&mut self, phase: Phase, now: Time) {
        self.phase = phase;
        self.since = now;
    }

    /// Whether the handler still hears of it.
    pub(crate) fn is_conversing(&self) -> bool {
        matches!(self.phase, Phase::Embryonic | Phase::Open)
    }

    /// Whether more may be queued for the peer.
    pub(crate) fn takes_sends(&self) -> bool {
        self.is_conversing() && !self.flags.end_writing
    }

    /// Whether it is we who do not read.
    fn is_held(&self) -> bool {
        self.flags.paused || (self.flags.congested && !self.flags.ours)
    }

    /// Whether there is something to read, and nothing against reading it.
    pub(crate) fn wants_read(&self) -> bool {
        let held = self.is_held() || self.flags.ended;
        match self.phase {
            Phase::Embryonic | Phase::Open => !held && (self.flags.readable || self.flags.replay),
            Phase::Lingering => self.flags.readable && !self.flags.ended,
            Phase::Connecting | Phase::Flushing | Phase::Dead => false,
        }
    }

    /// The next deadline, and which one it is.
    pub(crate) fn deadline(&self, limits: &Limits) -> (Time, Deadline) {
        let never = (Time::NEVER, Deadline::Idle);
        let phase = match self.phase {
            Phase::Connecting => (self.since + limits.connect_timeout, Deadline::Handshake),
            // The queue of newcomers keeps this one for all of them: there it takes no room.
            Phase::Embryonic if self.flags.newcomer => never,
            Phase::Embryonic => (self.since + limits.handshake_timeout, Deadline::Handshake),
            Phase::Open => self.open_deadline(limits),
            Phase::Lingering => (self.since + limits.linger_timeout, Deadline::Idle),
            Phase::Flushing => (self.since + limits.flush_timeout, Deadline::Slow),
            Phase::Dead => never,
        };
        let stall =
            self.out.stalled_since().map_or(never, |since| (since + limits.stall_timeout, Deadline::Stall));
        let waits_for_peer = matches!(self.phase, Phase::Open) && !self.is_held();
        let partial = match self.rest.since() {
            Some(since) if waits_for_peer => (since + limits.partial_timeout, Deadline::Partial),
            _ => never,
        };
        let slow = match limits.slow_peer {
            SlowPeer::CloseAfter(patience) => {
                self.out.over_since().map_or(never, |since| (since + patience, Deadline::Slow))
            }
            SlowPeer::Close | SlowPeer::DropOldest => never,
        };
        [phase, stall, slow, partial].into_iter().min_by_key(|(at, _)| *at).unwrap_or(never)
    }
}

impl<S> Conn<S> {
    /// The sooner of being silent too long and being there too long.
    fn open_deadline(&self, limits: &Limits) -> (Time, Deadline) {
        let idle = limits.idle_timeout.map_or(Time::NEVER, |idle| self.heard + idle);
        let life = limits.life_timeout.map_or(Time::NEVER, |life| self.since + life);
        if idle <= life { (idle, Deadline::Idle) } else { (life, Deadline::Life) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn conn(phase: Phase) -> Conn<()> {
        Conn::new((), phase, Time::ZERO)
    }

    #[test]
    fn an_idle_connection_is_small_and_owns_nothing() {
        assert!(size_of::<Conn<u64>>() <= 80, "{}", size_of::<Conn<u64>>());
        let conn = conn(Phase::Open);
        assert!(conn.rest.0.is_none() && conn.out.is_empty());
    }

    #[test]
    fn a_trickle_of_bytes_does_not_extend_the_handshake() {
        let mut conn = conn(Phase::Embryonic);
        let limits = Limits::default();
        conn.heard = Time::ZERO + Duration::from_secs(4);
        assert_eq!(conn.deadline(&limits), (Time::ZERO + limits.handshake_timeout, Deadline::Handshake));
    }

    #[test]
    fn half_a_message_has_a_deadline_that_only_progress_moves() {
        let (mut conn, limits) = (conn(Phase::Open), Limits::default());
        conn.rest.extend(b"ab", Time::ZERO);
        conn.rest.extend(b"cd", Time::from_nanos(50));
        assert_eq!(conn.deadline(&limits), (Time::ZERO + limits.partial_timeout, Deadline::Partial));
        conn.rest.advance(1, Time::from_nanos(50));
        assert_eq!(conn.deadline(&limits).0, Time::from_nanos(50) + limits.partial_timeout);
        conn.flags.paused = true;
        assert_eq!(conn.deadline(&limits).0, Time::NEVER, "we are the ones who do not read");
    }

    #[test]
    fn a_copy_of_what_is_left_waits_for_as_long_as_the_rest_did() {
        let (mut rest, now) = (Rest::default(), Time::from_nanos(9));
        rest.extend(b"abc", Time::ZERO);
        assert_eq!(
            (rest.behind(0, now).bytes(), rest.behind(0, now).since()),
            (&b"abc"[..], Some(Time::ZERO))
        );
        assert_eq!((rest.behind(1, now).bytes(), rest.behind(1, now).since()), (&b"bc"[..], Some(now)));
        assert!(rest.behind(3, now).0.is_none());
    }

    #[test]
    fn a_long_rest_that_is_taken_bit_by_bit_is_hardly_moved() {
        let mut rest = Rest::default();
        let bytes: Vec<u8> = (0..=250).cycle().take(1 << 20).collect();
        rest.extend(&bytes, Time::ZERO);
        let mut moves = 0;
        for at in (0..bytes.len() - 1024).step_by(1024) {
            let next = rest.bytes()[1024..].as_ptr();
            rest.advance(1024, Time::ZERO);
            moves += usize::from(rest.bytes().as_ptr() != next);
            assert_eq!(rest.bytes(), &bytes[at + 1024..]);
        }
        assert!(moves <= 10, "moved {moves} times, each time half of what there was before");
    }

    #[test]
    fn a_short_rest_does_not_hold_the_memory_of_a_long_one() {
        let mut rest = Rest::default();
        rest.extend(&vec![7; 1 << 20], Time::ZERO);
        rest.advance((1 << 20) - 1, Time::ZERO);
        assert!(rest.0.as_ref().unwrap().bytes.capacity() <= 4 + REST_KEPT_MAX);
        rest.extend(&vec![7; 1 << 20], Time::ZERO);
        rest.replace(&[1], 9, Time::ZERO);
        assert!(rest.0.as_ref().unwrap().bytes.capacity() <= 4 + REST_KEPT_MAX);
    }

    #[test]
    fn a_peer_that_takes_nothing_has_a_deadline() {
        let (mut conn, limits) = (conn(Phase::Flushing), Limits::default());
        conn.phase = Phase::Open;
        conn.out.push(bytes::Bytes::from_static(b"x"), Time::from_nanos(9));
        assert_eq!(conn.deadline(&limits), (Time::from_nanos(9) + limits.stall_timeout, Deadline::Stall));
        conn.enter(Phase::Flushing, Time::ZERO);
        assert_eq!(
            conn.deadline(&limits),
            (Time::ZERO + limits.flush_timeout, Deadline::Slow),
            "however it trickles"
        );
    }
}
