//! The `python` and `tutorial` dialects against real Pythons, over sockets of this machine. What
//! is claimed about single messages stands in `python.rs` and `tutorial.rs`.
//!
//! The Python on the PATH and every other that is found are called. Without a `python3` the tests
//! pass with a printed reason, unless `SWITCHBOARD_REQUIRE` names `python`.

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use switchboard_auth::{Dialect, Digest, Policy, Refused};

use support::pythons::{Outcome, Python, Script, accept_in_time, drive, pythons};
use support::{entropy, policy};

const KEY: &[u8] = b"secret key";
const OTHER_KEY: &[u8] = b"secret kez";

#[test]
fn every_python_is_accepted_when_it_calls_with_the_key() {
    for python in pythons() {
        let (result, said) = serve(&python.policy(KEY), &python, CLIENT);
        let (proof, mut stream, rest) = result.unwrap_or_else(|refused| panic!("{python:?}: {refused}"));
        assert_eq!((proof.caller(), proof.is_mutual()), (Some("alice"), true));
        exchange(&mut stream, rest);
        assert_eq!(said.last_line(), "heard hello", "{python:?}");
    }
}

#[test]
fn every_python_accepts_us_when_we_call_with_the_key() {
    for python in pythons() {
        let (result, said) = call(&python.policy(KEY), &python, LISTENER);
        let (proof, mut stream, rest) = result.unwrap_or_else(|refused| panic!("{python:?}: {refused}"));
        assert_eq!((proof.caller(), proof.is_mutual()), (Some("alice"), true));
        exchange(&mut stream, rest);
        assert_eq!(said.last_line(), "heard hello", "{python:?}");
    }
}

#[test]
fn every_python_with_another_key_is_refused_and_told_so() {
    for python in pythons() {
        let (result, said) = serve(&python.policy(OTHER_KEY), &python, CLIENT);
        assert_eq!(result.err(), Some(Refused::WrongAnswer), "{python:?}");
        assert_eq!(said.last_line(), "AuthenticationError", "{python:?}");
    }
}

#[test]
fn every_python_refuses_us_when_we_call_with_another_key() {
    for python in pythons() {
        let (result, said) = call(&python.policy(OTHER_KEY), &python, LISTENER);
        assert_eq!(result.err(), Some(Refused::RejectedByPeer), "{python:?}");
        assert_eq!(said.last_line(), "AuthenticationError", "{python:?}");
    }
}

#[test]
fn old_pythons_are_refused_unless_md5_is_named() {
    let strict = policy(Dialect::Python, KEY);
    for python in pythons().into_iter().filter(|python| !python.is_modern()) {
        let (result, _) = serve(&strict, &python, CLIENT);
        assert_eq!(result.err(), Some(Refused::WeakAnswer { digest: Digest::Md5 }), "{python:?}");
        let (result, _) = call(&strict, &python, LISTENER);
        assert_eq!(result.err(), Some(Refused::WeakChallenge { digest: Digest::Md5 }), "{python:?}");
    }
}

#[test]
fn the_tutorials_programs_speak_to_us_in_both_roles() {
    for python in pythons() {
        let tutorial = policy(Dialect::Tutorial, KEY);
        let (result, said) = serve(&tutorial, &python, TUTORIAL_CLIENT);
        let (proof, _, rest) = result.unwrap_or_else(|refused| panic!("{python:?}: {refused}"));
        assert_eq!((proof.caller(), rest.as_slice()), (Some("alice"), &b""[..]));
        assert_eq!(said.last_line(), "done");

        let (result, said) = call(&tutorial, &python, TUTORIAL_SERVER);
        assert!(result.is_ok(), "{python:?}");
        assert_eq!(said.last_line(), "True", "{python:?}");

        let (result, _) = serve(&policy(Dialect::Tutorial, OTHER_KEY), &python, TUTORIAL_CLIENT);
        assert_eq!(result.err(), Some(Refused::WrongProof), "{python:?}");
    }
}

/// We listen, the Python script calls.
fn serve(policy: &Policy, python: &Python, script: &str) -> (Outcome, Script) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    let script = python.run(script, port);
    let outcome = drive(accept_in_time(listener), policy.accept(entropy(1)));
    (outcome, script)
}

/// The Python script listens and says where, we call.
fn call(policy: &Policy, python: &Python, script: &str) -> (Outcome, Script) {
    let mut script = python.run(script, 0);
    let port: u16 = script.next_line().parse().expect("the script prints its port");
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the script listens");
    (drive(stream, policy.call(entropy(2))), script)
}

/// Python says `hello` first, we say it back: the handshake took no byte too many or too few.
fn exchange(stream: &mut TcpStream, rest: Vec<u8>) {
    let mut message = rest;
    while message.len() < HELLO.len() {
        let mut piece = [0; 64];
        let bytes = stream.read(&mut piece).expect("the peer speaks in time");
        assert_ne!(bytes, 0, "the peer hung up after {message:?}");
        message.extend_from_slice(&piece[..bytes]);
    }
    assert_eq!(message, HELLO);
    stream.write_all(HELLO).expect("the peer reads");
}

const HELLO: &[u8] = b"\0\0\0\x05hello";

const LISTENER: &str = r"
import sys
from multiprocessing import AuthenticationError
from multiprocessing.connection import Listener
listener = Listener(('127.0.0.1', 0), authkey=b'secret key')
print(listener.address[1])
sys.stdout.flush()
try:
    connection = listener.accept()
    connection.send_bytes(b'hello')
    print('heard ' + connection.recv_bytes().decode())
except (AuthenticationError, EOFError, OSError) as error:
    print(type(error).__name__)
";

const CLIENT: &str = r"
import sys
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
try:
    connection = Client(('127.0.0.1', int(sys.argv[1])), authkey=b'secret key')
    connection.send_bytes(b'hello')
    print('heard ' + connection.recv_bytes().decode())
except (AuthenticationError, EOFError, OSError) as error:
    print(type(error).__name__)
";

const TUTORIAL_CLIENT: &str = r"
import hashlib, hmac, socket, sys
connection = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
message = connection.recv(32)
connection.sendall(hmac.new(b'secret key', message, hashlib.md5).hexdigest().encode())
print('done')
";

const TUTORIAL_SERVER: &str = r"
import hashlib, hmac, os, socket, sys
listener = socket.socket()
listener.bind(('127.0.0.1', 0))
listener.listen(1)
print(listener.getsockname()[1])
sys.stdout.flush()
connection, _ = listener.accept()
message = os.urandom(32)
connection.sendall(message)
expected = hmac.new(b'secret key', message, hashlib.md5).hexdigest().encode()
print(hmac.compare_digest(expected, connection.recv(len(expected))))
";
