//! Authentication with Python on the other side: the tutorial's HMAC and multiprocessing's.
//! Handshakes of our own are left to `auth_ours`.

use e2e::{Launch, Place, Program, Stream, host_and_port, python, python_since};

fn listen(dialect: &str, framing: &str, place: &Place) -> (Program, [String; 2]) {
    let line = format!("sb-talk listen tcp://127.0.0.1:0 --auth {dialect} --framing {framing} --key-file");
    let ours = Launch::ours(&line).arg(place.file("key", "secret\n")).start();
    let place = host_and_port(&ours.listening_on());
    (ours, place)
}

fn call(address: &str, line: &str, key: &str, place: &Place) -> Program {
    Launch::ours(&format!("sb-talk call {address} {line} --key-file")).arg(place.file(key, key)).start()
}

#[test]
fn python_proves_the_tutorials_key_to_us() {
    let Some(python) = python() else { return };
    let place = Place::new();
    let (ours, port) = listen("tutorial", "raw", &place);
    let theirs = python.peer("hmac_client.py").args(&port).arg("secret").start();
    ours.expect_line(Stream::Stdout, "upload");
    drop(theirs);
}

#[test]
fn python_with_another_key_is_refused_and_the_next_caller_let_in() {
    let Some(python) = python() else { return };
    let place = Place::new();
    let (ours, port) = listen("tutorial", "raw", &place);
    python.peer("hmac_client.py").args(&port).arg("wrong").start().finish();
    ours.wait_for_line(Stream::Stderr, |line| line.contains("authentication failed"));
    let theirs = python.peer("hmac_client.py").args(&port).arg("secret").start();
    let first = ours.wait_for_line(Stream::Stdout, |_| true);
    assert_eq!(first, "upload", "nothing of the refused caller is printed");
    drop(theirs);
}

#[test]
fn we_prove_the_tutorials_key_to_python() {
    let Some(python) = python() else { return };
    let place = Place::new();
    let (theirs, address) = python.serve("hmac_server.py", &["secret"]);
    let mut ours = call(&address, "--auth tutorial", "secret", &place);
    theirs.expect_line(Stream::Stdout, "let in");
    ours.say("upload");
    theirs.expect_line(Stream::Stdout, "upload");
    ours.finish().expect_code(0);
}

#[test]
fn python_refuses_our_wrong_key() {
    let Some(python) = python() else { return };
    let place = Place::new();
    let (theirs, address) = python.serve("hmac_server.py", &["secret"]);
    let mut ours = call(&address, "--auth tutorial", "wrong", &place);
    theirs.expect_line(Stream::Stdout, "refused");
    ours.wait(e2e::DEADLINE); // the tutorial's server says nothing: only the end is certain
    let mut ours = call(&address, "--auth tutorial", "secret", &place);
    ours.say("upload");
    theirs.expect_line(Stream::Stdout, "upload");
}

#[test]
fn multiprocessing_and_we_prove_the_key_to_each_other() {
    let Some(python) = python_since(MODERN) else { return };
    let place = Place::new();
    let (mut ours, port) = listen("python", "python", &place);
    let mut theirs = python.peer("connection_client.py").args(&port).arg("secret").start();
    theirs.expect_line(Stream::Stdout, "let in");
    theirs.say("over the pipe");
    ours.expect_line(Stream::Stdout, "over the pipe");
    ours.say("and back");
    theirs.expect_line(Stream::Stdout, "and back");
    theirs.finish().expect_code(0);
}

#[test]
fn multiprocessing_with_another_key_is_refused() {
    let Some(python) = python_since(MODERN) else { return };
    let place = Place::new();
    let (ours, port) = listen("python", "python", &place);
    python.peer("connection_client.py").args(&port).arg("wrong").start().finish().expect_code(1);
    ours.wait_for_line(Stream::Stderr, |line| line.contains("authentication failed"));
    let theirs = python.peer("connection_client.py").args(&port).arg("secret").start();
    theirs.expect_line(Stream::Stdout, "let in");
}

#[test]
fn we_call_a_multiprocessing_listener() {
    let Some(python) = python_since(MODERN) else { return };
    let place = Place::new();
    let (theirs, address) = python.serve("connection_server.py", &["secret"]);
    let mut ours = call(&address, "--auth python --framing python", "secret", &place);
    ours.say("loud");
    ours.expect_line(Stream::Stdout, "LOUD");
    ours.say("q");
    ours.wait(e2e::DEADLINE).expect_code(0);
    theirs.expect_line(Stream::Stdout, "gone");
}

#[test]
fn a_multiprocessing_listener_refuses_our_wrong_key() {
    let Some(python) = python_since(MODERN) else { return };
    let place = Place::new();
    let (theirs, address) = python.serve("connection_server.py", &["secret"]);
    let mut ours = call(&address, "--auth python --framing python", "wrong", &place);
    ours.wait(e2e::DEADLINE).expect_code(3);
    theirs.expect_line(Stream::Stdout, "refused");
}

#[test]
fn any_multiprocessing_is_let_in_where_md5_is_named() {
    let Some(python) = python() else { return };
    let place = Place::new();
    let (mut ours, port) = listen("python --digests sha256,md5", "python", &place);
    let mut theirs = python.peer("connection_client.py").args(&port).arg("secret").start();
    theirs.expect_line(Stream::Stdout, "let in");
    theirs.say("old or new");
    ours.expect_line(Stream::Stdout, "old or new");
    ours.say("and back");
    theirs.expect_line(Stream::Stdout, "and back");
}

#[test]
fn any_multiprocessing_listener_can_be_called_where_md5_is_named() {
    let Some(python) = python() else { return };
    let place = Place::new();
    let (_theirs, address) = python.serve("connection_server.py", &["secret"]);
    let mut ours = call(&address, "--auth python --digests sha256,md5 --framing python", "secret", &place);
    ours.say("loud");
    ours.expect_line(Stream::Stdout, "LOUD");
}

/// The first Python whose multiprocessing speaks SHA-256; ours takes MD5 only where it is named.
const MODERN: (u8, u8) = (3, 12);
