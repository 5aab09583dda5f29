//! A policy that all loops of a program share, and that may change while they run. What is in it is `auth`'s, when it
//! changes is the keyring's.

use std::sync::{Arc, PoisonError, RwLock};

use auth::{Dialect, Policy};

/// The policy that the next connection is met with. Clones share it: what one of them is told counts for all. A
/// handshake keeps the policy with which it began, and a conversation that stands is not asked again.
#[derive(Clone, Debug)]
pub struct SharedPolicy(
    /// Locked for as long as it takes to count one more user of it, once in a connection's life.
    Arc<RwLock<Policy>>,
);

impl SharedPolicy {
    /// What counts now.
    pub fn now(&self) -> Policy {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on this counts.
    pub fn change(&self, policy: Policy) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = policy;
    }

    /// Which dialect is spoken.
    pub fn dialect(&self) -> Dialect {
        self.now().dialect()
    }
}

impl From<Policy> for SharedPolicy {
    fn from(policy: Policy) -> SharedPolicy {
        SharedPolicy(Arc::new(RwLock::new(policy)))
    }
}
