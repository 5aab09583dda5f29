//! A spec as a codec of tokio-util, for its `Framed` and friends. Reading and writing are tokio's business.

use bytes::{Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use crate::blocking::{ReadError, WriteError};
use crate::decode::FrameDecoder;
use crate::decoder::next_message;
use crate::spec::FrameSpec;

/// Messages of a spec, for tokio-util's `Framed`, `FramedRead` and `FramedWrite`.
///
/// It never asks the buffer to reserve what a peer announces.
///
/// ```
/// use bytes::BytesMut;
/// use switchboard_framing::{FrameCodec, FrameSpec};
/// use tokio_util::codec::{Decoder, Encoder};
///
/// let mut codec = FrameCodec::new("varint".parse::<FrameSpec>()?);
/// let mut buffer = BytesMut::new();
/// codec.encode("hello", &mut buffer)?;
/// assert_eq!(codec.decode(&mut buffer)?.as_deref(), Some(&b"hello"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FrameCodec {
    frames: FrameDecoder,
    skipped: u64,
}

impl FrameCodec {
    /// A codec before the first byte of a stream.
    #[expect(clippy::needless_pass_by_value, reason = "one calling convention with the reader and writer")]
    pub fn new(spec: FrameSpec) -> FrameCodec {
        FrameCodec { frames: spec.decoder(), skipped: 0 }
    }

    /// Messages over the limit that have been dropped, with [`Overflow::Skip`](crate::Overflow::Skip).
    pub fn skipped(&self) -> u64 {
        self.skipped
    }
}

impl Decoder for FrameCodec {
    type Item = Bytes;
    type Error = ReadError;

    fn decode(&mut self, held: &mut BytesMut) -> Result<Option<Bytes>, ReadError> {
        Ok(next_message(&mut self.frames, held, &mut self.skipped)?)
    }

    fn decode_eof(&mut self, held: &mut BytesMut) -> Result<Option<Bytes>, ReadError> {
        let message = self.decode(held)?;
        if message.is_none() {
            self.frames.finish(held)?;
        }
        Ok(message)
    }
}

impl<Payload: AsRef<[u8]>> Encoder<Payload> for FrameCodec {
    type Error = WriteError;

    fn encode(&mut self, payload: Payload, out: &mut BytesMut) -> Result<(), WriteError> {
        Ok(self.frames.spec().encode(payload.as_ref(), out)?)
    }
}
