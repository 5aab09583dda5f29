//! Placeholder.

pub mod attach;
pub mod calling;
pub mod chat;
pub mod cli;
pub mod echo;
pub mod ending;
pub mod endpoint;
pub mod escape;
pub mod frame;
pub mod hello;
pub mod key;
pub mod keyring;
pub mod session;

pub use {auth, framing, reactor};
