//! One member: a connection that says and hears messages. When it does is its room's affair.

use std::env;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use switchboard::auth::{Dialect, Key, Keyring, Policy, Progress};
use switchboard::session::draw_from_system;

use super::notice;
use crate::peers::frames::{HEADER_BYTES, frame_bytes};

/// Somebody in a room. It waits awake: to wake somebody up is work, and would be the hub's.
pub struct Member {
    stream: TcpStream,
    inbox: Vec<u8>,
    /// What it heard last.
    heard: Vec<u8>,
}

impl Member {
    /// One who shows nothing, and is welcome.
    pub fn welcome(address: SocketAddr) -> io::Result<Member> {
        let mut member = Member::connect(address)?;
        member.hear()?;
        Ok(member)
    }

    fn connect(address: SocketAddr) -> io::Result<Member> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Member { stream, inbox: Vec::new(), heard: Vec::new() })
    }

    /// One who shows a key, and is welcome.
    pub fn prove(address: SocketAddr, policy: &Policy) -> io::Result<Member> {
        let mut member = Member::connect(address)?;
        let (mut handshake, mut said) = (policy.call(draw_from_system()?), Vec::new());
        loop {
            let progress = handshake.advance(&member.inbox, &mut said).map_err(io::Error::other)?;
            member.stream.write_all(&said)?;
            said.clear();
            match progress {
                Progress::Done { consumed, .. } => {
                    member.inbox.drain(..consumed);
                    member.hear()?;
                    return Ok(member);
                }
                Progress::Pending { next, consumed } => {
                    handshake = next;
                    member.inbox.drain(..consumed);
                }
            }
            member.receive()?;
        }
    }

    /// Says something.
    pub fn say(&mut self, message: &[u8]) -> io::Result<()> {
        let header = u32::try_from(message.len()).map_err(io::Error::other)?.to_be_bytes();
        self.stream.write_all(&[&header, message].concat())
    }

    /// Says something that has the `ref` 1, and gives the answer.
    pub fn ask(&mut self, request: &str) -> io::Result<&[u8]> {
        self.say(request.as_bytes())?;
        self.hear_but_of_others()?;
        if !self.heard.ends_with(notice::ANSWER_END.as_bytes())
            || self.heard.starts_with(br#"{"type":"error""#)
        {
            return Err(altered(&self.heard, "an answer".as_bytes()));
        }
        Ok(&self.heard)
    }

    /// Waits for one message.
    pub fn hear(&mut self) -> io::Result<()> {
        loop {
            match frame_bytes(&self.inbox)? {
                Some(frame) if frame <= self.inbox.len() => {
                    self.heard.clear();
                    self.heard.extend_from_slice(&self.inbox[HEADER_BYTES..frame]);
                    self.inbox.drain(..frame);
                    return Ok(());
                }
                _ => self.receive()?,
            }
        }
    }

    /// Waits for this message. Any other, but of who comes and goes, is a mistake of the hub.
    pub fn hear_this(&mut self, expected: &[u8]) -> io::Result<()> {
        self.hear_but_of_others()?;
        if self.heard == expected { Ok(()) } else { Err(altered(&self.heard, expected)) }
    }

    fn hear_but_of_others(&mut self) -> io::Result<()> {
        self.hear()?;
        while notice::is_of_others(&self.heard) {
            self.hear()?;
        }
        Ok(())
    }

    /// Waits for more bytes.
    fn receive(&mut self) -> io::Result<()> {
        let (mut piece, end) = ([0; 4096], Instant::now() + DEADLINE);
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(bytes) => {
                    self.inbox.extend_from_slice(&piece[..bytes]);
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < end => {}
                Err(error) => return Err(error),
            }
        }
    }
}

pub(super) fn altered(heard: &[u8], expected: &[u8]) -> io::Error {
    let [heard, expected] = [heard, expected].map(|bytes| bytes.escape_ascii());
    io::Error::new(ErrorKind::InvalidData, format!("heard {heard} for {expected}"))
}

/// The keys of the file that our programs take them from, one policy each.
pub(super) fn keys() -> io::Result<Vec<Policy>> {
    let path = env::var_os("SWITCHBOARD_KEY_FILE").ok_or_else(|| io::Error::other("no key file is named"))?;
    let text = fs::read_to_string(path)?;
    let policy = |line: &str| {
        let (name, hex) = line.split_once(' ').ok_or("a line of a key file has a name and a key")?;
        let mut keys = Keyring::new();
        keys.add(name, Key::from_hex(hex.trim())?)?;
        let policy = Policy::new(Dialect::Mutual, Arc::new(keys))?;
        Ok::<Policy, Box<dyn std::error::Error + Send + Sync>>(policy.with_service("chat"))
    };
    text.lines().map(|line| policy(line).map_err(io::Error::other)).collect()
}

/// For anything at all; nothing here takes a hundredth of it.
const DEADLINE: Duration = Duration::from_secs(30);
