//! The law that it does not matter how a stream was cut, which is all that a network does to it.

use alloc::format;
use alloc::vec::Vec;
use core::ops::Range;

use super::violation::{Listed, Shown, in_common};
use super::{Codec, Event, Law, Random, Seed, Violation, run};

/// Every way of cutting `stream` gives the same messages and the same error at the same offset.
///
/// Tried are: one byte at a time; each cut in two, if the stream has at most 512 bytes (else 512 of them); and 64
/// ways to cut at random. What the decoder says of the stream in one piece is what the others are held to.
pub fn split_independence<C: Codec>(codec: &C, stream: &[u8], seed: Seed) -> Result<(), Violation> {
    let whole = run(codec, [stream]);
    for cuts in ways_to_cut(stream.len(), &mut Random::new(seed)) {
        let pieces = pieces_between(&cuts, stream.len());
        let events = run(codec, pieces.iter().map(|piece| &stream[piece.clone()]));
        if events != whole {
            return Err(violation(stream, &cuts, &whole, &events));
        }
    }
    Ok(())
}

/// Each way as the positions of its cuts, in order.
fn ways_to_cut(len: usize, random: &mut Random) -> Vec<Vec<usize>> {
    let mut ways = Vec::from([(1..len).collect::<Vec<usize>>()]);
    if len <= TWO_CUTS_MAX {
        ways.extend((0..=len).map(|cut| Vec::from([cut])));
    } else {
        ways.extend((0..TWO_CUTS_MAX).map(|_| Vec::from([random.below(len)])));
    }
    ways.extend((0..RANDOM_WAYS).map(|_| random_cuts(len, random)));
    ways
}

/// From a few cuts to one at every other byte; some at the same place, which makes an empty piece.
fn random_cuts(len: usize, random: &mut Random) -> Vec<usize> {
    let count = random.below(len / 2 + 2);
    let mut cuts: Vec<usize> = (0..count).map(|_| random.below(len + 1)).collect();
    cuts.sort_unstable();
    cuts
}

fn pieces_between(cuts: &[usize], len: usize) -> Vec<Range<usize>> {
    let starts = core::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain(core::iter::once(len));
    starts.zip(ends).map(|(start, end)| start..end).collect()
}

fn violation(stream: &[u8], cuts: &[usize], whole: &[Event], cut: &[Event]) -> Violation {
    let same = in_common(whole, cut);
    let report = format!(
        "stream {}\nthe first {same} events are the same; then in one piece it gives\n{}cut at {cuts:?} it gives\n{}",
        Shown(stream),
        Listed(&whole[same..]),
        Listed(&cut[same..])
    );
    Violation { law: Law::SplitIndependence, report }
}

/// All of them on any stream that a person would write down, and an affordable number on others.
const TWO_CUTS_MAX: usize = 512;
const RANDOM_WAYS: usize = 64;
