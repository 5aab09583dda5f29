//! Peers that nobody runs for a while still do what they are measured for. How well they do it is the bench's affair.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// For every wait: a debug build on a busy machine is slow, and a peer that hangs is to be found today.
const DEADLINE: Duration = Duration::from_secs(30);

#[test]
fn every_peer_on_streams_sends_back_what_it_is_sent() {
    let u32be = b"\0\0\0\x02hi\0\0\0\0\0\0\0\x05there";
    let varint = b"\x02hi\x05there";
    let peers: [(&str, &[&str], &[u8]); 5] = [
        (env!("CARGO_BIN_EXE_peer_epoll"), &[], u32be),
        (env!("CARGO_BIN_EXE_peer_epoll"), &["raw"], u32be),
        (env!("CARGO_BIN_EXE_peer_tokio_batched"), &[], u32be),
        (env!("CARGO_BIN_EXE_peer_tokio_codec"), &[], u32be),
        (env!("CARGO_BIN_EXE_peer_message_io"), &[], varint),
    ];
    for (program, words, frames) in peers {
        let peer = Peer::start(program, words);
        let mut caller = TcpStream::connect(peer.address()).unwrap();
        caller.set_read_timeout(Some(DEADLINE)).unwrap();
        for part in frames.chunks(7) {
            caller.write_all(part).unwrap();
        }
        let mut heard = vec![0; frames.len()];
        caller.read_exact(&mut heard).unwrap_or_else(|error| panic!("{program} {words:?}: {error}"));
        assert_eq!(heard, frames, "{program} {words:?}");
    }
}

#[test]
fn the_floor_for_datagrams_sends_back_what_it_is_sent() {
    let peer = Peer::start(env!("CARGO_BIN_EXE_peer_udp"), &[]);
    let caller = UdpSocket::bind("127.0.0.1:0").unwrap();
    caller.set_read_timeout(Some(DEADLINE)).unwrap();
    caller.send_to(b"hello", peer.address()).unwrap();
    let mut heard = [0; 16];
    let (bytes, _) = caller.recv_from(&mut heard).expect("an answer");
    assert_eq!(&heard[..bytes], b"hello");
}

#[test]
fn the_floor_for_rooms_is_heard_by_its_load() {
    let peer = Peer::start(env!("CARGO_BIN_EXE_peer_room"), &[]);
    let words = format!("{} -c 5 --room 5 --mode bare --time 50ms --pid {}", peer.endpoint, peer.child.id());
    let load = Command::new(env!("CARGO_BIN_EXE_load_room")).args(words.split(' ')).output().unwrap();
    let told = String::from_utf8_lossy(&load.stdout);
    assert!(load.status.success() && told.contains(r#""cpu_ns_per_message":"#), "{load:?}");
}

/// One at work; dropping it ends it.
struct Peer {
    child: Child,
    endpoint: String,
}

impl Peer {
    /// Starts it, and waits until it says where it listens.
    fn start(program: &str, words: &[&str]) -> Peer {
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it was built with this test");
        let stderr = BufReader::new(child.stderr.take().expect("its stderr is piped"));
        let mut peer = Peer { child, endpoint: String::new() };
        let (sender, lines) = mpsc::channel();
        // Reads on, as a peer that has something to say must not wait for us.
        thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        let line = lines.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("{program} says nothing"));
        line.strip_prefix("listening on ").expect("where it listens").clone_into(&mut peer.endpoint);
        peer
    }

    fn address(&self) -> &str {
        self.endpoint.split_once("://").expect("an endpoint has a scheme").1
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Both fail when it is over already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
