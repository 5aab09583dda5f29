//! Bytes to messages and back. A stream has no messages: what was sent as two pieces arrives as one, or as five.
//! This crate says where each message begins and ends, in both directions, from one line of text:
//!
//! ```text
//!            "u32be,max=64KiB".parse::<FrameSpec>()
//!                            |
//!          +-----------------+------------------+
//!          v                                    v
//!  encode, envelope                      decode, finish
//!
//!  "hello"  --->  00 00 00 05 h e l l o  --->  "hello"
//!                 ~~~~~~~~~~~ ~~~~~~~~~
//!                   header     payload          (and a trailer, for some)
//! ```
//!
//! ```
//! use switchboard_framing::{Decoded, FrameSpec};
//!
//! let spec: FrameSpec = "u32be,max=64KiB".parse()?;
//! let mut stream = Vec::new();
//! spec.encode(b"hello", &mut stream)?;
//! spec.encode(b"world", &mut stream)?;
//!
//! let mut decoder = spec.decoder();
//! let mut rest = &stream[..];
//! while let Decoded::Message { payload, consumed } = decoder.decode(rest)? {
//!     println!("{}", rest[payload].escape_ascii());
//!     rest = &rest[consumed..];
//! }
//! decoder.finish(rest)?; // an error if the stream stopped inside a message
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! It never opens a socket, reads a clock, starts a thread or draws a random number, and it does not know what a
//! message means. [`FrameDecoder`] holds no bytes: they stay where the caller has them, and nothing is copied. With
//! `default-features = false` it needs `alloc` only.
//!
//! # Which type
//!
//! | you have | take |
//! |---|---|
//! | a buffer of your own, an event loop | [`FrameDecoder`] and [`FrameSpec::encode`] or [`FrameSpec::envelope`] |
//! | pieces of bytes from somewhere | [`Decoder`] |
//! | a blocking `Read` or `Write` | `FrameReader`, `FrameWriter` (feature `std`) |
//! | tokio | `FrameCodec` in tokio-util's `Framed` (feature `tokio-util`) |
//!
//! # Specs
//!
//! `u32be` is a length of 32 bits, the high byte first; `lines,max=1KiB` are lines of at most 1,024 bytes. There are
//! `raw`, `u8` to `u64le`, `i32`, `varint`, `python`, `netstring`, `hex4`, `lines`, `crlf`, `nul`, `delim=TEXT` and
//! `fixed=SIZE`, and options for where a length stands, what it counts, limits and checksums. [`FrameSpec`] says what
//! each of them is, and what it is called in tokio-util, Netty and Erlang.
//!
//! # Laws
//!
//! Every way of cutting the bytes gives the same messages, and the same error at the same offset. Nothing is
//! reserved on a peer's word. The limit is exact. What was sent comes back. [`testkit`] has these as functions that
//! run on any codec, yours too.
//!
//! # Features
//!
//! `std`, on by default: the blocking reader and writer. `tokio-util`: `FrameCodec`, for its `Framed`.

#![no_std]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(feature = "std")]
mod blocking;
mod crc32c;
mod decode;
mod decoder;
mod delimiters;
mod encode;
mod envelope;
mod error;
mod field;
mod header;
mod netstring;
mod plain;
mod prefix;
mod python;
mod search;
mod spec;
pub mod testkit;
#[cfg(feature = "tokio-util")]
mod tokio_codec;
mod varint;

#[cfg(feature = "std")]
pub use crate::blocking::{FrameReader, FrameWriter, ReadError, WriteError};
pub use crate::decode::{Decoded, FrameDecoder};
pub use crate::decoder::Decoder;
pub use crate::envelope::Envelope;
pub use crate::error::{EncodeError, FrameError, Malformation};
pub use crate::spec::{FrameSpec, Overflow, SpecError};
#[cfg(feature = "tokio-util")]
pub use crate::tokio_codec::FrameCodec;
