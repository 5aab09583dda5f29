//! The framings that are tried, simplest first. What they make of a capture is `trial`.

use std::ops::Range;

use framing::FrameSpec;

use super::trial::Frame;

/// A framing and how unusual it is.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) spec: FrameSpec,
    /// Bits of evidence that it takes to believe in it: there are about 2^this others as odd as it.
    pub(super) oddity: f64,
    pub(super) shape: Shape,
}

impl Candidate {
    /// Whether one would send messages of many megabytes in it.
    pub(super) fn is_usual_for_long(&self) -> bool {
        let is_wide = match &self.shape {
            Shape::Length { field } => field.len() >= 4,
            Shape::Strict => true,
            Shape::Varint | Shape::Delimiter { .. } => false,
        };
        is_wide && self.oddity <= 1.0
    }
}

/// Where it says how long a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// In a field of so many bytes, always in the same place.
    Length { field: Range<usize> },
    /// In as many bytes as it takes, with seven bits in each.
    Varint,
    /// In digits or the like, and perhaps there is a byte at the end: most bytes could not have stood there.
    Strict,
    /// In a delimiter of so many bytes, which some place has by accident.
    Delimiter { bytes: usize },
}

impl Shape {
    /// The bytes of a frame that say how long it is.
    pub(super) fn field(&self, payload: &Range<usize>) -> Range<usize> {
        match self {
            Self::Length { field } => field.clone(),
            Self::Varint | Self::Strict => 0..payload.start,
            Self::Delimiter { .. } => 0..0,
        }
    }

    /// The bytes of a frame that stand where its length says that they do.
    pub(super) fn trailer(&self, frame: &Frame<'_>) -> Range<usize> {
        match self {
            Self::Strict => frame.payload.end..frame.len(),
            _ => 0..0,
        }
    }
}

/// All of them.
pub(super) fn all() -> Vec<Candidate> {
    let mut all = vec![
        candidate("lines", 0.0, Shape::Delimiter { bytes: 1 }),
        candidate("crlf", 0.0, Shape::Delimiter { bytes: 2 }),
        candidate("nul", 1.0, Shape::Delimiter { bytes: 1 }),
        candidate("netstring", 0.0, Shape::Strict),
        candidate("hex4", 2.0, Shape::Strict),
        candidate("hex4,incl", 2.0, Shape::Strict),
        candidate("varint", 2.0, Shape::Varint),
        candidate("python", 2.0, Shape::Length { field: 0..4 }),
        candidate("i32be", 2.0, Shape::Length { field: 0..4 }),
        candidate("i32le", 2.0, Shape::Length { field: 0..4 }),
    ];
    for (name, field, oddity) in PROTOCOLS {
        all.push(candidate(name, *oddity, Shape::Length { field: field.clone() }));
    }
    for (name, bytes, oddity) in FIELDS {
        for (options, offset, more) in OPTIONS {
            let oddity = f64::from(oddity + more);
            let field = *offset..offset + bytes;
            let next = candidate(&format!("{name}{options}"), oddity, Shape::Length { field });
            // `incl` is an `adjust` with a name; the one that is less odd stands first.
            if all.iter().all(|known| known.spec != next.spec) {
                all.push(next);
            }
        }
    }
    all
}

fn candidate(text: &str, oddity: f64, shape: Shape) -> Candidate {
    let spec = text.parse().expect("every candidate is a spec, as a test shows");
    Candidate { spec, oddity, shape }
}

/// Names, bytes, oddity.
const FIELDS: &[(&str, usize, u32)] = &[
    ("u8", 1, 1),
    ("u16be", 2, 0),
    ("u16le", 2, 0),
    ("u24be", 3, 3),
    ("u24le", 3, 3),
    ("u32be", 4, 0),
    ("u32le", 4, 0),
    ("u64be", 8, 1),
    ("u64le", 8, 1),
];

/// What some protocols that everybody speaks have: records of TLS; messages of Postgres, which have a type and count
/// the length itself; frames of HTTP/2, with six bytes behind the length that it does not count; and those of AMQP,
/// with a type, a channel and a byte at the end.
const PROTOCOLS: &[(&str, Range<usize>, f64)] = &[
    ("u16be,offset=3", 3..5, 6.0),
    ("u32be,offset=1,adjust=-4", 1..5, 6.0),
    ("u24be,adjust=6", 0..3, 6.0),
    ("u32be,offset=3,adjust=1", 3..7, 6.0),
];

/// Options, where they put the field, and what they add to the oddity: a header may be counted, and there may be a type or a sequence number
/// before the length, behind it (which the length then may or may not count) or an end marker.
const OPTIONS: &[(&str, usize, u32)] = &[
    ("", 0, 0),
    (",crc32c", 0, 2),
    (",incl", 0, 2),
    (",adjust=1", 0, 9),
    (",adjust=2", 0, 9),
    (",adjust=4", 0, 9),
    (",adjust=8", 0, 10),
    (",adjust=-1", 0, 10),
    (",adjust=-2", 0, 10),
    (",adjust=-4", 0, 10),
    (",offset=1", 1, 8),
    (",offset=2", 2, 8),
    (",offset=4", 4, 8),
    (",offset=8", 8, 9),
    (",offset=1,incl", 1, 10),
    (",offset=2,incl", 2, 10),
    (",offset=4,incl", 4, 10),
    (",offset=1,adjust=1", 1, 11),
    (",offset=1,adjust=2", 1, 11),
    (",offset=1,adjust=4", 1, 11),
    (",offset=2,adjust=2", 2, 11),
    (",offset=4,adjust=4", 4, 11),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_candidate_is_a_spec_and_none_is_raw() {
        let all = all();
        assert!(all.len() > 150, "{}", all.len());
        assert!(all.iter().all(|one| !one.spec.is_raw()));
    }
}
