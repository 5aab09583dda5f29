//! The framings that are tried, simplest first. What they make of a capture is `trial`.

use framing::FrameSpec;

use super::trial::number;

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
        let is_wide = match self.shape {
            Shape::Length { bits } => bits >= 32,
            Shape::Strict { .. } => true,
            Shape::Varint | Shape::Delimiter { .. } => false,
        };
        is_wide && self.oddity <= 1.0
    }
}

/// What finding a message proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A length field of so many bits, of which any value could have stood there.
    Length { bits: u32 },
    /// A length of as many bytes as it takes, with seven bits in each.
    Varint,
    /// Digits or the like, and perhaps a byte at the end: most bytes could not have stood there.
    Strict { bits_each: u32 },
    /// A delimiter of so many bytes, which some place has by accident.
    Delimiter { bytes: u32 },
}

impl Shape {
    /// What a length proves that stands in so many bytes, where so many are left: the bits it could have had, but for
    /// those of which any value would have done.
    pub(super) fn length_bits(self, header_bytes: usize, left: usize) -> f64 {
        let stated = match self {
            Self::Length { bits } => f64::from(bits),
            Self::Varint => VARINT_BITS * number(header_bytes),
            Self::Strict { .. } | Self::Delimiter { .. } => return 0.0,
        };
        (stated - number(left).log2()).max(0.0)
    }

    /// What it proves that the length ends where it does; text would have no byte that goes on.
    pub(super) fn ending_bits(self, header_bytes: usize) -> f64 {
        match self {
            Self::Varint => number(header_bytes),
            _ => 0.0,
        }
    }
}

/// All of them.
pub(super) fn all() -> Vec<Candidate> {
    let mut all = vec![
        candidate("lines", 0.0, Shape::Delimiter { bytes: 1 }),
        candidate("crlf", 0.0, Shape::Delimiter { bytes: 2 }),
        candidate("nul", 1.0, Shape::Delimiter { bytes: 1 }),
        // The colon and the comma, and the digits.
        candidate("netstring", 0.0, Shape::Strict { bits_each: 18 }),
        // Four digits of 22 that count as such.
        candidate("hex4", 2.0, Shape::Strict { bits_each: 12 }),
        candidate("hex4,incl", 2.0, Shape::Strict { bits_each: 12 }),
        candidate("varint", 2.0, Shape::Varint),
        candidate("python", 2.0, Shape::Length { bits: 32 }),
        candidate("i32be", 2.0, Shape::Length { bits: 32 }),
        candidate("i32le", 2.0, Shape::Length { bits: 32 }),
    ];
    for (name, bits, oddity) in PROTOCOLS {
        all.push(candidate(name, *oddity, Shape::Length { bits: *bits }));
    }
    for (name, bits, oddity) in FIELDS {
        for (options, more) in OPTIONS {
            let oddity = f64::from(oddity + more);
            let next = candidate(&format!("{name}{options}"), oddity, Shape::Length { bits: *bits });
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

/// Names, bits, oddity.
const FIELDS: &[(&str, u32, u32)] = &[
    ("u8", 8, 1),
    ("u16be", 16, 0),
    ("u16le", 16, 0),
    ("u24be", 24, 3),
    ("u24le", 24, 3),
    ("u32be", 32, 0),
    ("u32le", 32, 0),
    ("u64be", 64, 1),
    ("u64le", 64, 1),
];

/// What some protocols that everybody speaks have: records of TLS; messages of Postgres, which have a type and count
/// the length itself; frames of HTTP/2, with six bytes behind the length that it does not count; and those of AMQP,
/// with a type, a channel and a byte at the end.
const PROTOCOLS: &[(&str, u32, f64)] = &[
    ("u16be,offset=3", 16, 6.0),
    ("u32be,offset=1,adjust=-4", 32, 6.0),
    ("u24be,adjust=6", 24, 6.0),
    ("u32be,offset=3,adjust=1", 32, 6.0),
];

/// Options and what they add to the oddity: a header may be counted, and there may be a type or a sequence number
/// before the length, behind it (which the length then may or may not count) or an end marker.
const OPTIONS: &[(&str, u32)] = &[
    ("", 0),
    (",crc32c", 2),
    (",incl", 2),
    (",adjust=1", 9),
    (",adjust=2", 9),
    (",adjust=4", 9),
    (",adjust=8", 10),
    (",adjust=-1", 10),
    (",adjust=-2", 10),
    (",adjust=-4", 10),
    (",offset=1", 8),
    (",offset=2", 8),
    (",offset=4", 8),
    (",offset=8", 9),
    (",offset=1,incl", 10),
    (",offset=2,incl", 10),
    (",offset=4,incl", 10),
    (",offset=1,adjust=1", 11),
    (",offset=1,adjust=2", 11),
    (",offset=1,adjust=4", 11),
    (",offset=2,adjust=2", 11),
    (",offset=4,adjust=4", 11),
];

/// Of a length in each byte of a varint.
const VARINT_BITS: f64 = 7.0;

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
