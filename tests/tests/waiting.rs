//! Who is talked to by `sb-talk listen` when several call at once, and some of them only to be in the way. How that is
//! with hundreds of them, and for every handshake, is left to the program's own tests on a simulated network.

use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;

use e2e::{DEADLINE, Launch, Place, Program, Stream, call};

/// A place with the key of both sides.
fn place() -> Place {
    let place = Place::new();
    place.keys("key", &[("ann", 'a')]);
    place
}

fn start(line: &str, dialect: &str, place: &Place) -> Program {
    let line = format!("{line} --framing u8 --auth {dialect} --key-file");
    Launch::ours(&line).arg(place.path("key")).start()
}

/// Whether a stranger's time at the door is not over.
fn is_still_there(mut stranger: &TcpStream) -> bool {
    stranger.set_nonblocking(true).expect("it is a socket");
    let mut challenge = [0; 64];
    loop {
        match stranger.read(&mut challenge) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

#[test]
fn silent_strangers_do_not_keep_an_honest_caller_waiting() {
    let place = place();
    for dialect in ["tutorial", "python", "mutual", "noise"] {
        let ours = start("sb-talk listen 127.0.0.1:0", dialect, &place);
        let endpoint = ours.listening_on();
        let strangers: Vec<TcpStream> = (0..20).map(|_| call(&endpoint)).collect();
        let mut honest = start(&format!("sb-talk call {endpoint}"), dialect, &place);
        honest.say("here I am");
        ours.expect_line(Stream::Stdout, "here I am");
        assert!(
            is_still_there(&strangers[19]),
            "{dialect}: it was heard because the strangers' time was over"
        );
    }
}

#[test]
fn the_next_caller_is_heard_when_the_first_has_left() {
    let place = place();
    let ours = start("sb-talk listen 127.0.0.1:0", "mutual", &place);
    let call_line = format!("sb-talk call {}", ours.listening_on());
    let [mut first, mut second] = [(); 2].map(|()| start(&call_line, "mutual", &place));
    first.wait_for_line(Stream::Stderr, |line| line.starts_with("talking to"));
    second.wait_for_line(Stream::Stderr, |line| line.starts_with("talking to"));
    ours.wait_for_line(Stream::Stderr, |line| line.ends_with("is waiting"));
    for caller in [&mut first, &mut second] {
        caller.say("hello");
        caller.say("q");
    }
    for _ in 0..2 {
        ours.expect_line(Stream::Stdout, "hello");
        ours.wait_for_line(Stream::Stderr, |line| line.ends_with("hangs up"));
    }
    for mut caller in [first, second] {
        caller.wait(DEADLINE).expect_code(0);
    }
}

#[test]
fn once_ends_after_the_one_that_proved_itself_and_who_waits_learns_that_it_was_not_heard() {
    let place = place();
    for dialect in ["mutual", "noise"] {
        let mut ours = start("sb-talk listen 127.0.0.1:0 --once", dialect, &place);
        let endpoint = ours.listening_on();
        let _stranger = call(&endpoint);
        let mut first = start(&format!("sb-talk call {endpoint}"), dialect, &place);
        ours.wait_for_line(Stream::Stderr, |line| line.starts_with("talking to"));
        let mut late = start(&format!("sb-talk call {endpoint}"), dialect, &place);
        ours.wait_for_line(Stream::Stderr, |line| line.ends_with("is waiting"));
        // More than the pipe to it holds, so that most of it is with the other side's kernel when it is written.
        late.write_stdin(&b"too late\n".repeat(40_000));
        first.say("hello");
        ours.expect_line(Stream::Stdout, "hello");
        first.say("q");
        first.wait(DEADLINE).expect_code(0);
        ours.wait(DEADLINE).expect_code(0).expect_stdout("hello\n");
        late.wait(DEADLINE).expect_code(CONNECTION);
    }
}

const CONNECTION: i32 = 4;
