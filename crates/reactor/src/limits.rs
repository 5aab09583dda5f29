//! Every limit of the loop in one place, each with its reason.
//! Keeping them is left to the part of the turn that each is about.

use std::time::Duration;

/// What one loop allows. `Limits::default()` suits a server that meets strangers.
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
    /// own are read on, as two ends that both wait for the other to read would wait for ever. Default 256 KiB.
    pub outbound_high: usize,
    /// Queued bytes at which reading goes on. Default 64 KiB: half-empty is too soon, empty is too late.
    pub outbound_low: usize,
    /// Queued bytes at which `slow_peer` applies. Default 32 MiB: it holds two largest messages.
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

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
