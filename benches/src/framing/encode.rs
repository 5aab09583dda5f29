//! Those who make frames of messages. Every buffer has its room before the pass begins.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use framing::{FrameCodec, FrameSpec};
use tokio_util::codec::{Encoder, LengthDelimitedCodec};

use super::Workload;
use crate::contender::Contender;

/// Ours, appended to a `Vec`.
pub(super) struct Appended {
    spec: FrameSpec,
    payloads: Vec<u8>,
    message_bytes: usize,
    out: Vec<u8>,
}

impl Appended {
    pub(super) fn new(workload: &Workload) -> Appended {
        let (payloads, message_bytes) = (workload.payloads(), workload.message_bytes());
        let out = Vec::with_capacity(workload.stream().len());
        Appended { spec: workload.spec().clone(), payloads, message_bytes, out }
    }
}

impl Contender for Appended {
    fn name(&self) -> &'static str {
        "ours, appended (encode)"
    }

    fn prepare(&mut self) {
        self.out.clear();
    }

    fn pass(&mut self) -> usize {
        let payloads = black_box(&self.payloads).chunks_exact(self.message_bytes);
        let messages = payloads.len();
        for payload in payloads {
            self.spec.encode(black_box(payload), &mut self.out).expect("the workload was encoded before");
        }
        black_box(&mut self.out);
        messages
    }
}

/// Ours for vectored writes: what goes around the payloads, which stay where they are.
pub(super) struct Envelopes {
    spec: FrameSpec,
    payloads: Vec<u8>,
    message_bytes: usize,
}

impl Envelopes {
    pub(super) fn new(workload: &Workload) -> Envelopes {
        let (payloads, message_bytes) = (workload.payloads(), workload.message_bytes());
        Envelopes { spec: workload.spec().clone(), payloads, message_bytes }
    }
}

impl Contender for Envelopes {
    fn name(&self) -> &'static str {
        "ours, not copied (envelope)"
    }

    fn pass(&mut self) -> usize {
        let payloads = black_box(&self.payloads).chunks_exact(self.message_bytes);
        let messages = payloads.len();
        for payload in payloads {
            let envelope = self.spec.envelope(black_box(payload)).expect("the workload was encoded before");
            black_box((envelope.header(), payload, envelope.trailer()));
        }
        messages
    }
}

/// A codec of tokio-util. Its messages are `Bytes` that nobody counts, the cheapest there are.
struct Encoded<C> {
    codec: C,
    messages: Vec<Bytes>,
    out: BytesMut,
}

impl<C: Encoder<Bytes>> Encoded<C> {
    fn new(codec: C, workload: &Workload) -> Encoded<C> {
        // Leaked: a bench ends soon, and a counter would cost the peer time.
        let payloads: &'static [u8] = workload.payloads().leak();
        let messages = payloads.chunks_exact(workload.message_bytes()).map(Bytes::from_static).collect();
        Encoded { codec, messages, out: BytesMut::with_capacity(2 * workload.stream().len()) }
    }

    fn encode_all(&mut self) -> usize {
        for message in &self.messages {
            let encoded = self.codec.encode(message.clone(), &mut self.out);
            assert!(encoded.is_ok(), "the workload was encoded before");
        }
        black_box(&mut self.out);
        self.messages.len()
    }
}

macro_rules! encoded {
    ($name:ident, $codec:ty, $title:literal, $new:expr) => {
        pub(super) struct $name(Encoded<$codec>);

        impl $name {
            pub(super) fn new(workload: &Workload) -> $name {
                let new: fn(&Workload) -> $codec = $new;
                $name(Encoded::new(new(workload), workload))
            }
        }

        impl Contender for $name {
            fn name(&self) -> &'static str {
                $title
            }

            fn prepare(&mut self) {
                self.0.out.clear();
            }

            fn pass(&mut self) -> usize {
                self.0.encode_all()
            }
        }
    };
}

encoded!(OursInTokio, FrameCodec, "ours in tokio-util (FrameCodec)", |workload| {
    FrameCodec::new(workload.spec().clone())
});
encoded!(LengthDelimited, LengthDelimitedCodec, "tokio-util LengthDelimitedCodec", |_| {
    LengthDelimitedCodec::builder().max_frame_length(16 << 20).new_codec()
});
