//! Reading streams: into the loop's one buffer, shown to the handler where the bytes lie; only what it leaves is
//! copied into the connection.

use std::io;

use crate::conn::{Conn, Phase};
use crate::context::Context;
use crate::handler::{Closed, Handler};
use crate::ids::ConnId;
use crate::net::{Net, Plant, Read, Ready};
use crate::reactor::Reactor;

/// Room in front of what is read, for the rest from before: the handler then sees one piece. A longer rest, or one that
/// outweighs what was read, is joined by the new bytes instead.
pub(crate) const REST_PREFIXED_MAX: usize = 128 * 1024;

impl<S> Conn<S> {
    /// Takes note of an edge.
    pub(crate) fn note(&mut self, ready: Ready) {
        self.flags.readable |= ready.readable || ready.ended;
        self.flags.writable |= ready.writable;
        self.flags.ending |= ready.ended;
    }
}

impl<H: Handler, N: Net> Reactor<H, N> {
    /// Does for one connection what its readiness allows: finish connecting, write, then read.
    pub(crate) fn serve_conn(&mut self, id: ConnId) {
        let Some(conn) = self.sources.conn(id) else { return };
        if conn.phase == Phase::Connecting {
            self.check_connection(id);
        }
        let Some(conn) = self.sources.conn(id) else { return };
        if conn.flags.writable && !conn.out.is_empty() {
            self.flush(id);
        }
        self.read_within_budget(id);
        self.rearm(id);
        if self.ops.is_full() || self.ops.is_worth_a_write() {
            self.apply();
        }
    }

    fn read_within_budget(&mut self, id: ConnId) {
        for _ in 0..self.limits.reads_per_turn {
            let Some(conn) = self.sources.conn(id) else { return };
            if !conn.wants_read() {
                return;
            }
            if self.ops.is_full() {
                break;
            }
            if std::mem::take(&mut conn.flags.replay) {
                self.offer_rest(id);
            } else if matches!(conn.phase, Phase::Lingering) {
                self.discard(id);
            } else {
                self.read_once(id);
            }
        }
        if self.sources.conn(id).is_some_and(|conn| conn.wants_read()) {
            self.postpone(id.0);
        }
    }

    /// Reads behind the room for a rest, so that whether the rest joins the new bytes there, or they join it, can be
    /// decided when it is known which are more. So a read that brought n bytes has at most 3n of them copied, however
    /// long the rest: n in front of it and 2n that are left, or n behind the rest. To be shown the rest again costs no
    /// copy; what is left of it then is moved at most once for each byte that is taken, or copied if pieces of it are
    /// still to be sent from where they lie.
    fn read_once(&mut self, id: ConnId) {
        let Some(conn) = self.sources.conn(id) else { return };
        let area = REST_PREFIXED_MAX..REST_PREFIXED_MAX + self.limits.read_bytes;
        let result = self.net.read(&mut conn.stream, &mut self.buffer[area]);
        self.stats.reads += 1;
        match result {
            Ok(Read { bytes: 0, .. }) => self.peer_ended(id),
            Ok(read) => {
                conn.flags.readable = !read.drained || conn.flags.ending;
                conn.heard = self.now;
                self.stats.bytes_in += read.bytes as u64;
                if conn.rest.len() > read.bytes.min(REST_PREFIXED_MAX) {
                    self.offer_collected(id, read.bytes);
                } else {
                    self.offer_in_place(id, read.bytes);
                }
            }
            Err(error) => self.read_failed(id, error),
        }
    }

    /// Shows the handler the bytes where they were read, with the rest in front of them.
    fn offer_in_place(&mut self, id: ConnId, read: usize) {
        let Some(conn) = self.sources.conn(id) else { return };
        let mut buffer = std::mem::take(&mut self.buffer);
        let start = REST_PREFIXED_MAX - conn.rest.len();
        buffer[start..REST_PREFIXED_MAX].copy_from_slice(conn.rest.bytes());
        let input = &buffer[start..REST_PREFIXED_MAX + read];
        let taken = self.show(id, input);
        let kept = if self.net.is_planted(Plant::LostRest) { input.len() } else { taken };
        if let Some(conn) = self.sources.conn(id) {
            conn.rest.replace(&input[kept..], taken, self.now);
            self.judge_rest(id);
        }
        self.send_on(input);
        self.buffer = buffer;
    }

    /// Adds what was read to the rest, and shows the handler all of it.
    fn offer_collected(&mut self, id: ConnId, read: usize) {
        let Some(conn) = self.sources.conn(id) else { return };
        conn.rest.extend(&self.buffer[REST_PREFIXED_MAX..][..read], self.now);
        self.offer_rest(id);
    }

    fn offer_rest(&mut self, id: ConnId) {
        let Some(conn) = self.sources.conn(id) else { return };
        let mut shown = std::mem::take(&mut conn.rest);
        let taken = self.show(id, shown.bytes());
        let Some(conn) = self.sources.conn(id) else { return };
        if self.ops.refers_to_input() {
            conn.rest = shown.behind(taken, self.now);
        } else {
            shown.advance(taken, self.now);
            conn.rest = std::mem::take(&mut shown);
        }
        self.judge_rest(id);
        self.send_on(shown.bytes());
    }

    /// Shows the handler what has come; says how much of it was taken.
    fn show(&mut self, id: ConnId, input: &[u8]) -> usize {
        let taken = self.handler.handle(&mut Context::over(input, self.now, &mut self.ops), id, input);
        self.ops.settle(input);
        debug_assert!(taken <= input.len(), "a handler takes only what it was shown");
        taken.min(input.len())
    }

    /// Sends what handlers passed on from the input while it is still there.
    fn send_on(&mut self, input: &[u8]) {
        if self.ops.refers_to_input() {
            self.apply_over(input);
        }
    }

    /// Looks at what the handler left: too much of it, or left because the output was full.
    fn judge_rest(&mut self, id: ConnId) {
        let is_full = self.ops.is_full();
        let Some(conn) = self.sources.conn(id) else { return };
        let bytes = conn.rest.len();
        conn.flags.replay |= is_full && bytes > 0;
        if bytes > self.limits.untaken_bytes_max {
            self.stats.untaken += 1;
            self.die(id, Closed::Untaken { bytes });
        }
    }

    /// The peer has ended its side. What it said last is the handler's to judge, unless that has asked to hear first
    /// what came before, or to hear nothing for now: then the end is read once more later.
    fn peer_ended(&mut self, id: ConnId) {
        if self.ops.holds_back() {
            self.apply();
        }
        let Some(conn) = self.sources.conn(id) else { return };
        if conn.is_conversing() && (conn.flags.replay || conn.flags.paused) {
            return;
        }
        conn.flags.ended = true;
        conn.flags.readable = false;
        if conn.flags.broken {
            self.die(id, hung_up());
            return;
        }
        if conn.is_conversing() {
            let rest = std::mem::take(&mut conn.rest);
            self.handler.end_of_input(&mut Context::new(self.now, &mut self.ops), id, rest.bytes());
        }
        self.end_if_both_ended(id);
    }

    fn read_failed(&mut self, id: ConnId, error: io::Error) {
        let Some(conn) = self.sources.conn(id) else { return };
        match error.kind() {
            io::ErrorKind::WouldBlock if conn.flags.broken => self.die(id, hung_up()),
            io::ErrorKind::WouldBlock => conn.flags.readable = false,
            io::ErrorKind::Interrupted => {}
            _ => self.die(id, Closed::Failed(error)),
        }
    }

    /// Reads without looking: our side is closed, and only the end of the peer's is waited for.
    fn discard(&mut self, id: ConnId) {
        let Some(conn) = self.sources.conn(id) else { return };
        let result = self.net.read(&mut conn.stream, &mut self.buffer);
        self.stats.reads += 1;
        match result {
            Ok(Read { bytes: 0, .. }) => self.die(id, Closed::ByUs),
            Ok(read) => {
                conn.flags.readable = !read.drained || conn.flags.ending;
                self.stats.bytes_in += read.bytes as u64;
                self.stats.bytes_unheard += read.bytes as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => conn.flags.readable = false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Everything was handed over before; how the peer hangs up does not matter any more.
            Err(_) => self.die(id, Closed::ByUs),
        }
    }
}

/// Why a connection ends of which a write found the peer gone, and all that the peer had said was read.
fn hung_up() -> Closed {
    Closed::Failed(io::ErrorKind::BrokenPipe.into())
}
