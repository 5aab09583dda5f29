//! What goes wrong in a simulated network, and how often.

use std::time::Duration;

/// Probabilities, each for one operation, between 0 and 1.
#[derive(Clone, Debug)]
pub struct Faults {
    /// A read gives less than is there.
    pub short_reads: f64,
    /// A write takes less than it could.
    pub short_writes: f64,
    /// A read or write says `WouldBlock` although it need not; an edge follows later.
    pub would_blocks: f64,
    /// A read or write finds that the connection was reset, and everything on its way is lost.
    pub resets: f64,
    /// `accept` fails: half of the time the caller is gone, else the host is out of descriptors for the moment.
    pub accept_errors: f64,
    /// A call is refused.
    pub refusals: f64,
    /// There is no room for a datagram although there need not be none; half of the time an edge follows later, as on
    /// a full socket, else none does, as on a full interface.
    pub datagram_refusals: f64,
    /// A datagram is lost.
    pub losses: f64,
    /// A datagram comes twice.
    pub doubles: f64,
    /// How long anything may be on its way; drawn anew for each piece. Datagrams overtake each other, the bytes
    /// of a stream do not.
    pub delay_max: Duration,
    /// How many bytes the way to a reader holds; drawn anew for each direction of a connection, at least 1.
    pub window_max: usize,
}

impl Faults {
    /// Nothing goes wrong, nothing takes time.
    pub fn none() -> Faults {
        Faults {
            short_reads: 0.0,
            short_writes: 0.0,
            would_blocks: 0.0,
            resets: 0.0,
            accept_errors: 0.0,
            refusals: 0.0,
            datagram_refusals: 0.0,
            losses: 0.0,
            doubles: 0.0,
            delay_max: Duration::ZERO,
            window_max: 64 * 1024,
        }
    }

    /// A bad day: everything happens often enough to meet everything else.
    pub fn rough() -> Faults {
        Faults {
            short_reads: 0.3,
            short_writes: 0.3,
            would_blocks: 0.1,
            resets: 0.002,
            accept_errors: 0.1,
            refusals: 0.02,
            datagram_refusals: 0.1,
            losses: 0.05,
            doubles: 0.02,
            delay_max: Duration::from_millis(20),
            window_max: 4096,
        }
    }
}
