//! Placeholder.

pub mod attach;
pub mod cli;
pub mod ending;
pub mod endpoint;
pub mod escape;
pub mod frame;
pub mod key;
pub mod keyring;
pub mod session;

pub use {auth, framing, reactor};
