//! What the loop counts: plain numbers, nothing secret, every drop visible.
//! Showing them is left to the program, which finds them named and explained by [`Stats::measures`].

mod measures;

use crate::handler::Deadline;

/// Counters since the loop began, and gauges, which say so. Bytes are called bytes; everything else is counted in ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Turns of the loop.
    pub turns: u64,
    /// Gauge: connections now, those on their way included.
    pub connections: usize,
    /// Gauge: timers that are set, deadlines among them. Some mean nothing any more; they never outnumber the rest by
    /// more than a few.
    pub timers: usize,
    /// Gauge: bytes queued for peers that do not read fast enough.
    pub outbound_bytes: usize,
    /// Calls taken.
    pub accepted: u64,
    /// Calls that [`Handler::verify`](crate::Handler::verify) turned away.
    pub refused: u64,
    /// Calls closed at once because their source had `calls_per_source_max` already.
    pub refused_by_source: u64,
    /// Gauge: calls that have not shown who they are.
    pub newcomers: usize,
    /// Newcomers that had to leave because `newcomers_max` was reached.
    pub evicted: u64,
    /// Times that `accept` failed: out of descriptors, out of memory, a caller gone before it was taken.
    pub accept_errors: u64,
    /// Times that accepting stopped because `connections_max` was reached, whether or not a further call was waiting.
    pub accepts_deferred: u64,
    /// Times that one listener stopped because its own [`calls_max`](crate::ListenOptions::calls_max) was reached.
    pub listeners_filled: u64,
    /// Times that a source was left for the next turn because it had used up its budget of this one, whether or not
    /// more was there: `accepts_per_turn`, `reads_per_turn` or `datagrams_per_turn`.
    pub postponed: u64,
    /// Connections made by us.
    pub connected: u64,
    /// Connections of ours that could not be made.
    pub connect_errors: u64,
    /// Addresses that did not answer us within `connect_timeout`.
    pub connect_timeouts: u64,
    /// Connections ended, whatever the reason.
    pub finished: u64,
    /// Of these, by a deadline.
    pub timed_out: u64,
    /// Of these, by which.
    pub deadlines_passed: DeadlinesPassed,
    /// Of these, whose peer had not closed its side when `linger_timeout` was over. They lost nothing.
    pub lingered: u64,
    /// Times that more than `outbound_high` bytes waited for a peer, until they were down to `outbound_low` again.
    pub pressed: u64,
    /// Of the ended connections, because more than `outbound_hard` bytes waited.
    pub overflowed: u64,
    /// Sends dropped for slow peers, whole.
    pub sends_dropped: u64,
    /// Bytes of these.
    pub bytes_dropped: u64,
    /// Bytes that were to be sent and were lost: with their connection, or because that had ended.
    pub bytes_lost: u64,
    /// Received bytes that nobody heard: left untaken when the connection ended, or come after we had closed it.
    pub bytes_unheard: u64,
    /// Of the ended connections, because more than `untaken_bytes_max` bytes were left untaken.
    pub untaken: u64,
    /// Bytes read from streams.
    pub bytes_in: u64,
    /// Bytes written to streams.
    pub bytes_out: u64,
    /// Read calls on streams.
    pub reads: u64,
    /// Write calls on streams.
    pub writes: u64,
    /// Datagrams received.
    pub datagrams_in: u64,
    /// Datagrams sent.
    pub datagrams_out: u64,
    /// Datagrams that were longer than `datagram_bytes_max` and lost their end.
    pub datagrams_truncated: u64,
    /// Gauge: datagrams that the kernel had no room for yet.
    pub datagrams_queued: usize,
    /// Datagrams dropped because their socket was full, or because the loop stopped before it had room.
    pub datagrams_dropped: u64,
    /// Datagrams that the system refused to send, and would refuse again.
    pub datagrams_lost: u64,
    /// Errors of datagram sockets: those of the lost ones, what came of datagrams sent before, and attempts to receive
    /// while it fails. Of these a handler is told only the first in a row.
    pub datagram_errors: u64,
    /// Publications that another worker had no room for: its members miss them.
    pub publications_lost: u64,
    /// Sends to a connection that had ended, or that was closed.
    pub sends_late: u64,
    /// Posts that were given back because [`commands_max`](crate::Limits::commands_max) were waiting.
    pub posts_refused: u64,
}

impl Stats {
    /// Queued bytes will never leave, as their connection is over.
    pub(crate) fn lose_outbound(&mut self, bytes: usize) {
        self.outbound_bytes -= bytes;
        self.bytes_lost += bytes as u64;
    }
}

/// How many connections each deadline has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described where the deadline is")]
pub struct DeadlinesPassed {
    pub handshake: u64,
    pub idle: u64,
    pub partial: u64,
    pub stall: u64,
    pub slow: u64,
    pub life: u64,
}

impl DeadlinesPassed {
    pub(crate) fn count(&mut self, which: Deadline) {
        *match which {
            Deadline::Handshake => &mut self.handshake,
            Deadline::Idle => &mut self.idle,
            Deadline::Partial => &mut self.partial,
            Deadline::Stall => &mut self.stall,
            Deadline::Slow => &mut self.slow,
            Deadline::Life => &mut self.life,
        } += 1;
    }

    /// All together.
    pub fn total(&self) -> u64 {
        self.by_name().iter().map(|(_, count)| count).sum()
    }

    fn by_name(&self) -> [(&'static str, u64); 6] {
        let DeadlinesPassed { handshake, idle, partial, stall, slow, life } = *self;
        [
            ("handshake", handshake),
            ("idle", idle),
            ("partial", partial),
            ("stall", stall),
            ("slow", slow),
            ("life", life),
        ]
    }
}
