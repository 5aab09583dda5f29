//! Deadlines of connections: at most one entry of the timer heap for each, moved lazily.

use std::io;

use crate::conn::Phase;
use crate::handler::{Closed, Deadline, Handler};
use crate::ids::ConnId;
use crate::net::{Net, Plant};
use crate::reactor::Reactor;
use crate::time::Time;
use crate::timers::Timer;

impl<H: Handler, N: Net> Reactor<H, N> {
    /// Sees to it that the heap wakes us no later than this connection's next deadline. An entry that is too
    /// early is left alone: when it comes up, it moves.
    pub(crate) fn rearm(&mut self, id: ConnId) {
        let Some(conn) = self.sources.conn(id) else { return };
        let (at, _) = conn.deadline(&self.limits);
        if at < conn.armed && !self.net.is_planted(Plant::SkippedRearm) {
            conn.armed = at;
            self.timers.set(at, Timer::Deadline(id));
        }
    }

    /// An entry of the heap came up: the deadline has passed, or has moved, or the entry is stale.
    pub(crate) fn check_deadline(&mut self, id: ConnId, entry: Time) {
        let Some(conn) = self.sources.conn(id) else { return };
        if conn.armed != entry {
            return;
        }
        conn.armed = Time::NEVER;
        let (at, which) = conn.deadline(&self.limits);
        if at <= self.now {
            self.deadline_passed(id, which);
        } else {
            self.rearm(id);
        }
    }

    /// Entries of connections that have ended, and those that were overtaken by a sooner one, must not gather: a
    /// deadline may be an hour away.
    pub(crate) fn forget_stale_deadlines(&mut self) {
        if self.timers.is_mostly_stale(self.sources.conn_count()) {
            let sources = &mut self.sources;
            self.timers.keep_deadlines(|id, at| sources.conn(id).is_some_and(|conn| conn.armed == at));
        }
    }

    /// Newcomers all have the same time to show who they are, so they run out of it in the order in which they came:
    /// one entry of the heap, for the first of them, does for all.
    pub(crate) fn watch_newcomers(&mut self) {
        if self.admission.begin_watch() {
            self.timers.set(self.now + self.limits.handshake_timeout, Timer::Newcomers);
        }
    }

    /// The entry for newcomers came up: whose time is over leaves, and the next is waited for.
    pub(crate) fn check_newcomers(&mut self) {
        let (sources, patience) = (&mut self.sources, self.limits.handshake_timeout);
        let mut end_of = |id: ConnId| {
            let conn =
                sources.conn(id).filter(|conn| conn.flags.newcomer && conn.phase == Phase::Embryonic)?;
            Some(conn.since + patience)
        };
        let (late, next) = self.admission.late(self.now, &mut end_of);
        for id in late {
            self.deadline_passed(id, Deadline::Handshake);
        }
        if let Some(next) = next {
            self.timers.set(next, Timer::Newcomers);
        }
    }

    fn deadline_passed(&mut self, id: ConnId, which: Deadline) {
        let Some(conn) = self.sources.conn(id) else { return };
        match conn.phase {
            Phase::Connecting => {
                self.stats.connect_timeouts += 1;
                self.try_next(id, &io::ErrorKind::TimedOut.into());
            }
            // It had its time to hang up; everything was handed over.
            Phase::Lingering => {
                self.stats.lingered += 1;
                self.die(id, Closed::ByUs);
            }
            _ => {
                self.stats.timed_out += 1;
                self.stats.deadlines_passed.count(which);
                self.die(id, Closed::TimedOut(which));
            }
        }
    }
}
