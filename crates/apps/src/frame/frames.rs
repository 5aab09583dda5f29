//! Messages out of bytes that come in pieces of any size, each with its place in the stream.
//!
//! Leaves reading to whoever has a reader.

use bytes::{Buf, BytesMut};
use framing::{Decoded, FrameDecoder, FrameError, FrameSpec};

/// A decoder that owns the bytes it was fed and counts those it is done with. Holds at most one frame and
/// what was fed last.
#[derive(Debug)]
pub(super) struct Frames {
    decoder: FrameDecoder,
    held: BytesMut,
    offset: u64, // of the first byte in `held`
    done: usize, // bytes of `held` that the message given out last takes
    skipped: u64,
}

impl Frames {
    pub(super) fn new(spec: &FrameSpec) -> Self {
        Self { decoder: spec.decoder(), held: BytesMut::new(), offset: 0, done: 0, skipped: 0 }
    }

    /// Takes what was read.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// The next whole message, if there is one.
    pub(super) fn next_message(&mut self) -> Result<Option<Message<'_>>, BadFrame> {
        loop {
            self.advance();
            if self.held.is_empty() {
                return Ok(None);
            }
            let offset = self.offset;
            match self.decoder.decode(&self.held).map_err(|error| BadFrame { offset, error })? {
                Decoded::Message { payload, consumed } => {
                    self.done = consumed;
                    return Ok(Some(Message { offset, payload: &self.held[payload] }));
                }
                Decoded::NeedMore { .. } => return Ok(None),
                Decoded::Skipped { consumed, declared } => {
                    self.done = consumed;
                    self.skipped += u64::from(declared.is_some());
                }
            }
        }
    }

    /// There is no more to feed: whether the stream ended between two messages.
    pub(super) fn finish(&mut self) -> Result<(), BadFrame> {
        self.advance();
        let offset = self.offset;
        self.decoder.finish(&self.held).map_err(|error| BadFrame { offset, error })
    }

    /// How many messages over the limit were dropped, where the spec says so.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped
    }

    fn advance(&mut self) {
        self.held.advance(self.done);
        self.offset += self.done as u64;
        self.done = 0;
    }
}

/// A message and where its frame begins in the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub(super) offset: u64,
    pub(super) payload: &'a [u8],
}

/// Bytes that are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the frame at byte {offset}: {error}")]
pub(super) struct BadFrame {
    /// Where the frame begins in the stream.
    pub(super) offset: u64,
    /// What is wrong with it.
    pub(super) error: FrameError,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(spec: &str) -> Frames {
        Frames::new(&spec.parse().unwrap())
    }

    #[test]
    fn every_way_of_cutting_gives_the_same_messages_at_the_same_places() {
        let stream = b"\x02hi\x00\x05there";
        for piece_bytes in 1..=stream.len() {
            let mut frames = frames("u8");
            let mut found = Vec::new();
            for piece in stream.chunks(piece_bytes) {
                frames.feed(piece);
                while let Some(message) = frames.next_message().unwrap() {
                    found.push((message.offset, message.payload.to_vec()));
                }
            }
            frames.finish().unwrap();
            assert_eq!(found, [(0, b"hi".to_vec()), (3, b"".to_vec()), (4, b"there".to_vec())]);
        }
    }

    #[test]
    fn a_bad_frame_is_told_with_its_place() {
        let mut frames = frames("u8,max=4");
        frames.feed(b"\x02hi\x05there");
        assert!(frames.next_message().unwrap().is_some());
        let bad = frames.next_message().unwrap_err();
        assert_eq!(bad, BadFrame { offset: 3, error: FrameError::TooLong { declared: 5, limit: 4 } });
    }

    #[test]
    fn an_end_inside_a_frame_is_told_with_its_place() {
        let mut frames = frames("u8");
        frames.feed(b"\x02hi\x05the");
        assert!(frames.next_message().unwrap().is_some());
        assert_eq!(frames.next_message().unwrap(), None);
        assert_eq!(
            frames.finish().unwrap_err(),
            BadFrame { offset: 3, error: FrameError::Truncated { have: 4, at_least: 2 } }
        );
    }

    #[test]
    fn memory_is_one_frame_and_what_was_fed_last() {
        let mut frames = frames("u32be");
        let mut frame = vec![0, 0, 4, 0];
        frame.resize(4 + 1024, b'x');
        for _ in 0..1000 {
            frames.feed(&frame);
            assert!(frames.next_message().unwrap().is_some());
            assert_eq!(frames.next_message().unwrap(), None);
            assert!(frames.held.capacity() <= 8 * frame.len(), "{}", frames.held.capacity());
        }
    }
}
