//! The laws of a framing codec, to be run on any: ours, and the one that you wrote. What a codec is to the kit is
//! [`Codec`] and [`Feed`]; each law is a function that gives the [`Violation`] it found, with all it takes to
//! repeat it.
//!
//! | law | function |
//! |---|---|
//! | however the bytes are cut, the messages are the same, and so is the error and its offset; an error stays | [`split_independence`] |
//! | what was sent comes back, and a stream that stops inside a message is told from one that ends | [`round_trip`] |
//! | a message of the limit passes in both directions, one byte more does not in either | [`limit`] |
//! | what is held is in proportion to the bytes received, whatever they announce | [`memory`] |
//!
//! ```
//! use switchboard_framing::FrameSpec;
//! use switchboard_framing::testkit::{self, Seed};
//!
//! let spec: FrameSpec = "u16be,max=100".parse()?;
//! let payloads = testkit::payloads(Seed(1), 20, 100);
//! testkit::round_trip(&spec, &payloads)?;
//! // A whole message, a header over the limit, and more.
//! testkit::split_independence(&spec, b"\0\x02hi\x01\0more", Seed(1))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Your own codec takes two small traits. This one loses what comes behind the first line of each read:
//!
//! ```
//! use switchboard_framing::testkit::{self, Codec, Event, Feed, Law, Seed};
//!
//! struct Lossy;
//! struct LossyDecoder(Vec<u8>);
//!
//! impl Codec for Lossy {
//!     type Decoder = LossyDecoder;
//!
//!     fn decoder(&self) -> LossyDecoder {
//!         LossyDecoder(Vec::new())
//!     }
//!
//!     fn encode(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
//!         Ok([payload, b"\n"].concat())
//!     }
//! }
//!
//! impl Feed for LossyDecoder {
//!     fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
//!         self.0.extend_from_slice(bytes);
//!         if let Some(end) = self.0.iter().position(|&byte| byte == b'\n') {
//!             events.push(Event::Message(self.0[..end].to_vec()));
//!             self.0.clear();
//!         }
//!     }
//!
//!     fn finish(&mut self, _: &mut Vec<Event>) {}
//! }
//!
//! let violation = testkit::split_independence(&Lossy, b"one\ntwo\n", Seed(1)).unwrap_err();
//! assert_eq!(violation.law, Law::SplitIndependence);
//! println!("{violation}"); // in one piece: "one"; cut into single bytes: "one", "two"
//! ```
//!
//! The kit draws no randomness: whoever calls it chooses the [`Seed`], and prints it.

pub mod fuzz;
mod limit;
mod memory;
mod ours;
mod random;
mod round_trip;
mod splits;
mod violation;

use alloc::string::String;
use alloc::vec::Vec;

pub use self::limit::limit;
pub use self::memory::{Allowance, memory};
pub use self::random::{Random, Seed, payloads};
pub use self::round_trip::round_trip;
pub use self::splits::split_independence;
pub use self::violation::{Law, Violation};

/// A codec under test: something that makes decoders and encodes payloads.
pub trait Codec {
    /// One decoder with its state.
    type Decoder: Feed;

    /// A decoder before the first byte of a stream.
    fn decoder(&self) -> Self::Decoder;

    /// The frame of a payload, or why there is none.
    fn encode(&self, payload: &[u8]) -> Result<Vec<u8>, String>;
}

/// A decoder under test.
pub trait Feed {
    /// Takes bytes and notes everything that has become certain with them. After a failure, notes the failure again.
    fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>);

    /// The stream has ended; notes a failure unless it ended between two messages.
    fn finish(&mut self, events: &mut Vec<Event>);
}

/// Something that a decoder said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A whole message.
    Message(Vec<u8>),
    /// The beginning of a message that is dropped, with the length that it announced.
    Skipped(u64),
    /// An error.
    Failed {
        /// What it says.
        error: String,
        /// Bytes of the stream before the frame in which it is, if the decoder can say.
        offset: Option<u64>,
    },
}

/// What a fresh decoder says about a stream that comes in these pieces.
pub(crate) fn run<'a, C: Codec>(codec: &C, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut decoder = codec.decoder();
    let mut events = Vec::new();
    for piece in pieces {
        decoder.feed(piece, &mut events);
    }
    decoder.finish(&mut events);
    merge_repeated_failure(events)
}

/// A failure that is only repeated counts as one, since how often depends on the number of pieces. Anything else
/// behind it stays, and makes the difference that a law reports.
fn merge_repeated_failure(mut events: Vec<Event>) -> Vec<Event> {
    let first = events.iter().position(|event| matches!(event, Event::Failed { .. }));
    if let Some(first) = first
        && events[first..].iter().all(|event| *event == events[first])
    {
        events.truncate(first + 1);
    }
    events
}
