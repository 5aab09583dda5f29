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
//! `FRAMING[,OPTION]...`, the options in any order.
//!
//! | framing | a message is |
//! |---|---|
//! | `raw` | whatever has arrived: no messages at all. More than the limit comes in several pieces. |
//! | `u8`, `u16be`, `u16le`, `u24be` ... `u64le` | preceded by its length, of 8, 16, 24, 32, 40, 48, 56 or 64 bits, the high (`be`) or the low (`le`) byte first |
//! | `i32be`, `i32le`, `i32` | the same with a signed length; `i32` in this machine's order is Python's `struct.pack('i', n)`. A negative length is an error. |
//! | `varint` | preceded by a protobuf varint of up to 10 bytes. One that is longer than it needs to be is an error. |
//! | `python` | what `multiprocessing.connection` sends: `i32be`, or for more than 0x7fffffff bytes -1 and a `u64be` |
//! | `netstring` | `5:hello,`. Leading zeros are an error. |
//! | `hex4` | preceded by its length in four hexadecimal digits, of either case; lower case is written. With `incl` it is git's pkt-line, in which 0000 to 0003 are no messages but errors here. |
//! | `lines` | followed by `\n`. A `\r` before it belongs to the message. An unterminated last line is not a message: see [`FrameDecoder::finish`]. |
//! | `crlf` | followed by `\r\n`; a `\r` or `\n` alone belongs to the message |
//! | `nul` | followed by a zero byte |
//! | <code>delim=TEXT\|TEXT...</code> | followed by one of up to 16 delimiters of up to 32 bytes; the first is written. Escapes are `\n \r \t \0 \xHH \\ \,` and <code>\\\|</code>. The delimiter that is complete first ends the message; of two complete at once, the longer one. |
//! | `fixed=SIZE` | of that size, always |
//!
//! | option | |
//! |---|---|
//! | `max=SIZE` | the most bytes that a message handed over may have: 16 MiB if not given, and never more than its length can state. Sizes are bytes or have a unit: `64KiB`, `1MiB`, `1GiB`. |
//! | `offset=BYTES` | so many other bytes stand before the length field |
//! | `adjust=BYTES` | what to add to the number in the field, to have the bytes that follow the field |
//! | `incl` | the number counts the whole frame, from its first byte |
//! | `strip=BYTES` | so many bytes at the front are not part of the message. Without an `offset` that is the field, with one it is nothing. At most 32. |
//! | `keep` | the delimiter stays at the end of the message, and a message without one cannot be sent |
//! | `crc32c` | the last 4 bytes of each frame, which its length counts, are the CRC-32C of the message handed over, lowest byte first |
//! | `over=skip` | a message over the limit is dropped and the next one read; else it is the end ([`Overflow`]) |
//!
//! `offset`, `adjust`, `incl` and `strip` are for the fixed-width length fields, `hex4` among them; `keep` is for
//! delimiters. What is stripped
//! besides the field is written as zeros. Where the field is not stripped, the message holds it, and the encoder
//! checks that it is right.
//!
//! A spec that would not give back what was sent is refused, and says why: `strip` that cuts the field in two; a
//! delimiter that is complete inside another; a checksum, which may hold any byte, before a delimiter; lengths that
//! no message can have.
//!
//! # Coming from elsewhere
//!
//! With W the width of the field in bytes:
//!
//! | there | here |
//! |---|---|
//! | tokio-util `LengthDelimitedCodec`: `length_field_length(4)`, `big_endian`, `little_endian` | `u32be`, `u32le`; 1 to 8 bytes |
//! | `native_endian` | the one of the two that the machine has |
//! | `max_frame_length(n)` | `max=n`, but of the message handed over, after every adjustment |
//! | `length_field_offset(n)` | `offset=n`, and `strip` as below |
//! | `length_adjustment(n)` | `adjust=n`; with a `num_skip` of its own, `adjust` = n + `num_skip` - offset - W |
//! | `num_skip(n)`; by default `offset` + W | `strip=n`; to be given whenever there is an `offset` |
//! | tokio-util `LinesCodec` | <code>delim=\n\|\r\n</code>. It refuses what is not UTF-8, which here may be any bytes, and hands over an unterminated last line, which here is an error that leaves it to the caller. |
//! | its `new_with_max_length(n)` | `max=n`, which does not count the `\r`; theirs does. What follows its error is `over=skip`. |
//! | tokio-util `AnyDelimiterCodec::new(b",;", b",")` | <code>delim=\\,\|;</code>: what is written comes first. An unterminated last message is handed over there and an error here. |
//! | the same, writing what it does not read: `new(b",;", b"--")` | nothing: what a spec writes it reads |
//! | its `new_with_max_length(.., n)` | `max=n`, and `over=skip` likewise |
//! | Netty `LengthFieldBasedFrameDecoder(n, offset, W)` | `max=n,offset=` and `strip=0`, which has to be written: without an `offset`, a spec strips the field |
//! | its `(n, offset, W, adjustment, strip)` | `offset`, `adjust`, `strip` with the same numbers, `max` = n - `strip`: theirs counts the frame, ours the message |
//! | `byteOrder` | `be`, `le` |
//! | `failFast = true` | always: a length over the limit is an error before its payload comes |
//! | `failFast = false` | nothing: no error waits until the payload is gone |
//! | its `TooLongFrameException`, after which it goes on | `over=skip` |
//! | Netty `LengthFieldPrepender(W, adjustment, includes)` | `adjust=` minus `adjustment`; `incl`, or both in one number: minus `adjustment` minus W |
//! | Netty `DelimiterBasedFrameDecoder(n, delimiters)` | `delim=`, `max=n` |
//! | its `stripDelimiter = false` | `keep`, and `max` = n + the bytes of the delimiter: ours counts what is handed over, theirs never the delimiter. With delimiters of several lengths, that of the longest; then a message with a shorter one may be longer here. |
//! | Netty `LineBasedFrameDecoder(n)` | <code>delim=\n\|\r\n,max=n</code>; `keep` likewise, with `max` = n + 2 |
//! | Netty `FixedLengthFrameDecoder(n)` | `fixed=n` |
//! | Netty `ProtobufVarint32FrameDecoder`, `...LengthFieldPrepender` | `varint`. Theirs has at most 5 bytes, and may be longer than it needs to be; ours has up to 10, and may not. |
//! | Erlang `{packet, 0}` or `raw`, `1`, `2`, `4` | `raw`, `u8`, `u16be`, `u32be` |
//! | Erlang `{packet, line}`, `{line_delimiter, C}` | `lines,keep`, `delim=C,keep`. A line longer than its buffer is cut there and handed over as if it were whole; here `max` is the limit, and over it is an error or `over=skip`. |
//! | Erlang `{packet, tpkt}` | `u16be,offset=2,incl`; the version in the first byte is the caller's to look at |
//! | Erlang `{packet_size, n}` | `max=n`; with `tpkt` it is n + 4, since ours counts the header that is handed over |
//! | Erlang `{packet, T}`, T one of `asn1`, `cdr`, `fcgi`, `sunrm`, `http` and its like | nothing: their lengths have a form, an order, a second number, a flag or a grammar of their own |
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
