//! `framed_peer`: our blocking reader and writer talk over a real socket with somebody who uses tokio-util's codecs.
//! Exits with 0 if every message came back as it was sent, in every framing that both know.

use std::error::Error;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use framing::{FrameReader, FrameSpec, FrameWriter};
use futures_util::{SinkExt, StreamExt};
use tokio_util::codec::{AnyDelimiterCodec, Decoder, Encoder, Framed, LengthDelimitedCodec, LinesCodec};

type Fault = Box<dyn Error + Send + Sync>;
type Echo = fn(TcpStream) -> Pin<Box<dyn Future<Output = Result<u64, Fault>>>>;

fn main() -> ExitCode {
    let mut failed = 0;
    for (spec, name, echo) in PAIRS {
        match exchange(spec, *echo) {
            Ok(messages) => println!("{spec:<28} {name:<60} {messages} messages both ways"),
            Err(fault) => {
                failed += 1;
                println!("{spec:<28} {name:<60} FAILED: {fault}");
            }
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Sends every message to an echo in tokio, and compares what comes back.
fn exchange(spec: &str, echo: Echo) -> Result<u64, Fault> {
    let spec: FrameSpec = spec.parse()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let peer = answer_one(listener.local_addr()?, echo);
    let (stream, _) = listener.accept()?;
    for timeout in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
        timeout(&stream, Some(DEADLINE))?;
    }
    let messages = messages(&spec);
    let compared = compare(&stream, &spec, &messages);
    let echoed = peer.join().map_err(|_| "the peer panicked")?;
    compared?;
    let (ours, theirs) = (messages.len() as u64, echoed?);
    if ours == theirs { Ok(ours) } else { Err(format!("{ours} messages sent, {theirs} echoed").into()) }
}

/// The writer has a thread of its own: both sides may fill their buffers.
fn compare(stream: &TcpStream, spec: &FrameSpec, messages: &[Vec<u8>]) -> Result<(), Fault> {
    thread::scope(|scope| {
        let sent = scope.spawn(move || {
            let mut writer = FrameWriter::new(stream, spec.clone());
            messages.iter().try_for_each(|message| writer.write(message))?;
            stream.shutdown(Shutdown::Write)?;
            Ok::<(), Fault>(())
        });
        let mut reader = FrameReader::new(stream, spec.clone());
        for (number, message) in messages.iter().enumerate() {
            if reader.read()? != Some(message) {
                return Err(format!("message {number} of {} bytes came back changed", message.len()).into());
            }
        }
        if reader.read()?.is_some() {
            return Err("more came back than was sent".into());
        }
        sent.join().map_err(|_| "the writer panicked")?
    })
}

/// Sizes around every edge that a length has, as letters: all framings carry those.
fn messages(spec: &FrameSpec) -> Vec<Vec<u8>> {
    let sizes = [0, 1, 2, 127, 128, 254, 255, 256, 1000, 8191, 8192, 65_534, 65_535, 65_536, 1 << 20];
    let fitting = sizes.into_iter().filter(|bytes| *bytes <= spec.payload_bytes_max());
    let letters = |bytes: usize| (0..bytes).map(|at| b'a' + (at % 23) as u8).collect();
    fitting.cycle().take(ROUNDS * 15).map(letters).collect()
}

fn answer_one(address: SocketAddr, echo: Echo) -> thread::JoinHandle<Result<u64, Fault>> {
    thread::spawn(move || {
        let stream = TcpStream::connect(address)?;
        stream.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(async { echo(stream).await })
    })
}

/// Sends back what comes, until the end.
async fn echo_all<C, M, R>(stream: TcpStream, codec: C, turn: fn(M) -> R) -> Result<u64, Fault>
where
    C: Decoder<Item = M> + Encoder<R> + Unpin,
    Fault: From<<C as Decoder>::Error> + From<<C as Encoder<R>>::Error>,
{
    let mut framed = Framed::new(tokio::net::TcpStream::from_std(stream)?, codec);
    let mut echoed = 0;
    while let Some(message) = framed.next().await {
        framed.send(turn(message?)).await?;
        echoed += 1;
    }
    Ok(echoed)
}

fn lengths(build: fn(&mut tokio_util::codec::length_delimited::Builder)) -> LengthDelimitedCodec {
    let mut builder = LengthDelimitedCodec::builder();
    builder.max_frame_length(16 << 20);
    build(&mut builder);
    builder.new_codec()
}

macro_rules! delimited {
    ($build:expr) => {
        |stream| Box::pin(echo_all(stream, lengths($build), BytesMut::freeze))
    };
}

/// `AnyDelimiterCodec` encodes text only.
#[expect(clippy::needless_pass_by_value, reason = "what comes out of a codec is ours")]
fn text(message: Bytes) -> String {
    String::from_utf8_lossy(&message).into_owned()
}

/// Our spec, what it is called over there, and the one over there who echoes.
const PAIRS: &[(&str, &str, Echo)] = &[
    ("u32be", "LengthDelimitedCodec::new()", delimited!(|_| {})),
    (
        "u16le",
        "length_field_length(2).little_endian()",
        delimited!(|builder| {
            builder.length_field_length(2).little_endian();
        }),
    ),
    (
        "u8",
        "length_field_length(1)",
        delimited!(|builder| {
            builder.length_field_length(1);
        }),
    ),
    (
        "u24be",
        "length_field_length(3)",
        delimited!(|builder| {
            builder.length_field_length(3);
        }),
    ),
    (
        "u64le",
        "length_field_length(8).little_endian()",
        delimited!(|builder| {
            builder.length_field_length(8).little_endian();
        }),
    ),
    (
        "u32be,incl",
        "length_adjustment(-4)",
        delimited!(|builder| {
            builder.length_adjustment(-4).num_skip(4);
        }),
    ),
    ("lines", "LinesCodec::new()", |stream| {
        Box::pin(echo_all(stream, LinesCodec::new(), |line: String| line))
    }),
    ("delim=;", r#"AnyDelimiterCodec::new(b";", b";")"#, |stream| {
        Box::pin(echo_all(stream, AnyDelimiterCodec::new(b";".to_vec(), b";".to_vec()), text))
    }),
];

/// Enough to fill every buffer in between several times.
const ROUNDS: usize = 4;

/// Far longer than a loopback takes.
const DEADLINE: Duration = Duration::from_secs(10);
