//! What goes before and after a payload, as a small value without a heap. Which bytes those are is `encode`'s business.

use core::fmt::{self, Debug, Formatter};

/// What a frame has around its payload, for a vectored write: header, payload, trailer.
///
/// Made by [`FrameSpec::envelope`](crate::FrameSpec::envelope) for one payload, and right only around that one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// Header and trailer, one behind the other, and zeros.
    pub(crate) around: [u8; AROUND_BYTES_MAX],
    pub(crate) header_bytes: usize,
    /// Of both together.
    pub(crate) bytes: usize,
}

impl Envelope {
    /// Of a header that is the first bytes of a word, which is zero from there on.
    #[inline]
    pub(crate) fn of_word(word: [u8; 8], header_bytes: usize) -> Envelope {
        let mut around = [0; AROUND_BYTES_MAX];
        around[..8].copy_from_slice(&word);
        Envelope { around, header_bytes, bytes: header_bytes }
    }

    /// The bytes before the payload; often empty.
    #[inline]
    pub fn header(&self) -> &[u8] {
        &self.around[..self.header_bytes]
    }

    /// The bytes after the payload; often empty.
    #[inline]
    pub fn trailer(&self) -> &[u8] {
        &self.around[self.header_bytes..self.bytes]
    }

    /// Bytes of both together.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Debug for Envelope {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (header, trailer) = (self.header().escape_ascii(), self.trailer().escape_ascii());
        write!(f, "Envelope(\"{header}\", payload, \"{trailer}\")")
    }
}

/// The longest part that a spec may ask for: stripped bytes, or a delimiter.
pub(crate) const PART_BYTES_MAX: usize = 32;

/// A part and a checksum. A netstring's digits, colon, checksum and comma are fewer.
pub(crate) const AROUND_BYTES_MAX: usize = PART_BYTES_MAX + 4;
