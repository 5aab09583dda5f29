//! The Python programs of `examples`, and harsher ones like them, on every Python of the machine: the standard
//! library of either side is all they have.

use std::time::Duration;

use e2e::{DEADLINE, Launch, Place, Program, Python, Stream, address_of, pythons};

const AUTHENTICATION: i32 = 3;
const MIB: usize = 1024 * 1024;
/// For a message of 100 MiB through a debug build.
const PATIENCE: Duration = Duration::from_mins(1);

/// The least that this Python can be spoken to with.
fn digests(python: &Python) -> &'static str {
    if python.version() >= (3, 12) { "sha256" } else { "sha256,md5" }
}

fn old(pythons: Vec<Python>) -> impl Iterator<Item = Python> {
    pythons.into_iter().filter(|python| python.version() < (3, 12))
}

/// An echo server with the key `secret`, and its port.
fn echo(place: &Place, options: &str) -> (Program, String) {
    let line = format!("sb-echo 127.0.0.1:0 --auth python --framing python,max=100MiB{options} --key-file");
    let ours = Launch::ours(&line).arg(place.file("key", "secret\n")).start();
    let port = address_of(&ours.listening_on()).port().to_string();
    (ours, port)
}

fn call(port: u16, digests: &str, key: &str, place: &Place) -> Program {
    let framing = "--framing python,max=100MiB";
    let line = format!("sb-talk call 127.0.0.1:{port} --auth python {framing} {digests} --key-file");
    Launch::ours(&line).arg(place.file(key, key)).start()
}

#[test]
fn the_client_of_the_examples_talks_to_an_echo_server() {
    let place = Place::new();
    for python in pythons() {
        let (_ours, port) = echo(&place, &format!(" --digests {}", digests(&python)));
        let client = python.script("examples/python_client.py").args(["127.0.0.1", &port]);
        let mut theirs = client.arg(place.path("key")).start();
        for words in ["hello", "and again"] {
            theirs.say(words);
            theirs.expect_line(Stream::Stdout, words);
        }
        theirs.finish().expect_code(0);
    }
}

#[test]
fn the_listener_of_the_examples_is_called_by_sb_talk() {
    let place = Place::new();
    let key = place.file("secret", "secret");
    for python in pythons() {
        let listener = python.script("examples/python_listener.py").args(["127.0.0.1", "0"]).arg(&key);
        let theirs = listener.start();
        let port = theirs.ready_port();
        let digests = format!("--digests {}", digests(&python));
        call(port, &digests, "wrong", &place).wait(DEADLINE).expect_code(AUTHENTICATION);
        theirs.wait_for_line(Stream::Stdout, |line| line.starts_with("refused: "));
        let mut ours = call(port, &digests, "secret", &place);
        ours.say("loud");
        ours.expect_line(Stream::Stdout, "LOUD");
        ours.finish().expect_code(0);
    }
}

#[test]
fn messages_of_no_bytes_and_of_100_mib_come_back_to_every_python() {
    let place = Place::new();
    let size = (100 * MIB).to_string();
    for python in pythons() {
        let (_ours, port) = echo(&place, &format!(" --digests {}", digests(&python)));
        let theirs = python.peer("connection_bulk.py").args(["client", &port, "secret", &size]).start();
        let ending = theirs.finish_within(PATIENCE);
        ending.expect_code(0);
        assert!(ending.stdout.contains(&format!("\n{size} bytes came back\n")), "{ending}");
        assert!(ending.stdout.contains("\n0 bytes came back\n"), "{ending}");
    }
}

#[test]
fn messages_of_no_bytes_and_of_100_mib_reach_us_from_every_python_that_we_call() {
    let place = Place::new();
    let size = (100 * MIB).to_string();
    for python in pythons() {
        let theirs = python.peer("connection_bulk.py").args(["listener", "0", "secret", &size]).start();
        let port = theirs.ready_port();
        let mut ours = call(port, &format!("--digests {}", digests(&python)), "secret", &place);
        let ending = ours.wait(PATIENCE);
        ending.expect_code(0);
        let lengths: Vec<_> = ending.stdout.lines().map(str::len).collect();
        assert_eq!(lengths, [5, 0, 100 * MIB], "{:?}", python.version());
    }
}

#[test]
fn one_byte_over_the_limit_ends_the_call() {
    let place = Place::new();
    for python in pythons().into_iter().rev().take(1) {
        let (ours, port) = echo(&place, &format!(" --digests {}", digests(&python)));
        let size = (100 * MIB + 1).to_string();
        let theirs = python.peer("connection_bulk.py").args(["client", &port, "secret", &size]).start();
        let ending = theirs.finish_within(PATIENCE);
        assert_ne!(ending.code, Some(0), "{ending}");
        ours.wait_for_line(Stream::Stderr, |line| line.contains("104857601"));
    }
}

#[test]
fn every_python_with_another_key_is_told_that_it_is_refused() {
    let place = Place::new();
    for python in pythons() {
        let (ours, port) = echo(&place, &format!(" --digests {}", digests(&python)));
        let theirs = python.peer("connection_bulk.py").args(["client", &port, "wrong", "1"]).start();
        let ending = theirs.finish();
        ending.expect_code(1).expect_stdout("AuthenticationError\n");
        ours.wait_for_line(Stream::Stderr, |line| line.contains("another key"));
    }
}

#[test]
fn md5_is_refused_in_both_roles_unless_it_is_named() {
    let place = Place::new();
    for python in old(pythons()) {
        let (ours, port) = echo(&place, "");
        let theirs = python.peer("connection_bulk.py").args(["client", &port, "secret", "1"]).start();
        theirs.finish().expect_code(1).expect_stdout("AuthenticationError\n");
        ours.wait_for_line(Stream::Stderr, |line| line.contains("md5"));

        let theirs = python.peer("connection_bulk.py").args(["listener", "0", "secret", "1"]).start();
        let ending = call(theirs.ready_port(), "--digests sha256", "secret", &place).wait(DEADLINE);
        ending.expect_code(AUTHENTICATION).expect_stderr("md5");
    }
}
