//! Numbers that look random and follow from a seed. Nothing here is fit for secrets.

use alloc::vec::Vec;

/// Where a sequence of numbers starts. Print it, so that a failure can be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub u64);

/// A sequence of numbers that follows from a seed (the one called `SplitMix64`).
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The sequence of a seed.
    pub fn new(seed: Seed) -> Random {
        Random { state: seed.0 }
    }

    /// The next number, any 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// The next number, 0 to `below - 1`; 0 if `below` is 0.
    pub fn below(&mut self, below: usize) -> usize {
        // A slight preference for small numbers does not matter to a test.
        usize::try_from(self.next_u64() % (below as u64).max(1)).unwrap_or(0)
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        self.next_u64().to_le_bytes()[0]
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }
}

/// `count` payloads of at most `bytes_max` bytes: the empty one, the longest, one of each kind of troublesome byte,
/// and random ones.
pub fn payloads(seed: Seed, count: usize, bytes_max: usize) -> Vec<Vec<u8>> {
    let mut random = Random::new(seed);
    let mut payloads = Vec::from([Vec::new(), random.bytes(bytes_max)]);
    for byte in *b"\0\n\r,:0aA\x7f\x80\xff" {
        payloads.push(Vec::from([byte; 3]));
    }
    while payloads.len() < count {
        let len = random.below(bytes_max.min(300) + 1);
        payloads.push(random.bytes(len));
    }
    payloads.retain(|payload| payload.len() <= bytes_max);
    payloads.truncate(count);
    payloads
}
