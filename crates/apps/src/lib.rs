//! Message sockets: framed, authenticated sessions, and the programs made of them.
//!
//! [`session`] is what other programs use: it joins `framing`, `auth` and `reactor`, which are re-exported here, so
//! that one dependency is enough. The rest is the programs: each is a module whose pure part is tested without a
//! socket, and a `main` of twenty lines in `src/bin`.
//!
//! ```text
//!   sb-talk  sb-hello  sb-echo  sb-chat  sb-load  sb-frame  sb-key     src/bin
//!      |        |         |        |        |         |        |
//!    talk     hello     echo     chat     load      frame     key      what each does
//!      +--------+----+----+--------+--------+         |        |
//!                    |                                |        |
//!      attach, door, calling, ending                  |        |       from an endpoint to a loop, and to an exit code
//!                    |                                |        |
//!                 session                          framing  keyring    the place where the three crates meet
//!                    |
//!       cli: arguments, output, stdin, terminal, signals               what every program shares
//!       endpoint: where;  escape: what peers may show
//! ```
//!
//! # What it does not do
//!
//! No program has a protocol, a loop or a handshake of its own. Nothing here is needed to use the three crates alone.

pub mod attach;
pub mod calling;
pub mod chat;
pub mod cli;
pub mod door;
pub mod echo;
pub mod ending;
pub mod endpoint;
pub mod escape;
pub mod frame;
pub mod hello;
pub mod key;
pub mod keyring;
pub mod load;
pub mod metrics;
pub mod operation;
#[cfg(test)]
mod running;
pub mod session;
pub mod systemd;
pub mod talk;

pub use {auth, framing, reactor};

/// The README's example is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
