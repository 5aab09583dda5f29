//! How connections end, in named phases: everything queued is written, our side is ended, the peer's end is
//! waited for (so that our last bytes are not overtaken by a reset), and `finish` is called, exactly once.

use std::io;

use crate::conn::{Conn, Phase};
use crate::context::Context;
use crate::handler::{Closed, Handler};
use crate::ids::ConnId;
use crate::net::{Net, Plant};
use crate::reactor::Reactor;
use crate::sources::Source;

impl<H: Handler, N: Net> Reactor<H, N> {
    /// Closes gracefully. A connection that is on its way is dropped.
    pub(crate) fn begin_close(&mut self, id: ConnId) {
        let now = self.now;
        let Some(conn) = self.sources.conn(id) else { return };
        if conn.phase == Phase::Connecting {
            self.connection_failed(id, &io::Error::other("closed before it stood"));
            return;
        }
        if conn.is_conversing() {
            conn.enter(Phase::Flushing, now);
            self.stats.bytes_unheard += conn.rest.len() as u64;
            conn.rest = crate::conn::Rest::default();
            conn.flags.replay = false;
            conn.flags.end_writing = true;
            self.end_our_side_if_written(id);
            self.rearm(id);
        }
    }

    /// Half-closes: the peer may go on.
    pub(crate) fn end_writing(&mut self, id: ConnId) {
        let Some(conn) = self.sources.conn(id) else { return };
        if conn.takes_sends() {
            conn.flags.end_writing = true;
            self.end_our_side_if_written(id);
        }
    }

    pub(crate) fn abort(&mut self, id: ConnId) {
        match self.sources.conn(id).map(|conn| conn.phase) {
            None => {}
            Some(Phase::Connecting) => self.connection_failed(id, &io::Error::other("given up")),
            Some(_) => self.die(id, Closed::Aborted),
        }
    }

    /// Ends our side when nothing is left to write, and goes on to the next phase.
    pub(crate) fn end_our_side_if_written(&mut self, id: ConnId) {
        let now = self.now;
        let Some(conn) = self.sources.conn(id) else { return };
        if !conn.flags.end_writing || !conn.out.is_empty() || matches!(conn.phase, Phase::Dead) {
            return;
        }
        let is_told = std::mem::replace(&mut conn.flags.write_ended, true)
            || self.net.is_planted(Plant::ForgottenHalfClose);
        if !is_told {
            // A peer that is gone already makes this fail; the next read tells.
            let _ = self.net.shutdown_write(&mut conn.stream);
        }
        if matches!(conn.phase, Phase::Flushing) {
            conn.enter(Phase::Lingering, now);
            self.enlist(id.0);
            self.rearm(id);
        }
        self.end_if_both_ended(id);
    }

    /// With both sides ended there is nothing to wait for, whatever the handler thinks.
    pub(crate) fn end_if_both_ended(&mut self, id: ConnId) {
        let Some(conn) = self.sources.conn(id) else { return };
        if conn.flags.ended && conn.flags.write_ended && conn.out.is_empty() {
            self.die(id, Closed::ByUs);
        }
    }

    /// A write found the peer gone. What that sent before may still be read, so only our side ends, until a read finds
    /// nothing more; a connection that was closing has nothing left to do.
    pub(crate) fn broken(&mut self, id: ConnId, error: io::Error) {
        let Some(conn) = self.sources.conn(id) else { return };
        self.stats.lose_outbound(conn.out.clear());
        conn.flags.broken = true;
        conn.flags.end_writing = true;
        conn.flags.write_ended = true;
        if !conn.is_conversing() || conn.flags.ended {
            self.die(id, Closed::Failed(error));
            return;
        }
        // Nobody will write any more, so nothing may hold reading back: a read finds the end, or nothing.
        conn.flags.readable = true;
        conn.flags.ending = true;
        conn.flags.congested = false;
        conn.flags.paused = false;
        self.enlist(id.0);
    }

    /// Ends a connection now. `finish` follows at the end of the turn.
    pub(crate) fn die(&mut self, id: ConnId, why: Closed) {
        let Some(conn) = self.sources.conn(id) else { return };
        if !matches!(conn.phase, Phase::Dead) {
            self.stats.lose_outbound(conn.out.clear());
            self.stats.bytes_unheard += conn.rest.len() as u64;
            conn.phase = Phase::Dead;
            self.is_eventful = true;
            self.dead.push((id, why));
        }
    }

    /// Finishes what is over. A place that becomes free may be what a listener waits for.
    pub(crate) fn reap(&mut self) {
        if self.dead.is_empty() {
            return;
        }
        let mut dead = std::mem::take(&mut self.dead);
        for (id, why) in dead.drain(..) {
            self.finish(id, why);
            // When the loop has stopped, nobody carries out what is asked.
            if !self.is_stopped() {
                self.apply_if_full();
            }
        }
        // What died while others were finished is kept for the next call.
        dead.append(&mut self.dead);
        self.dead = dead;
        self.retry_starved();
    }

    fn finish(&mut self, id: ConnId, why: Closed) {
        let Some(Source::Conn(conn)) = self.sources.remove(id.0) else { return };
        let Conn { stream, listener, flags, .. } = conn;
        if flags.newcomer {
            self.admission.settle();
        }
        self.admission.leave(id);
        if !self.groups.is_empty() {
            self.groups.leave_all(id);
        }
        self.net.close(stream);
        self.stats.finished += 1;
        if let Some(state) = listener.and_then(|id| self.sources.listener(id)) {
            state.call_ends();
        }
        tracing::debug!(?id, %why, "finished");
        self.handler.finish(&mut Context::new(self.now, &mut self.ops), id, why);
        if self.net.is_planted(Plant::DoubleFinish) {
            self.handler.finish(&mut Context::new(self.now, &mut self.ops), id, Closed::Stopped);
        }
    }

    pub(crate) fn close_listeners(&mut self) {
        for id in self.sources.listener_ids() {
            if let Some(Source::Listener(listener)) = self.sources.remove(id.0) {
                self.net.close_listener(listener.socket);
            }
        }
    }

    /// The loop has stopped: every connection that stands is cut, and finished.
    pub(crate) fn close_everything(&mut self) {
        self.close_listeners();
        self.reap();
        for id in self.sources.conn_ids() {
            if self.sources.conn(id).is_some_and(|conn| conn.phase == Phase::Connecting) {
                self.connection_failed(id, &io::Error::other("the loop has stopped"));
            } else {
                self.die(id, Closed::Stopped);
            }
        }
        self.reap();
        self.stats.datagrams_dropped += std::mem::take(&mut self.stats.datagrams_queued) as u64;
    }
}
