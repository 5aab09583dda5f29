//! What reading the front of a frame can say. Each framing that announces a length has a reader that returns it.

/// The front of a frame, as far as it has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Header {
    /// The message handed to the user starts at `start`, and `body` bytes (checksum included) follow from there.
    Whole { start: usize, body: u64 },
    /// So many further bytes are needed before more can be said.
    Partial { at_least: usize },
}

#[cfg(test)]
pub(crate) mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use super::Header;
    use crate::error::FrameError;

    /// Each length is written as these bytes and read back from them, and not from fewer.
    pub(crate) fn assert_both_ways(
        write: impl Fn(u64, &mut Vec<u8>),
        read: impl Fn(&[u8]) -> Result<Header, FrameError>,
        cases: &[(u64, &[u8])],
    ) {
        for &(body, bytes) in cases {
            let mut out = Vec::new();
            write(body, &mut out);
            assert_eq!(out.escape_ascii().to_string(), bytes.escape_ascii().to_string());
            assert_eq!(read(bytes), Ok(Header::Whole { start: bytes.len(), body }));
            for missing in 1..=bytes.len() {
                let partial = read(&bytes[..bytes.len() - missing]);
                assert!(
                    matches!(partial, Ok(Header::Partial { at_least }) if at_least <= missing),
                    "{partial:?}"
                );
            }
        }
    }
}
