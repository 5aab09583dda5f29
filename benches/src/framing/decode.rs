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
pub(super) struct Filled<C> {
    name: &'static str,
    codec: C,
    stream: Vec<u8>,
    buffer: BytesMut,
}

impl<C> Filled<C> {
    fn new(name: &'static str, codec: C, workload: &Workload) -> Filled<C> {
        Filled { name, codec, stream: workload.stream().to_vec(), buffer: BytesMut::new() }
    }
}

impl<C: Decoder> Contender for Filled<C> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare(&mut self) {
        self.buffer = BytesMut::from(&self.stream[..]);
    }

    fn pass(&mut self) -> usize {
        let mut messages = 0;
        while let Ok(Some(message)) = self.codec.decode(&mut self.buffer) {
            black_box(message);
            messages += 1;
        }
        messages
    }
}

pub(super) fn ours_in_tokio(workload: &Workload) -> Filled<FrameCodec> {
    Filled::new("ours in tokio-util (FrameCodec)", FrameCodec::new(workload.spec().clone()), workload)
}

pub(super) fn length_delimited(workload: &Workload) -> Filled<LengthDelimitedCodec> {
    Filled::new("tokio-util LengthDelimitedCodec", super::length_delimited_codec(), workload)
}

pub(super) fn any_delimiter(workload: &Workload) -> Filled<AnyDelimiterCodec> {
    let codec = AnyDelimiterCodec::new(b"\n".to_vec(), b"\n".to_vec());
    Filled::new("tokio-util AnyDelimiterCodec", codec, workload)
}

pub(super) fn lines(workload: &Workload) -> Filled<LinesCodec> {
    Filled::new("tokio-util LinesCodec", LinesCodec::new(), workload)
}
