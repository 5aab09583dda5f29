//! Messages of one size in one framing: what everybody works on.

use std::fmt;

use framing::FrameSpec;

/// Equal messages but for their content, and the stream that they make.
pub struct Workload {
    spec_text: &'static str,
    spec: FrameSpec,
    message_bytes: usize,
    /// All payloads, one behind the other.
    payloads: Vec<u8>,
    /// All frames, one behind the other.
    stream: Vec<u8>,
}

impl Workload {
    /// As many messages as `stream_bytes` hold, at least two.
    pub fn new(spec_text: &'static str, message_bytes: usize, stream_bytes: usize) -> Workload {
        let spec: FrameSpec = spec_text.parse().expect("the bench names specs that exist");
        let count = (stream_bytes / (message_bytes + 4)).max(2);
        let payloads = letters(count * message_bytes);
        let mut stream = Vec::new();
        for payload in payloads.chunks_exact(message_bytes) {
            spec.encode(payload, &mut stream).expect("letters fit every framing");
        }
        Workload { spec_text, spec, message_bytes, payloads, stream }
    }

    /// As it was written.
    pub fn spec_text(&self) -> &'static str {
        self.spec_text
    }

    pub(super) fn spec(&self) -> &FrameSpec {
        &self.spec
    }

    pub(super) fn stream(&self) -> &[u8] {
        &self.stream
    }

    pub(super) fn payloads(&self) -> Vec<u8> {
        self.payloads.clone()
    }

    pub(super) fn message_bytes(&self) -> usize {
        self.message_bytes
    }

    /// How many there are.
    pub fn messages(&self) -> usize {
        self.payloads.len() / self.message_bytes
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (spec, bytes, count) = (self.spec_text, self.message_bytes, self.messages());
        write!(f, "{spec}, {count} messages of {bytes} B in {} KiB", self.stream.len() / 1024)
    }
}

/// Lower-case letters without a pattern that a branch predictor could learn; always the same ones.
fn letters(count: usize) -> Vec<u8> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b'a' + (state % 26) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}
