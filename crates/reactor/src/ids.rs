//! Names of what the loop watches: never reused, so that a late event or a late command cannot reach a stranger.
//! It leaves the table behind them to `sources`.

use std::fmt;
use std::num::NonZeroU64;

/// Any source of readiness: a slot of the table and the serial number of its present owner.
///
/// 20 bits of slot allow 1,048,576 sources in a loop, well over any descriptor limit. 44 bits of serial last more
/// than five years at 100,000 new connections a second.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SourceId(NonZeroU64);

const SLOT_BITS: u32 = 20;

impl SourceId {
    pub(crate) const SLOTS_MAX: usize = 1 << SLOT_BITS;

    pub(crate) fn new(slot: usize, serial: u64) -> SourceId {
        debug_assert!(slot < SourceId::SLOTS_MAX, "the table refuses a source beyond its slots");
        debug_assert!(
            serial > 0,
            "serial numbers begin at 1, so that an id that may be missing takes no more room"
        );
        SourceId(NonZeroU64::new(serial << SLOT_BITS | slot as u64).unwrap_or(NonZeroU64::MAX))
    }

    pub(crate) fn slot(self) -> usize {
        // The low 20 bits fit a usize of any width.
        usize::try_from(self.bits() & (SourceId::SLOTS_MAX as u64 - 1)).unwrap_or(usize::MAX)
    }

    pub(crate) fn from_bits(bits: u64) -> Option<SourceId> {
        NonZeroU64::new(bits).map(SourceId)
    }

    pub(crate) fn bits(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Debug for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.bits() >> SLOT_BITS, self.slot())
    }
}

macro_rules! public_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub(crate) SourceId);

        impl $name {
            /// The slot that this id's owner holds for now: small and dense, good as an index, reused later on.
            pub fn slot(self) -> usize {
                self.0.slot()
            }

            /// The whole id as a number, for logs and metrics: unique in the life of the loop.
            pub fn as_u64(self) -> u64 {
                self.0.bits()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.0)
            }
        }
    };
}

public_id! {
    /// One stream connection, accepted or called. Never reused in the life of a loop.
    ConnId
}
public_id! {
    /// One listening socket.
    ListenerId
}
public_id! {
    /// One datagram socket.
    SocketId
}

/// A timer that was set and may be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerId(pub(crate) u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slot_and_serial_survive_the_packing() {
        let id = SourceId::new(SourceId::SLOTS_MAX - 1, 7);
        assert_eq!(id.slot(), SourceId::SLOTS_MAX - 1);
        assert_eq!(SourceId::from_bits(id.bits()), Some(id));
        assert_ne!(SourceId::new(3, 1), SourceId::new(3, 2), "the next owner of a slot has another id");
    }
}
