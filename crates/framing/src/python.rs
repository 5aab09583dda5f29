//! The header of `multiprocessing.connection`: a signed 32-bit big-endian length, and for payloads over
//! 0x7fffffff bytes -1 followed by an unsigned 64-bit big-endian one (Python, `Connection._send_bytes`).
//!
//! Python reads every other negative length as an empty message; here it is an error.

use bytes::BufMut;

use crate::error::FrameError;
use crate::header::Header;

#[inline]
pub(crate) fn read(input: &[u8]) -> Result<Header, FrameError> {
    let Some((short, rest)) = input.split_first_chunk() else {
        return Ok(Header::Partial { at_least: SHORT_BYTES - input.len() });
    };
    let declared = i64::from(i32::from_be_bytes(*short));
    match u64::try_from(declared) {
        Ok(body) => Ok(Header::Whole { start: SHORT_BYTES, body }),
        Err(_) if declared == -1 => Ok(read_long(rest)),
        Err(_) => Err(FrameError::Negative { declared }),
    }
}

pub(crate) fn write(body: u64, out: &mut impl BufMut) {
    if let Ok(short) = i32::try_from(body) {
        return out.put_i32(short);
    }
    out.put_i32(-1);
    out.put_u64(body);
}

/// A long header with a small number is read as Python reads it, although nobody writes it.
fn read_long(rest: &[u8]) -> Header {
    match rest.first_chunk() {
        Some(long) => Header::Whole { start: LONG_BYTES, body: u64::from_be_bytes(*long) },
        None => Header::Partial { at_least: LONG_BYTES - SHORT_BYTES - rest.len() },
    }
}

const SHORT_BYTES: usize = 4;
pub(crate) const LONG_BYTES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::tests::assert_both_ways;

    #[test]
    fn lengths_over_31_bits_take_the_escape() {
        let cases: &[(u64, &[u8])] = &[
            (0, b"\x00\x00\x00\x00"),
            (0x7fff_ffff, b"\x7f\xff\xff\xff"),
            (0x8000_0000, b"\xff\xff\xff\xff\x00\x00\x00\x00\x80\x00\x00\x00"),
            (u64::MAX, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        ];
        assert_both_ways(write, read, cases);
    }

    #[test]
    fn other_negative_lengths_are_errors() {
        assert_eq!(read(b"\xff\xff\xff\xfe"), Err(FrameError::Negative { declared: -2 }));
        assert_eq!(read(b"\x80\x00\x00\x00rest"), Err(FrameError::Negative { declared: -0x8000_0000 }));
    }
}
