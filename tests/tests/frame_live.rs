//! `sb-frame` on live endpoints: what a peer sends is packed, unpacked and guessed at like a file, and never answered
//! but for its handshake. What `show` makes of one is left to `frame_show`.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use e2e::{DEADLINE, Ending, Launch, Place, Program, Stream, answer_one, call};
use rustix::net::sockopt::set_socket_linger;

/// A server that sends this to its first caller and ends its side; and what the caller had sent by then.
fn says(bytes: &'static [u8]) -> (String, std::thread::JoinHandle<Vec<u8>>) {
    answer_one(move |mut peer| {
        peer.write_all(bytes).expect("a socket takes a few bytes");
        peer.shutdown(Shutdown::Write).expect("it is still connected");
        let mut answer = Vec::new();
        peer.read_to_end(&mut answer).expect("the caller ends its side");
        answer
    })
}

/// Has a line read from such a server; nothing may be answered.
fn reads(line: &str, bytes: &'static [u8]) -> Ending {
    let (endpoint, server) = says(bytes);
    let ending = Launch::ours(line).arg(&endpoint).start().wait(DEADLINE);
    let heard = server.join().expect("the server's own expectations hold");
    assert_eq!(heard, b"", "{ending}");
    ending
}

/// A listener that has a caller, which is ours.
fn called(line: &str) -> (Program, TcpStream) {
    let program = Launch::ours(line).args(["--listen", "127.0.0.1:0"]).start();
    let caller = call(&program.listening_on());
    program.wait_for_line(Stream::Stderr, |line| line.starts_with("connected with"));
    (program, caller)
}

#[test]
fn messages_from_a_server_are_unpacked_as_they_come() {
    let (endpoint, server) = answer_one(|mut peer| {
        peer.write_all(b"\0\x02hi\0\x05wo").unwrap();
        peer
    });
    let mut program = Launch::ours("sb-frame unpack --framing u16be").arg(&endpoint).start();
    program.expect_line(Stream::Stdout, "hi");
    let mut peer = server.join().unwrap();
    peer.write_all(b"rld").unwrap();
    program.expect_line(Stream::Stdout, "world");
    drop(peer);
    program.wait(DEADLINE).expect_code(0);
}

#[test]
fn messages_from_a_caller_are_unpacked() {
    let (mut program, mut caller) = called("sb-frame unpack --framing netstring");
    caller.write_all(b"2:hi,5:world,").unwrap();
    caller.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    caller.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"");
    program.wait(DEADLINE).expect_code(0).expect_stdout("hi\nworld\n");
}

#[test]
fn lines_from_a_server_are_packed_to_stdout() {
    let ending = reads("sb-frame pack --framing netstring", b"one\ntwo\nthe last has no end");
    ending.expect_code(0).expect_stdout("3:one,3:two,19:the last has no end,");
    reads("sb-frame pack --framing netstring -0", b"a\nb\0c").expect_code(0).expect_stdout("3:a\nb,1:c,");
}

#[test]
fn half_a_line_is_packed_neither_when_we_leave_nor_when_the_peer_is_lost() {
    for is_lost in [false, true] {
        let (mut program, mut caller) = called("sb-frame pack --framing crlf");
        caller.write_all(b"one\nhal").unwrap();
        program.expect_line(Stream::Stdout, "one\r");
        if is_lost {
            set_socket_linger(&caller, Some(Duration::ZERO)).unwrap();
            drop(caller);
        } else {
            program.interrupt();
        }
        program.wait(DEADLINE).expect_code(if is_lost { CONNECTION } else { 0 }).expect_stdout("one\r\n");
    }
}

#[test]
fn what_a_server_sends_until_its_end_is_guessed_at() {
    let ending = reads("sb-frame guess", b"\0\0\0\x05hello\0\0\0\x05world\0\0\0\x09and again");
    ending.expect_code(0);
    assert!(ending.stdout.starts_with("u32be "), "{ending}");
    assert!(ending.stdout.contains("3 messages, 0 bytes left over"), "{ending}");
}

/// A line that reads what is in its standard input, which is a socket: this, and no end.
fn reads_open(line: &str, bytes: &[u8]) -> (Program, UnixStream) {
    let (mut ours, theirs) = UnixStream::pair().expect("there are descriptors left");
    ours.write_all(bytes).expect("a socket takes a few bytes");
    (Launch::ours(line).arg("fd:0").stdin(OwnedFd::from(theirs)).start(), ours)
}

#[test]
fn a_capture_ends_at_its_bytes_or_its_time() {
    let stream = b"\0\0\0\x05hello\0\0\0\x05world\0\0\0\x09and again\0\0\0\x05hel";
    for (options, found) in
        [("--bytes 20", "2 messages, 2 bytes left over"), ("--for 0.2", "3 messages, 7 bytes left over")]
    {
        let (mut program, _peer) = reads_open(&format!("sb-frame guess {options}"), stream);
        let ending = program.wait(DEADLINE);
        ending.expect_code(0);
        assert!(ending.stdout.starts_with("u32be ") && ending.stdout.contains(found), "{ending}");
    }
}

#[test]
fn an_interrupt_ends_a_capture_and_what_came_is_guessed_at() {
    let (mut program, mut peer) = reads_open("sb-frame guess --for 1000", b"");
    // More than such a socket holds, so most of it has been read when it is written.
    peer.write_all(&b"\0\0\0\x0bhello world".repeat(40_000)).unwrap();
    program.interrupt();
    let ending = program.wait(DEADLINE);
    ending.expect_code(0);
    assert!(ending.stdout.starts_with("u32be "), "{ending}");
}

#[test]
fn a_peer_that_says_nothing_fits_no_framing() {
    let ending = reads("sb-frame guess", b"");
    ending.expect_code(PROTOCOL).expect_stderr("error: the peer has said nothing").expect_stdout("");
}

#[test]
fn the_rest_of_a_message_that_never_comes_is_the_connections_fault_and_of_a_file_the_protocols() {
    for line in ["sb-frame unpack --framing u8", "sb-frame show --framing u8"] {
        reads(line, b"\x02hi\x05wor").expect_code(CONNECTION).expect_stderr("ended inside a message");
        let place = Place::new();
        Launch::ours(line).arg(place.file("cut", b"\x02hi\x05wor")).start().finish().expect_code(PROTOCOL);
    }
}

#[test]
fn files_and_endpoints_are_told_apart_in_the_same_way_by_all() {
    let place = Place::new();
    place.file("localhost:9", b"\x02hi");
    let named = |line: &str, name: &str| {
        let cd = format!("cd '{}' && exec \"$@\"", place.folder().display());
        Launch::ours(line).arg(name).through_shell(&cd).start().wait(DEADLINE)
    };
    for line in ["pack", "unpack --framing u8", "show --framing u8", "guess --for 5"] {
        let line = format!("sb-frame {line}");
        let expected = if line.contains("guess") { [USAGE, USAGE] } else { [0, 0] };
        for (name, code) in ["localhost:9", "./localhost:9"].into_iter().zip(expected) {
            named(&line, name).expect_code(code);
        }
        named(&line, "tcp://127.0.0.1:0").expect_code(CONNECTION);
        named(&line, "./127.0.0.1:0").expect_code(1).expect_stderr("./127.0.0.1:0 cannot be read");
        named(&line, "udp://127.0.0.1:9").expect_code(USAGE).expect_stderr("carries datagrams");
    }
}

#[test]
fn a_path_that_is_a_socket_is_called() {
    let place = Place::new();
    let listener = UnixListener::bind(place.path("socket")).unwrap();
    let mut program = Launch::ours("sb-frame unpack --framing u8").arg(place.path("socket")).start();
    listener.accept().unwrap().0.write_all(b"\x02hi").unwrap();
    program.wait(DEADLINE).expect_code(0).expect_stdout("hi\n");
}

#[test]
fn what_comes_after_a_handshake_is_read_in_every_dialect() {
    let place = Place::new();
    let key = place.keys("key", &[("ann", 'a')]);
    for dialect in ["tutorial", "python", "mutual", "noise"] {
        let with_key = |line: &str| {
            let line = format!("{line} --auth {dialect} --service talk --key-file");
            Launch::ours(&line).arg(&key).start()
        };
        let mut theirs = with_key("sb-talk listen 127.0.0.1:0 --framing u8");
        let endpoint = theirs.listening_on();
        let mut unpacking = with_key(&format!("sb-frame unpack {endpoint} --framing u8"));
        theirs.say("in confidence");
        unpacking.expect_line(Stream::Stdout, "in confidence");
        theirs.say("q");
        unpacking.wait(DEADLINE).expect_code(0).expect_stdout("in confidence\nq\n");

        let mut showing = with_key(&format!("sb-frame show {endpoint} --framing u8"));
        theirs.say("q");
        let ending = showing.wait(DEADLINE);
        ending.expect_code(0);
        assert!(ending.stdout.contains("read 1   2 bytes from byte 0   exactly one message"), "{ending}");
    }
}

#[test]
fn a_caller_with_a_key_is_read_and_one_without_is_not() {
    let place = Place::new();
    let (right, wrong) = (place.keys("right", &[("ann", 'a')]), place.keys("wrong", &[("ann", 'b')]));
    let listen = "sb-frame unpack --framing u8 --listen 127.0.0.1:0 --auth noise --key-file";
    let mut ours = Launch::ours(listen).arg(&right).start();
    let endpoint = ours.listening_on();
    let line = format!("sb-talk call {endpoint} --framing u8 --auth noise --service frame --key-file");
    let mut stranger = Launch::ours(&line).arg(&wrong).start();
    stranger.say("from a stranger");
    stranger.wait(DEADLINE).expect_code(AUTHENTICATION);
    let mut silent = call(&endpoint);
    let mut friend = Launch::ours(&line).arg(&right).start();
    friend.say("from a friend");
    ours.expect_line(Stream::Stdout, "from a friend");
    silent.set_nonblocking(true).unwrap();
    let still_there = silent.read(&mut [0]).map_err(|error| error.kind());
    assert_eq!(still_there, Err(ErrorKind::WouldBlock), "the friend had to wait for its time to be over");
    friend.finish().expect_code(0);
    ours.wait(DEADLINE).expect_code(0).expect_stdout("from a friend\n");
}

#[test]
fn what_cannot_be_proved_or_makes_no_sense_is_refused() {
    let place = Place::new();
    let (right, wrong) = (place.keys("right", &[("ann", 'a')]), place.keys("wrong", &[("ann", 'b')]));
    let theirs = Launch::ours("sb-talk listen 127.0.0.1:0 --auth mutual --key-file").arg(&right).start();
    let line = format!("sb-frame guess {} --auth mutual --service talk --key-file", theirs.listening_on());
    Launch::ours(&line).arg(&wrong).start().wait(DEADLINE).expect_code(AUTHENTICATION);
    for (line, words) in [
        ("sb-frame show 127.0.0.1:9 --auth mutual", "--service"),
        ("sb-frame pack --auth tutorial", "live endpoints"),
        ("sb-frame unpack - --insecure", "live endpoints"),
        ("sb-frame guess --for 1", "--for is for live endpoints"),
        ("sb-frame guess --bytes 2MiB", "at most 1MiB"),
        ("sb-frame unpack --listen", "--listen needs an endpoint"),
    ] {
        Launch::ours(line).start().wait(DEADLINE).expect_code(USAGE).expect_stderr(words);
    }
}

#[test]
fn the_second_signal_ends_one_whose_output_nobody_reads_at_once() {
    let (_unread, writer) = std::io::pipe().unwrap();
    let mut ours =
        Launch::ours("sb-frame unpack --framing lines --listen 127.0.0.1:0").stdout(writer).start();
    let mut caller = call(&ours.listening_on());
    // It reads no more when its stdout, a pipe, takes no more.
    caller.set_write_timeout(Some(STUCK_AFTER)).unwrap();
    while caller.write_all(&b"message\n".repeat(1024)).is_ok() {}
    ours.terminate();
    ours.interrupt();
    ours.wait(DEADLINE / 2).expect_code(1).expect_stderr("nobody reads stdout");
}

const USAGE: i32 = 2;
const AUTHENTICATION: i32 = 3;
const CONNECTION: i32 = 4;
const PROTOCOL: i32 = 5;

/// A write that takes that long waits for a reader who does not read.
const STUCK_AFTER: Duration = Duration::from_millis(500);
