//! A session over `noise` against a peer that speaks it by hand: what is sealed, when the ends are said, and what an
//! attacker on the path can do to a conversation that stands.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use switchboard::auth::{
    Channel, ChannelError, Dialect, Entropy, Handshake, Key, Keyring, Opened, Policy, Progress,
};
use switchboard::reactor::{ConnId, Handle, Limits, ListenOptions, Reactor};
use switchboard::session::{Broadcast, Caller, Ended, Link, Profile, Service, Session};

const DEADLINE: Duration = Duration::from_secs(10);

/// Answers each message with itself; `all` goes to everybody, `bye` is hung up on, `half` has our side ended.
struct Echo {
    open: Vec<ConnId>,
    ends: Sender<String>,
    ends_with_its_peer: bool,
}

impl Service for Echo {
    type Command = ();

    fn open(&mut self, _: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        self.open.push(id);
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        match message {
            b"all" => {
                let mut shared = Broadcast::new(message.to_vec());
                self.open.iter().for_each(|id| link.send_shared(*id, &mut shared).unwrap());
            }
            b"bye" => link.hang_up(id),
            b"half" => link.end_sending(id),
            _ => link.send(id, message).unwrap(),
        }
    }

    fn end_of_input(&mut self, link: &mut Link<'_, '_>, id: ConnId) {
        link.send(id, b"you have ended").unwrap();
        if self.ends_with_its_peer {
            link.hang_up(id);
        }
    }

    fn close(&mut self, _: &mut Link<'_, '_>, id: ConnId, ended: &Ended) {
        self.open.retain(|open| *open != id);
        let _ = self.ends.send(format!("{ended:?}"));
    }
}

fn policy() -> Policy {
    let mut keys = Keyring::new();
    keys.add("alice", Key::from_bytes(&[7; 32])).unwrap();
    Policy::new(Dialect::Noise, Arc::new(keys)).unwrap().with_service("echo")
}

struct Server {
    address: String,
    handle: Handle<()>,
    thread: Option<JoinHandle<()>>,
    ends: Receiver<String>,
}

impl Server {
    fn start() -> Server {
        Server::of(true)
    }

    fn of(ends_with_its_peer: bool) -> Server {
        let (said, ends) = channel();
        let echo = Echo { open: Vec::new(), ends: said, ends_with_its_peer };
        let profile = Profile::new("u32be,max=1MiB".parse().unwrap(), policy());
        let mut server = Reactor::new(Session::new(echo, profile), Limits::default()).unwrap();
        let any = "tcp://127.0.0.1:0".parse().unwrap();
        let (_, address) = server.listen(&any, &ListenOptions::default()).unwrap();
        let address = address.to_string().trim_start_matches("tcp://").to_owned();
        let handle = server.handle();
        let thread = Some(thread::spawn(move || drop(server.run().unwrap())));
        Server { address, handle, thread, ends }
    }

    fn next_end(&self) -> String {
        self.ends.recv_timeout(DEADLINE).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.handle.shutdown();
        self.thread.take().unwrap().join().unwrap();
    }
}

/// A client that sees its records.
struct Peer {
    stream: TcpStream,
    channel: Box<Channel>,
    sealed: Vec<u8>,
    plain: Vec<u8>,
}

impl Peer {
    fn call(server: &Server) -> Peer {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let (mut handshake, mut inbox): (Handshake, Vec<u8>) =
            (policy().call(Entropy::from([9; 64])), vec![]);
        loop {
            let mut said = Vec::new();
            let progress = handshake.advance(&inbox, &mut said).unwrap();
            stream.write_all(&said).unwrap();
            match progress {
                Progress::Pending { next, consumed } => {
                    handshake = next;
                    inbox.drain(..consumed);
                }
                Progress::Done { mut proof, consumed } => {
                    inbox.drain(..consumed);
                    let channel = proof.take_channel().unwrap();
                    return Peer { stream, channel, sealed: inbox, plain: Vec::new() };
                }
            }
            let mut piece = [0; 64];
            let bytes = stream.read(&mut piece).unwrap();
            inbox.extend_from_slice(&piece[..bytes]);
        }
    }

    fn records(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut records = Vec::new();
        self.channel.seal(plain, &mut records).unwrap();
        records
    }

    fn say(&mut self, message: &[u8]) {
        let records = self.records(&framed(message));
        self.stream.write_all(&records).unwrap();
    }

    fn close_record(&mut self) {
        let mut record = Vec::new();
        self.channel.close(&mut record).unwrap();
        self.stream.write_all(&record).unwrap();
    }

    /// Reads until that much plaintext has come.
    fn hear(&mut self, expected: &[u8]) {
        while self.plain.len() < expected.len() {
            let mut piece = vec![0; 65_536];
            let bytes = self.stream.read(&mut piece).unwrap();
            assert_ne!(bytes, 0, "the server ended after {} bytes", self.plain.len());
            self.sealed.extend_from_slice(&piece[..bytes]);
            let (Opened::More { consumed } | Opened::Closed { consumed }) =
                self.channel.open(&self.sealed, &mut self.plain).unwrap();
            self.sealed.drain(..consumed);
        }
        let heard: Vec<u8> = self.plain.drain(..expected.len()).collect();
        assert!(heard == expected, "another {} bytes than expected", heard.len());
    }

    /// Everything until the end of the stream: how the channel takes it, and what was said.
    fn hear_end(&mut self) -> (Result<(), ChannelError>, Vec<u8>) {
        self.stream.read_to_end(&mut self.sealed).unwrap();
        let opened = self.channel.open(&self.sealed, &mut self.plain);
        let consumed = match opened {
            Ok(Opened::More { consumed } | Opened::Closed { consumed }) => consumed,
            Err(error) => return (Err(error), std::mem::take(&mut self.plain)),
        };
        (self.channel.finish(&self.sealed[consumed..]), std::mem::take(&mut self.plain))
    }
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
}

#[test]
fn messages_of_many_records_and_records_of_many_messages_come_back() {
    let server = Server::start();
    let mut peer = Peer::call(&server);
    let long: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    for message in [&b"short"[..], b"", &long, b"after"] {
        peer.say(message);
        peer.hear(&framed(message));
    }
    let many: Vec<u8> = (0..1000).flat_map(|_| framed(b"many")).collect();
    let records = peer.records(&many);
    assert_eq!(records.len(), many.len() + 19, "one record");
    peer.stream.write_all(&records).unwrap();
    peer.hear(&many);
}

#[test]
fn a_message_may_be_spread_over_records_byte_by_byte() {
    let server = Server::start();
    let mut peer = Peer::call(&server);
    let message = framed(b"in small pieces");
    for byte in &message {
        let record = peer.records(&[*byte]);
        for sealed in record {
            peer.stream.write_all(&[sealed]).unwrap();
        }
    }
    peer.hear(&message);
}

#[test]
fn what_is_said_to_everybody_reaches_each_in_records_of_its_own() {
    let server = Server::start();
    let mut peers = [(); 3].map(|()| Peer::call(&server));
    for peer in &mut peers {
        peer.say(b"here");
        peer.hear(&framed(b"here"));
    }
    peers[0].say(b"all");
    for peer in &mut peers {
        peer.hear(&framed(b"all"));
    }
}

#[test]
fn nothing_travels_in_the_clear() {
    let server = Server::start();
    let mut peer = Peer::call(&server);
    let secret = b"a secret that nobody may see";
    let records = peer.records(&framed(secret));
    peer.stream.write_all(&records).unwrap();
    let mut answer = vec![0; records.len()];
    peer.stream.read_exact(&mut answer).unwrap();
    for sent in [&records, &answer] {
        assert!(!sent.windows(4).any(|piece| secret.windows(4).any(|part| part == piece)));
    }
}

#[test]
fn a_close_record_ends_a_conversation_well_on_both_sides() {
    let server = Server::start();
    let mut peer = Peer::call(&server);
    peer.close_record();
    assert_eq!(peer.hear_end(), (Ok(()), framed(b"you have ended")));
    drop(peer);
    assert_eq!(server.next_end(), "Well");
}

#[test]
fn a_server_that_hangs_up_says_so_in_a_record() {
    let server = Server::start();
    let mut peer = Peer::call(&server);
    peer.say(b"bye");
    assert_eq!(peer.hear_end(), (Ok(()), vec![]));
    drop(peer);
    assert_eq!(server.next_end(), "Well");
}

#[test]
fn a_loop_that_drains_says_so_to_everybody() {
    let server = Server::start();
    let mut peers = [(); 3].map(|()| Peer::call(&server));
    for peer in &mut peers {
        peer.say(b"here");
        peer.hear(&framed(b"here"));
    }
    server.handle.drain(DEADLINE);
    for mut peer in peers {
        assert_eq!(peer.hear_end(), (Ok(()), vec![]));
    }
}

#[test]
fn one_side_may_end_and_the_other_go_on() {
    let server = Server::start();
    let mut peer = Peer::call(&server);
    peer.say(b"half");
    assert_eq!(peer.hear_end(), (Ok(()), vec![]));
    peer.say(b"still heard, and answered by nobody");
    peer.close_record();
    drop(peer);
    assert_eq!(server.next_end(), "Well");
}

#[test]
fn a_stream_that_is_cut_is_told_from_one_that_ends() {
    let server = Server::start();
    let mut peer = Peer::call(&server);
    peer.say(b"here");
    peer.hear(&framed(b"here"));
    drop(peer);
    assert_eq!(server.next_end(), "Sealing(Truncated { have: 0 })");

    let mut peer = Peer::call(&server);
    let record = peer.records(&framed(b"half of a record"));
    peer.stream.write_all(&record[..9]).unwrap();
    drop(peer);
    assert_eq!(server.next_end(), "Sealing(Truncated { have: 9 })");
}

#[test]
fn whoever_was_cut_off_is_not_told_that_all_was_heard() {
    let server = Server::start();
    let mut peer = Peer::call(&server);
    peer.say(b"here");
    peer.hear(&framed(b"here"));
    peer.stream.shutdown(std::net::Shutdown::Write).unwrap();
    let (end, _) = peer.hear_end();
    assert!(end.is_err(), "a genuine close record would cover the cut up");
    assert_eq!(server.next_end(), "Sealing(Truncated { have: 0 })");
}

#[test]
fn a_close_record_inside_a_message_breaks_the_framing() {
    let server = Server::start();
    let mut peer = Peer::call(&server);
    let record = peer.records(&framed(b"half of a message")[..9]);
    peer.stream.write_all(&record).unwrap();
    peer.close_record();
    assert!(server.next_end().starts_with("Frame(Truncated"));
}

#[test]
fn a_message_over_the_limit_is_refused_before_it_has_come() {
    let server = Server::start();
    for (bytes, is_refused) in [(1024 * 1024, false), (1024 * 1024 + 1, true)] {
        let mut peer = Peer::call(&server);
        let header = peer.records(&u32::to_be_bytes(bytes));
        peer.stream.write_all(&header).unwrap();
        if !is_refused {
            let message = vec![b'x'; usize::try_from(bytes).unwrap()];
            let records = peer.records(&message);
            peer.stream.write_all(&records).unwrap();
            peer.hear(&framed(&message));
            peer.close_record();
        }
        drop(peer);
        assert_eq!(server.next_end().starts_with("Frame(TooLong"), is_refused, "{bytes} bytes");
    }
}

#[test]
fn a_changed_bit_ends_the_conversation_without_one_more_byte() {
    let server = Server::start();
    let mut peer = Peer::call(&server);
    let good = peer.records(&framed(b"good"));
    let mut bad = peer.records(&framed(b"bad"));
    bad[7] ^= 1;
    peer.stream.write_all(&good).unwrap();
    peer.hear(&framed(b"good"));
    peer.stream.write_all(&bad).unwrap();
    assert_eq!(peer.hear_end(), (Err(ChannelError::Truncated { have: 0 }), vec![]));
    assert_eq!(server.next_end(), "Sealing(Forged)");
}

#[test]
fn records_played_back_or_swapped_are_not_heard() {
    let server = Server::start();
    for order in [[0, 0], [1, 0]] {
        let mut peer = Peer::call(&server);
        let records = [peer.records(&framed(b"first")), peer.records(&framed(b"second"))];
        for which in order {
            peer.stream.write_all(&records[which]).unwrap();
        }
        drop(peer);
        assert_eq!(server.next_end(), "Sealing(Forged)");
    }
}

#[test]
fn whoever_goes_on_after_the_close_record_is_cut_off() {
    let server = Server::of(false);
    let mut peer = Peer::call(&server);
    peer.close_record();
    peer.stream.write_all(b"and another thing").unwrap();
    assert!(server.next_end().starts_with("Sealing(AfterClose"));
}
