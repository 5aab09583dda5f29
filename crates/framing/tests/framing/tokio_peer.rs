//! Our blocking reader and writer talk over a real socket with somebody who uses tokio and the codecs of tokio-util:
//! every message comes back as it was sent, in every framing that both know.

use std::error::Error;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use switchboard_framing::{FrameReader, FrameSpec, FrameWriter};
use tokio_util::codec::length_delimited::Builder;
use tokio_util::codec::{AnyDelimiterCodec, Decoder, Encoder, Framed, LengthDelimitedCodec, LinesCodec};

use crate::common::specs::spec;

#[test]
fn lengths_of_every_width_come_back_from_a_length_delimited_codec() {
    type Build = fn(&mut Builder) -> &mut Builder;
    let cases: [(&str, Build); 6] = [
        ("u8", |theirs| theirs.length_field_length(1)),
        ("u16le", |theirs| theirs.length_field_length(2).little_endian()),
        ("u24be", |theirs| theirs.length_field_length(3)),
        ("u32be", |theirs| theirs),
        ("u64le", |theirs| theirs.length_field_length(8).little_endian()),
        ("u32be,incl", |theirs| theirs.length_adjustment(-4).num_skip(4)),
    ];
    for (spec, build) in cases {
        let mut builder = LengthDelimitedCodec::builder();
        let theirs = build(builder.max_frame_length(16 << 20)).new_codec();
        assert_comes_back(spec, theirs, BytesMut::freeze);
    }
}

#[test]
fn lines_come_back_from_a_lines_codec() {
    assert_comes_back("lines", LinesCodec::new(), |line: String| line);
}

#[test]
fn messages_before_a_delimiter_come_back_from_an_any_delimiter_codec() {
    // What it decodes is bytes, what it encodes is text.
    let text = |message: Bytes| String::from_utf8(message.to_vec()).unwrap();
    assert_comes_back("delim=;", AnyDelimiterCodec::new(b";".to_vec(), b";".to_vec()), text);
}

/// Sends messages to a peer who sends each of them back by `theirs`, and compares.
fn assert_comes_back<C, M, R>(text: &str, theirs: C, answer: fn(M) -> R)
where
    C: Decoder<Item = M, Error: Error> + Encoder<R, Error: Error> + Unpin + Send,
    M: 'static,
    R: 'static,
{
    let spec = spec(text);
    let messages = messages(&spec);
    let (ours, peer) = connected();
    thread::scope(|scope| {
        let echoed = scope.spawn(|| echo_all(peer, theirs, answer));
        // In a thread of its own, since both sides may fill their buffers.
        scope.spawn(|| send_all(&ours, &spec, &messages));
        let mut reader = FrameReader::new(&ours, spec.clone());
        for (number, message) in messages.iter().enumerate() {
            let back = reader.read().unwrap();
            assert!(back == Some(message), "{spec}: message {number} of {} bytes changed", message.len());
        }
        assert_eq!(reader.read().unwrap(), None, "{spec}: more came back than was sent");
        assert_eq!(echoed.join().unwrap(), messages.len(), "{spec}");
    });
}

/// Both ends of a connection, ours with a deadline for each read and write.
fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    ours.set_read_timeout(Some(DEADLINE)).unwrap();
    ours.set_write_timeout(Some(DEADLINE)).unwrap();
    (ours, listener.accept().unwrap().0)
}

/// Sizes around every edge that a length has, as letters: all framings carry those.
fn messages(spec: &FrameSpec) -> Vec<Vec<u8>> {
    let sizes = [0, 1, 2, 127, 128, 254, 255, 256, 1000, 8191, 8192, 65_534, 65_535, 65_536, 1 << 20];
    let fitting = sizes.into_iter().filter(|bytes| *bytes <= spec.payload_bytes_max());
    fitting.cycle().take(60).map(|bytes| (b'a'..=b'w').cycle().take(bytes).collect()).collect()
}

fn send_all(stream: &TcpStream, spec: &FrameSpec, messages: &[Vec<u8>]) {
    let mut writer = FrameWriter::new(stream, spec.clone());
    for message in messages {
        writer.write(message).unwrap();
    }
    stream.shutdown(Shutdown::Write).unwrap();
}

/// The peer: sends back what comes, until the end, and returns how many that were.
fn echo_all<C, M, R>(stream: TcpStream, codec: C, answer: fn(M) -> R) -> usize
where
    C: Decoder<Item = M, Error: Error> + Encoder<R, Error: Error> + Unpin,
{
    stream.set_nonblocking(true).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let conversation = async {
        let mut framed = Framed::new(tokio::net::TcpStream::from_std(stream).unwrap(), codec);
        let mut echoed = 0;
        while let Some(message) = framed.next().await {
            framed.send(answer(message.unwrap())).await.unwrap();
            echoed += 1;
        }
        echoed
    };
    runtime.block_on(async { tokio::time::timeout(DEADLINE, conversation).await.unwrap() })
}

/// Far longer than a loopback takes.
const DEADLINE: Duration = Duration::from_secs(20);
