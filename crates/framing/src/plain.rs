//! Plain frames, which most frames are: an integer, so many bytes of message, and nothing else. They have a way of
//! their own through decoder and encoder, short enough to become part of the caller's loop. Whatever is not plain,
//! not whole or not right is left to `decode` and `encode`, which know every framing.

use bytes::BufMut;

use crate::envelope::Inline;
use crate::field::Order;
use crate::spec::{Check, Layout};

/// The integer at the front of each frame. It counts what follows it, and is not part of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Plain {
    /// Bytes of the integer, 1 to 8.
    width: u8,
    order: Order,
}

impl Plain {
    /// `None` if frames of this kind are not plain. Every length up to `bytes_max` has the one form of the integer:
    /// signs and escapes begin above it.
    pub(crate) fn of(layout: &Layout, check: Check, bytes_max: u32) -> Option<Plain> {
        let (width, order) = match (layout, check) {
            (Layout::Prefix(prefix), Check::None) if prefix.is_plain() => prefix.field.integer()?,
            (Layout::Python, Check::None) if bytes_max <= i32::MAX.cast_unsigned() => (4, Order::Big),
            _ => return None,
        };
        Some(Plain { width, order })
    }

    /// Bytes in front of the payload.
    #[inline]
    pub(crate) fn width(self) -> usize {
        usize::from(self.width)
    }

    /// The number at the front of the input, if there are as many bytes as the widest integer has: then one load
    /// does for all widths.
    #[inline]
    pub(crate) fn read(self, input: &[u8]) -> Option<u64> {
        let word = *input.first_chunk()?;
        Some(match self.order.is_big() {
            true => u64::from_be_bytes(word) >> self.unused_bits(),
            false => u64::from_le_bytes(word) << self.unused_bits() >> self.unused_bits(),
        })
    }

    /// Appends the integer. The usual width is one store in the caller's loop; all of them there would be too much.
    #[inline]
    pub(crate) fn put(self, bytes: u32, out: &mut impl BufMut) {
        match (self.width, self.order.is_big()) {
            (4, true) => out.put_u32(bytes),
            (4, false) => out.put_u32_le(bytes),
            _ => self.put_rarer(bytes, out),
        }
    }

    /// The other powers of two are spelled out because each is then one store, too.
    #[inline(never)]
    fn put_rarer(self, bytes: u32, out: &mut impl BufMut) {
        match (self.width, self.word(bytes)) {
            (1, [a, ..]) => out.put_u8(a),
            (2, [a, b, ..]) => out.put_slice(&[a, b]),
            (8, word) => out.put_slice(&word),
            (width, word) => out.put_slice(&word[..usize::from(width)]),
        }
    }

    /// The integer as a value.
    #[inline]
    pub(crate) fn header(self, bytes: u32) -> Inline {
        Inline::from_word(self.word(bytes), self.width())
    }

    /// The bytes of the integer, and zeros behind them.
    #[inline]
    fn word(self, bytes: u32) -> [u8; 8] {
        match self.order.is_big() {
            true => (u64::from(bytes) << self.unused_bits()).to_be_bytes(),
            false => u64::from(bytes).to_le_bytes(),
        }
    }

    #[inline]
    fn unused_bits(self) -> u32 {
        u64::BITS - 8 * u32::from(self.width)
    }
}
