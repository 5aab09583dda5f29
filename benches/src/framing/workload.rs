//! Messages in one framing: what everybody works on.

use std::fmt;

use framing::FrameSpec;

/// Messages that differ in their content, and the stream that they make.
pub struct Workload {
    spec_text: &'static str,
    spec: FrameSpec,
    sizes: Sizes,
    payloads: Vec<&'static [u8]>,
    /// All frames, one behind the other.
    stream: Vec<u8>,
}

/// How long the messages are.
#[derive(Debug, Clone, Copy)]
pub enum Sizes {
    /// All as long as this.
    Equal(usize),
    /// Anything up to this, one as likely as the other.
    UpTo(usize),
    /// One of two, in no order.
    Either(usize, usize),
}

impl Workload {
    /// As many messages as `stream_bytes` hold, at least two.
    pub fn new(spec_text: &'static str, sizes: Sizes, stream_bytes: usize) -> Workload {
        let spec: FrameSpec = spec_text.parse().expect("the bench names specs that exist");
        let payloads = payloads(sizes, stream_bytes);
        let mut stream = Vec::new();
        for payload in &payloads {
            spec.encode(payload, &mut stream).expect("letters fit every framing");
        }
        Workload { spec_text, spec, sizes, payloads, stream }
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

    pub(super) fn payloads(&self) -> Vec<&'static [u8]> {
        self.payloads.clone()
    }

    /// How many there are.
    pub fn messages(&self) -> usize {
        self.payloads.len()
    }
}

/// Payloads, one behind the other in memory. Leaked: a bench ends soon, and to count references would cost a peer time.
fn payloads(sizes: Sizes, stream_bytes: usize) -> Vec<&'static [u8]> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let count = (stream_bytes / (sizes.average() + 4)).max(2);
    let lens: Vec<usize> = (0..count).map(|_| sizes.one(&mut random)).collect();
    let letter = || b'a' + random.below(26) as u8;
    let letters: Vec<u8> = std::iter::repeat_with(letter).take(lens.iter().sum()).collect();
    let mut rest: &'static [u8] = letters.leak();
    lens.iter()
        .map(|len| rest.split_off(..*len).expect("there are as many letters as the lengths add up to"))
        .collect()
}

impl Sizes {
    fn average(self) -> usize {
        match self {
            Sizes::Equal(bytes) => bytes,
            Sizes::UpTo(bytes_max) => bytes_max / 2,
            Sizes::Either(one, other) => usize::midpoint(one, other),
        }
    }

    fn one(self, random: &mut Random) -> usize {
        match self {
            Sizes::Equal(bytes) => bytes,
            Sizes::UpTo(bytes_max) => random.below(bytes_max + 1),
            Sizes::Either(one, other) => [one, other][random.below(2)],
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (spec, count, kib) = (self.spec_text, self.messages(), self.stream.len() / 1024);
        write!(f, "{spec}, {count} messages of {} B in {kib} KiB", self.sizes)
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sizes::Equal(bytes) => write!(f, "{bytes}"),
            Sizes::UpTo(bytes_max) => write!(f, "0 to {bytes_max}"),
            Sizes::Either(one, other) => write!(f, "{one} or {other}"),
        }
    }
}

/// Numbers without a pattern that a branch predictor could learn; always the same ones.
struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % below
    }
}
