//! What the simulations of this folder share: sessions that a seed repeats to the byte. Whose laws are tested is theirs.

use std::sync::Arc;

use switchboard::auth::{Dialect, Entropy, Key, Keyring, Policy};
use switchboard::reactor::sim::Rng;
use switchboard::session::{Draw, Profile};

/// A profile of those who hold this key, for this service.
pub(crate) fn profile(framing: &str, dialect: Dialect, key: u8, service: &str) -> Profile {
    let mut keys = Keyring::new();
    keys.add("alice", Key::from_bytes(&[key; 32])).unwrap();
    let auth = Policy::new(dialect, Arc::new(keys)).unwrap().with_service(service);
    Profile::new(framing.parse().unwrap(), auth)
}

/// Nonces from the seed, so that a run can be repeated.
pub(crate) fn draw(seed: u64) -> Draw {
    let mut rng = Rng::new(seed);
    Box::new(move || {
        let mut bytes = [0; Entropy::BYTES];
        rng.fill(&mut bytes);
        Ok(Entropy::from(bytes))
    })
}
