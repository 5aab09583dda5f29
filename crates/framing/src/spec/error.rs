//! What can be wrong with the text of a spec, in one line each. Errors in what peers send are in `crate::error`.

use alloc::string::String;

use thiserror::Error;

/// Why a text is no spec. What the user typed is shown with its control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SpecError {
    /// The part before the first comma is no framing.
    #[error(
        "no framing is called `{0}`: there are raw, u8, u16be, u16le (also u24, u32, ... u64), i32be, i32le, i32, \
         varint, python, netstring, hex4, lines, crlf, nul, delim=TEXT and fixed=BYTES"
    )]
    UnknownFraming(String),
    /// A part after a comma is no option.
    #[error(
        "no option is called `{0}`: there are max=SIZE, offset=BYTES, adjust=BYTES, incl, strip=BYTES, keep, crc32c, over=skip"
    )]
    UnknownOption(String),
    /// An option that makes no sense with this framing.
    #[error("`{framing}` takes no `{option}`")]
    Misplaced {
        /// The framing as it was typed.
        framing: String,
        /// The name of the option.
        option: &'static str,
    },
    /// Two options that say the same or contradict each other.
    #[error("`{0}` is given twice")]
    Repeated(&'static str),
    /// A value is missing, not needed or wrong.
    #[error("`{part}`: expected {expected}")]
    Value {
        /// The part of the text, up to the next comma.
        part: String,
        /// What would have been right.
        expected: &'static str,
    },
    /// The message would not come back as it was sent.
    #[error("such frames could not be read back: {0}")]
    NoRoundTrip(&'static str),
    /// No message at all could be sent.
    #[error("no message would fit: the shortest has {least} bytes, the longest {most}")]
    NothingFits {
        /// Bytes of the shortest message that the framing can state.
        least: u64,
        /// Bytes of the longest that it can state or that the limit allows.
        most: u64,
    },
}
