//! `mutual` and `noise` against what others wrote: a few lines of Python, and the `noiseprotocol` of `PyPI`. Handshakes
//! between our own programs are left to `auth_ours`.

use std::path::PathBuf;

use e2e::{DEADLINE, Launch, Place, Program, Python, Stream, address_of, python, python_with};

const AUTHENTICATION: i32 = 3;
const CONNECTION: i32 = 4;

fn key(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn key_file(place: &Place) -> PathBuf {
    place.keys("keys", &[("ann", 'a')])
}

/// We listen: the endpoint's port goes to the peer.
fn listen(dialect: &str, place: &Place) -> (Program, String) {
    let line = format!("sb-talk listen 127.0.0.1:0 --framing u32be --auth {dialect} --key-file");
    let ours = Launch::ours(&line).arg(key_file(place)).start();
    let port = address_of(&ours.listening_on()).port().to_string();
    (ours, port)
}

fn call(dialect: &str, port: u16, place: &Place) -> Program {
    let line = format!("sb-talk call 127.0.0.1:{port} --framing u32be --auth {dialect} --key-file");
    Launch::ours(&line).arg(key_file(place)).start()
}

/// What is to happen when they call us: with the key a conversation, without it nothing.
fn is_called(dialect: &str, peer: impl Fn() -> Launch) {
    let place = Place::new();
    let (mut ours, port) = listen(dialect, &place);
    for (key, service) in [(key('b'), "talk"), (key('a'), "chat")] {
        let theirs = peer().args(["client", &port, &key, service]).start();
        theirs.finish().expect_code(1).expect_stderr("refused");
        ours.wait_for_line(Stream::Stderr, |line| !line.is_empty());
    }
    let mut theirs = peer().args(["client", &port, &key('a'), "talk"]).start();
    theirs.say("from python");
    ours.expect_line(Stream::Stdout, "from python");
    ours.say("and back");
    theirs.expect_line(Stream::Stdout, "and back");
    theirs.finish().expect_code(0);
}

/// The same when we call them.
fn calls(dialect: &str, peer: impl Fn() -> Launch) {
    let place = Place::new();
    let stranger = peer().args(["server", "0", &key('b'), "talk"]).start();
    call(dialect, stranger.ready_port(), &place).wait(DEADLINE).expect_code(AUTHENTICATION);
    let theirs = peer().args(["server", "0", &key('a'), "talk"]).start();
    let mut ours = call(dialect, theirs.ready_port(), &place);
    ours.say("loud");
    theirs.expect_line(Stream::Stdout, "loud");
    ours.expect_line(Stream::Stdout, "LOUD");
    ours.finish().expect_code(0);
}

#[test]
fn a_few_lines_of_python_prove_the_key_of_mutual_to_us() {
    let Some(python) = python() else { return };
    is_called("mutual", || python.peer("mutual.py"));
}

#[test]
fn a_few_lines_of_python_have_the_key_of_mutual_proved_to_them() {
    let Some(python) = python() else { return };
    calls("mutual", || python.peer("mutual.py"));
}

#[test]
fn noiseprotocol_calls_us_and_records_go_both_ways() {
    let Some(python) = noiseprotocol() else { return };
    is_called("noise", || python.peer("noise_peer.py"));
}

#[test]
fn we_call_noiseprotocol_and_records_go_both_ways() {
    let Some(python) = noiseprotocol() else { return };
    calls("noise", || python.peer("noise_peer.py"));
}

#[test]
fn noiseprotocol_is_told_of_our_end_and_tells_us_of_its_own() {
    let Some(python) = noiseprotocol() else { return };
    let place = Place::new();
    let theirs = python.peer("noise_peer.py").args(["server", "0", &key('a'), "talk"]).start();
    let mut ours = call("noise", theirs.ready_port(), &place);
    ours.say("here");
    ours.expect_line(Stream::Stdout, "HERE");
    ours.close_stdin();
    theirs.expect_line(Stream::Stdout, "closed");
    ours.wait(DEADLINE).expect_code(0);
}

#[test]
fn a_stream_that_noiseprotocol_cuts_is_a_fault_of_the_connection() {
    let Some(python) = noiseprotocol() else { return };
    let place = Place::new();
    let theirs = python.peer("noise_peer.py").args(["server", "0", &key('a'), "talk", "cut"]).start();
    let mut ours = call("noise", theirs.ready_port(), &place);
    ours.say("here");
    ours.expect_line(Stream::Stdout, "HERE");
    ours.close_stdin();
    ours.wait(DEADLINE).expect_code(CONNECTION).expect_stderr("cut");
}

#[test]
fn a_message_of_many_records_goes_through_noiseprotocol_and_back() {
    let Some(python) = noiseprotocol() else { return };
    let place = Place::new();
    let line = "sb-echo 127.0.0.1:0 --auth noise --key-file";
    let ours = Launch::ours(line).arg(key_file(&place)).start();
    let port = address_of(&ours.listening_on()).port().to_string();
    let mut theirs = python.peer("noise_peer.py").args(["client", &port, &key('a'), "echo"]).start();
    theirs.say(&"x".repeat(1_000_000));
    theirs.expect_line(Stream::Stdout, "1000000 bytes");
    theirs.close_stdin();
    theirs.expect_line(Stream::Stdout, "closed");
    theirs.finish().expect_code(0);
}

fn noiseprotocol() -> Option<Python> {
    python_with("noiseprotocol==0.3.1", "noise.connection")
}
