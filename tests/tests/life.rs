//! How the programs end: asked to, told to, or because nobody reads them any more.
//! What they do until then is left to the others.

use std::io::{Read as _, Write as _};

use e2e::{DEADLINE, Launch, Place, Stream, call, python_since};

const SERVERS: &[&str] = &["sb-talk listen 127.0.0.1:0", "sb-hello serve 127.0.0.1:0", "sb-echo 127.0.0.1:0"];

#[test]
fn the_first_interrupt_ends_an_idle_server_well() {
    for line in SERVERS {
        let mut ours = Launch::ours(line).start();
        ours.listening_on();
        ours.interrupt();
        ours.wait(DEADLINE).expect_code(0);
    }
}

#[test]
fn an_interrupted_server_takes_no_new_callers() {
    let mut ours = Launch::ours("sb-echo 127.0.0.1:0 --framing u8").start();
    let endpoint = ours.listening_on();
    ours.interrupt();
    ours.wait(DEADLINE);
    assert!(std::net::TcpStream::connect(e2e::address_of(&endpoint)).is_err());
}

#[test]
fn the_second_interrupt_ends_a_server_that_a_caller_holds() {
    for line in SERVERS {
        let mut ours = Launch::ours(line).start();
        let held = call(&ours.listening_on());
        ours.interrupt();
        ours.interrupt();
        ours.wait(DEADLINE);
        drop(held);
    }
}

#[test]
fn an_interrupted_caller_ends() {
    let ours = Launch::ours("sb-talk listen 127.0.0.1:0").start();
    let mut caller = Launch::ours("sb-talk call").arg(ours.listening_on()).start();
    caller.say("here");
    ours.expect_line(Stream::Stdout, "here");
    caller.interrupt();
    caller.wait(DEADLINE).expect_code(0);
}

#[test]
fn a_closed_standard_output_is_a_quiet_success() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut ours = Launch::ours("sb-talk listen 127.0.0.1:0").stdout(writer).start();
    let mut caller = call(&ours.listening_on());
    caller.write_all(b"to nobody").unwrap();
    let ending = ours.wait(DEADLINE);
    ending.expect_code(0);
    assert!(!ending.stderr.contains("error"), "{ending}");
}

/// A server on a thread for each caller, and one caller that it has greeted.
fn greeted(launch: Launch) -> (e2e::Program, std::net::TcpStream) {
    let ours = launch.start();
    let mut caller = call(&ours.listening_on());
    caller.read_exact(&mut [0; 5]).expect("it greets");
    (ours, caller)
}

/// What a server says but where it listens.
fn complaints(ending: &e2e::Ending) -> Vec<&str> {
    ending.stderr.lines().filter(|line| !line.starts_with("listening on ")).collect()
}

#[test]
fn a_greeting_server_whose_output_is_closed_ends_without_a_word() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let (mut ours, mut caller) = greeted(Launch::ours("sb-hello serve 127.0.0.1:0").stdout(writer));
    caller.write_all(b"to nobody").unwrap();
    let ending = ours.wait(DEADLINE);
    ending.expect_code(0);
    assert_eq!(complaints(&ending), [""; 0]);
}

#[test]
fn a_greeting_server_that_is_told_to_end_complains_of_no_caller() {
    let (mut ours, mut caller) = greeted(Launch::ours("sb-hello serve 127.0.0.1:0"));
    ours.terminate();
    caller.read_to_end(&mut Vec::new()).unwrap();
    drop(caller);
    let ending = ours.wait(DEADLINE);
    ending.expect_code(0);
    assert_eq!(complaints(&ending), [""; 0]);
}

#[test]
fn the_echo_is_what_was_said() {
    let ours = Launch::ours("sb-echo 127.0.0.1:0").start();
    let mut caller = call(&ours.listening_on());
    for length in [0_u32, 1, 1000, 100_000] {
        let message: Vec<u8> = (0..length).map(|index| index.to_le_bytes()[0]).collect();
        let frame = [&length.to_be_bytes()[..], &message].concat();
        caller.write_all(&frame).unwrap();
        let mut echoed = vec![0; frame.len()];
        caller.read_exact(&mut echoed).unwrap();
        assert!(echoed == frame, "{length} bytes come back as they were");
    }
}

#[test]
fn quiet_leaves_the_line_that_scripts_wait_for() {
    let mut ours = Launch::ours("sb-echo 127.0.0.1:0 -q").start();
    ours.listening_on();
    ours.interrupt();
    let ending = ours.wait(DEADLINE);
    assert_eq!(ending.stderr.lines().count(), 1, "{ending}");
}

#[test]
fn json_is_one_object_a_line_with_its_version() {
    let ours = Launch::ours("sb-talk listen 127.0.0.1:0 --framing u8 --json").start();
    let mut caller = call(&ours.listening_on());
    caller.write_all(b"\x02hi\x01\xff").unwrap();
    let wanted = [("text", "hi"), ("hex", "ff")];
    for (field, value) in wanted {
        let line = ours.wait_for_line(Stream::Stdout, |line| line.contains("\"message\""));
        let object: serde_json::Value = serde_json::from_str(&line).expect("a line is an object");
        assert_eq!((object["v"].as_u64(), object[field].as_str()), (Some(1), Some(value)), "{line}");
    }
}

#[test]
fn a_server_whose_terminal_is_closed_does_not_stay_behind() {
    let Some(python) = python_since((3, 9)) else { return };
    let place = Place::new();
    let key = place.file("key", "secret");
    let closing = python.peer("closing_terminal.py").arg(Launch::ours("sb-echo").path()).hides("secret");
    // With a key file it also listens to SIGHUP, to read that again.
    let closing = closing.args(["127.0.0.1:0", "--auth", "tutorial", "--key-file"]).arg(&key);
    closing.start().wait(DEADLINE * 2).expect_stdout("ended 0\n");
}
