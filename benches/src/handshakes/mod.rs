//! Servers that make handshakes and nothing else, and a caller that wants them: ours in each dialect on a loop of its
//! own, and Python's. What the rates are printed as is left to the program.

mod python;
mod server;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use switchboard::auth::{Dialect, Entropy, Handshake, Key, Keyring, Policy, Progress};
use switchboard::session::draw_from_system;

pub use python::PythonListener;
pub use server::OurServer;

/// The key of everybody here.
pub const KEY: [u8; 32] = *b"0123456789abcdefghijklmnopqrstuv";

/// Terms that both sides of a measurement share. MD5 is allowed for Pythons that know nothing else.
pub fn policy(dialect: Dialect) -> Policy {
    let mut keys = Keyring::new();
    keys.add("alice", Key::from_bytes(&KEY)).expect("the first key of a ring has a free name");
    let policy = Policy::new(dialect, Arc::new(keys)).expect("the key suits every dialect");
    policy.with_digests("sha256,md5".parse().expect("two digests"))
}

/// Entropy that is no secret: what is measured must not depend on how fast the system draws.
pub fn fixed(seed: u8) -> Entropy {
    Entropy::from([seed; Entropy::BYTES])
}

/// Makes a handshake to its end with the bytes carried across in memory.
pub fn in_memory(policy: &Policy) {
    let (mut server, mut client) = (Some(policy.accept(fixed(1))), Some(policy.call(fixed(2))));
    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    while server.is_some() || client.is_some() {
        server = server.and_then(|server| step(server, &mut to_server, &mut to_client));
        client = client.and_then(|client| step(client, &mut to_client, &mut to_server));
    }
}

fn step(handshake: Handshake, input: &mut Vec<u8>, output: &mut Vec<u8>) -> Option<Handshake> {
    let (next, consumed) = match handshake.advance(input, output).expect("both hold the key") {
        Progress::Pending { next, consumed } => (Some(next), consumed),
        Progress::Done { consumed, .. } => (None, consumed),
    };
    input.drain(..consumed);
    next
}

/// What a stranger sends first: a hello with a key that the server does not hold, or with one that it does and a
/// wrong proof.
pub fn strangers_hello(forged: Forged) -> Vec<u8> {
    let mut hello = Vec::new();
    let begun = policy(Dialect::Noise).call(fixed(3)).advance(&[], &mut hello);
    assert!(matches!(begun, Ok(Progress::Pending { .. })), "a client speaks first");
    let wrong = match forged {
        Forged::KeyId => 8,
        Forged::Proof => hello.len() - 1,
    };
    hello[wrong] ^= 1;
    hello
}

/// What is wrong about a stranger.
#[derive(Clone, Copy, Debug)]
pub enum Forged {
    /// Nobody goes by its id.
    KeyId,
    /// It does not hold the key.
    Proof,
}

/// Everything a server does for a stranger, but the socket.
pub fn refuse(policy: &Policy, hello: &[u8], out: &mut Vec<u8>) {
    assert!(policy.accept(fixed(4)).advance(hello, out).is_err(), "a stranger was let in");
}

/// Calls one after the other for this long; the handshakes that both sides finished, and the time it took.
pub fn call_for(address: SocketAddr, policy: &Policy, span: Duration) -> io::Result<(f64, Duration)> {
    let begin = Instant::now();
    let mut calls = 0.0;
    while begin.elapsed() < span {
        call(address, policy)?;
        calls += 1.0;
    }
    Ok((calls, begin.elapsed()))
}

/// One call: a connection, a handshake, and the end of the stream from the other side, which says that it is done.
fn call(address: SocketAddr, policy: &Policy) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    let (mut handshake, mut inbox, mut said) = (policy.call(draw_from_system()?), Vec::new(), Vec::new());
    loop {
        let progress = handshake.advance(&inbox, &mut said).map_err(io::Error::other)?;
        stream.write_all(&said)?;
        said.clear();
        match progress {
            Progress::Done { .. } => return stream.read_to_end(&mut inbox).map(drop),
            Progress::Pending { next, consumed } => {
                handshake = next;
                inbox.drain(..consumed);
            }
        }
        let mut piece = [0; 512];
        let bytes = stream.read(&mut piece)?;
        inbox.extend_from_slice(&piece[..bytes]);
        if bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// For anything at all; nothing here takes a hundredth of it.
const DEADLINE: Duration = Duration::from_secs(10);
