//! What can be wrong with bytes that arrive and with payloads that are to leave. The errors of a spec's text
//! are with the parser, those of sources and sinks with the blocking reader and writer.

use thiserror::Error;

/// Why the bytes of a peer are no message. It is the peer's fault, always; it names the numbers that the peer sent.
///
/// A decoder that has returned one of these (but for `Truncated`) returns the same one from then on: where the
/// next message starts is not known any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The message is longer than the limit. Nothing was reserved for it.
    #[error("a message of {declared} bytes is over the limit of {limit}")]
    TooLong {
        /// Payload bytes that the peer announced. A framing with delimiters announces nothing: `limit + 1` then.
        declared: u64,
        /// Payload bytes that are allowed, [`FrameSpec::payload_bytes_max`](crate::FrameSpec::payload_bytes_max).
        limit: usize,
    },
    /// A signed length is below zero. (Python reads such frames as empty messages; nobody sends them honestly.)
    #[error("a message length of {declared} is negative")]
    Negative {
        /// The length as it was sent.
        declared: i64,
    },
    /// The length does not even cover what every frame of this spec holds: its own header, or the checksum.
    #[error("a length of {declared} is too small, {least} is the least that this framing can state")]
    TooShort {
        /// The length as it was sent.
        declared: u64,
        /// The smallest that makes sense.
        least: u64,
    },
    /// A byte that this framing does not allow at its place.
    #[error("{what} (at byte 0x{byte:02x})")]
    Malformed {
        /// The rule that is broken.
        what: Malformation,
        /// The byte that breaks it.
        byte: u8,
    },
    /// The payload is not the one that was sent.
    #[error("the checksum says {stated:08x}, the payload gives {computed:08x}")]
    Checksum {
        /// CRC-32C in the trailer.
        stated: u32,
        /// CRC-32C of the payload that arrived.
        computed: u32,
    },
    /// The stream ended inside a message.
    #[error("the stream ended inside a message: {have} bytes of it came, at least {at_least} are missing")]
    Truncated {
        /// Bytes of the unfinished frame that were there.
        have: usize,
        /// Bytes that were still missing; 0 if whole messages were left undecoded.
        at_least: usize,
    },
}

/// The rule of a framing that a byte breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Malformation {
    /// A varint that says more than 64 bits can hold, or goes on after its tenth byte.
    #[error("the length is a varint of more than 64 bits")]
    VarintOverflow,
    /// A varint with a last group of zero: the same number has a shorter form.
    #[error("the length is a varint longer than it needs to be")]
    VarintOverlong,
    /// A netstring's length holds something that is neither a digit nor the colon.
    #[error("the length of a netstring holds a byte that is no digit")]
    NetstringDigit,
    /// A netstring's length starts with a zero and goes on.
    #[error("the length of a netstring starts with a zero")]
    NetstringZero,
    /// A netstring's length is more than 64 bits can hold.
    #[error("the length of a netstring is more than 64 bits")]
    NetstringOverflow,
    /// A netstring's payload is not followed by a comma.
    #[error("a netstring does not end with a comma")]
    NetstringComma,
    /// One of the four length digits is not hexadecimal.
    #[error("the length holds a byte that is no hexadecimal digit")]
    HexDigit,
}

/// Why a payload cannot be sent with a spec. It is the caller's fault: the decoder on the other side would
/// refuse the frame, or read another message out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// The payload is longer than the limit, or than the length field can state.
    #[error("a payload of {len} bytes is over the limit of {limit}")]
    TooLong {
        /// Bytes of the payload.
        len: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// The payload is too short to be a message of this spec, e.g. it lacks the header that the spec keeps in it.
    #[error("a payload of {len} bytes is too short, this framing carries {least} or more")]
    TooShort {
        /// Bytes of the payload.
        len: usize,
        /// Bytes that the shortest message has.
        least: usize,
    },
    /// The payload would be cut in two: it holds a delimiter, or the end of it makes one together with the real one.
    #[error("the payload holds a delimiter, only its first {at} bytes would arrive as this message")]
    HoldsDelimiter {
        /// Bytes of the payload that would arrive.
        at: usize,
    },
    /// The spec keeps the delimiter in the message, and the payload does not end with one.
    #[error("the payload of {len} bytes has no delimiter at its end")]
    LacksDelimiter {
        /// Bytes of the payload.
        len: usize,
    },
    /// The spec keeps the length field in the payload, and it does not state the length of this frame.
    #[error("the length field inside the payload has to say {needed} for this frame")]
    WrongLength {
        /// What the field would have to say.
        needed: u64,
    },
    /// The buffer to append to cannot grow and is too small. Nothing was written.
    #[error("the frame takes {needed} bytes, the buffer has room for {room}")]
    NoRoom {
        /// Bytes of the whole frame.
        needed: usize,
        /// Bytes that the buffer can take.
        room: usize,
    },
}
