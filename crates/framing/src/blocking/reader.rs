//! Messages from a source that blocks. Where they lie in the bytes is the decoder's business.

use std::io::{self, Read};
use std::vec::Vec;

use super::ReadError;
use crate::decode::{Decoded, FrameDecoder};
use crate::spec::FrameSpec;

/// Reads messages from a source.
///
/// It reads as much as the source has, up to its buffer, so do not read from the source behind its back. The
/// buffer starts at 8 KiB and doubles when it is full, whatever a peer announces; it stays as large as the largest
/// message made it.
///
/// ```
/// use switchboard_framing::{FrameReader, FrameSpec};
///
/// let source = &b"\0\0\0\x05hello\0\0\0\0"[..];
/// let mut reader = FrameReader::new(source, "u32be".parse::<FrameSpec>()?);
/// assert_eq!(reader.read()?, Some(&b"hello"[..]));
/// assert_eq!(reader.read()?, Some(&b""[..]));
/// assert_eq!(reader.read()?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FrameReader<R> {
    source: R,
    frames: FrameDecoder,
    /// `start <= end <= buffer.len()`; between `start` and `end` is what has come and not been given out.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    skipped: u64,
}

impl<R: Read> FrameReader<R> {
    /// Reads messages of `spec` from `source`.
    #[expect(clippy::needless_pass_by_value, reason = "the reader is made once; a borrow would read oddly")]
    pub fn new(source: R, spec: FrameSpec) -> FrameReader<R> {
        FrameReader { source, frames: spec.decoder(), buffer: Vec::new(), start: 0, end: 0, skipped: 0 }
    }

    /// The next message, or `None` at a clean end of the stream. Blocks as the source does.
    ///
    /// After an I/O error the next call goes on where this one stopped; an error in a frame is final.
    pub fn read(&mut self) -> Result<Option<&[u8]>, ReadError> {
        loop {
            match self.frames.decode(&self.buffer[self.start..self.end])? {
                Decoded::Message { payload, consumed } => {
                    let from = self.start;
                    self.start += consumed;
                    return Ok(Some(&self.buffer[from + payload.start..from + payload.end]));
                }
                Decoded::Skipped { consumed, declared } => {
                    self.start += consumed;
                    self.skipped += u64::from(declared.is_some());
                }
                Decoded::NeedMore { .. } => {
                    if self.fill()? == 0 {
                        self.frames.finish(&self.buffer[self.start..self.end])?;
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Reads once, behind what is there.
    fn fill(&mut self) -> io::Result<usize> {
        self.make_room();
        let bytes = loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.end += bytes;
        Ok(bytes)
    }

    /// First by moving to the front what is there, then by growing.
    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(BUFFER_BYTES.max(2 * self.end), 0);
        }
    }
}

impl<R> FrameReader<R> {
    /// The source.
    pub fn source(&self) -> &R {
        &self.source
    }

    /// The source, e.g. to set a timeout.
    pub fn source_mut(&mut self) -> &mut R {
        &mut self.source
    }

    /// Messages over the limit that have been dropped, with [`Overflow::Skip`](crate::Overflow::Skip).
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The source, and the bytes that were read from it and belong to no message yet.
    pub fn into_parts(mut self) -> (R, Vec<u8>) {
        self.buffer.truncate(self.end);
        self.buffer.drain(..self.start);
        (self.source, self.buffer)
    }
}

/// Takes many small messages in one read.
const BUFFER_BYTES: usize = 8 << 10;
