//! Lengths as protobuf writes them: LEB128, seven bits a byte, the lowest first, at most ten bytes. Limits are
//! the decoder's business.
//!
//! Stricter than protobuf's own readers: a number has exactly one form, so a longer one than needed is an error.

use bytes::BufMut;

use crate::error::{FrameError, Malformation};
use crate::header::Header;

/// Reads from the first byte each time, so it does not matter how the bytes were cut.
#[inline]
pub(crate) fn read(input: &[u8]) -> Result<Header, FrameError> {
    let mut body = 0;
    for (index, &byte) in input.iter().enumerate().take(BYTES_MAX) {
        let group = u64::from(byte & 0x7f);
        if index == BYTES_MAX - 1 && byte > 1 {
            return Err(FrameError::Malformed { what: Malformation::VarintOverflow, byte });
        }
        body |= group << (7 * index);
        if byte < 0x80 {
            return finish(index, byte, body);
        }
    }
    Ok(Header::Partial { at_least: 1 })
}

pub(crate) fn write(mut body: u64, out: &mut impl BufMut) {
    while body >= 0x80 {
        out.put_u8(lowest_byte(body) | 0x80);
        body >>= 7;
    }
    out.put_u8(lowest_byte(body));
}

fn lowest_byte(number: u64) -> u8 {
    number.to_le_bytes()[0]
}

#[inline]
fn finish(index: usize, byte: u8, body: u64) -> Result<Header, FrameError> {
    if byte == 0 && index > 0 {
        return Err(FrameError::Malformed { what: Malformation::VarintOverlong, byte });
    }
    Ok(Header::Whole { start: index + 1, body })
}

/// 64 bits in groups of seven; the tenth byte holds the one bit that is left.
pub(crate) const BYTES_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::tests::assert_both_ways;

    fn malformed(what: Malformation, byte: u8) -> Result<Header, FrameError> {
        Err(FrameError::Malformed { what, byte })
    }

    #[test]
    fn numbers_are_written_as_protobuf_writes_them_and_read_back() {
        let cases: &[(u64, &[u8])] = &[
            (0, b"\x00"),
            (127, b"\x7f"),
            (150, b"\x96\x01"),
            (300, b"\xac\x02"),
            (1 << 32, b"\x80\x80\x80\x80\x10"),
            (u64::MAX, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        ];
        assert_both_ways(write, read, cases);
    }

    #[test]
    fn more_than_64_bits_and_needless_bytes_are_errors() {
        assert_eq!(
            read(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
            malformed(Malformation::VarintOverflow, 2)
        );
        assert_eq!(read(&[0x80; 11]), malformed(Malformation::VarintOverflow, 0x80));
        assert_eq!(read(b"\x80\x00"), malformed(Malformation::VarintOverlong, 0));
        assert_eq!(
            read(b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"),
            malformed(Malformation::VarintOverlong, 0)
        );
    }
}
