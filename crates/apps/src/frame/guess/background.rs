//! What each byte of a capture costs to be told, in bits, by somebody who knows which bytes are frequent in it, and
//! which follow which, but nothing of frames. A framing proves as much as it saves of that: see `evidence`.

use std::collections::HashMap;
use std::ops::Range;

use super::trial::number;

/// The cost of each byte.
#[derive(Debug)]
pub(super) struct Background(Vec<f32>);

impl Background {
    /// Each block is told in whichever way is the shortest there: noise has no frequent bytes, in a few bytes nothing can
    /// be known of what follows what, and one file may hold zeros, text and noise.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let (frequencies, followers) = (by_frequency(bytes), by_predecessor(bytes));
        let mut best = Vec::with_capacity(bytes.len());
        for (at, block) in bytes.chunks(BLOCK_BYTES).enumerate() {
            let here = at * BLOCK_BYTES..at * BLOCK_BYTES + block.len();
            let (own_frequencies, own_followers) = (by_frequency(block), by_predecessor(block));
            let uniform = vec![BYTE_BITS; block.len()];
            let all = [&frequencies[here.clone()], &followers[here]];
            let own = [&uniform[..], &own_frequencies, &own_followers];
            best.extend_from_slice(own.into_iter().chain(all).fold(&uniform, shorter));
        }
        let repetition = by_repetition(bytes, &followers);
        // Messages are often much alike. Only in what does nothing but repeat itself is every framing at home.
        let is_periodic = PERIODIC_FACTOR * total(&repetition) < total(&best);
        Self(if is_periodic { repetition } else { best })
    }

    /// That of the bytes from `offset` on.
    pub(super) fn from(&self, offset: usize) -> Self {
        Self(self.0[offset..].to_vec())
    }

    /// Bits for these bytes.
    pub(super) fn bits(&self, bytes: Range<usize>) -> f64 {
        total(&self.0[bytes])
    }
}

fn by_frequency(bytes: &[u8]) -> Vec<f32> {
    let mut counts = Counts::default();
    for byte in bytes {
        counts.add(*byte);
    }
    bytes.iter().map(|byte| counts.bits(*byte)).collect()
}

fn by_predecessor(bytes: &[u8]) -> Vec<f32> {
    let mut counts = vec![Counts::default(); 256];
    for pair in bytes.windows(2) {
        counts[usize::from(pair[0])].add(pair[1]);
    }
    let later = bytes.windows(2).map(|pair| counts[usize::from(pair[0])].bits(pair[1]));
    bytes.first().map(|_| BYTE_BITS).into_iter().chain(later).collect()
}

/// By what stood there the last time that the same came before; where that is not so, it costs the error and the byte.
fn by_repetition(bytes: &[u8], otherwise: &[f32]) -> Vec<f32> {
    let guesses = guesses(bytes);
    let is_right = |at: usize| guesses[at].map(|guess| guess == bytes[at]);
    let count = |outcome| f32_of((0..bytes.len()).filter(|at| is_right(*at) == Some(outcome)).count() + 1);
    let (right, wrong) = (count(true), count(false));
    let bits = |at: usize| match is_right(at) {
        None => otherwise[at],
        Some(true) => ((right + wrong) / right).log2(),
        Some(false) => ((right + wrong) / wrong).log2() + otherwise[at],
    };
    (0..bytes.len()).map(bits).collect()
}

/// A guess that was right goes on from there, so that whatever repeats itself is found out to its end.
fn guesses(bytes: &[u8]) -> Vec<Option<u8>> {
    let mut last: HashMap<&[u8], usize> = HashMap::new();
    let mut follows: Option<usize> = None;
    let mut guesses = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        let guess = follows.map(|other| bytes[other]);
        guesses.push(guess);
        let before = (at + 1).checked_sub(CONTEXT_BYTES).map(|start| &bytes[start..=at]);
        let seen = before.and_then(|before| last.insert(before, at + 1));
        follows = if guess == Some(*byte) { follows.map(|other| other + 1) } else { seen };
    }
    guesses
}

fn shorter<'a>(one: &'a [f32], other: &'a [f32]) -> &'a [f32] {
    if total(other) < total(one) { other } else { one }
}

fn total(bits: &[f32]) -> f64 {
    bits.iter().map(|bits| f64::from(*bits)).sum()
}

/// How often each byte was seen.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    each: [usize; 256],
    total: usize,
}

impl Default for Counts {
    fn default() -> Self {
        Self { each: [0; 256], total: 0 }
    }
}

impl Counts {
    pub(super) fn add(&mut self, byte: u8) {
        self.each[usize::from(byte)] += 1;
        self.total += 1;
    }

    /// Bits for all that was counted.
    pub(super) fn all_bits(&self) -> f64 {
        let seen = (0..=u8::MAX).filter(|byte| self.each[usize::from(*byte)] > 0);
        seen.map(|byte| number(self.each[usize::from(byte)]) * f64::from(self.bits(byte))).sum()
    }

    /// Bits for one of the bytes that were counted, as if it had not been: nothing may be evidence for itself.
    fn bits(&self, byte: u8) -> f32 {
        let (count, total) = (self.each[usize::from(byte)] - 1, self.total - 1);
        ((f32_of(total) + 256.0 * UNSEEN) / (f32_of(count) + UNSEEN)).log2()
    }
}

/// Counts are of interest in proportion to each other.
#[expect(clippy::cast_precision_loss, reason = "a capture has fewer bytes than an f32 tells apart")]
fn f32_of(count: usize) -> f32 {
    count as f32
}

/// As much as is of one kind in most files.
const BLOCK_BYTES: usize = 4096;

/// Fewer bytes are the same by accident.
const CONTEXT_BYTES: usize = 6;

/// Streams of much the same messages stay far below it, one message over and over is far above.
const PERIODIC_FACTOR: f64 = 8.0;

const BYTE_BITS: f32 = 8.0;

/// How often a byte is taken to have been seen before it was: seldom, as most captures hold few kinds of bytes.
const UNSEEN: f32 = 1.0 / 32.0;

#[cfg(test)]
mod tests {
    use super::super::tests::noise;
    use super::*;

    fn mean_bits(bytes: &[u8]) -> f64 {
        Background::of(bytes).bits(0..bytes.len()) / f64::from(u32::try_from(bytes.len()).unwrap())
    }

    #[test]
    fn what_is_frequent_or_follows_is_cheap_and_noise_costs_a_byte_a_byte() {
        let noise: Vec<u8> = noise().take(3000).collect();
        assert!((7.9..=8.0).contains(&mean_bits(&noise)), "{}", mean_bits(&noise));
        let letters: Vec<u8> = noise.iter().map(|byte| b'a' + byte % 16).collect();
        assert!((4.0..4.2).contains(&mean_bits(&letters)), "{}", mean_bits(&letters));
        let pairs: Vec<u8> = noise.iter().flat_map(|byte| [byte & 15, byte & 15 | 0x80]).collect();
        assert!((2.0..2.2).contains(&mean_bits(&pairs)), "{}", mean_bits(&pairs));
        assert!(mean_bits(&noise[..100].repeat(30)) < 0.5);
        assert!(mean_bits(b"a few letters") <= 8.0);
        assert!(Background::of(b"").0.is_empty());
    }

    #[test]
    fn a_byte_that_is_seen_once_is_as_dear_as_one_that_never_was() {
        let mut bytes = [b'a'; 100];
        bytes[50] = b'b';
        let background = Background::of(&bytes);
        assert!(background.bits(50..51) > 10.0 && background.bits(10..11) < 0.5);
    }
}
