//! What the loop counts: plain numbers, nothing secret, every drop visible.
//! Showing them is left to the program.

/// Counters since the loop began, and two gauges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Turns of the loop.
    pub turns: u64,
    /// Gauge: connections now.
    pub connections: usize,
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
    /// Times that accepting stopped because `connections_max` or a listener's `calls_max` was reached, whether or
    /// not a further call was waiting.
    pub accepts_deferred: u64,
    /// Connections made by us.
    pub connected: u64,
    /// Connections of ours that could not be made.
    pub connect_errors: u64,
    /// Connections ended, whatever the reason.
    pub finished: u64,
    /// Of these, by a deadline.
    pub timed_out: u64,
    /// Of these, because more than `outbound_hard` bytes waited.
    pub overflowed: u64,
    /// Sends dropped for slow peers, whole.
    pub sends_dropped: u64,
    /// Bytes of these.
    pub bytes_dropped: u64,
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
    /// Datagrams dropped because their socket was full.
    pub datagrams_dropped: u64,
    /// Publications that another worker had no room for: its members miss them.
    pub publications_lost: u64,
    /// Sends to a connection that had ended.
    pub sends_late: u64,
}
