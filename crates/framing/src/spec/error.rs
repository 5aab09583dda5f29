//! What can be wrong with the text of a spec, in one line each. Errors in what peers send are in `crate::error`.

use alloc::string::String;
use core::error::Error;
use core::fmt::{self, Display, Formatter};

/// Why a text is no spec. What the user typed is shown with its control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpecError {
    /// The part before the first comma is no framing.
    UnknownFraming(String),
    /// A part after a comma is no option.
    UnknownOption(String),
    /// An option that makes no sense with this framing.
    Misplaced {
        /// The framing as it was typed.
        framing: String,
        /// The name of the option.
        option: &'static str,
    },
    /// Two options that say the same or contradict each other.
    Repeated(&'static str),
    /// A value is missing, not needed or wrong.
    Value {
        /// The part of the text, up to the next comma.
        part: String,
        /// What would have been right.
        expected: &'static str,
    },
    /// The message would not come back as it was sent.
    NoRoundTrip(&'static str),
    /// No message at all could be sent.
    NothingFits {
        /// Bytes of the shortest message that the framing can state.
        least: u64,
        /// Bytes of the longest that it can state or that the limit allows.
        most: u64,
    },
}

impl Display for SpecError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            SpecError::UnknownFraming(part) => {
                write!(f, "no framing is called `{part}`: there are {FRAMINGS}")
            }
            SpecError::UnknownOption(part) => write!(f, "no option is called `{part}`: there are {OPTIONS}"),
            SpecError::Misplaced { framing, option } => write!(f, "`{framing}` takes no `{option}`"),
            SpecError::Repeated(option) => write!(f, "`{option}` is given twice"),
            SpecError::Value { part, expected } => write!(f, "`{part}`: expected {expected}"),
            SpecError::NoRoundTrip(why) => write!(f, "such frames could not be read back: {why}"),
            SpecError::NothingFits { least, most } => {
                write!(f, "no message would fit: the shortest has {least} bytes, the longest {most}")
            }
        }
    }
}

impl Error for SpecError {}

const FRAMINGS: &str = "raw, u8, u16be, u16le (also u24, u32, ... u64), i32be, i32le, i32, varint, python, netstring, \
                        hex4, lines, crlf, nul, delim=TEXT and fixed=BYTES";

const OPTIONS: &str = "max=SIZE, offset=BYTES, adjust=BYTES, incl, strip=BYTES, keep, crc32c, over=skip";
