//! What a trial proves, in bits: by how much the bytes fit better than random ones would.
//!
//! A length field of 32 bits that names one of the 1,000 lengths that the capture has room for is 22 bits that it is
//! one; a zero in it proves little, as zeros are everywhere. Text inside the messages is a little more, an end in
//! the middle of one a little less, and an unusual framing needs more of all of it.

use super::candidates::{Candidate, Shape};
use super::trial::{Capture, End, Trial, number};

/// Bits for this framing, or `None` if it does not fit at all.
pub(super) fn weigh(candidate: &Candidate, trial: &Trial, capture: &Capture) -> Option<f64> {
    if trial.messages == 0 || matches!(trial.end, End::Broken(_)) {
        return None;
    }
    let bits = lengths(candidate.shape, trial)
        + texts(candidate.shape, trial)
        + end(candidate.shape, trial, capture)?;
    let is_checked = candidate.spec.to_string().ends_with(",crc32c");
    let sums = if is_checked { 32.0 * number(trial.messages) } else { 0.0 };
    Some(bits + sums - candidate.oddity)
}

/// What the places of the boundaries prove.
fn lengths(shape: Shape, trial: &Trial) -> f64 {
    let named = match shape {
        Shape::Length { .. } | Shape::Varint => trial.length_bits,
        Shape::Strict { bits_each } => f64::from(bits_each) * number(trial.messages),
        // One byte stands somewhere by accident; that nothing else is odd is what counts: see `texts`.
        Shape::Delimiter { bytes: 1 } => 0.0,
        Shape::Delimiter { bytes } => {
            (8.0 * f64::from(bytes) - mean_bits(trial)).max(0.0) * number(trial.messages)
        }
    };
    // Nobody sends mostly nothing; zeros are found where other framings have their high bytes.
    named - EMPTY_BITS * number(trial.empty)
}

/// Text is what people send; between delimiters it is nearly the only thing they can send.
fn texts(shape: Shape, trial: &Trial) -> f64 {
    let filled = number(trial.messages - trial.empty);
    let (texts, others) = (number(trial.texts), filled - number(trial.texts));
    match shape {
        Shape::Delimiter { .. } => DELIMITED_TEXT_BITS * (texts - others),
        _ => TEXT_BITS * texts,
    }
}

/// What the end of the capture proves; `None` if it rules the framing out.
fn end(shape: Shape, trial: &Trial, capture: &Capture) -> Option<f64> {
    let left = capture.bytes.len() - trial.consumed;
    match trial.end {
        End::Clean => match shape {
            Shape::Delimiter { bytes } => Some(8.0 * f64::from(bytes)),
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
const TEXT_BITS: f64 = 1.0;
const DELIMITED_TEXT_BITS: f64 = 3.0;
/// A capture is seldom cut just there.
const INSIDE_BITS: f64 = 6.0;
/// A last message may be longer than all before it, but not by any amount.
const ODD_LENGTH_FACTOR: usize = 8;
const LENGTH_BYTES_USUAL: usize = 1024;
