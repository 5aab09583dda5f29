//! The demonstration: on a real TCP connection two messages arrive stuck together and one arrives in pieces;
//! then the same messages are sent with their lengths in front, and arrive whole.
//!
//! Acting is done here, with sockets; telling what happened is `tale`, which is pure. Nothing is left to
//! luck: the reader waits until all bytes lie in the kernel's buffer, and then reads with a buffer of a size
//! that makes the point.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use framing::FrameSpec;

use super::frames::Frames;
use super::tale::{INTRODUCTION, MORAL, Scene, SceneObject, tell};
use crate::cli::exit::Result;
use crate::cli::output::{Format, Output};

/// Acts and tells all three scenes.
pub(super) fn run(output: &mut Output) -> Result<()> {
    let scenes = act_all()?;
    match output.format() {
        Format::Json => scenes.iter().try_for_each(|scene| output.object(&SceneObject::of(scene)))?,
        Format::Text => {
            output.line(INTRODUCTION)?;
            for scene in &scenes {
                output.line(tell(scene, output.colour()))?;
            }
            output.line(MORAL)?;
        }
    }
    Ok(())
}

fn act_all() -> Result<[Scene; 3]> {
    let spec: FrameSpec = FRAMING.parse()?;
    let plain = |messages: &[&str]| messages.iter().map(|message| message.as_bytes().to_vec()).collect();
    let framed = frame_all(&spec, &[FIRST, SECOND, LONG])?;

    let merged =
        act("1. Two messages are sent, one read gets both", plain(&[FIRST, SECOND]), LARGE_BUFFER_BYTES)?;
    let split = act("2. One message is sent, every read gets a piece", plain(&[LONG]), SMALL_BUFFER_BYTES)?;
    let whole = act("3. The same three, each with its length in front", framed, SMALL_BUFFER_BYTES)?;
    let messages = recover(&spec, &whole.reads)?;
    Ok([merged, split, Scene { messages, ..whole }])
}

/// Sends over a new connection, lets everything arrive, and only then reads.
fn act(title: &'static str, sends: Vec<Vec<u8>>, buffer_bytes: usize) -> Result<Scene> {
    let (mut sender, mut reader) = connect().context("connecting to ourselves")?;
    for bytes in &sends {
        sender.write_all(bytes)?; // a call for each, as a program would do it
    }
    drop(sender);
    await_arrival(&reader, sends.iter().map(Vec::len).sum())?;

    let mut room = vec![0; buffer_bytes];
    let mut reads = Vec::new();
    loop {
        match reader.read(&mut room)? {
            0 => return Ok(Scene { title, sends, reads, messages: Vec::new() }),
            got => reads.push(room[..got].to_vec()),
        }
    }
}

/// Both ends of a connection over loopback.
fn connect() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let sender = TcpStream::connect(listener.local_addr()?)?;
    sender.set_nodelay(true)?; // so that nobody blames Nagle's algorithm
    let (reader, _) = listener.accept()?;
    Ok((sender, reader))
}

/// Returns once that many bytes wait to be read. They are a few, and have far to go: across this machine.
fn await_arrival(reader: &TcpStream, bytes: usize) -> io::Result<()> {
    let deadline = Instant::now() + ARRIVAL_TIMEOUT;
    let mut seen = vec![0; bytes];
    reader.set_read_timeout(Some(ARRIVAL_TIMEOUT))?;
    while reader.peek(&mut seen)? < bytes {
        if Instant::now() > deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::yield_now();
    }
    Ok(())
}

fn frame_all(spec: &FrameSpec, messages: &[&str]) -> Result<Vec<Vec<u8>>> {
    let mut frames = Vec::new();
    for message in messages {
        let mut frame = Vec::new();
        spec.encode(message.as_bytes(), &mut frame)?;
        frames.push(frame);
    }
    Ok(frames)
}

/// What a reader that knows the framing makes of the reads.
fn recover(spec: &FrameSpec, reads: &[Vec<u8>]) -> Result<Vec<Vec<u8>>> {
    let mut frames = Frames::new(spec);
    let mut messages = Vec::new();
    for read in reads {
        frames.feed(read);
        while let Some(message) = frames.next_message()? {
            messages.push(message.payload.to_vec());
        }
    }
    frames.finish()?;
    Ok(messages)
}

const FRAMING: &str = "u32be";
const FIRST: &str = "hello";
const SECOND: &str = "world";
const LONG: &str = "a message longer than a read";

/// More than the messages have, so that nothing but the kernel decides what a read gets.
const LARGE_BUFFER_BYTES: usize = 1024;
/// Less than the long message has.
const SMALL_BUFFER_BYTES: usize = 12;

/// Loopback needs microseconds; a machine that needs longer than this has other worries.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_sticky_packets_happen_every_time_and_framing_mends_them() {
        for _ in 0..20 {
            let [merged, split, whole] = act_all().unwrap();
            assert_eq!(merged.reads, [b"helloworld"]);
            assert_eq!(split.reads.len(), LONG.len().div_ceil(SMALL_BUFFER_BYTES));
            assert_eq!(split.reads.concat(), LONG.as_bytes());
            assert_eq!(whole.messages, [FIRST.as_bytes(), SECOND.as_bytes(), LONG.as_bytes()]);
        }
    }
}
