//! A service manager that speaks systemd's protocols: the sockets that it passes, and what it wants to be told.
//!
//! | from it | as |
//! |---|---|
//! | sockets that it opened (`LISTEN_FDS`) | the endpoint `systemd:NAME`, see [`passed`] |
//! | where it listens to us (`NOTIFY_SOCKET`) | [`notify`]: ready, reloading, stopping |
//! | how long we may be stuck (`WATCHDOG_USEC`) | [`watch`]: alive as long as every loop turns |
//!
//! Written here, as it is an environment to read and one datagram to send: the crates for it would bring their own way of
//! taking over descriptors, and this program has one without unsafe code. What a program was told in the environment is
//! all that it knows of a manager; without the feature `systemd` it does not look.

mod activation;
mod notify;
mod watchdog;

use std::env;

use reactor::Handle;

pub use activation::{ActivationError, passed};
pub use notify::{State, notify};

/// Tells the manager, if there is one, that the service is there, and from now on that it is alive: as often as it wants
/// to hear it, and only while each of these loops turns.
pub fn watch<C: Send + 'static>(loops: Vec<Handle<C>>) {
    notify(State::Ready);
    watchdog::start(loops);
}

/// Whether somebody waits to be told how we are.
pub fn is_heard() -> bool {
    variable(notify::SOCKET).is_some()
}

/// What the environment says, where it is looked at.
fn variable(name: &str) -> Option<String> {
    if cfg!(feature = "systemd") { env::var(name).ok() } else { None }
}
