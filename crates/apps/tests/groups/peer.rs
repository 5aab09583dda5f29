//! A caller made by hand on a blocking socket: it shakes hands in any dialect and hears whole messages.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use switchboard::auth::{Channel, Dialect, Entropy, Handshake, Opened, Progress};

use super::policy;

pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Peer {
    stream: TcpStream,
    /// What seals the conversation, if anything does.
    channel: Option<Box<Channel>>,
    /// Received, and not opened yet.
    sealed: Vec<u8>,
    /// Opened, and not heard yet.
    plain: Vec<u8>,
}

impl Peer {
    pub(crate) fn call(address: SocketAddr, dialect: Dialect) -> Peer {
        Peer::meet(TcpStream::connect(address).unwrap(), dialect)
    }

    /// Shakes hands on a stream that stands.
    pub(crate) fn meet(mut stream: TcpStream, dialect: Dialect) -> Peer {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut handshake: Handshake = policy(dialect).call(Entropy::from([9; 64]));
        let mut inbox = Vec::new();
        loop {
            let mut said = Vec::new();
            let progress = handshake.advance(&inbox, &mut said).unwrap();
            stream.write_all(&said).unwrap();
            match progress {
                Progress::Pending { next, consumed } => {
                    handshake = next;
                    inbox.drain(..consumed);
                    read_some(&mut stream, &mut inbox).unwrap();
                }
                Progress::Done { mut proof, consumed } => {
                    inbox.drain(..consumed);
                    let channel = proof.take_channel();
                    return Peer { stream, channel, sealed: inbox, plain: Vec::new() };
                }
            }
        }
    }

    pub(crate) fn say(&mut self, message: &str) {
        let mut framed = u32::try_from(message.len()).unwrap().to_be_bytes().to_vec();
        framed.extend_from_slice(message.as_bytes());
        let mut sent = Vec::new();
        match &mut self.channel {
            Some(channel) => channel.seal(&framed, &mut sent).unwrap(),
            None => sent = framed,
        }
        self.stream.write_all(&sent).unwrap();
    }

    /// The next message.
    pub(crate) fn hear(&mut self) -> String {
        loop {
            self.open();
            if let Some((length, rest)) = self.plain.split_first_chunk()
                && let length = u32::from_be_bytes(*length) as usize
                && rest.len() >= length
            {
                let message = String::from_utf8(rest[..length].to_vec()).unwrap();
                self.plain.drain(..4 + length);
                return message;
            }
            read_some(&mut self.stream, &mut self.sealed).unwrap();
        }
    }

    fn open(&mut self) {
        let Some(channel) = &mut self.channel else {
            self.plain.append(&mut self.sealed);
            return;
        };
        let (Opened::More { consumed } | Opened::Closed { consumed }) =
            channel.open(&self.sealed, &mut self.plain).unwrap();
        self.sealed.drain(..consumed);
    }
}

fn read_some(stream: &mut TcpStream, inbox: &mut Vec<u8>) -> io::Result<()> {
    let mut piece = vec![0; 65_536];
    match stream.read(&mut piece)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        bytes => {
            inbox.extend_from_slice(&piece[..bytes]);
            Ok(())
        }
    }
}
