//! The timer heap: what is due when. Due timers are set aside before any of them fires, so that a timer set while
//! firing waits for the next turn. What a timer means is left to the turn.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use crate::handler::Tag;
use crate::ids::{ConnId, ListenerId, SocketId, TimerId};
use crate::time::Time;

/// What a due timer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// A connection may have passed one of its deadlines: it knows itself.
    Deadline(ConnId),
    /// The oldest newcomer may have run out of time.
    Newcomers,
    /// Try to accept again.
    Accept(ListenerId),
    /// Try to receive again.
    Receive(SocketId),
    /// Try to send again what waits for this socket.
    Datagrams(SocketId),
    /// A timer of the handler.
    User(TimerId, Tag),
    /// The drain has lasted long enough.
    DrainEnd,
}

/// A heap of timers. Those that were cancelled, and deadlines that mean nothing any more, are left in place until they
/// come up or outnumber the rest.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Time, Timer)>>,
    cancelled: HashSet<TimerId>,
    /// How many of the heap are the handler's.
    users: usize,
    /// How many of it are deadlines of connections.
    deadlines: usize,
}

impl Timers {
    pub(crate) fn set(&mut self, at: Time, timer: Timer) {
        if at == Time::NEVER {
            return;
        }
        self.users += usize::from(timer.is_users());
        self.deadlines += usize::from(timer.is_deadline());
        self.heap.push(Reverse((at, timer)));
    }

    pub(crate) fn cancel(&mut self, id: TimerId) {
        self.cancelled.insert(id);
        if self.cancelled.len() > self.users / 2 + CANCELLED_KEPT {
            self.forget_cancelled();
        }
    }

    /// When the next timer is due. A cancelled one may be named: the loop then wakes once for nothing.
    pub(crate) fn next(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Moves everything due at `now` into `due`, in order.
    pub(crate) fn take_due(&mut self, now: Time, due: &mut Vec<(Time, Timer)>) {
        while let Some(Reverse((at, _))) = self.heap.peek() {
            if *at > now {
                return;
            }
            let Some(Reverse((at, timer))) = self.heap.pop() else { return };
            if !self.was_cancelled(timer) {
                due.push((at, timer));
            }
        }
    }

    /// How many timers there are.
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether deadlines that mean nothing any more outnumber those that may: each of so many connections has one at
    /// most.
    pub(crate) fn is_mostly_stale(&self, connections: usize) -> bool {
        self.deadlines > 2 * connections + STALE_KEPT
    }

    /// Rebuilds the heap with only those deadlines that are meant. Of two that are alike one is enough.
    pub(crate) fn keep_deadlines(&mut self, mut is_meant: impl FnMut(ConnId, Time) -> bool) {
        let mut entries = std::mem::take(&mut self.heap).into_vec();
        entries.retain(|Reverse((at, timer))| match timer {
            Timer::Deadline(id) => is_meant(*id, *at),
            _ => true,
        });
        entries.sort_unstable();
        entries.dedup();
        entries.shrink_to(2 * entries.len() + STALE_KEPT);
        self.deadlines = entries.iter().filter(|Reverse((_, timer))| timer.is_deadline()).count();
        self.heap = entries.into();
    }

    fn was_cancelled(&mut self, timer: Timer) -> bool {
        self.deadlines -= usize::from(timer.is_deadline());
        let Timer::User(id, _) = timer else { return false };
        self.users -= 1;
        self.cancelled.remove(&id)
    }

    /// Rebuilds the heap without the cancelled, so that setting and cancelling for ever holds no memory. What was
    /// cancelled after it fired is forgotten with it.
    fn forget_cancelled(&mut self) {
        let cancelled = std::mem::take(&mut self.cancelled);
        self.heap.retain(|Reverse((_, timer))| match timer {
            Timer::User(id, _) => !cancelled.contains(id),
            _ => true,
        });
        self.users = self.heap.iter().filter(|Reverse((_, timer))| timer.is_users()).count();
    }
}

impl Timer {
    fn is_users(&self) -> bool {
        matches!(self, Timer::User(..))
    }

    fn is_deadline(&self) -> bool {
        matches!(self, Timer::Deadline(_))
    }
}

/// Cancelled timers that are not worth a rebuild.
const CANCELLED_KEPT: usize = 64;

/// Deadlines without a meaning that are not worth one.
const STALE_KEPT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SourceId;

    fn user(number: u64) -> Timer {
        Timer::User(TimerId(number), Tag(number))
    }

    fn due(timers: &mut Timers, now: u64) -> Vec<Timer> {
        let mut out = Vec::new();
        timers.take_due(Time::from_nanos(now), &mut out);
        out.into_iter().map(|(_, timer)| timer).collect()
    }

    #[test]
    fn timers_come_in_order_and_not_early() {
        let mut timers = Timers::default();
        timers.set(Time::from_nanos(30), user(3));
        timers.set(Time::from_nanos(10), user(1));
        timers.set(Time::from_nanos(20), user(2));
        assert_eq!(due(&mut timers, 9), []);
        assert_eq!(due(&mut timers, 20), [user(1), user(2)]);
        assert_eq!(timers.next(), Some(Time::from_nanos(30)));
    }

    #[test]
    fn a_cancelled_timer_does_not_come() {
        let mut timers = Timers::default();
        timers.set(Time::from_nanos(10), user(1));
        timers.set(Time::from_nanos(10), user(2));
        timers.cancel(TimerId(1));
        assert_eq!(due(&mut timers, 10), [user(2)]);
    }

    #[test]
    fn setting_and_cancelling_for_ever_holds_no_memory() {
        let mut timers = Timers::default();
        for number in 0..100_000 {
            timers.set(Time::from_nanos(1_000_000 + number), user(number));
            timers.cancel(TimerId(number));
        }
        assert!(timers.heap.len() <= 2 * CANCELLED_KEPT, "{} left", timers.heap.len());
        assert!(timers.cancelled.len() <= 2 * CANCELLED_KEPT);
    }

    #[test]
    fn only_deadlines_that_are_meant_are_kept_and_none_twice() {
        let deadline = |serial| Timer::Deadline(ConnId(SourceId::new(0, serial)));
        let mut timers = Timers::default();
        timers.set(Time::from_nanos(5), user(1));
        for number in 0..1_000 {
            timers.set(Time::from_nanos(number % 10), deadline(number % 100 + 1));
        }
        assert!(
            timers.is_mostly_stale(467) && !timers.is_mostly_stale(468),
            "1,000 and 64 more than twice 468"
        );
        timers.keep_deadlines(|id, at| id.0 == SourceId::new(0, 8) && at == Time::from_nanos(7));
        assert_eq!((timers.len(), timers.deadlines), (2, 1));
        assert_eq!(due(&mut timers, 10), [user(1), deadline(8)]);
        assert_eq!(timers.deadlines, 0);
    }

    #[test]
    fn what_never_happens_is_not_kept() {
        let mut timers = Timers::default();
        timers.set(Time::NEVER, user(1));
        assert_eq!(timers.next(), None);
    }
}
