//! Frames with a length field of fixed width: where it stands, what its number counts, what is stripped.
//! The number itself is `field`'s business, limits and checksums are the decoder's.

use bytes::BufMut;

use crate::error::{EncodeError, FrameError};
use crate::field::Field;
use crate::header::Header;

/// A frame is `offset` bytes, the length field, and the rest:
///
/// ```text
///  0        offset    header_bytes                        end = header_bytes + value + adjust
///  |  other  |  field  |  ................................ |
///        ^ strip: what is handed over starts here
/// ```
///
/// `strip` is either within the other bytes (the field is then part of the message) or behind the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Prefix {
    pub(crate) field: Field,
    /// Bytes at the front that are not handed over; the encoder writes zeros for all of them but the field.
    strip: u8,
    /// Bytes before the field.
    pub(crate) offset: u16,
    /// What to add to the field's value to have the bytes from `strip` on: `header_bytes + adjust - strip`.
    bias: i32,
}

impl Prefix {
    /// A field at the very front that counts what follows it, and is stripped.
    pub(crate) fn plain(field: Field) -> Prefix {
        Prefix::new(field, 0, 0, None)
    }

    /// Without `strip`, a field at the front is stripped and any other header is kept.
    pub(crate) fn new(field: Field, offset: u16, adjust: i32, strip: Option<u8>) -> Prefix {
        let mut prefix = Prefix { field, offset, strip: 0, bias: 0 };
        prefix.strip = strip.unwrap_or_else(|| prefix.strip_default());
        prefix.bias = adjust + prefix.header_signed() - i32::from(prefix.strip);
        prefix
    }

    #[inline]
    pub(crate) fn strip(&self) -> usize {
        usize::from(self.strip)
    }

    pub(crate) fn strip_default(&self) -> u8 {
        if self.offset == 0 { self.field.width() } else { 0 }
    }

    /// What is added to the field's value to have the bytes behind the field.
    pub(crate) fn adjust(&self) -> i32 {
        self.bias - self.header_signed() + i32::from(self.strip)
    }

    /// The value counts the whole frame from its first byte.
    pub(crate) fn is_inclusive(&self) -> bool {
        self.adjust() == -self.header_signed()
    }

    /// The field is at the very front, counts what follows it, and is stripped.
    pub(crate) fn is_plain(&self) -> bool {
        *self == Prefix::plain(self.field)
    }

    /// Bytes up to the end of the field.
    #[inline]
    pub(crate) fn header_bytes(&self) -> usize {
        usize::from(self.offset) + usize::from(self.field.width())
    }

    pub(crate) fn header_signed(&self) -> i32 {
        i32::from(self.offset) + i32::from(self.field.width())
    }

    /// The shortest body that a frame can have: what of the header is kept in it and the `trailer` bytes of a
    /// checksum, and at least what a field of 0 says.
    pub(crate) fn body_bytes_min(&self, trailer: u64) -> u64 {
        (self.kept_bytes() + trailer).max(u64::try_from(self.bias).unwrap_or(0))
    }

    /// Bytes of the header that are handed over.
    #[inline]
    fn kept_bytes(&self) -> u64 {
        self.header_bytes().saturating_sub(self.strip()) as u64
    }

    /// The longest body that the field can state; `None` when even the largest number states a negative one.
    pub(crate) fn body_bytes_max(&self) -> Option<u64> {
        let most = i128::from(self.field.value_max()) + i128::from(self.bias);
        u64::try_from(most.min(i128::from(u64::MAX))).ok()
    }

    /// `trailer` bytes of a checksum are part of every body.
    #[inline]
    pub(crate) fn read(&self, input: &[u8], trailer: u64) -> Result<Header, FrameError> {
        let end = self.header_bytes();
        let Some(field) = input.get(usize::from(self.offset)..end) else {
            return Ok(Header::Partial { at_least: end - input.len() });
        };
        let value = self.field.read(field)?;
        // Below 0 is an error; above 64 bits is above every limit, so the exact number does not matter.
        let body = match value.checked_add_signed(i64::from(self.bias)) {
            Some(body) => body,
            None if self.bias > 0 => u64::MAX,
            None => return Err(self.too_short(value, trailer)),
        };
        if body < self.kept_bytes() + trailer {
            return Err(self.too_short(value, trailer));
        }
        Ok(Header::Whole { start: self.strip(), body })
    }

    /// Writes the bytes in front of the payload: zeros, and the field unless the payload holds it.
    #[inline]
    pub(crate) fn write(&self, body: u64, out: &mut impl BufMut) {
        if self.keeps_field() {
            return out.put_bytes(0, self.strip());
        }
        out.put_bytes(0, usize::from(self.offset));
        self.field.write(self.value_of(body), out);
        out.put_bytes(0, self.strip() - self.header_bytes());
    }

    /// When the payload holds the field, it has to be right: the other side would cut the stream elsewhere.
    pub(crate) fn check_kept_field(&self, payload: &[u8], body: u64) -> Result<(), EncodeError> {
        if !self.keeps_field() {
            return Ok(());
        }
        let (at, needed) = (usize::from(self.offset) - self.strip(), self.value_of(body));
        let field = payload.get(at..at + usize::from(self.field.width())).unwrap_or_default();
        // A field that cannot be read is as wrong as one that says something else.
        if self.field.read(field) == Ok(needed) { Ok(()) } else { Err(EncodeError::WrongLength { needed }) }
    }

    fn keeps_field(&self) -> bool {
        self.strip() <= usize::from(self.offset)
    }

    /// `body` is within `body_bytes_min` and `body_bytes_max`, so the field can state it.
    #[inline]
    fn value_of(&self, body: u64) -> u64 {
        body.wrapping_sub(i64::from(self.bias).cast_unsigned())
    }

    #[cold]
    fn too_short(&self, declared: u64, trailer: u64) -> FrameError {
        FrameError::TooShort { declared, least: self.value_of(self.body_bytes_min(trailer)) }
    }
}
