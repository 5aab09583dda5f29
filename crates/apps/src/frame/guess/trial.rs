//! One framing tried on a capture: how far it comes, and what the messages look like. What that proves is `evidence`.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use framing::{Decoded, FrameError, FrameSpec};

use super::background::{Background, Counts};
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
    /// Bytes of those.
    pub(super) text_bytes: usize,
    /// Of those, such of one byte: every second byte of wide characters is one.
    pub(super) single_letters: usize,
    pub(super) shortest: usize,
    pub(super) longest: usize,
    /// Bytes of whole frames.
    pub(super) consumed: usize,
    /// What the fronts of messages tell.
    pub(super) fronts: Fronts,
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

/// Lengths and first bytes of the messages. Of messages whose lengths repeat themselves only the first are told of: records
/// of one size need no framing, and whatever stands in one place of them would pass for a length.
#[derive(Clone, Debug, Default)]
pub(super) struct Fronts {
    pub(super) all: Vec<Front>,
    pub(super) first_bytes: Counts,
    /// What the first bytes cost as bytes like others.
    pub(super) first_bits: f64,
    /// The latest lengths.
    latest: VecDeque<usize>,
    /// Lengths that have repeated themselves without a break.
    repeated: usize,
    /// The longest length that did so again and again.
    pub(super) length_of_records: usize,
}

/// The front of one message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Front {
    /// Where it lies in the capture.
    pub(super) at: usize,
    /// How long the message is by its own account.
    pub(super) length: usize,
    /// What saying so costs, as bytes like others.
    pub(super) bits: f64,
    pub(super) content: Content,
}

/// What is in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Text, although what says how long it is is none.
    Text,
    Other,
}

impl Trial {
    pub(super) fn of(spec: &FrameSpec, shape: &Shape, capture: &[u8], background: &Background) -> Self {
        let mut trial = Self { shortest: usize::MAX, ..Self::default() };
        let (mut decoder, mut prints) = (spec.decoder(), DefaultHasher::new());
        let mut rest = capture;
        while !rest.is_empty() {
            match decoder.decode(rest) {
                Ok(Decoded::Message { payload, consumed }) => {
                    (trial.consumed + payload.start, payload.len()).hash(&mut prints);
                    let (frame, behind) = rest.split_at(consumed);
                    trial.count(&Frame { bytes: frame, payload, at: trial.consumed }, shape, background);
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

    fn count(&mut self, frame: &Frame<'_>, shape: &Shape, background: &Background) {
        let payload = &frame.bytes[frame.payload.clone()];
        self.messages += 1;
        self.shortest = self.shortest.min(payload.len());
        self.longest = self.longest.max(payload.len());
        self.fronts.count(frame, shape, background);
        if payload.is_empty() || is_blank(frame.bytes) {
            self.empty += 1;
        } else if is_text(payload) {
            self.texts += 1;
            self.text_bytes += payload.len();
            self.single_letters += usize::from(payload.len() == 1);
        }
    }
}

impl Fronts {
    fn count(&mut self, frame: &Frame<'_>, shape: &Shape, background: &Background) {
        let field = shape.field(&frame.payload);
        let length = frame.bytes.len() - field.end;
        let is_repeated = self.is_repeated(length);
        let content = Content::of(frame, &field);
        // Records are padded, so text that ends where it is said to is something else.
        if is_repeated && content == Content::Other {
            // A zero there needs no explanation.
            if self.repeated >= REPEATED_MIN && frame.bytes[field].iter().any(|byte| *byte != 0) {
                self.length_of_records = self.length_of_records.max(length);
            }
            return;
        }
        let trailer = shape.trailer(frame);
        let bits = background.bits(frame.placed(&field)) + background.bits(frame.placed(&trailer));
        self.all.push(Front { at: frame.at, length, bits, content });
        let first = if field.start == 0 { field.end } else { 0 };
        if first < frame.bytes.len() {
            self.first_bytes.add(frame.bytes[first]);
            self.first_bits += background.bits(frame.placed(&(first..first + 1)));
        }
    }

    /// Whether the latest lengths, with this one, are those before them again.
    fn is_repeated(&mut self, length: usize) -> bool {
        self.latest.push_front(length);
        self.latest.truncate(2 * PERIOD_MAX);
        let mut periods = 1..=self.latest.len() / 2;
        let is_repeated =
            periods.any(|period| (0..period).all(|at| self.latest[at] == self.latest[at + period]));
        self.repeated = if is_repeated { self.repeated + 1 } else { 0 };
        is_repeated
    }
}

impl Content {
    fn of(frame: &Frame<'_>, field: &Range<usize>) -> Self {
        let payload = &frame.bytes[frame.payload.clone()];
        let is_apart = field.end <= frame.payload.start
            && frame.bytes[field.clone()].iter().any(|byte| byte.is_ascii() && is_odd(char::from(*byte)));
        if is_apart && payload.len() >= TEXT_BYTES_MIN && is_text(payload) { Self::Text } else { Self::Other }
    }
}

/// A message with what stands around it.
pub(super) struct Frame<'a> {
    bytes: &'a [u8],
    pub(super) payload: Range<usize>,
    /// Where it begins in the capture.
    at: usize,
}

impl Frame<'_> {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Where something of it lies in the capture.
    fn placed(&self, part: &Range<usize>) -> Range<usize> {
        self.at + part.start..self.at + part.end
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
    std::str::from_utf8(payload).is_ok_and(|text| !text.contains(is_odd))
}

/// A control character that people do not type.
fn is_odd(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n')
}

/// More than any header that is tried.
const BLANK_BYTES: usize = 16;

/// What repeats itself after more of them may be messages after all.
const PERIOD_MAX: usize = 32;

/// So many in a row are no accident.
const REPEATED_MIN: usize = 3;

/// Fewer are text by accident.
const TEXT_BYTES_MIN: usize = 4;
