//! Those who find messages in a stream. What each is given, and what it gives, is what its own documents say.

use std::hint::black_box;

use bytes::BytesMut;
use framing::{Decoded, FrameCodec, FrameDecoder, FrameReader, FrameSpec};
use tokio_util::codec::{AnyDelimiterCodec, Decoder, LengthDelimitedCodec, LinesCodec};

use super::Workload;
use crate::contender::Contender;

/// Our core: says where the messages lie.
pub(super) struct Borrowed {
    decoder: FrameDecoder,
    stream: Vec<u8>,
}

impl Borrowed {
    pub(super) fn new(workload: &Workload) -> Borrowed {
        Borrowed { decoder: workload.spec().decoder(), stream: workload.stream().to_vec() }
    }
}

impl Contender for Borrowed {
    fn name(&self) -> &'static str {
        "ours, borrowed (FrameDecoder)"
    }

    fn pass(&mut self) -> usize {
        let mut rest = &black_box(&self.stream)[..];
        let mut messages = 0;
        while let Ok(Decoded::Message { payload, consumed }) = self.decoder.decode(rest) {
            black_box(&rest[payload]);
            rest = &rest[consumed..];
            messages += 1;
        }
        messages
    }
}

/// Ours on its own buffer. That it copies what it is fed is part of what is measured.
pub(super) struct Owning {
    spec: FrameSpec,
    stream: Vec<u8>,
}

impl Owning {
    pub(super) fn new(workload: &Workload) -> Owning {
        Owning { spec: workload.spec().clone(), stream: workload.stream().to_vec() }
    }
}

impl Contender for Owning {
    fn name(&self) -> &'static str {
        "ours, owning, fed (Decoder)"
    }

    fn pass(&mut self) -> usize {
        let mut decoder = framing::Decoder::new(self.spec.clone());
        decoder.feed(black_box(&self.stream));
        let mut messages = 0;
        while let Ok(Some(message)) = decoder.next() {
            black_box(message);
            messages += 1;
        }
        messages
    }
}

/// Ours over `Read`. That it copies what it reads is part of what is measured.
pub(super) struct Reader {
    spec: FrameSpec,
    stream: Vec<u8>,
}

impl Reader {
    pub(super) fn new(workload: &Workload) -> Reader {
        Reader { spec: workload.spec().clone(), stream: workload.stream().to_vec() }
    }
}

impl Contender for Reader {
    fn name(&self) -> &'static str {
        "ours, blocking (FrameReader)"
    }

    fn pass(&mut self) -> usize {
        let mut reader = FrameReader::new(&black_box(&self.stream)[..], self.spec.clone());
        let mut messages = 0;
        while let Ok(Some(message)) = reader.read() {
            black_box(message);
            messages += 1;
        }
        messages
    }
}

/// A codec of tokio-util over a buffer that somebody has filled already.
struct Filled<C> {
    codec: C,
    stream: Vec<u8>,
    buffer: BytesMut,
}

impl<C: Decoder> Filled<C> {
    fn new(codec: C, workload: &Workload) -> Filled<C> {
        Filled { codec, stream: workload.stream().to_vec(), buffer: BytesMut::new() }
    }

    fn fill(&mut self) {
        self.buffer = BytesMut::from(&self.stream[..]);
    }

    fn drain(&mut self) -> usize {
        let mut messages = 0;
        while let Ok(Some(message)) = self.codec.decode(&mut self.buffer) {
            black_box(message);
            messages += 1;
        }
        messages
    }
}

macro_rules! filled {
    ($name:ident, $codec:ty, $title:literal, $new:expr) => {
        pub(super) struct $name(Filled<$codec>);

        impl $name {
            pub(super) fn new(workload: &Workload) -> $name {
                let new: fn(&Workload) -> $codec = $new;
                $name(Filled::new(new(workload), workload))
            }
        }

        impl Contender for $name {
            fn name(&self) -> &'static str {
                $title
            }

            fn prepare(&mut self) {
                self.0.fill();
            }

            fn pass(&mut self) -> usize {
                self.0.drain()
            }
        }
    };
}

filled!(OursInTokio, FrameCodec, "ours in tokio-util (FrameCodec)", |workload| {
    FrameCodec::new(workload.spec().clone())
});
filled!(LengthDelimited, LengthDelimitedCodec, "tokio-util LengthDelimitedCodec", |_| {
    LengthDelimitedCodec::builder().max_frame_length(16 << 20).new_codec()
});
filled!(AnyDelimiter, AnyDelimiterCodec, "tokio-util AnyDelimiterCodec", |_| {
    AnyDelimiterCodec::new(b"\n".to_vec(), b"\n".to_vec())
});
filled!(Lines, LinesCodec, "tokio-util LinesCodec", |_| LinesCodec::new());
