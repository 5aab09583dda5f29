//! Hexadecimal, without ever repeating a digit in an error; what the bytes mean is left to others.

use core::fmt;

/// Writes lower-case digits.
pub(crate) fn write(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// The lower-case digits of 16 bytes.
pub(crate) fn lower(bytes: &[u8; 16]) -> [u8; 32] {
    let mut digits = [0; 32];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = LOWER[usize::from(byte >> 4)];
        pair[1] = LOWER[usize::from(byte & 15)];
    }
    digits
}

/// Reads 32 lower-case digits; `None` if one of them is none.
pub(crate) fn from_lower(digits: &[u8; 32]) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        if pair.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

/// What a digit of either case stands for.
pub(crate) fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

const LOWER: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_read_back_from_their_digits() {
        let bytes = *b"\x00\x01\x7f\x80\xff\x10\x0f\xa5\x5a\xc3\x3c\x99\x66\xde\xad\xbe";
        assert_eq!(from_lower(&lower(&bytes)), Some(bytes));
    }

    #[test]
    fn upper_case_and_other_characters_are_refused() {
        for wrong in *b"ABCDEFGg /:@`\xff\x00" {
            for place in [0, 1, 30, 31] {
                let mut digits = [b'a'; 32];
                digits[place] = wrong;
                assert_eq!(from_lower(&digits), None, "{wrong} at {place}");
            }
        }
    }
}
