//! The crate from outside, through everything that is public. One program, so that what the tests share stands once.
//! What an allocator counts needs a program of its own, `memory.rs`.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic, too")]

mod blocking;
mod common;
mod decode;
mod elsewhere;
mod encode;
mod errors;
mod fuzz;
mod laws;
mod limits;
mod spec;
mod testkit_finds;
mod tokio_peer;
mod tokio_util;
mod vectors;
