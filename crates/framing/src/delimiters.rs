//! The byte strings that end a message, and finding the first of them. How they are written in a spec is the
//! parser's business, limits are the decoder's.
//!
//! The first delimiter to be complete ends the message; of two that are complete at the same byte, the longer one.
//! That rule never needs to see what follows, so it does not matter how the bytes were cut.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use bytes::BufMut;

use crate::envelope::PART_BYTES_MAX;
use crate::search::ByteSet;

/// What ends a message. Behind a pointer, so that specs and decoders stay small and cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Delimiters(Arc<Table>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Table {
    /// At least one, none empty; the first is the one that is written.
    all: Vec<Box<[u8]>>,
    /// Bytes of the longest.
    bytes_max: usize,
    /// The last bytes of all: where none of these is, no message ends.
    lasts: ByteSet,
}

/// Where a message ends: the delimiter is the `bytes` before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) end: usize,
    pub(crate) bytes: usize,
}

/// Why a set of delimiters cannot work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unusable {
    Empty,
    TooLong,
    TooMany,
    /// One ends inside the other, which is therefore never completed.
    Hidden,
}

impl Delimiters {
    pub(crate) fn new(all: Vec<Box<[u8]>>) -> Result<Delimiters, Unusable> {
        check(&all)?;
        let bytes_max = all.iter().map(|one| one.len()).max().unwrap_or(1);
        let lasts = all.iter().filter_map(|one| one.last().copied()).collect();
        Ok(Delimiters(Arc::new(Table { all, bytes_max, lasts })))
    }

    /// All of them; the first is the one that is written.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.all.iter().map(AsRef::as_ref)
    }

    /// Appends the one that is written.
    #[inline]
    pub(crate) fn write(&self, out: &mut impl BufMut) {
        match *self.written() {
            // A store instead of a call.
            [byte] => out.put_u8(byte),
            ref several => out.put_slice(several),
        }
    }

    fn written(&self) -> &[u8] {
        &self.0.all[0]
    }

    /// Bytes of the longest.
    pub(crate) fn bytes_max(&self) -> usize {
        self.0.bytes_max
    }

    /// Bytes of the shortest.
    pub(crate) fn bytes_min(&self) -> usize {
        self.iter().map(<[u8]>::len).min().unwrap_or(1)
    }

    /// The first end of a message at or after byte `from`; what is before has been looked at already.
    #[inline]
    pub(crate) fn find(&self, input: &[u8], from: usize) -> Option<Found> {
        if self.bytes_max() > 1 {
            return self.find_string(input, from);
        }
        let end = from + self.0.lasts.position_in(input.get(from..)?)? + 1;
        Some(Found { end, bytes: 1 })
    }

    fn find_string(&self, input: &[u8], mut from: usize) -> Option<Found> {
        while let Some(at) = self.0.lasts.position_in(input.get(from..)?) {
            from += at + 1;
            if let Some(bytes) = self.ending(&input[..from]) {
                return Some(Found { end: from, bytes });
            }
        }
        None
    }

    /// Bytes of the longest delimiter that ends here.
    fn ending(&self, input: &[u8]) -> Option<usize> {
        self.iter().filter(|delimiter| input.ends_with(delimiter)).map(<[u8]>::len).max()
    }

    /// How many bytes of `payload` would arrive as a message if it were sent, unless it is all of them.
    pub(crate) fn cut_within(&self, payload: &[u8]) -> Option<usize> {
        if let Some(found) = self.find(payload, 0) {
            return Some(found.end - found.bytes);
        }
        if self.bytes_max() == 1 {
            return None;
        }
        // The last bytes may make a delimiter together with the first ones of the real one.
        let kept = payload.len().min(self.bytes_max() - 1);
        let (tail, written) = (&payload[payload.len() - kept..], self.written());
        let mut seam = [0; 2 * PART_BYTES_MAX];
        seam[..kept].copy_from_slice(tail);
        seam[kept..kept + written.len()].copy_from_slice(written);
        let found = self.find(&seam[..kept + written.len()], 0)?;
        let start = payload.len() - kept + found.end - found.bytes;
        (start != payload.len()).then_some(start)
    }
}

fn check(all: &[Box<[u8]>]) -> Result<(), Unusable> {
    if all.is_empty() || all.iter().any(|one| one.is_empty()) {
        return Err(Unusable::Empty);
    }
    if all.len() > COUNT_MAX {
        return Err(Unusable::TooMany);
    }
    if all.iter().any(|one| one.len() > PART_BYTES_MAX) {
        return Err(Unusable::TooLong);
    }
    let is_hidden = |one: &[u8]| all.iter().any(|other| ends_inside(other, one));
    if all.iter().any(|one| is_hidden(one)) || has_twins(all) { Err(Unusable::Hidden) } else { Ok(()) }
}

/// `short` is complete before `long` is.
fn ends_inside(short: &[u8], long: &[u8]) -> bool {
    long[..long.len() - 1].windows(short.len()).any(|window| window == short)
}

fn has_twins(all: &[Box<[u8]>]) -> bool {
    all.iter().enumerate().any(|(at, one)| all[..at].contains(one))
}

/// More than any protocol has; each costs a comparison wherever a last byte is found.
const COUNT_MAX: usize = 16;
