//! What several tests share.

pub(crate) mod ours;
pub(crate) mod specs;
pub(crate) mod tokio;

use switchboard_framing::{Decoded, FrameSpec};

/// All messages of a stream that ends cleanly.
pub(crate) fn messages(spec: &FrameSpec, mut stream: &[u8]) -> Vec<Vec<u8>> {
    let mut decoder = spec.decoder();
    let mut messages = Vec::new();
    while let Decoded::Message { payload, consumed } = decoder.decode(stream).unwrap() {
        messages.push(stream[payload].to_vec());
        stream = &stream[consumed..];
    }
    decoder.finish(stream).unwrap();
    messages
}
