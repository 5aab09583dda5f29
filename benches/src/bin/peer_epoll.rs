//! `peer_epoll [raw]`: the floor. An echo server as one writes it by hand on epoll, for this one purpose: edges, one
//! read buffer for everybody, whole frames answered where they lie with one write. With `raw` it looks at no length
//! and sends back whatever bytes came, which is no message server any more but the price of the system calls alone.

use std::env;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::mem;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};

use benches::peers::{self, frames};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};

fn main() -> io::Result<()> {
    let cut = if env::args().nth(1).is_some_and(|word| word == "raw") { Cut::Anywhere } else { Cut::Frames };
    let listener = peers::listen()?;
    listener.set_nonblocking(true)?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    Server { epoll, listener, cut, connections: Vec::new(), buffer: vec![0; BUFFER_BYTES] }.serve()
}

struct Server {
    epoll: OwnedFd,
    listener: TcpListener,
    cut: Cut,
    /// At the places of their descriptors.
    connections: Vec<Option<Connection>>,
    buffer: Vec<u8>,
}

/// Where an answer may end.
#[derive(Clone, Copy)]
enum Cut {
    Frames,
    Anywhere,
}

struct Connection {
    stream: TcpStream,
    /// The beginning of a frame whose end has not come.
    begun: Vec<u8>,
    /// What the kernel did not take. While there is some, nothing is read.
    refused: Vec<u8>,
}

impl Server {
    fn serve(mut self) -> io::Result<()> {
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            epoll::wait(&self.epoll, spare_capacity(&mut events), None)?;
            for event in events.drain(..) {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    place => self.turn(place as usize, event.flags),
                }
            }
        }
    }

    /// One call; the listener is level-triggered, so the next one is reported again.
    fn accept(&mut self) -> io::Result<()> {
        let stream = match self.listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let place = usize::try_from(stream.as_raw_fd()).expect("an open descriptor is not negative");
        let edges = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(&self.epoll, &stream, EventData::new_u64(place as u64), edges)?;
        if self.connections.len() <= place {
            self.connections.resize_with(place + 1, || None);
        }
        self.connections[place] = Some(Connection { stream, begun: Vec::new(), refused: Vec::new() });
        Ok(())
    }

    fn turn(&mut self, place: usize, flags: EventFlags) {
        let Some(connection) = &mut self.connections[place] else { return };
        if !matches!(connection.turn(&mut self.buffer, self.cut, flags), Ok(Goes::On)) {
            self.connections[place] = None;
        }
    }
}

/// Whether a connection does.
enum Goes {
    On,
    Away,
}

impl Connection {
    /// Reads and answers until there is nothing left to read, or nobody takes what is written.
    fn turn(&mut self, buffer: &mut [u8], cut: Cut, flags: EventFlags) -> io::Result<Goes> {
        self.flush()?;
        let is_ending = flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
        while self.refused.is_empty() {
            let bytes = match self.stream.read(buffer) {
                Ok(0) => return Ok(Goes::Away),
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            };
            self.answer(&buffer[..bytes], cut)?;
            // The socket is drained: see epoll(7). But for its end, which is read as 0 bytes.
            if bytes < buffer.len() && !is_ending {
                break;
            }
        }
        Ok(Goes::On)
    }

    fn answer(&mut self, bytes: &[u8], cut: Cut) -> io::Result<()> {
        match cut {
            Cut::Anywhere => self.write(&[], bytes),
            Cut::Frames if self.begun.is_empty() => self.answer_frames(&[], bytes),
            Cut::Frames => {
                let mut begun = mem::take(&mut self.begun);
                let rest = complete(&mut begun, bytes)?;
                if frames::whole_frames(&begun)? == 0 {
                    self.begun = begun;
                    return Ok(());
                }
                self.answer_frames(&begun, rest)
            }
        }
    }

    /// Sends back a frame and the whole ones that follow it, and keeps the rest.
    fn answer_frames(&mut self, first: &[u8], bytes: &[u8]) -> io::Result<()> {
        let (whole, rest) = bytes.split_at(frames::whole_frames(bytes)?);
        self.begun.extend_from_slice(rest);
        self.write(first, whole)
    }

    fn write(&mut self, first: &[u8], second: &[u8]) -> io::Result<()> {
        let pieces = [IoSlice::new(first), IoSlice::new(second)];
        let written = match (first, second) {
            ([], []) => return Ok(()),
            ([], bytes) => self.stream.write(bytes),
            _ => self.stream.write_vectored(&pieces),
        };
        let written = written.or_else(none_if_it_would_block)?;
        if written < first.len() {
            self.refused.extend_from_slice(&first[written..]);
        }
        self.refused.extend_from_slice(&second[written.saturating_sub(first.len())..]);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.refused.is_empty() {
            let written = self.stream.write(&self.refused).or_else(none_if_it_would_block)?;
            self.refused.drain(..written);
        }
        Ok(())
    }
}

/// Moves what the begun frame lacks to it, and gives what follows.
fn complete<'a>(begun: &mut Vec<u8>, bytes: &'a [u8]) -> io::Result<&'a [u8]> {
    let missing = frames::HEADER_BYTES.saturating_sub(begun.len()).min(bytes.len());
    let (header, bytes) = bytes.split_at(missing);
    begun.extend_from_slice(header);
    let missing = frames::frame_bytes(begun)?.map_or(0, |frame| frame - begun.len());
    let (end, rest) = bytes.split_at(missing.min(bytes.len()));
    begun.extend_from_slice(end);
    Ok(rest)
}

fn none_if_it_would_block(error: io::Error) -> io::Result<usize> {
    if error.kind() == ErrorKind::WouldBlock { Ok(0) } else { Err(error) }
}

/// No descriptor is as large.
const LISTENER: u64 = u64::MAX;
/// Four messages of 64 KiB at once: the largest of what is measured.
const BUFFER_BYTES: usize = 256 << 10;
const EVENTS: usize = 1024;
