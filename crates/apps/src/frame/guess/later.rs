//! A capture that begins inside a message: the first place from which a plain prefix explains the rest. What that
//! proves is `evidence`'s business; that no framing fits from the first byte on has been found out before.

use framing::{Decoded, FrameSpec};

use super::background::Background;
use super::candidates::{self, Candidate, Shape};
use super::evidence::weigh;
use super::trial::{Capture, Trial};

/// A framing that fits from some byte on.
#[derive(Debug)]
pub(super) struct Later {
    pub(super) spec: FrameSpec,
    /// So many bytes come before it.
    pub(super) offset: usize,
    pub(super) messages: usize,
    bits: f64,
}

impl Later {
    /// The best of those that are no accident.
    pub(super) fn of(capture: &Capture, background: &Background) -> Option<Self> {
        let tried = candidates::all().into_iter().filter(is_plain);
        let weighed = tried.flat_map(|candidate| {
            let offsets = 1..capture.bytes.len().min(OFFSETS_MAX + 1);
            let good = offsets.filter(|offset| begins_well(&candidate.spec, &capture.bytes[*offset..]));
            let weighed =
                good.take(WEIGHED_MAX).filter_map(|at| Self::at(at, &candidate, capture, background));
            weighed.collect::<Vec<Self>>()
        });
        let sure = weighed.filter(|later| later.bits >= BITS_MIN);
        sure.max_by(|left, right| left.bits.total_cmp(&right.bits))
    }

    fn at(offset: usize, candidate: &Candidate, capture: &Capture, background: &Background) -> Option<Self> {
        let rest = Capture { bytes: capture.bytes[offset..].to_vec(), is_cut: capture.is_cut };
        let trial = Trial::of(&candidate.spec, &candidate.shape, &rest.bytes, &background.from(offset));
        let bits = weigh(candidate, &trial, &rest)?;
        Some(Self { spec: candidate.spec.clone(), offset, messages: trial.messages, bits })
    }
}

/// A length of two bytes or more and nothing else: of whatever is odder there is an accident in so many places.
fn is_plain(candidate: &Candidate) -> bool {
    matches!(&candidate.shape, Shape::Length { field } if field.len() >= 2) && candidate.oddity <= 1.0
}

/// Whether the first few messages are none but whole ones that hold something, up to the end of the capture.
fn begins_well(spec: &FrameSpec, bytes: &[u8]) -> bool {
    let (mut decoder, mut rest) = (spec.decoder(), bytes);
    for seen in 0..MESSAGES_TRIED {
        match decoder.decode(rest) {
            Ok(Decoded::Message { payload, consumed }) if !payload.is_empty() => rest = &rest[consumed..],
            Ok(Decoded::NeedMore { .. }) => return seen >= MESSAGES_MIN,
            _ => return false,
        }
    }
    true
}

/// Most messages are shorter, and the beginning of the next one is looked for.
const OFFSETS_MAX: usize = 4096;

/// Enough to leave few places to be weighed.
const MESSAGES_TRIED: usize = 8;

/// Two may be an accident of one.
const MESSAGES_MIN: usize = 3;

/// The first one may be an accident that runs into the right ones.
const WEIGHED_MAX: usize = 2;

/// As much as makes a guess from the first byte on sure, and as much as the choice of the place is worth.
const BITS_MIN: f64 = 40.0 + 12.0;
