//! What a trial proves, in bits: by how much shorter the capture can be told by somebody who knows the framing.
//!
//! Without it, each byte costs what `background` says. With it, the lengths can be told as numbers, of which many come
//! again, and most messages of one kind begin alike. An end in the middle of a message is a little less, and an unusual
//! framing needs more of all of it. Where everything is text, or full of zeros, bytes that look like lengths are cheap,
//! and prove nothing.

use std::collections::HashMap;

use super::candidates::{Candidate, Shape};
use super::trial::{Capture, Content, End, Front, Fronts, Trial, number};

/// Bits for this framing, or `None` if it does not fit at all.
pub(super) fn weigh(candidate: &Candidate, trial: &Trial, capture: &Capture) -> Option<f64> {
    if trial.messages == 0 || matches!(trial.end, End::Broken(_)) {
        return None;
    }
    let bits = match candidate.shape {
        Shape::Delimiter { bytes } => delimited(bytes, trial, capture)?,
        Shape::Varint => measured(trial, capture)? + VARINT_BITS.min(others(trial)),
        _ => measured(trial, capture)?,
    };
    let is_checked = candidate.spec.to_string().ends_with(",crc32c");
    let sums = if is_checked { 32.0 * number(trial.messages) } else { 0.0 };
    // Nobody sends mostly nothing; zeros are found where other framings have their high bytes.
    let empty = EMPTY_BITS * number(trial.empty);
    Some(bits + sums + end(&candidate.shape, trial, capture)? - empty - candidate.oddity)
}

/// What it proves that messages are as long as they say; `None` if what does not begin well gets better only later on:
/// large files hold tables that say how long they are, and whoever jumps through one at random comes to one.
fn measured(trial: &Trial, capture: &Capture) -> Option<f64> {
    let lengths = Lengths::of(&trial.fronts.all);
    let front = trial.fronts.all.iter().take_while(|front| front.at <= capture.bytes.len() / 2);
    if front.map(|front| lengths.saved(front)).sum::<f64>() < -BAD_BEGINNING_BITS {
        return None;
    }
    let all: f64 = trial.fronts.all.iter().map(|front| lengths.saved(front)).sum();
    // Which length is the longest may be anything, a short one rather than a long one.
    let longest_bits = number(lengths.longest + 1).log2() + number(capture.bytes.len() + 2).ln().log2();
    let repeated = number(trial.fronts.length_of_records + 1).log2();
    let coincidence = (COINCIDENCE_SHARE * repeated).min(COINCIDENCE_BITS_MAX);
    Some(all + lengths.bits(lengths.longest) - longest_bits + coincidence + beginnings(&trial.fronts))
}

/// How often messages are how long.
struct Lengths {
    counts: HashMap<usize, usize>,
    count: usize,
    longest: usize,
}

impl Lengths {
    fn of(fronts: &[Front]) -> Self {
        let mut counts = HashMap::new();
        for front in fronts {
            *counts.entry(front.length).or_default() += 1;
        }
        let longest = counts.keys().copied().max().unwrap_or(0);
        Self { counts, count: fronts.len(), longest }
    }

    /// What is saved by telling one of them as a number, and what the message is worth that it is right about.
    fn saved(&self, front: &Front) -> f64 {
        let content_bits = if front.content == Content::Text { TEXT_BITS } else { 0.0 };
        content_bits + front.bits - self.bits(front.length) - BACKGROUND_ERROR_BITS
    }

    /// What one of them costs as a number: it is one that there was elsewhere, or any up to the longest.
    fn bits(&self, length: usize) -> f64 {
        let elsewhere = self.counts.get(&length).map_or(0, |count| count - 1);
        let any = 1.0 / number(self.longest + 1);
        -f64::midpoint(number(elsewhere) / number(self.count), any).log2()
    }
}

/// What it saves to know that messages begin alike, if they do.
fn beginnings(fronts: &Fronts) -> f64 {
    (fronts.first_bits - fronts.first_bytes.all_bits()).max(0.0)
}

/// Between delimiters text is nearly the only thing that people send; `None` where they stand in something else. That a
/// capture has lines is no accident, however cheap their ends are.
fn delimited(delimiter_bytes: usize, trial: &Trial, capture: &Capture) -> Option<f64> {
    let payload_bytes = capture.bytes.len() - trial.messages * delimiter_bytes;
    if number(trial.text_bytes) < TEXT_SHARE * number(payload_bytes) {
        return None;
    }
    let texts = number(trial.texts - trial.single_letters);
    Some(TEXT_BITS * number(delimiter_bytes) * texts - OTHER_BITS * others(trial))
}

/// Messages that are neither text nor empty.
fn others(trial: &Trial) -> f64 {
    number(trial.messages - trial.empty - trial.texts)
}

/// What the end of the capture proves; `None` if it rules the framing out.
fn end(shape: &Shape, trial: &Trial, capture: &Capture) -> Option<f64> {
    let left = capture.bytes.len() - trial.consumed;
    match trial.end {
        End::Clean => match shape {
            Shape::Delimiter { bytes } => Some(8.0 * number(*bytes)),
            _ => Some(mean_bits(trial)),
        },
        // A line that has no end yet may be as long as all the others.
        End::Inside { .. } if matches!(shape, Shape::Delimiter { .. }) => Some(-INSIDE_BITS),
        // More than anything so far: the length is probably none.
        End::Inside { missing }
            if missing + left > ODD_LENGTH_FACTOR * (trial.longest + LENGTH_BYTES_USUAL) =>
        {
            None
        }
        End::Inside { .. } if capture.is_cut => Some(0.0),
        End::Inside { .. } => Some(-INSIDE_BITS),
        End::Broken(_) => None,
    }
}

/// The binary logarithm of the bytes of a usual frame: of one in so many places there is an end.
fn mean_bits(trial: &Trial) -> f64 {
    (number(trial.consumed) / number(trial.messages)).log2()
}

/// An empty message counts against a framing; now and then one is sent on purpose.
const EMPTY_BITS: f64 = 3.0;
/// Of a message of text between what is none, and of one that should be text and is not.
const TEXT_BITS: f64 = 3.0;
const OTHER_BITS: f64 = 12.0;
/// With less text than that, delimiters stand in something else by accident.
const TEXT_SHARE: f64 = 0.75;
/// Short messages that are no text are as well told by single bytes, but more often meant so.
const VARINT_BITS: f64 = 2.0;
/// Of a stream the first half says as much as the second.
const BAD_BEGINNING_BITS: f64 = 16.0;
/// A better background than ours might have told the bytes of a length in so much less.
const BACKGROUND_ERROR_BITS: f64 = 0.5;
/// That one number stands in every record, and is just the size of the record, is strange; the more so the larger it is.
const COINCIDENCE_SHARE: f64 = 4.0;
const COINCIDENCE_BITS_MAX: f64 = 24.0;
/// A capture is seldom cut just there.
const INSIDE_BITS: f64 = 6.0;
/// A last message may be longer than all before it, but not by any amount.
const ODD_LENGTH_FACTOR: usize = 8;
const LENGTH_BYTES_USUAL: usize = 1024;
