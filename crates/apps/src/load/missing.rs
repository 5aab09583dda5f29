//! Messages that were given up, and may still come. When that happens is left to the lanes.

use std::collections::BTreeSet;

use super::lane::Heard;

/// Serials of messages that were given up. Never more than so many are remembered.
#[derive(Debug, Default)]
pub(super) struct Missing {
    serials: BTreeSet<u64>,
    /// Too old to be remembered: lost for good.
    forgotten: u64,
}

impl Missing {
    pub(super) fn insert(&mut self, serial: u64) {
        self.serials.insert(serial);
        if self.serials.len() > MISSING_MAX {
            self.serials.pop_first();
            self.forgotten += 1;
        }
    }

    /// One comes that is not waited for: it was given up, or came before.
    pub(super) fn found(&mut self, serial: u64) -> Heard {
        if self.serials.remove(&serial) { Heard::Reordered } else { Heard::Duplicated }
    }

    pub(super) fn count(&self) -> u64 {
        self.forgotten + self.serials.len() as u64
    }
}

/// A message that comes later than that counts as a duplicate.
pub(super) const MISSING_MAX: usize = 1024;
