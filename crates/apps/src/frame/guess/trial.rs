//! One framing tried on a capture: how far it comes, and what the messages look like. What that proves is `evidence`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use framing::{Decoded, FrameError, FrameSpec};

use super::candidates::Shape;

/// The front of a stream.
#[derive(Debug)]
pub(super) struct Capture {
    pub(super) bytes: Vec<u8>,
    /// There was more; so the end may be inside a message.
    pub(super) is_cut: bool,
}

/// What a framing makes of a capture.
#[derive(Clone, Debug, Default)]
pub(super) struct Trial {
    pub(super) messages: usize,
    /// Without a payload, or beginning with so many zeros that there is perhaps none.
    pub(super) empty: usize,
    /// Not empty, UTF-8, and without control characters but tabs and ends of lines.
    pub(super) texts: usize,
    pub(super) shortest: usize,
    pub(super) longest: usize,
    /// Bytes of whole frames.
    pub(super) consumed: usize,
    /// What the lengths of those that are not empty prove.
    pub(super) length_bits: f64,
    /// Tells apart what finds different messages.
    pub(super) fingerprint: u64,
    pub(super) end: End,
}

/// How it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum End {
    /// With the last byte of a message.
    #[default]
    Clean,
    /// Inside a message, of which at least so many bytes are missing.
    Inside {
        missing: usize,
    },
    Broken(FrameError),
}

impl Trial {
    pub(super) fn of(spec: &FrameSpec, shape: Shape, capture: &[u8]) -> Self {
        let mut trial = Self { shortest: usize::MAX, ..Self::default() };
        let (mut decoder, mut prints) = (spec.decoder(), DefaultHasher::new());
        let mut rest = capture;
        while !rest.is_empty() {
            match decoder.decode(rest) {
                Ok(Decoded::Message { payload, consumed }) => {
                    (trial.consumed + payload.start, payload.len()).hash(&mut prints);
                    let (frame, behind) = rest.split_at(consumed);
                    trial.count(shape, frame, payload, rest.len());
                    trial.consumed += consumed;
                    rest = behind;
                }
                Ok(Decoded::NeedMore { at_least }) => {
                    trial.end = End::Inside { missing: at_least };
                    break;
                }
                // None of the candidates skips.
                Ok(Decoded::Skipped { .. }) => break,
                Err(error) => {
                    trial.end = End::Broken(error);
                    break;
                }
            }
        }
        Self { fingerprint: prints.finish(), ..trial }
    }

    fn count(&mut self, shape: Shape, frame: &[u8], payload: Range<usize>, left: usize) {
        self.messages += 1;
        self.shortest = self.shortest.min(payload.len());
        self.longest = self.longest.max(payload.len());
        if payload.is_empty() || is_blank(frame) {
            self.empty += 1;
            return;
        }
        self.length_bits += shape.length_bits(payload.start, left);
        if is_text(&frame[payload.clone()]) {
            self.texts += 1;
        } else {
            self.length_bits += shape.ending_bits(payload.start);
        }
    }
}

/// Counts of what a capture holds are small.
pub(super) fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Whether nothing but zeros stands where a header would.
fn is_blank(frame: &[u8]) -> bool {
    frame.iter().take(BLANK_BYTES).all(|byte| *byte == 0)
}

fn is_text(payload: &[u8]) -> bool {
    let is_odd = |c: char| c.is_control() && !matches!(c, '\t' | '\n');
    std::str::from_utf8(payload).is_ok_and(|text| !text.contains(is_odd))
}

/// More than any header that is tried.
const BLANK_BYTES: usize = 16;
