//! Peers that read more slowly than they are sent to: what they are held to, and who is told. Queueing for them and
//! writing to them is `transmit`'s.

use crate::conn::Conn;
use crate::context::Context;
use crate::handler::{Closed, Handler, Pressure};
use crate::ids::ConnId;
use crate::limits::{Limits, SlowPeer};
use crate::net::Net;
use crate::reactor::Reactor;

impl<H: Handler, N: Net> Reactor<H, N> {
    /// The peer is given up over so many bytes for which there is no room.
    pub(crate) fn overflow(&mut self, to: ConnId, bytes: usize) {
        let Some(conn) = self.sources.conn(to) else { return };
        let waiting = conn.out.bytes() + bytes;
        self.stats.overflowed += 1;
        self.stats.bytes_lost += bytes as u64;
        self.die(to, Closed::Overflowed { bytes: waiting });
    }

    pub(crate) fn drop_oldest(&mut self, to: ConnId, held_max: usize) {
        let Some(conn) = self.sources.conn(to) else { return };
        let (sends, bytes) = conn.out.drop_oldest(held_max);
        self.stats.sends_dropped += sends;
        self.stats.bytes_dropped += bytes as u64;
        self.stats.outbound_bytes -= bytes;
    }

    /// Over the hard mark a peer that has time to catch up begins to use it, over the high one we stop reading from it.
    pub(crate) fn check_pressure(&mut self, id: ConnId) {
        let Some(conn) = self.sources.conn(id).filter(|conn| conn.is_conversing()) else { return };
        let held = conn.out.held();
        if held > self.limits.outbound_hard {
            conn.out.note_over(self.now);
        }
        if held > self.limits.outbound_high && !conn.flags.congested {
            conn.flags.congested = true;
            self.stats.pressed += 1;
            self.handler.pressure(&mut Context::new(self.now, &mut self.ops), id, Pressure::High);
        }
    }

    /// Down at the low mark we read on.
    pub(crate) fn relieve(&mut self, id: ConnId) {
        let Some(conn) = self.sources.conn(id) else { return };
        if !is_relieved(conn, &self.limits) {
            return;
        }
        conn.flags.congested = false;
        conn.out.note_relieved();
        let is_heard = conn.is_conversing();
        self.enlist(id.0);
        if is_heard {
            self.handler.pressure(&mut Context::new(self.now, &mut self.ops), id, Pressure::Low);
        }
    }
}

/// What a queue may hold at most. With time to catch up, a peer also has room to.
pub(crate) fn held_max(limits: &Limits) -> usize {
    match limits.slow_peer {
        SlowPeer::CloseAfter(_) => limits.outbound_hard.saturating_mul(2),
        SlowPeer::Close | SlowPeer::DropOldest => limits.outbound_hard,
    }
}

fn is_relieved<S>(conn: &Conn<S>, limits: &Limits) -> bool {
    conn.flags.congested && conn.out.held() <= limits.outbound_low
}
