//! What messages are made of, so that each of them can be told from all others, and made a second time to compare.
//! Whether one comes at its turn is left to `lane`.
//!
//! ```text
//!   0        8      12     16                                  size
//!   +--------+------+------+------------------------------------+
//!   | serial | lane | seal | the rest of one of a few sheets,   |
//!   |        |      |      | by lane and serial                 |
//!   +--------+------+------+------------------------------------+
//! ```
//!
//! All of it are the letters `a` to `p`, a nibble each and the lowest first, which any framing can carry. A message
//! of fewer bytes is the beginning of that. The seal follows from the rest of the header and from the run: what is
//! altered there is no other message.

use super::plan::Sizes;

/// Which connection of the run, or which socket, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LaneId(pub(super) u16);

impl LaneId {
    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The maker of messages. The same seed and sizes make the same.
#[derive(Debug)]
pub(super) struct Content {
    seed: u64,
    /// What tells this run from others against the same server.
    run: u32,
    sizes: Sizes,
    /// Each as long as the longest message: what is sent, once it has its header. A power of two of them.
    sheets: Vec<Box<[u8]>>,
    /// The message that has its header already.
    headed: Option<Name>,
}

/// What a message says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) lane: LaneId,
    pub(super) serial: u64,
}

impl Content {
    pub(super) fn new(seed: u64, sizes: Sizes) -> Content {
        let sheet_bytes = sizes.bytes_max.max(HEADER_BYTES);
        let sheets = (SHEETS_BYTES / sheet_bytes).next_power_of_two().clamp(SHEETS_MIN, SHEETS_MAX);
        let sheets = (0..sheets as u64).map(|sheet| letters(mix(seed ^ sheet), sheet_bytes)).collect();
        Content { seed, run: low_half(mix(!seed)), sizes, sheets, headed: None }
    }

    /// How long a message is.
    #[inline]
    pub(super) fn bytes(&self, name: Name) -> usize {
        let Sizes { bytes_min, bytes_max } = self.sizes;
        if bytes_min == bytes_max { bytes_min } else { self.bytes_between(name) }
    }

    #[inline(never)]
    fn bytes_between(&self, Name { lane, serial }: Name) -> usize {
        let Sizes { bytes_min, bytes_max } = self.sizes;
        let choices = (bytes_max - bytes_min + 1) as u64;
        let chosen = mix(self.seed ^ u64::from(lane.0) << 48 ^ serial) % choices;
        bytes_min + usize::try_from(chosen).unwrap_or(0) // the choices were a `usize`
    }

    /// Makes a message. The next one on the same connection gets its header already: a processor that copies what it has
    /// only just written in smaller pieces has to wait for that.
    #[inline]
    pub(super) fn make(&mut self, name: Name) -> &[u8] {
        if self.headed != Some(name) {
            self.head(name);
        }
        let next = Name { serial: name.serial.wrapping_add(1), ..name };
        self.head(next); // on another sheet, as there are at least two
        self.headed = Some(next);
        let bytes = self.bytes(name);
        &self.sheets[self.sheet(name)][..bytes]
    }

    #[inline]
    fn head(&mut self, name: Name) {
        let sheet = self.sheet(name);
        if let Some(head) = self.sheets[sheet].first_chunk_mut() {
            *head = header(self.run, name);
        }
    }

    /// Whether these bytes are that message, to the last one.
    #[inline]
    pub(super) fn is(&self, name: Name, message: &[u8]) -> bool {
        let bytes = message.len();
        if bytes != self.bytes(name) {
            return false;
        }
        let header = header(self.run, name);
        match message.split_first_chunk::<HEADER_BYTES>() {
            Some((head, rest)) => {
                *head == header && *rest == self.sheets[self.sheet(name)][HEADER_BYTES..bytes]
            }
            None => *message == header[..bytes],
        }
    }

    /// Which message these bytes are; nothing if they are none. See [`claimed`] for `near`.
    pub(super) fn identify(&self, message: &[u8], near: Name) -> Option<Name> {
        claimed(message, near).filter(|name| self.is(*name, message))
    }

    fn sheet(&self, Name { lane, serial }: Name) -> usize {
        // Neighbours in time and in place have different ones.
        (low_half(serial) as usize).wrapping_add(lane.index() * 7) & (self.sheets.len() - 1)
    }
}

/// Which message these bytes claim to be: of all that look like it, the one nearest to `near`. One that is too
/// short to say so is taken for one of the lane of `near`.
fn claimed(message: &[u8], near: Name) -> Option<Name> {
    let head = &message[..message.len().min(HEADER_BYTES)];
    let (serial, place) = head.split_at(head.len().min(SERIAL_BYTES));
    let serial = nearest(gather(serial)?, serial.len(), near.serial);
    if place.len() < PLACE_BYTES {
        return Some(Name { serial, ..near });
    }
    let place = gather(place)?;
    let lane = LaneId(u16::try_from(place & LANES).ok()?);
    Some(Name { lane, serial })
}

fn header(run: u32, Name { lane, serial }: Name) -> [u8; HEADER_BYTES] {
    let (serial, lane) = (low_half(serial), u32::from(lane.0));
    // The upper half of a product depends on every bit of what was multiplied.
    let seal = run ^ serial.wrapping_mul(ODD.0) ^ lane.wrapping_mul(ODD.1);
    let place = seal & !LANES | lane;
    let letters = spread_all([serial, place]).map(u64::to_le_bytes);
    let mut header = [0; HEADER_BYTES];
    header.copy_from_slice(letters.as_flattened());
    header
}

/// So many letters that look like chance.
fn letters(seed: u64, bytes: usize) -> Box<[u8]> {
    let eight = |word| spread(low_half(mix(seed ^ word))).to_le_bytes();
    (0..).flat_map(eight).take(bytes).collect()
}

/// Eight nibbles as letters, the lowest nibble in the lowest byte.
fn spread(nibbles: u32) -> u64 {
    let [letters] = spread_all([nibbles]);
    letters
}

/// The same of several numbers, which a processor does at once.
#[inline]
fn spread_all<const N: usize>(nibbles: [u32; N]) -> [u64; N] {
    let mut letters = nibbles.map(u64::from);
    for (bits, mask) in SPREADS {
        letters = letters.map(|letters| (letters | letters << bits) & mask);
    }
    letters.map(|letters| letters + u64::from_le_bytes([FIRST; 8]))
}

/// At most eight letters as nibbles; nothing if one of them is no such letter.
fn gather(letters: &[u8]) -> Option<u32> {
    letters.iter().rev().try_fold(0, |nibbles, letter| {
        let nibble = letter.checked_sub(FIRST).filter(|nibble| *nibble < 16)?;
        Some(nibbles << 4 | u32::from(nibble))
    })
}

/// The number nearest to `near` of which `low` are the lowest `nibbles`.
fn nearest(low: u32, nibbles: usize, near: u64) -> u64 {
    let period = 1 << (4 * nibbles);
    let base = near - near % period;
    let candidates = [base.checked_sub(period), Some(base), base.checked_add(period)];
    let candidates = candidates.into_iter().flatten().map(|base| base + u64::from(low));
    candidates.min_by_key(|serial| serial.abs_diff(near)).unwrap_or(near)
}

/// The finalizer of splitmix64: neighbours become strangers.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

#[expect(clippy::cast_possible_truncation, reason = "only the low half is wanted")]
fn low_half(number: u64) -> u32 {
    number as u32
}

/// The bits of a lane; the seal has the others.
const LANES: u32 = 0xffff;

/// Two odd numbers with bits all over them.
const ODD: (u32, u32) = (0x9e37_79b1, 0x85eb_ca6b);

const FIRST: u8 = b'a';

/// How far halves are moved apart, and what of that is wanted: first halves of numbers, in the end nibbles.
const SPREADS: [(u32, u64); 3] =
    [(16, 0x0000_ffff_0000_ffff), (8, 0x00ff_00ff_00ff_00ff), (4, 0x0f0f_0f0f_0f0f_0f0f)];
const SERIAL_BYTES: usize = 8;
const PLACE_BYTES: usize = 8;
const HEADER_BYTES: usize = SERIAL_BYTES + PLACE_BYTES;

/// All sheets together fit a processor's own cache where messages are not too long for that.
const SHEETS_BYTES: usize = 256 * 1024;
const SHEETS_MIN: usize = 2;
const SHEETS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: u64 = 7;

    fn content(bytes_min: usize, bytes_max: usize) -> Content {
        Content::new(SEED, Sizes { bytes_min, bytes_max })
    }

    fn name(lane: u16, serial: u64) -> Name {
        Name { lane: LaneId(lane), serial }
    }

    fn message(content: &mut Content, name: Name) -> Vec<u8> {
        content.make(name).to_vec()
    }

    #[test]
    fn a_message_is_itself_and_says_so() {
        for bytes in [1, 7, 8, 15, 16, 17, 64, 65_536] {
            let mut content = content(bytes, bytes);
            for serial in [0, 1, 15, 4_095, 1 << 32, u64::MAX - 1] {
                let name = name(3, serial);
                let message = message(&mut content, name);
                assert_eq!(message.len(), bytes);
                assert!(content.is(name, &message), "{bytes} bytes, {serial}");
                assert_eq!(content.identify(&message, name), Some(name), "{bytes} bytes, {serial}");
                assert!(message.iter().all(|letter| (b'a'..=b'p').contains(letter)));
            }
        }
    }

    #[test]
    fn what_was_made_before_changes_no_message() {
        for bytes in [10, 64, 200_000] {
            let mut maker = content(bytes, bytes);
            for (lane, serial) in [(0, 0), (0, 1), (0, 2), (9, 2), (9, 66), (0, 3), (0, 4), (9, 67), (9, 67)]
            {
                let made = message(&mut maker, name(lane, serial));
                assert_eq!(made, message(&mut content(bytes, bytes), name(lane, serial)), "{lane} {serial}");
            }
        }
    }

    #[test]
    fn no_flipped_bit_and_no_other_length_is_the_same_message() {
        let mut content = content(40, 40);
        let whole = message(&mut content, name(0, 9));
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!content.is(name(0, 9), &flipped), "bit {bit}");
        }
        assert!(!content.is(name(0, 9), &whole[..39]));
        assert!(!content.is(name(0, 9), &[&whole[..], b"a"].concat()));
        assert!(!content.is(name(0, 9), &vec![b'a'; 100_000]), "longer than any");
    }

    #[test]
    fn every_message_is_another_one() {
        let mut content = content(16, 16);
        let mut seen = std::collections::HashSet::new();
        for lane in 0..50 {
            assert!((0..50).all(|serial| seen.insert(message(&mut content, name(lane, serial)))), "{lane}");
        }
    }

    #[test]
    fn what_is_altered_is_no_message_at_all() {
        let mut content = content(16, 16);
        let whole = message(&mut content, name(2, 70));
        assert_eq!(content.identify(&whole, name(2, 3)), Some(name(2, 70)));
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(content.identify(&flipped, name(2, 70)), None, "bit {bit}");
        }
    }

    #[test]
    fn a_message_of_another_run_is_none_of_ours() {
        let mut theirs = Content::new(SEED + 1, Sizes { bytes_min: 64, bytes_max: 64 });
        let message = message(&mut theirs, name(0, 3));
        assert_eq!(content(64, 64).identify(&message, name(0, 3)), None);
    }

    #[test]
    fn a_short_message_is_the_nearest_that_it_may_be() {
        let mut content = content(1, 1);
        let letter = message(&mut content, name(0, 18)); // 2 modulo 16
        for (near, found) in [(0, 2), (9, 2), (11, 18), (18, 18), (25, 18), (27, 34)] {
            assert_eq!(content.identify(&letter, name(0, near)), Some(name(0, found)), "near {near}");
        }
    }

    #[test]
    fn sizes_stay_in_their_range_and_use_all_of_it() {
        let content = content(20, 23);
        let mut counts = [0; 4];
        for serial in 0..400 {
            counts[content.bytes(name(1, serial)) - 20] += 1;
        }
        assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
    }
}
