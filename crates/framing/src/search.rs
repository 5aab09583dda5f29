//! Finding a byte in many, a block at a time. What the byte means is the caller's business.

/// Where `needle` is first.
#[inline]
pub(crate) fn position(needle: u8, bytes: &[u8]) -> Option<usize> {
    let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
    match blocks.iter().position(|block| holds(needle, block)) {
        Some(before) => position_by_words(needle, &blocks[before]).map(|at| before * BLOCK_BYTES + at),
        None => position_by_words(needle, rest).map(|at| blocks.len() * BLOCK_BYTES + at),
    }
}

/// Without an early end, so that the compiler makes a few comparisons of vectors out of it.
#[expect(clippy::needless_bitwise_bool, reason = "the lazy one ends early")]
#[inline]
fn holds(needle: u8, block: &[u8; BLOCK_BYTES]) -> bool {
    block.iter().fold(false, |found, &byte| found | (byte == needle))
}

/// The same as [`position`], eight bytes at a time.
#[inline]
fn position_by_words(needle: u8, bytes: &[u8]) -> Option<usize> {
    let pattern = u64::from_ne_bytes([needle; 8]);
    let (words, rest) = bytes.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let zeros = zero_bytes(u64::from_le_bytes(*word) ^ pattern);
        if zeros != 0 {
            return Some(8 * index + (zeros.trailing_zeros() / 8) as usize);
        }
    }
    rest.iter().position(|&byte| byte == needle).map(|at| 8 * words.len() + at)
}

/// The top bit of every byte that is zero. Bytes above the first zero may be marked wrongly, by the borrow.
#[inline]
fn zero_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    word.wrapping_sub(ONES) & !word & ONES << 7
}

/// Two to four vectors on the usual machines.
const BLOCK_BYTES: usize = 32;

/// Some of the 256 bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct ByteSet {
    bits: [u64; 4],
    /// The only member, if there is exactly one: then the fast search will do.
    only: Option<u8>,
}

impl ByteSet {
    fn contains(&self, byte: u8) -> bool {
        self.bits[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    /// Where a member is first.
    pub(crate) fn position_in(&self, bytes: &[u8]) -> Option<usize> {
        match self.only {
            Some(needle) => position(needle, bytes),
            None => bytes.iter().position(|&byte| self.contains(byte)),
        }
    }
}

impl FromIterator<u8> for ByteSet {
    fn from_iter<I: IntoIterator<Item = u8>>(members: I) -> ByteSet {
        let mut bits = [0_u64; 4];
        let mut last = None;
        for byte in members {
            bits[usize::from(byte >> 6)] |= 1 << (byte & 63);
            last = Some(byte);
        }
        let count: u32 = bits.iter().map(|word| word.count_ones()).sum();
        ByteSet { bits, only: last.filter(|_| count == 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_several_is_found_wherever_it_stands() {
        for len in 0..3 * BLOCK_BYTES {
            for at in 0..len {
                let mut bytes = alloc::vec![1_u8; len];
                bytes[at..].fill(0);
                assert_eq!(position(0, &bytes), Some(at));
                assert_eq!(position(2, &bytes), None);
                bytes[at] = 0x80;
                assert_eq!(position(0x80, &bytes), Some(at));
            }
        }
    }

    #[test]
    fn a_set_finds_its_members_and_nothing_else() {
        let set: ByteSet = [0, 63, 64, 255].into_iter().collect();
        let found: alloc::vec::Vec<u8> =
            (0..=255).filter(|&byte| set.position_in(&[byte]).is_some()).collect();
        assert_eq!(found, [0, 63, 64, 255]);
    }
}
