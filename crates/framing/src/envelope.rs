//! What goes before and after a payload, as small values without a heap. Which bytes those are is `encode`'s business.

/// What a frame has around its payload, for a vectored write: header, payload, trailer.
///
/// Made by [`FrameSpec::envelope`](crate::FrameSpec::envelope) for one payload, and right only around that one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Envelope {
    pub(crate) header: Inline,
    pub(crate) trailer: Inline,
}

impl Envelope {
    /// The bytes before the payload; often empty.
    #[inline]
    pub fn header(&self) -> &[u8] {
        self.header.as_slice()
    }

    /// The bytes after the payload; often empty.
    #[inline]
    pub fn trailer(&self) -> &[u8] {
        self.trailer.as_slice()
    }

    /// Bytes of both together.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.header.len + self.trailer.len
    }
}

/// Up to [`INLINE_BYTES_MAX`] bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Inline {
    /// Zero from `len` on, so that equality is that of the slices.
    bytes: [u8; INLINE_BYTES_MAX],
    len: usize,
}

impl Inline {
    pub(crate) const EMPTY: Inline = Inline { bytes: [0; INLINE_BYTES_MAX], len: 0 };

    /// The first `len` bytes of a word that is zero from there on.
    #[inline]
    pub(crate) fn from_word(word: [u8; 8], len: usize) -> Inline {
        let mut bytes = [0; INLINE_BYTES_MAX];
        bytes[..8].copy_from_slice(&word);
        Inline { bytes, len }
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// More than fits is a mistake of this crate: specs bound what can come together.
    #[inline]
    pub(crate) fn push(&mut self, more: &[u8]) {
        let end = self.len + more.len();
        self.bytes[self.len..end].copy_from_slice(more);
        self.len = end;
    }

    #[inline]
    pub(crate) fn push_zeros(&mut self, count: usize) {
        // They are there already.
        self.len += count;
        debug_assert!(self.len <= INLINE_BYTES_MAX, "specs bound what can come together");
    }
}

impl core::fmt::Debug for Inline {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "\"{}\"", self.as_slice().escape_ascii())
    }
}

/// Room for what a spec may ask for: 32 stripped bytes, a delimiter of 32, or a netstring's 21 digits and colon.
pub(crate) const INLINE_BYTES_MAX: usize = 32;
