//! Who is calling: handshakes as pure state machines.
//!
//! A [`Policy`] says which [`Dialect`] is spoken, with which keys and about which service. From it
//! comes a [`Handshake`] for either side, which takes what the peer sent, appends what is to be
//! sent, and ends in an [`Authenticated`] token or in a [`Refused`].
//!
//! ```text
//!            Keyring + service + server name + channel binding
//!                                  |
//!                               Policy
//!             accept(Entropy) /          \ call(Entropy)
//!                    Handshake            Handshake
//!                        |                    |
//!   bytes in -> advance -+-> bytes out        +-> ...        by value, until
//!                        |
//!           Ok(Pending { next })   Ok(Done { proof: Authenticated })   Err(Refused)
//! ```
//!
//! # Which dialect proves what
//!
//! | dialect | the server knows its client | the client knows its server | what follows is sealed | falls to |
//! |---|---|---|---|---|
//! | `none` | | | | everybody |
//! | `tutorial` | yes | | | a false server that passes challenges on |
//! | `python` | yes | yes | | somebody in between who passes on, or mixes sessions |
//! | `mutual` | yes | yes | | somebody in between who passes everything on, unless a channel binding is signed |
//! | `noise` (feature) | yes | yes | yes | |
//!
//! `docs/protocol.md` has every byte, and what else each of them gives and does not give.
//!
//! # What it does not do
//!
//! * It never reads, writes, tells the time or draws a random number: bytes and [`Entropy`] are
//!   arguments. It states a deadline ([`HANDSHAKE_TIMEOUT`]) and a byte budget
//!   ([`Handshake::bytes_max`]); whoever owns the socket enforces them.
//! * It negotiates nothing. Both sides name one dialect beforehand.
//! * It does not protect what is said afterwards. On an open network run it inside TLS, or use a
//!   dialect that encrypts.
//!
//! # Example
//!
//! Both roles of `mutual`, with the bytes carried across by hand:
//!
//! ```
//! use std::sync::Arc;
//! use switchboard_auth::{Dialect, Entropy, Key, Keyring, Policy, Progress};
//!
//! let mut keys = Keyring::new();
//! keys.add("alice", Key::from_bytes(&[7; 32]))?;
//! let policy = Policy::new(Dialect::Mutual, Arc::new(keys))?.with_service("echo");
//!
//! // Real callers draw these from the operating system, anew for each handshake.
//! let mut server = policy.accept(Entropy::from([1; 64]));
//! let mut client = policy.call(Entropy::from([2; 64]));
//! let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
//! let caller = loop {
//!     match server.advance(&std::mem::take(&mut to_server), &mut to_client)? {
//!         Progress::Pending { next, .. } => server = next,
//!         Progress::Done { proof, .. } => break proof.caller().map(str::to_owned),
//!     }
//!     match client.advance(&std::mem::take(&mut to_client), &mut to_server)? {
//!         Progress::Pending { next, .. } => client = next,
//!         Progress::Done { .. } => unreachable!("the server speaks last"),
//!     }
//! };
//! assert_eq!(caller.as_deref(), Some("alice"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod claim;
mod dialect;
mod entropy;
pub mod fuzz;
mod handshake;
mod hex;
mod key;
mod keyring;
mod mutual;
#[cfg(feature = "noise")]
mod noise;
mod policy;
mod python;
mod refused;
mod tutorial;

pub use dialect::{Dialect, UnknownDialect};
pub use entropy::Entropy;
pub use handshake::{Authenticated, HANDSHAKE_TIMEOUT, Handshake, Progress};
pub use key::{Key, KeyError, KeyId};
pub use keyring::{Keyring, KeyringError, NAME_BYTES_MAX, NamedKey};
#[cfg(feature = "noise")]
pub use noise::{Channel, ChannelError, Opened};
pub use policy::{Policy, PolicyError};
pub use python::{Digest, Digests, DigestsError};
pub use refused::Refused;
