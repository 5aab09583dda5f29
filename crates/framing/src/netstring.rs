//! The front of a netstring (D. J. Bernstein, 1997): the length in decimal digits, and a colon. The comma behind
//! the payload is the decoder's business.
//!
//! As the paper asks, a length has no leading zeros; so each message has exactly one form.

use bytes::BufMut;

use crate::error::{FrameError, Malformation};
use crate::header::Header;

/// Behind the payload.
pub(crate) const COMMA: u8 = b',';

pub(crate) fn read(input: &[u8]) -> Result<Header, FrameError> {
    let mut body: u64 = 0;
    for (index, &byte) in input.iter().enumerate() {
        if byte == b':' && index > 0 {
            return Ok(Header::Whole { start: index + 1, body });
        }
        body = add_digit(body, index, byte).map_err(|what| FrameError::Malformed { what, byte })?;
    }
    // A first digit, the colon, and the comma of an empty payload; or the colon alone.
    Ok(Header::Partial { at_least: if input.is_empty() { 2 } else { 1 } })
}

pub(crate) fn write(mut body: u64, out: &mut impl BufMut) {
    let mut header = [b':'; HEADER_BYTES_MAX];
    let mut start = HEADER_BYTES_MAX - 1;
    loop {
        start -= 1;
        header[start] = b'0' + (body % 10) as u8;
        body /= 10;
        if body == 0 {
            return out.put_slice(&header[start..]);
        }
    }
}

/// Ends after twenty digits at the latest: the 21st does not fit into 64 bits.
fn add_digit(body: u64, index: usize, byte: u8) -> Result<u64, Malformation> {
    if !byte.is_ascii_digit() {
        return Err(Malformation::NetstringDigit);
    }
    if body == 0 && index > 0 {
        return Err(Malformation::NetstringZero);
    }
    let digit = u64::from(byte - b'0');
    body.checked_mul(10).and_then(|body| body.checked_add(digit)).ok_or(Malformation::NetstringOverflow)
}

/// The twenty digits of 2^64 - 1, and the colon.
pub(crate) const HEADER_BYTES_MAX: usize = 21;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::tests::assert_both_ways;

    fn malformed(what: Malformation, byte: u8) -> Result<Header, FrameError> {
        Err(FrameError::Malformed { what, byte })
    }

    #[test]
    fn lengths_are_written_in_decimal_and_read_back() {
        let cases: &[(u64, &[u8])] =
            &[(0, b"0:"), (9, b"9:"), (10, b"10:"), (12345, b"12345:"), (u64::MAX, b"18446744073709551615:")];
        assert_both_ways(write, read, cases);
    }

    #[test]
    fn what_is_no_number_is_an_error_at_its_first_wrong_byte() {
        assert_eq!(read(b":"), malformed(Malformation::NetstringDigit, b':'));
        assert_eq!(read(b"1x:"), malformed(Malformation::NetstringDigit, b'x'));
        assert_eq!(read(b"-1:"), malformed(Malformation::NetstringDigit, b'-'));
        assert_eq!(read(b"01:"), malformed(Malformation::NetstringZero, b'1'));
        assert_eq!(read(b"18446744073709551616:"), malformed(Malformation::NetstringOverflow, b'6'));
    }
}
