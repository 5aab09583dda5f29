//! Every limit of the loop in one place, each with its reason.
//! Keeping them is left to the part of the turn that each is about.

use std::time::Duration;

/// What one loop allows. `Limits::default()` suits a server that meets strangers.
///
/// The reason for each stands beside it. That it was met is counted in [`Stats`](crate::Stats), and a test of
/// `tests/limits` meets it exactly and passes it by one:
///
/// | limit | counter | shown by |
/// |---|---|---|
/// | `connections_max` | `accepts_deferred` | `connections_max_is_reached_and_the_next_one_waits` |
/// | `ListenOptions::calls_max` | `listeners_filled` | `a_listener_serves_calls_max_at_once_and_the_next_one_waits` |
/// | `calls_per_source_max` | `refused_by_source` | `a_source_has_as_many_calls_as_it_may_and_the_next_is_closed` |
/// | `newcomers_max` | `evicted` | `the_oldest_newcomer_makes_room_and_nobody_before_the_limit` |
/// | `accepts_per_turn` | `postponed` | `a_turn_takes_its_budget_of_calls_and_the_next_one_the_rest` |
/// | `reads_per_turn` | `postponed` | `a_turn_reads_its_budget_and_the_next_one_the_rest` |
/// | `datagrams_per_turn` | `postponed` | `a_turn_takes_its_budget_of_datagrams_and_the_next_one_the_rest` |
/// | `datagram_bytes_max` | `datagrams_truncated` | `a_datagram_is_whole_at_its_limit_and_cut_beyond_it` |
/// | `read_bytes` | `reads` | `a_read_takes_as_much_as_it_may` |
/// | `untaken_bytes_max` | `untaken` | `untaken_bytes_hold_at_their_limit_and_one_more_ends_the_connection` |
/// | `outbound_high` | `pressed` | `the_high_mark_is_told_once_it_is_passed` |
/// | `outbound_low` | `pressed` | `the_low_mark_is_told_once_it_is_reached` |
/// | `outbound_hard` | `overflowed` | `the_hard_mark_holds_and_one_byte_more_gives_the_peer_up` |
/// | `slow_peer` | `sends_dropped` | `a_slow_peer_loses_the_oldest_sends_and_no_half_of_one` |
/// | `datagrams_queued_max` | `datagrams_dropped` | `datagrams_wait_for_room_up_to_their_limit_and_the_oldest_gives_way` |
/// | `commands_max` | `posts_refused` | `commands_wait_up_to_their_limit_and_the_next_is_given_back` |
/// | `handshake_timeout` | `deadlines_passed.handshake` | `a_silent_newcomer_leaves_at_the_handshake_deadline_and_not_before` |
/// | `connect_timeout` | `connect_timeouts` | `an_address_that_does_not_answer_is_given_up_at_its_deadline` |
/// | `idle_timeout` | `deadlines_passed.idle` | `an_established_connection_may_be_silent_unless_idle_is_limited` |
/// | `partial_timeout` | `deadlines_passed.partial` | `half_a_message_leaves_at_its_deadline` |
/// | `stall_timeout` | `deadlines_passed.stall` | `a_peer_that_never_reads_leaves_at_the_stall_deadline` |
/// | `life_timeout` | `deadlines_passed.life` | `a_connection_ends_with_its_time` |
/// | `flush_timeout` | `deadlines_passed.slow` | `a_peer_that_trickles_has_its_time_to_take_what_was_queued` |
/// | `linger_timeout` | `lingered` | `a_closed_connection_waits_for_the_peers_end_but_not_for_ever` |
///
/// A limit of 0 means none, and a time of 0 at once. Where nothing at all could happen then, it is taken for 1: the three
/// budgets of a turn, without which a source stays ready for ever; `read_bytes`, as a read of nothing looks like the end
/// of a stream; `datagrams_queued_max` and `commands_max`, without which what has to wait once never gets through.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once. One over it stays in the kernel's backlog until a place is free.
    /// Default 18,000: under the usual hard limit of 20,000 descriptors, with room for files and listeners.
    pub connections_max: usize,
    /// Calls at once from one IP address. One over it is closed at once, and counted. Default: as many as there are
    /// places, as whole offices call from one address.
    pub calls_per_source_max: usize,
    /// Calls at once that have not shown who they are. For one over it the oldest of them leaves. Default 4,096: a
    /// crowd of silent callers cannot take the places of those who mean it.
    pub newcomers_max: usize,
    /// Accepted calls for each listener in a turn. Default 64: a burst of calls must not starve those inside.
    pub accepts_per_turn: usize,
    /// Reads for each connection in a turn. Default 4: a flooding peer waits for its turn like everybody.
    pub reads_per_turn: usize,
    /// Datagrams taken from one socket in a turn. Default 64, for the same reason.
    pub datagrams_per_turn: usize,
    /// Bytes of one received datagram; `max_packet_size` of socketserver, which says 8,192. A longer one is cut there,
    /// [told](crate::Datagram::truncated) and counted. Default 65,535: no UDP datagram is longer.
    pub datagram_bytes_max: usize,
    /// Bytes of one read. Default 256 KiB: several messages of 64 KiB come whole, and it is still inside a level-2
    /// cache. There is one such buffer for all connections, and only as much of it is resident as was ever filled.
    pub read_bytes: usize,
    /// Received bytes that a handler may leave untaken. Default 16 MiB + 256 KiB: the largest message, and a read.
    /// A handler that lets more gather loses the connection.
    pub untaken_bytes_max: usize,
    /// Queued bytes for one peer at which [`Handler::pressure`](crate::Handler::pressure) is told, and at which a
    /// caller is not read any more: what it asks for faster than it takes it stays with it. Connections of our
    /// own are read on, as two ends that both wait for the other to read would wait for ever. One above `outbound_hard`
    /// is taken for that: else a peer would be over the hard mark and never be told to come down. At the hard mark only
    /// a peer with [time to catch up](SlowPeer::CloseAfter) is told; any other gets no further. Default 256 KiB.
    pub outbound_high: usize,
    /// Queued bytes at which reading goes on. Default 64 KiB: half-empty is too soon, empty is too late. One above
    /// `outbound_high` is taken for that.
    pub outbound_low: usize,
    /// Queued bytes at which `slow_peer` applies; no more are ever queued, except for the rest of one send that has begun
    /// to leave under [`SlowPeer::DropOldest`]. For this mark and the other two every send that waits behind another
    /// counts 96 bytes more than it has, which is what keeping it takes. Default 32 MiB: it holds two largest messages.
    pub outbound_hard: usize,
    /// What is done about a peer for whom more than `outbound_hard` bytes are queued.
    pub slow_peer: SlowPeer,
    /// Datagrams waiting for a full socket. Default 256; the oldest is dropped, and counted.
    pub datagrams_queued_max: usize,
    /// Commands and publications that may wait for the loop; a further one is
    /// [given back](crate::PostError::Full). Default 65,536: a loop that is this far behind is not helped by more.
    pub commands_max: usize,
    /// From accepting a call to [`Context::established`](crate::Context::established). Default 5 s, absolute:
    /// a trickle of bytes does not extend it.
    pub handshake_timeout: Duration,
    /// For a connection of our own to be made, at each of its addresses. Default 10 s: three SYNs and their back-off.
    pub connect_timeout: Duration,
    /// Without a byte from the peer. Default none: a chat may be silent all night.
    pub idle_timeout: Option<Duration>,
    /// For the rest of a message whose beginning has come. Default 60 s.
    pub partial_timeout: Duration,
    /// Without progress although bytes are queued for the peer. Default 60 s: the usual end of patience for a
    /// vanished host, long before TCP gives it up.
    pub stall_timeout: Duration,
    /// Of a whole connection, from when it was established. Default none.
    pub life_timeout: Option<Duration>,
    /// For a peer to take what was queued for it when we closed. Default 60 s: a trickle does not hold its place.
    pub flush_timeout: Duration,
    /// For a peer to close its side after we closed ours. Default 1 s: long enough for the last bytes to be read,
    /// so that the peer sees them instead of a reset.
    pub linger_timeout: Duration,
}

/// What is done about a peer that does not read as fast as it is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlowPeer {
    /// It is given up at once, and what is queued is lost with it. The default: no protocol survives a hole.
    Close,
    /// The oldest sends that have not begun to leave are dropped, whole, and counted. For streams of which only the
    /// newest matters. Not for sealed ones: a missing record breaks them.
    DropOldest,
    /// It is given up if it still has not come down to the low mark after this long. Meanwhile its queue may grow
    /// to twice the hard mark.
    CloseAfter(Duration),
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections_max: 18_000,
            calls_per_source_max: usize::MAX,
            newcomers_max: 4_096,
            accepts_per_turn: 64,
            reads_per_turn: 4,
            datagrams_per_turn: 64,
            datagram_bytes_max: 65_535,
            read_bytes: 256 * KIB,
            untaken_bytes_max: 16 * MIB + 256 * KIB,
            outbound_high: 256 * KIB,
            outbound_low: 64 * KIB,
            outbound_hard: 32 * MIB,
            slow_peer: SlowPeer::Close,
            datagrams_queued_max: 256,
            commands_max: 65_536,
            handshake_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: None,
            partial_timeout: Duration::from_mins(1),
            stall_timeout: Duration::from_mins(1),
            life_timeout: None,
            flush_timeout: Duration::from_mins(1),
            linger_timeout: Duration::from_secs(1),
        }
    }
}

impl Limits {
    /// These limits with those changed that a loop could not go on with.
    pub(crate) fn workable(self) -> Limits {
        let outbound_high = self.outbound_high.min(self.outbound_hard);
        Limits {
            accepts_per_turn: self.accepts_per_turn.max(1),
            reads_per_turn: self.reads_per_turn.max(1),
            datagrams_per_turn: self.datagrams_per_turn.max(1),
            read_bytes: self.read_bytes.max(1),
            datagrams_queued_max: self.datagrams_queued_max.max(1),
            commands_max: self.commands_max.max(1),
            outbound_high,
            outbound_low: self.outbound_low.min(outbound_high),
            ..self
        }
    }
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
