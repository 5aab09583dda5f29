//! The server over real loopback sockets, with members that are sockets and frames by hand, and one that is the
//! real client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use auth::{Dialect, Key, Keyring, Policy};
use reactor::{Handle, Limits, ListenOptions, Reactor};
use serde_json::{Value, json};

use super::*;
use crate::chat::hub::{HubLimits, Rate};
use crate::chat::join;
use crate::cli::kept::Kept;
use crate::cli::notes::Volume;
use crate::session::{Profile, Session};

const DEADLINE: Duration = Duration::from_secs(20);

/// A server on a thread of its own.
struct Running {
    address: SocketAddr,
    handle: Handle<()>,
    /// Gives the server back when its loop has ended.
    ended: Receiver<Server>,
    said: Kept,
}

impl Running {
    fn start(dialect: Dialect, limits: Limits) -> Running {
        let rate = Rate { burst: 1_000_000, per_second: 1_000_000 };
        let said = Kept::default();
        let notes = Notes::over(said.clone(), Volume::Normal);
        let server = Server::new(Hub::new(HubLimits { rate, ..HubLimits::default() }), notes);
        let session = Session::new(server.with_calendar(|| 1000), profile(dialect));
        let mut reactor = Reactor::new(session, limits).unwrap();
        let any = Address::Tcp("127.0.0.1:0".parse().unwrap());
        let (_, address) = reactor.listen(&any, &ListenOptions::default()).unwrap();
        let handle = reactor.handle();
        let (ends, ended) = sync_channel(1);
        thread::spawn(move || ends.send(reactor.run().unwrap().into_service()).unwrap());
        Running { address: address.ip().unwrap(), handle, ended, said }
    }

    fn member(&self, nick: &str) -> Member {
        let mut member = Member::call(self.address);
        assert_eq!(member.hear()["type"], "welcome");
        member.ask(&json!({"type": "nick", "nick": nick}));
        member.ask(&json!({"type": "join", "room": "lobby"}));
        member
    }

    /// Ends it; nobody is on its books then.
    fn stop(self) {
        self.handle.drain(DEADLINE);
        let server = self.ended.recv_timeout(2 * DEADLINE).expect("a loop that drains ends");
        assert_eq!((server.hub.member_count(), server.connections.len()), (0, 0));
    }
}

fn profile(dialect: Dialect) -> Profile {
    let mut keys = Keyring::new();
    keys.add("team", Key::from_bytes(&[7; 32])).unwrap();
    let policy = Policy::new(dialect, Arc::new(keys)).unwrap().with_service("chat");
    Profile::new("u32be,max=1MiB".parse().unwrap(), policy)
}

/// A member that is nothing but a socket.
struct Member(TcpStream);

impl Member {
    fn call(address: SocketAddr) -> Member {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        socket.set_write_timeout(Some(DEADLINE)).unwrap();
        Member(socket)
    }

    fn send(&mut self, message: &[u8]) {
        let length = u32::try_from(message.len()).unwrap();
        self.0.write_all(&[&length.to_be_bytes()[..], message].concat()).unwrap();
    }

    fn hear(&mut self) -> Value {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).unwrap();
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut message).unwrap();
        serde_json::from_slice(&message).unwrap()
    }

    /// Sends a request and gives the next that comes.
    fn ask(&mut self, request: &Value) -> Value {
        self.send(request.to_string().as_bytes());
        self.hear()
    }

    fn expect_end(&mut self) {
        assert_eq!(self.0.read(&mut [0]).unwrap(), 0, "the hub hangs up and says no more");
    }
}

#[test]
fn what_one_member_says_the_others_hear() {
    let hub = Running::start(Dialect::None, Limits::default());
    let mut ann = hub.member("ann");
    let mut bob = hub.member("bob");
    assert_eq!(ann.hear(), json!({"type": "joined", "room": "lobby", "nick": "bob"}));

    let accepted = bob.ask(&json!({"type": "say", "room": "lobby", "text": "hi", "ref": 7}));
    assert_eq!(accepted, json!({"type": "accepted", "id": 1, "ms": 1000, "ref": 7}));
    let message =
        json!({"type": "message", "room": "lobby", "id": 1, "ms": 1000, "nick": "bob", "text": "hi"});
    assert_eq!(ann.hear(), message);

    drop(bob);
    assert_eq!(ann.hear(), json!({"type": "left", "room": "lobby", "nick": "bob"}));
    drop(ann);
    hub.stop();
}

#[test]
fn what_is_no_request_ends_nothing_and_what_is_no_json_does() {
    let hub = Running::start(Dialect::None, Limits::default());
    let mut ann = hub.member("ann");
    for (request, code) in
        [(r#"{"type":"dance","ref":1}"#, "unknown_type"), (r#"{"type":"say","ref":1}"#, "bad_request")]
    {
        ann.send(request.as_bytes());
        let error = ann.hear();
        assert_eq!((&error["code"], &error["ref"]), (&json!(code), &json!(1)));
    }
    ann.send(b"GET / HTTP/1.1\r\n\r\n");
    ann.send(br#"{"type":"rooms"}"#);
    assert_eq!(ann.hear()["code"], "foreign");
    ann.expect_end();
    hub.stop();
}

#[test]
fn a_member_who_does_not_read_harms_only_itself() {
    let limits = Limits { outbound_high: 64 << 10, outbound_hard: 256 << 10, ..Limits::default() };
    let hub = Running::start(Dialect::None, limits);
    let mut ann = hub.member("ann");
    let mut bob = hub.member("bob");
    let _deaf = hub.member("deaf");
    for _ in 0..2 {
        assert_eq!(ann.hear()["type"], "joined");
    }
    let started = Instant::now();
    let long = json!({"type": "say", "room": "lobby", "text": "x".repeat(4000)});
    let mut said = 0;
    loop {
        let answer = ann.ask(&long);
        if answer["type"] == "left" {
            assert_eq!(answer["nick"], "deaf");
            break;
        }
        assert_eq!(answer["type"], "accepted");
        said += 1;
        assert!(started.elapsed() < DEADLINE, "it is still here after {said} messages");
        while bob.hear()["id"] != said {}
    }
    assert!(hub.said.text().contains("does not read"), "{}", hub.said.text());
    hub.stop();
}

#[test]
fn members_are_told_that_the_hub_ends() {
    let hub = Running::start(Dialect::None, Limits::default());
    let mut ann = hub.member("ann");
    hub.handle.drain(DEADLINE);
    assert_eq!(ann.hear()["type"], "bye");
    ann.expect_end();
    drop(ann);
    hub.stop();
}

#[test]
fn a_pipe_hangs_up_when_all_that_it_said_is_accepted() {
    let hub = Running::start(Dialect::Mutual, Limits::default());
    let mut lines: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    lines.extend(["/history 3".to_owned(), "last".to_owned()]);
    let input = lines.join("\n");
    let (outcome, shown) = join::tests::pipe(hub.address, profile(Dialect::Mutual), "ann", input);
    outcome.unwrap();
    assert_eq!(shown, "ann: 197\nann: 198\nann: 199\n");

    let (outcome, shown) =
        join::tests::pipe(hub.address, profile(Dialect::Mutual), "ann", "/bogus\n".to_owned());
    assert!(outcome.unwrap_err().message().contains("1 were refused"));
    assert!(shown.ends_with("ann: 199\nann: last\n"), "the last messages are shown on joining: {shown}");
    hub.stop();
}
