//! The `python` and `tutorial` dialects against real Pythons, over sockets of this machine. What
//! is claimed about single messages stands in `python.rs` and `tutorial.rs`.
//!
//! The Python on the PATH and every one under pyenv are called. Without a `python3` the tests pass
//! with a printed reason, unless `SWITCHBOARD_REQUIRE` names `python`.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use switchboard_auth::{Authenticated, Dialect, Digest, Handshake, Policy, Progress, Refused};

use support::{entropy, policy};

const KEY: &[u8] = b"secret key";
const OTHER_KEY: &[u8] = b"secret kez";
/// For each wait on either side: far more than a Python needs to start on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

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

/// What came of our side: the proof, the stream, and what was read beyond the handshake.
type Outcome = Result<(Authenticated, TcpStream, Vec<u8>), Refused>;

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

/// What a session does with a handshake, in its simplest form.
fn drive(mut stream: TcpStream, mut handshake: Handshake) -> Outcome {
    stream.set_read_timeout(Some(DEADLINE)).expect("a deadline above zero is taken");
    let mut inbox = Vec::new();
    loop {
        let mut said = Vec::new();
        let progress = handshake.advance(&inbox, &mut said).inspect_err(|refused| {
            // The peer may have gone already; it is refused all the same.
            let _ = stream.write_all(refused.farewell());
        })?;
        stream.write_all(&said).expect("the peer reads");
        match progress {
            Progress::Done { proof, consumed } => return Ok((proof, stream, inbox.split_off(consumed))),
            Progress::Pending { next, consumed } => {
                inbox.drain(..consumed);
                let mut piece = [0; 512];
                let bytes = stream.read(&mut piece).expect("the peer answers in time");
                if bytes == 0 {
                    return Err(next.finish(&inbox));
                }
                inbox.extend_from_slice(&piece[..bytes]);
                handshake = next;
            }
        }
    }
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

fn accept_in_time(listener: TcpListener) -> TcpStream {
    let (accepted, arrival) = mpsc::channel();
    std::thread::spawn(move || accepted.send(listener.accept()));
    let (stream, _) =
        arrival.recv_timeout(DEADLINE).expect("the script calls in time").expect("accept works");
    stream
}

/// An interpreter of this machine.
#[derive(Debug)]
struct Python {
    program: PathBuf,
    version: (u32, u32),
}

impl Python {
    /// `None` if it does not run.
    fn find(program: PathBuf) -> Option<Python> {
        let print = "import sys; print('%d %d' % sys.version_info[:2])";
        let output = Command::new(&program).args(["-c", print]).stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let (major, minor) = text.trim().split_once(' ')?;
        Some(Python { program, version: (major.parse().ok()?, minor.parse().ok()?) })
    }

    fn is_modern(&self) -> bool {
        self.version >= (3, 12)
    }

    /// The strictest policy that this version can meet.
    fn policy(&self, key: &[u8]) -> Policy {
        let digests = if self.is_modern() { "sha256" } else { "sha256,md5" };
        policy(Dialect::Python, key).with_digests(digests.parse().expect("a list of digests"))
    }

    /// Runs a script, which is given the port and ends by itself, whatever happens.
    fn run(&self, script: &str, port: u16) -> Script {
        let alarm = format!("import signal; signal.alarm({})\n{script}", DEADLINE.as_secs());
        let mut command = Command::new(&self.program);
        command.args(["-c", &alarm]).arg(port.to_string()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it ran a moment ago");
        let output = BufReader::new(child.stdout.take().expect("its output is piped"));
        Script { child, output }
    }
}

/// A running script; killed when it is dropped.
struct Script {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Script {
    fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the script prints text");
        line.trim().to_owned()
    }

    fn last_line(mut self) -> String {
        let mut text = String::new();
        self.output.read_to_string(&mut text).expect("the script prints text");
        text.lines().last().unwrap_or_default().to_owned()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every Python that there is.
fn pythons() -> Vec<Python> {
    let mut found: Vec<Python> = Python::find("python3".into()).into_iter().collect();
    if found.is_empty() {
        let required = std::env::var("SWITCHBOARD_REQUIRE").unwrap_or_default();
        assert!(!required.contains("python"), "SWITCHBOARD_REQUIRE={required}, and python3 does not run");
        println!("skipped: python3 does not run here");
        return found;
    }
    found.extend(pyenv_programs().into_iter().filter_map(Python::find));
    let versions: Vec<_> = found.iter().map(|python| python.version).collect();
    println!("Pythons: {versions:?}");
    found
}

fn pyenv_programs() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv"));
    let Some(root) = root.or(home) else { return Vec::new() };
    let Ok(versions) = std::fs::read_dir(root.join("versions")) else { return Vec::new() };
    let mut programs: Vec<_> =
        versions.flatten().map(|version| version.path().join("bin/python")).filter(|p| p.is_file()).collect();
    programs.sort();
    programs
}

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
