//! Length fields of a fixed width: integers of one to eight bytes and four hexadecimal digits. Where the field
//! stands in a frame and what its number counts is `prefix`'s business.

use bytes::BufMut;

use crate::error::{FrameError, Malformation};

/// Which end of an integer comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    Big,
    Little,
    /// Whatever this machine uses, which is what Python's `struct.pack('i', n)` writes.
    Native,
}

/// How a length is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    /// `width` bytes, 1 to 8.
    Unsigned { width: u8, order: Order },
    /// Four bytes, two's complement; negative numbers are never lengths.
    Signed32 { order: Order },
    /// Four hexadecimal digits: either case is read, lower case is written.
    Hex4,
}

/// Every field by its name in a spec.
pub(crate) const NAMED: &[(&str, Field)] = &[
    ("u8", Field::Unsigned { width: 1, order: Order::Big }),
    ("u16be", Field::Unsigned { width: 2, order: Order::Big }),
    ("u16le", Field::Unsigned { width: 2, order: Order::Little }),
    ("u24be", Field::Unsigned { width: 3, order: Order::Big }),
    ("u24le", Field::Unsigned { width: 3, order: Order::Little }),
    ("u32be", Field::Unsigned { width: 4, order: Order::Big }),
    ("u32le", Field::Unsigned { width: 4, order: Order::Little }),
    ("u40be", Field::Unsigned { width: 5, order: Order::Big }),
    ("u40le", Field::Unsigned { width: 5, order: Order::Little }),
    ("u48be", Field::Unsigned { width: 6, order: Order::Big }),
    ("u48le", Field::Unsigned { width: 6, order: Order::Little }),
    ("u56be", Field::Unsigned { width: 7, order: Order::Big }),
    ("u56le", Field::Unsigned { width: 7, order: Order::Little }),
    ("u64be", Field::Unsigned { width: 8, order: Order::Big }),
    ("u64le", Field::Unsigned { width: 8, order: Order::Little }),
    ("i32be", Field::Signed32 { order: Order::Big }),
    ("i32le", Field::Signed32 { order: Order::Little }),
    ("i32", Field::Signed32 { order: Order::Native }),
    ("hex4", Field::Hex4),
];

impl Field {
    pub(crate) fn named(name: &str) -> Option<Field> {
        NAMED.iter().find(|(known, _)| *known == name).map(|&(_, field)| field)
    }

    pub(crate) fn name(self) -> &'static str {
        let found = NAMED.iter().find(|(_, field)| *field == self);
        found.expect("a field is only ever made from the table of names").0
    }

    /// Bytes that the field takes.
    #[inline]
    pub(crate) fn width(self) -> u8 {
        match self {
            Field::Unsigned { width, .. } => width,
            Field::Signed32 { .. } | Field::Hex4 => 4,
        }
    }

    /// Width and order of one whose numbers up to `value_max` are plain integers.
    pub(crate) fn integer(self) -> Option<(u8, Order)> {
        match self {
            Field::Unsigned { order, .. } | Field::Signed32 { order } => Some((self.width(), order)),
            Field::Hex4 => None,
        }
    }

    /// The largest number that the field can state.
    pub(crate) fn value_max(self) -> u64 {
        match self {
            Field::Unsigned { width, .. } => u64::MAX >> (64 - 8 * u32::from(width)),
            Field::Signed32 { .. } => 0x7fff_ffff,
            Field::Hex4 => 0xffff,
        }
    }

    /// Reads a field; `bytes` are exactly its own.
    #[inline]
    pub(crate) fn read(self, bytes: &[u8]) -> Result<u64, FrameError> {
        match self {
            Field::Unsigned { order, .. } => Ok(read_unsigned(order, bytes)),
            Field::Signed32 { order } => read_signed(order, bytes),
            Field::Hex4 => read_hex(bytes),
        }
    }

    /// Writes a field; the number is at most `value_max`.
    #[inline]
    pub(crate) fn write(self, value: u64, out: &mut impl BufMut) {
        debug_assert!(value <= self.value_max(), "the limit of the spec is within what its field can state");
        match self {
            Field::Hex4 => out.put_slice(&hex_digits(value)),
            Field::Signed32 { order } => order.put(value, 4, out),
            Field::Unsigned { order, width } => order.put(value, width, out),
        }
    }
}

impl Order {
    #[inline]
    pub(crate) fn is_big(self) -> bool {
        match self {
            Order::Big => true,
            Order::Little => false,
            Order::Native => cfg!(target_endian = "big"),
        }
    }

    /// The number in the first `width` bytes of a word.
    #[inline]
    pub(crate) fn first_of_word(self, word: [u8; 8], width: u8) -> u64 {
        let unused_bits = u64::BITS - 8 * u32::from(width);
        if self.is_big() {
            u64::from_be_bytes(word) >> unused_bits
        } else {
            u64::from_le_bytes(word) << unused_bits >> unused_bits
        }
    }

    /// A number in the first `width` bytes of a word, and zeros behind it.
    #[inline]
    pub(crate) fn word(self, value: u64, width: u8) -> [u8; 8] {
        if self.is_big() {
            (value << (u64::BITS - 8 * u32::from(width))).to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    /// Appends the low bytes of a number. The usual widths are spelled out because each is then one store.
    #[inline]
    pub(crate) fn put(self, value: u64, width: u8, out: &mut impl BufMut) {
        let (big, little) = (value.to_be_bytes(), value.to_le_bytes());
        match (width, self.is_big()) {
            (1, _) => out.put_u8(little[0]),
            (2, true) => out.put_slice(&[big[6], big[7]]),
            (2, false) => out.put_slice(&[little[0], little[1]]),
            (4, true) => out.put_slice(&[big[4], big[5], big[6], big[7]]),
            (4, false) => out.put_slice(&[little[0], little[1], little[2], little[3]]),
            (_, true) => out.put_slice(&big[8 - usize::from(width)..]),
            (_, false) => out.put_slice(&little[..usize::from(width)]),
        }
    }
}

/// The usual widths are spelled out because each is then one load; the others are rare.
#[inline]
fn read_unsigned(order: Order, bytes: &[u8]) -> u64 {
    let big = order.is_big();
    match *bytes {
        [a, b, c, d] if big => u64::from(u32::from_be_bytes([a, b, c, d])),
        [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
        [a, b] if big => u64::from(u16::from_be_bytes([a, b])),
        [a, b] => u64::from(u16::from_le_bytes([a, b])),
        _ if big => bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)),
        _ => bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)),
    }
}

#[inline]
fn read_signed(order: Order, bytes: &[u8]) -> Result<u64, FrameError> {
    let bits = u32::try_from(read_unsigned(order, bytes)).unwrap_or(u32::MAX);
    let declared = i64::from(bits.cast_signed());
    u64::try_from(declared).map_err(|_| FrameError::Negative { declared })
}

fn read_hex(bytes: &[u8]) -> Result<u64, FrameError> {
    bytes.iter().try_fold(0, |value, &byte| match char::from(byte).to_digit(16) {
        Some(digit) => Ok(value << 4 | u64::from(digit)),
        None => Err(FrameError::Malformed { what: Malformation::HexDigit, byte }),
    })
}

fn hex_digits(value: u64) -> [u8; 4] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [12, 8, 4, 0].map(|shift| DIGITS[(value >> shift & 0xf) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(field: Field, value: u64) -> alloc::vec::Vec<u8> {
        let mut out = alloc::vec::Vec::new();
        field.write(value, &mut out);
        out
    }

    #[test]
    fn every_field_reads_back_what_it_wrote() {
        for &(name, field) in NAMED {
            for value in [0, 1, 0x7f, 0xff, 0x1234, 0x0012_3456, 0x7fff_ffff, u64::MAX] {
                let value = value.min(field.value_max());
                let bytes = written(field, value);
                assert_eq!(
                    (bytes.len(), field.read(&bytes)),
                    (usize::from(field.width()), Ok(value)),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn orders_are_as_python_struct_packs_them() {
        let cases: [(&str, &[u8]); 6] = [
            ("u16be", b"\x01\x02"),             // struct.pack('>H', 258)
            ("u16le", b"\x02\x01"),             // struct.pack('<H', 258)
            ("u24be", b"\x00\x01\x02"),         // struct.pack('>I', 258)[1:]
            ("u32be", b"\x00\x00\x01\x02"),     // struct.pack('>I', 258)
            ("i32le", b"\x02\x01\x00\x00"),     // struct.pack('<i', 258)
            ("u40le", b"\x02\x01\x00\x00\x00"), // struct.pack('<Q', 258)[:5]
        ];
        for (name, bytes) in cases {
            assert_eq!(written(Field::named(name).unwrap(), 258), bytes, "{name}");
        }
        assert_eq!(written(Field::named("i32").unwrap(), 258), 258_i32.to_ne_bytes());
    }

    #[test]
    fn negative_lengths_are_errors() {
        let field = Field::named("i32be").unwrap();
        assert_eq!(field.read(b"\xff\xff\xff\xfe"), Err(FrameError::Negative { declared: -2 }));
        assert_eq!(field.read(b"\x80\x00\x00\x00"), Err(FrameError::Negative { declared: -0x8000_0000 }));
    }

    #[test]
    fn hexadecimal_is_read_in_either_case_and_written_in_lower() {
        assert_eq!(Field::Hex4.read(b"00aF"), Ok(0xaf));
        assert_eq!(written(Field::Hex4, 0xaf), b"00af");
        let error = FrameError::Malformed { what: Malformation::HexDigit, byte: b'g' };
        assert_eq!(Field::Hex4.read(b"00g-"), Err(error));
    }
}
