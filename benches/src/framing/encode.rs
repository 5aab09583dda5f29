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
    payloads: Vec<&'static [u8]>,
    out: Vec<u8>,
}

impl Appended {
    pub(super) fn new(workload: &Workload) -> Appended {
        let (spec, payloads) = (workload.spec().clone(), workload.payloads());
        Appended { spec, payloads, out: Vec::with_capacity(workload.stream().len()) }
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
        for payload in black_box(&self.payloads) {
            self.spec.encode(payload, &mut self.out).expect("the workload was encoded before");
        }
        black_box(&mut self.out);
        self.payloads.len()
    }
}

/// Ours for vectored writes: what goes around the payloads, which stay where they are.
pub(super) struct Envelopes {
    spec: FrameSpec,
    payloads: Vec<&'static [u8]>,
}

impl Envelopes {
    pub(super) fn new(workload: &Workload) -> Envelopes {
        Envelopes { spec: workload.spec().clone(), payloads: workload.payloads() }
    }
}

impl Contender for Envelopes {
    fn name(&self) -> &'static str {
        "ours, not copied (envelope)"
    }

    fn pass(&mut self) -> usize {
        for payload in black_box(&self.payloads) {
            let envelope = self.spec.envelope(payload).expect("the workload was encoded before");
            black_box((envelope.header(), payload, envelope.trailer()));
        }
        self.payloads.len()
    }
}

/// A codec of tokio-util, which takes its messages as `Bytes`: here static ones that nobody counts, the cheapest
/// there are.
pub(super) struct Encoded<C> {
    name: &'static str,
    codec: C,
    payloads: Vec<&'static [u8]>,
    out: BytesMut,
}

impl<C> Encoded<C> {
    fn new(name: &'static str, codec: C, workload: &Workload) -> Encoded<C> {
        let out = BytesMut::with_capacity(2 * workload.stream().len());
        Encoded { name, codec, payloads: workload.payloads(), out }
    }
}

impl<C: Encoder<Bytes>> Contender for Encoded<C> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare(&mut self) {
        self.out.clear();
    }

    fn pass(&mut self) -> usize {
        for payload in black_box(&self.payloads) {
            let encoded = self.codec.encode(Bytes::from_static(payload), &mut self.out);
            assert!(encoded.is_ok(), "the workload was encoded before");
        }
        black_box(&mut self.out);
        self.payloads.len()
    }
}

/// The same with messages that are counted, as all are that were received or made at run time.
pub(super) struct EncodedCounted<C> {
    name: &'static str,
    codec: C,
    messages: Vec<Bytes>,
    out: BytesMut,
}

impl<C> EncodedCounted<C> {
    fn new(name: &'static str, codec: C, workload: &Workload) -> EncodedCounted<C> {
        let mut payloads = Bytes::from(workload.payloads().concat());
        let messages = workload.payloads().iter().map(|payload| payloads.split_to(payload.len())).collect();
        EncodedCounted { name, codec, messages, out: BytesMut::with_capacity(2 * workload.stream().len()) }
    }
}

impl<C: Encoder<Bytes>> Contender for EncodedCounted<C> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare(&mut self) {
        self.out.clear();
    }

    fn pass(&mut self) -> usize {
        for message in black_box(&self.messages) {
            let encoded = self.codec.encode(message.clone(), &mut self.out);
            assert!(encoded.is_ok(), "the workload was encoded before");
        }
        black_box(&mut self.out);
        self.messages.len()
    }
}

pub(super) fn ours_in_tokio(workload: &Workload) -> Encoded<FrameCodec> {
    Encoded::new("ours in tokio-util (FrameCodec)", FrameCodec::new(workload.spec().clone()), workload)
}

pub(super) fn length_delimited(workload: &Workload) -> Encoded<LengthDelimitedCodec> {
    Encoded::new("tokio-util LengthDelimitedCodec", super::length_delimited_codec(), workload)
}

pub(super) fn length_delimited_counted(workload: &Workload) -> EncodedCounted<LengthDelimitedCodec> {
    EncodedCounted::new("the same, its messages counted", super::length_delimited_codec(), workload)
}
