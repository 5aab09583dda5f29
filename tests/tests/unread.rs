//! Programs whose outputs nobody reads: what strangers make them say, or what they print, must not stop them.
//! An output that was closed is left to `life`.

use std::io::{BufRead as _, BufReader, PipeReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use e2e::{DEADLINE, Launch, Place, Program, address_of, call};

/// Far more than it takes to fill a pipe with what is said about each.
const STRANGERS: usize = 2000;

/// Starts a server of which nobody reads more than where it listens; its stderr stays open while the pipe lives.
fn start_unread(launch: Launch) -> (Program, String, BufReader<PipeReader>) {
    let (reader, writer) = std::io::pipe().expect("there are descriptors left");
    let server = launch.stderr(writer).start();
    let mut said = BufReader::new(reader);
    let mut line = String::new();
    said.read_line(&mut line).expect("it runs, and says something");
    let endpoint = line.trim_end().strip_prefix("listening on ").expect("it says where it listens");
    let endpoint = endpoint.to_owned();
    (server, endpoint, said)
}

/// Calls and sends what no member would, and waits until it is hung up on.
fn call_as_a_stranger(endpoint: &str, garbage: &[u8]) {
    let mut stranger = call(endpoint);
    // A server that hangs up while we still write is what is wanted.
    let _ = stranger.write_all(garbage);
    let mut answer = Vec::new();
    if let Err(error) = stranger.read_to_end(&mut answer) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "it still answers strangers");
    }
}

#[test]
fn strangers_do_not_stop_an_echo_whose_notes_nobody_reads() {
    let launch = Launch::ours("sb-echo 127.0.0.1:0 --framing u32be,max=1KiB");
    let (mut server, endpoint, _said) = start_unread(launch);
    for _ in 0..STRANGERS {
        call_as_a_stranger(&endpoint, b"\xff\xff\xff\xff");
    }
    let mut caller = call(&endpoint);
    caller.write_all(b"\x00\x00\x00\x04ping").unwrap();
    let mut echoed = [0; 8];
    caller.read_exact(&mut echoed).unwrap();
    assert_eq!(&echoed, b"\x00\x00\x00\x04ping");
    drop(caller);
    server.terminate();
    server.wait(DEADLINE).expect_code(0);
}

#[test]
fn strangers_without_a_key_do_not_stop_a_hub_whose_notes_nobody_reads() {
    let home = Place::new();
    let launch = Launch::ours("sb-chat serve --listen tcp://127.0.0.1:0").env("XDG_DATA_HOME", home.folder());
    let (mut hub, endpoint, _said) = start_unread(launch);
    for _ in 0..STRANGERS {
        call_as_a_stranger(&endpoint, b"\x00\x00\x00\x04what");
    }
    let member = Launch::ours("sb-chat join").arg(&endpoint).env("XDG_DATA_HOME", home.folder());
    let mut member = member.start();
    member.say("still here");
    member.finish().expect_code(0);
    hub.terminate();
    hub.wait(DEADLINE).expect_code(0);
    assert!(TcpStream::connect(address_of(&endpoint)).is_err());
}

/// A server that is stuck in printing what its caller says.
fn start_stuck(line: &str) -> (Program, TcpStream, PipeReader) {
    let (reader, writer) = std::io::pipe().expect("there are descriptors left");
    let server = Launch::ours(line).stdout(writer).start();
    let mut caller = call(&server.listening_on());
    // It reads no more when its stdout, a pipe, takes no more.
    caller.set_write_timeout(Some(STUCK_AFTER)).expect("the timeout is not zero");
    let message = [b'x'; 8 * 1024];
    while caller.write_all(&message).is_ok() {}
    (server, caller, reader)
}

#[test]
fn the_first_signal_ends_a_server_whose_messages_nobody_reads() {
    let (mut server, _caller, _unread) = start_stuck("sb-talk listen 127.0.0.1:0");
    server.terminate();
    let ending = server.wait(DEADLINE);
    ending.expect_code(1);
    let errors = ending.stderr.lines().filter(|line| line.starts_with("error:")).count();
    assert_eq!(errors, 1, "{ending}");
}

#[test]
fn the_second_signal_ends_a_server_whose_messages_nobody_reads_at_once() {
    let (mut server, _caller, _unread) = start_stuck("sb-talk listen 127.0.0.1:0");
    server.terminate();
    server.interrupt();
    server.wait(DEADLINE / 2).expect_code(1);
}

/// A write that takes that long waits for a reader who does not read.
const STUCK_AFTER: Duration = Duration::from_millis(500);
