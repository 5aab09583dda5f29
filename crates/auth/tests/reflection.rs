//! Reflection: a server without the key has the challenge of one client answered by another. First against Python's own
//! clients, whom it fools, and then against ours.

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::JoinHandle;

use switchboard_auth::{Policy, Refused};

use support::entropy;
use support::pythons::{Outcome, Python, Script, accept_in_time, drive, pythons};

const KEY: &[u8] = b"secret key";

/// Somebody who calls, and means the server.
enum Victim {
    Python(Script),
    Ours(JoinHandle<Outcome>),
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    (listener, port)
}

/// Python calls: the victim, and its connection as the false server sees it.
fn python_calls(python: &Python) -> (Victim, TcpStream) {
    let (listener, port) = listener();
    let script = python.run(CLIENT, port);
    (Victim::Python(script), accept_in_time(listener))
}

/// We call.
fn we_call(policy: &Policy, seed: u8) -> (Victim, TcpStream) {
    let (listener, port) = listener();
    let handshake = policy.call(entropy(seed));
    let victim = std::thread::spawn(move || {
        drive(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens"), handshake)
    });
    (Victim::Ours(victim), accept_in_time(listener))
}

/// The false server: it holds no key, and says to `waiting` what `used` has said. Whether `waiting` believed it.
fn reflect(python: &Python, mut waiting: TcpStream, mut used: TcpStream) -> bool {
    // A challenge that any client answers; the answer is of no use, and is welcome all the same.
    let nonce = if python.is_modern() { [&b"{sha256}"[..], &[7; 40]].concat() } else { vec![7; 20] };
    let _ = ask(&mut waiting, &[b"#CHALLENGE#", &nonce[..]].concat());
    let challenge = ask(&mut waiting, b"#WELCOME#").expect("then it is its turn to challenge");
    assert!(challenge.starts_with(b"#CHALLENGE#"));
    let Some(answer) = ask(&mut used, &challenge) else { return false };
    ask(&mut waiting, &answer).is_some_and(|verdict| verdict == b"#WELCOME#")
}

/// Sends a message, and gives what comes back; nothing if that is the end.
fn ask(stream: &mut TcpStream, message: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(message.len()).expect("a short message");
    stream.write_all(&[&length.to_be_bytes()[..], message].concat()).ok()?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut body = vec![0; usize::try_from(u32::from_be_bytes(length)).expect("a short message")];
    stream.read_exact(&mut body).ok()?;
    Some(body)
}

#[test]
fn pythons_own_clients_fall_to_a_server_without_the_key() {
    for python in pythons() {
        let ((waiting, to_waiting), (_used, to_used)) = (python_calls(&python), python_calls(&python));
        assert!(reflect(&python, to_waiting, to_used), "{python:?}");
        let Victim::Python(fooled) = waiting else { unreachable!("it was started above") };
        assert_eq!(fooled.last_line(), "let in", "{python:?}");
    }
}

#[test]
fn our_clients_do_not() {
    for python in pythons() {
        let policy = python.policy(KEY);
        let ((waiting, to_waiting), (used, to_used)) = (we_call(&policy, 1), we_call(&policy, 2));
        assert!(!reflect(&python, to_waiting, to_used), "{python:?}");
        let outcomes = [waiting, used].map(|victim| match victim {
            Victim::Ours(thread) => thread.join().expect("a handshake does not panic").err(),
            Victim::Python(_) => unreachable!("both are ours"),
        });
        assert_eq!(outcomes[1], Some(Refused::Reflected), "{python:?}");
        assert!(matches!(outcomes[0], Some(Refused::HungUp { .. })), "{python:?}: {:?}", outcomes[0]);
    }
}

/// Python answers whatever it is asked, also what we ask; nothing that we send could keep it from that.
#[test]
fn known_weakness_pythons_client_answers_for_ours() {
    for python in pythons() {
        let ((waiting, to_waiting), (_used, to_used)) =
            (we_call(&python.policy(KEY), 1), python_calls(&python));
        assert!(reflect(&python, to_waiting, to_used), "{python:?}");
        let Victim::Ours(fooled) = waiting else { unreachable!("it was started above") };
        assert!(fooled.join().expect("a handshake does not panic").is_ok(), "{python:?}");
    }
}

const CLIENT: &str = r"
import sys
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
try:
    connection = Client(('127.0.0.1', int(sys.argv[1])), authkey=b'secret key')
    print('let in')
except (AuthenticationError, EOFError, OSError) as error:
    print(type(error).__name__)
";
