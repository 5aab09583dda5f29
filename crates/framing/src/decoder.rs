//! A decoder that holds the bytes until they make messages. Where messages lie is `decode`'s business.

use core::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use crate::decode::{Decoded, FrameDecoder};
use crate::error::FrameError;
use crate::spec::FrameSpec;

/// Takes bytes as they come and gives messages as they are complete.
///
/// It holds the bytes that have come and not been given out, in a buffer that grows by doubling, so at most twice
/// as many and a constant; what a peer announces reserves nothing. A message shares its buffer with its neighbours,
/// so keeping one keeps them all: copy what is kept for long.
///
/// ```
/// use switchboard_framing::{Decoder, FrameSpec};
///
/// let mut decoder = Decoder::new("lines".parse::<FrameSpec>()?);
/// decoder.feed(b"one\ntw");
/// assert_eq!(decoder.next()?.as_deref(), Some(&b"one"[..]));
/// assert_eq!(decoder.next()?, None);
/// decoder.feed(b"o\n");
/// assert_eq!(decoder.next()?.as_deref(), Some(&b"two"[..]));
/// decoder.finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    frames: FrameDecoder,
    /// What has come and not been given out.
    held: BytesMut,
    /// Bytes at the front of the same buffer that have been given out or dropped.
    spent: usize,
    skipped: u64,
}

impl Decoder {
    /// A decoder before the first byte of a stream.
    #[expect(clippy::needless_pass_by_value, reason = "one calling convention with the reader and writer")]
    pub fn new(spec: FrameSpec) -> Decoder {
        Decoder { frames: spec.decoder(), held: BytesMut::new(), spent: 0, skipped: 0 }
    }

    /// Bytes that have come.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// The next message; `None` until more bytes come. An error is final.
    #[expect(clippy::should_implement_trait, reason = "an iterator that goes on after `None` would surprise")]
    pub fn next(&mut self) -> Result<Option<Bytes>, FrameError> {
        let before = self.held.len();
        let message = next_message(&mut self.frames, &mut self.held, &mut self.skipped)?;
        self.spent += before - self.held.len();
        if message.is_none() {
            self.let_go();
        }
        Ok(message)
    }

    /// The stream has ended: an error unless it ended between two messages. Call it when `next` gives `None`.
    pub fn finish(&mut self) -> Result<(), FrameError> {
        self.frames.finish(&self.held)
    }

    /// Bytes that have come and not been given out, e.g. for whoever takes over the stream.
    pub fn held(&self) -> &[u8] {
        &self.held
    }

    /// Messages over the limit that have been dropped, with [`Overflow::Skip`](crate::Overflow::Skip).
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Lets go of a buffer that is mostly spent, so that an idle decoder holds what it needs. What is copied is less
    /// than what has been given out.
    fn let_go(&mut self) {
        if self.spent > self.held.len() {
            self.held = BytesMut::from(&self.held[..]);
            self.spent = 0;
        }
    }
}

/// The next message of those that are held, and without those that are skipped, which it counts.
#[inline]
pub(crate) fn next_message(
    frames: &mut FrameDecoder,
    held: &mut BytesMut,
    skipped: &mut u64,
) -> Result<Option<Bytes>, FrameError> {
    loop {
        match frames.decode(held)? {
            Decoded::Message { payload, consumed } => return Ok(Some(take_message(held, payload, consumed))),
            Decoded::NeedMore { .. } => return Ok(None),
            Decoded::Skipped { consumed, declared } => {
                held.advance(consumed);
                *skipped += u64::from(declared.is_some());
            }
        }
    }
}

/// Splits a message off, as [`Decoded::Message`] says. The buffer is shared, and counted once; an empty message
/// keeps nothing of it.
fn take_message(held: &mut BytesMut, payload: Range<usize>, consumed: usize) -> Bytes {
    if payload.is_empty() {
        held.advance(consumed);
        return Bytes::new();
    }
    held.advance(payload.start);
    let message = held.split_to(payload.len()).freeze();
    held.advance(consumed - payload.end);
    message
}
