//! What a law has to say when it is broken: everything that repeats the case, readable as it stands.

use alloc::string::String;
use core::error::Error;
use core::fmt::{self, Display, Formatter};

use super::Event;

/// A law of [the kit](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// [`split_independence`](super::split_independence)
    SplitIndependence,
    /// [`round_trip`](super::round_trip)
    RoundTrip,
    /// [`round_trip`](super::round_trip), the part about streams that stop
    CleanEnd,
    /// [`limit`](super::limit)
    Limit,
    /// [`memory`](super::memory)
    Memory,
}

/// A law that a codec broke, and on what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub law: Law,
    /// What was expected, what happened, and with which bytes, in several lines.
    pub report: String,
}

impl Display for Violation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "the law of {} is broken\n{}", self.law, self.report)
    }
}

impl Error for Violation {}

impl Display for Law {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Law::SplitIndependence => "split independence",
            Law::RoundTrip => "the round trip",
            Law::CleanEnd => "the clean end",
            Law::Limit => "the limit",
            Law::Memory => "memory",
        })
    }
}

/// Bytes of a report, as they would stand in a Rust literal; a long middle is left out.
pub(super) struct Shown<'a>(pub(super) &'a [u8]);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Shown(bytes) = self;
        if bytes.len() <= SHOWN_BYTES_MAX {
            return write!(f, "b\"{}\"", bytes.escape_ascii());
        }
        let (front, back) = (&bytes[..SHOWN_BYTES_MAX / 2], &bytes[bytes.len() - SHOWN_BYTES_MAX / 2..]);
        write!(f, "b\"{}\" ... b\"{}\" ({} bytes)", front.escape_ascii(), back.escape_ascii(), bytes.len())
    }
}

/// How many events two decoders have in common at the beginning: a report starts behind them.
pub(super) fn in_common(one: &[Event], other: &[Event]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

/// Events of a report, one a line; after the first few only their number.
pub(super) struct Listed<'a>(pub(super) &'a [Event]);

impl Display for Listed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for event in self.0.iter().take(LISTED_EVENTS_MAX) {
            f.write_str("    ")?;
            match event {
                Event::Message(payload) => write!(f, "message {}", Shown(payload))?,
                Event::Skipped(declared) => write!(f, "skipped a message of {declared} bytes")?,
                Event::Failed { error, offset: Some(offset) } => write!(f, "failed at {offset}: {error}")?,
                Event::Failed { error, offset: None } => write!(f, "failed: {error}")?,
            }
            f.write_str("\n")?;
        }
        match self.0.len() {
            0 => writeln!(f, "    nothing"),
            1..=LISTED_EVENTS_MAX => Ok(()),
            more => writeln!(f, "    and {} more", more - LISTED_EVENTS_MAX),
        }
    }
}

const LISTED_EVENTS_MAX: usize = 8;

/// Two streams of this length still fit on a screen.
const SHOWN_BYTES_MAX: usize = 400;
