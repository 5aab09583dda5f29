//! `u32be` by hand, for the peers that bring no framing of their own: where whole frames end in bytes.

use std::fmt;

/// Bytes of a length.
pub const HEADER_BYTES: usize = 4;

/// Longer messages end the connection; the same limit as in our programs.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// Bytes of the frame that `bytes` begins with, once its length has come.
#[inline]
pub fn frame_bytes(bytes: &[u8]) -> Result<Option<usize>, TooLong> {
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
    let message = u32::from_be_bytes(*header) as usize;
    if message > MESSAGE_BYTES_MAX { Err(TooLong(message)) } else { Ok(Some(HEADER_BYTES + message)) }
}

/// How many bytes at the beginning are whole frames.
#[inline]
pub fn whole_frames(bytes: &[u8]) -> Result<usize, TooLong> {
    let mut whole = 0;
    while let Some(frame) = frame_bytes(&bytes[whole..])? {
        if frame > bytes.len() - whole {
            break;
        }
        whole += frame;
    }
    Ok(whole)
}

/// A peer announced a message of more than [`MESSAGE_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong(
    /// Bytes of the message.
    pub usize,
);

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a message of {} bytes, {MESSAGE_BYTES_MAX} are allowed", self.0)
    }
}

impl std::error::Error for TooLong {}

impl From<TooLong> for std::io::Error {
    fn from(error: TooLong) -> std::io::Error {
        std::io::Error::new(std::io::ErrorKind::InvalidData, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_frames_are_taken() {
        let bytes = b"\0\0\0\x02hi\0\0\0\0\0\0\0\x03ha";
        for (given, whole) in [(0, 0), (3, 0), (5, 0), (6, 6), (9, 6), (10, 10), (16, 10)] {
            assert_eq!(whole_frames(&bytes[..given]), Ok(whole), "of {given}");
        }
    }

    #[test]
    fn a_length_over_the_limit_is_an_error_at_once() {
        let header = u32::try_from(MESSAGE_BYTES_MAX).unwrap().to_be_bytes();
        assert_eq!(frame_bytes(&header), Ok(Some(HEADER_BYTES + MESSAGE_BYTES_MAX)));
        let header = u32::try_from(MESSAGE_BYTES_MAX + 1).unwrap().to_be_bytes();
        assert_eq!(frame_bytes(&header), Err(TooLong(MESSAGE_BYTES_MAX + 1)));
    }
}
