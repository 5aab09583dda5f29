//! What can be wrong with bytes that arrive and with payloads that are to leave. The errors of a spec's text
//! are with the parser, those of sources and sinks with the blocking reader and writer.

use core::error::Error;
use core::fmt::{self, Display, Formatter};

/// Why the bytes of a peer are no message. It is the peer's fault, always; it names the numbers that the peer sent.
///
/// A decoder that has returned one of these (but for `Truncated`) returns the same one from then on: where the
/// next message starts is not known any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
    /// The message is longer than the limit. Nothing was reserved for it.
    TooLong {
        /// Payload bytes that the peer announced. A framing with delimiters announces nothing: `limit + 1` then.
        declared: u64,
        /// Payload bytes that are allowed, [`FrameSpec::payload_bytes_max`](crate::FrameSpec::payload_bytes_max).
        limit: usize,
    },
    /// A signed length is below zero. (Python reads such frames as empty messages; nobody sends them honestly.)
    Negative {
        /// The length as it was sent.
        declared: i64,
    },
    /// The length does not even cover what every frame of this spec holds: its own header, or the checksum.
    TooShort {
        /// The length as it was sent.
        declared: u64,
        /// The smallest that makes sense.
        least: u64,
    },
    /// A byte that this framing does not allow at its place.
    Malformed {
        /// The rule that is broken.
        what: Malformation,
        /// The byte that breaks it.
        byte: u8,
    },
    /// The payload is not the one that was sent.
    Checksum {
        /// CRC-32C in the trailer.
        stated: u32,
        /// CRC-32C of the payload that arrived.
        computed: u32,
    },
    /// The stream ended inside a message.
    Truncated {
        /// Bytes of the unfinished frame that were there.
        have: usize,
        /// Bytes that were still missing; 0 if whole messages were left undecoded.
        at_least: usize,
    },
}

impl Display for FrameError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::TooLong { declared, limit } => {
                write!(f, "a message of {declared} bytes is over the limit of {limit}")
            }
            FrameError::Negative { declared } => write!(f, "a message length of {declared} is negative"),
            FrameError::TooShort { declared, least } => {
                write!(
                    f,
                    "a length of {declared} is too small, {least} is the least that this framing can state"
                )
            }
            FrameError::Malformed { what, byte } => write!(f, "{what} (at byte 0x{byte:02x})"),
            FrameError::Checksum { stated, computed } => {
                write!(f, "the checksum says {stated:08x}, the payload gives {computed:08x}")
            }
            FrameError::Truncated { have, at_least } => write!(
                f,
                "the stream ended inside a message: {have} bytes of it came, at least {at_least} are missing"
            ),
        }
    }
}

impl Error for FrameError {}

/// The rule of a framing that a byte breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformation {
    /// A varint that says more than 64 bits can hold, or goes on after its tenth byte.
    VarintOverflow,
    /// A varint with a last group of zero: the same number has a shorter form.
    VarintOverlong,
    /// A netstring's length holds something that is neither a digit nor the colon.
    NetstringDigit,
    /// A netstring's length starts with a zero and goes on.
    NetstringZero,
    /// A netstring's length is more than 64 bits can hold.
    NetstringOverflow,
    /// A netstring's payload is not followed by a comma.
    NetstringComma,
    /// One of the four length digits is not hexadecimal.
    HexDigit,
}

impl Display for Malformation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Malformation::VarintOverflow => "the length is a varint of more than 64 bits",
            Malformation::VarintOverlong => "the length is a varint longer than it needs to be",
            Malformation::NetstringDigit => "the length of a netstring holds a byte that is no digit",
            Malformation::NetstringZero => "the length of a netstring starts with a zero",
            Malformation::NetstringOverflow => "the length of a netstring is more than 64 bits",
            Malformation::NetstringComma => "a netstring does not end with a comma",
            Malformation::HexDigit => "the length holds a byte that is no hexadecimal digit",
        })
    }
}

impl Error for Malformation {}

/// Why a payload cannot be sent with a spec. It is the caller's fault: the decoder on the other side would
/// refuse the frame, or read another message out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodeError {
    /// The payload is longer than the limit, or than the length field can state.
    TooLong {
        /// Bytes of the payload.
        len: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// The payload is too short to be a message of this spec, e.g. it lacks the header that the spec keeps in it.
    TooShort {
        /// Bytes of the payload.
        len: usize,
        /// Bytes that the shortest message has.
        least: usize,
    },
    /// The payload would be cut in two: it holds a delimiter, or the end of it makes one together with the real one.
    HoldsDelimiter {
        /// Bytes of the payload that would arrive.
        at: usize,
    },
    /// The spec keeps the delimiter in the message, and the payload does not end with one.
    LacksDelimiter {
        /// Bytes of the payload.
        len: usize,
    },
    /// The spec keeps the length field in the payload, and it does not state the length of this frame.
    WrongLength {
        /// What the field would have to say.
        needed: u64,
    },
    /// The buffer to append to cannot grow and is too small. Nothing was written.
    NoRoom {
        /// Bytes of the whole frame.
        needed: usize,
        /// Bytes that the buffer can take.
        room: usize,
    },
}

impl Display for EncodeError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::TooLong { len, limit } => {
                write!(f, "a payload of {len} bytes is over the limit of {limit}")
            }
            EncodeError::TooShort { len, least } => {
                write!(f, "a payload of {len} bytes is too short, this framing carries {least} or more")
            }
            EncodeError::HoldsDelimiter { at } => write!(
                f,
                "the payload holds a delimiter, only its first {at} bytes would arrive as this message"
            ),
            EncodeError::LacksDelimiter { len } => {
                write!(f, "the payload of {len} bytes has no delimiter at its end")
            }
            EncodeError::WrongLength { needed } => {
                write!(f, "the length field inside the payload has to say {needed} for this frame")
            }
            EncodeError::NoRoom { needed, room } => {
                write!(f, "the frame takes {needed} bytes, the buffer has room for {room}")
            }
        }
    }
}

impl Error for EncodeError {}
