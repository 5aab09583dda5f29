//! Groups of a session: what is published is framed once, reaches every member on every worker in order, sealed where
//! the dialect seals, and whoever does not read it harms only itself. In simulation, and on real sockets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod peer;
mod simulated;
mod workers;

use std::sync::Arc;

use switchboard::auth::{Dialect, Key, Keyring, Policy};
use switchboard::reactor::GroupId;
use switchboard::session::Profile;

const ROOM: GroupId = GroupId(7);

/// One that proves nothing, one that proves who calls, and one that seals as well.
const DIALECTS: [Dialect; 3] = [Dialect::None, Dialect::Mutual, Dialect::Noise];

fn policy(dialect: Dialect) -> Policy {
    let mut keys = Keyring::new();
    keys.add("alice", Key::from_bytes(&[7; 32])).unwrap();
    Policy::new(dialect, Arc::new(keys)).unwrap().with_service("room")
}

fn profile(dialect: Dialect) -> Profile {
    Profile::new("u32be,max=64KiB".parse().unwrap(), policy(dialect))
}
