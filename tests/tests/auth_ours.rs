//! Authentication between our own programs: who is let in, who is refused, and what is said of it.
//! Python on the other side is left to `auth_python`, the handshakes' bytes to auth's own tests.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use e2e::{DEADLINE, Launch, Place, Program, Stream, call, tap};

const AUTHENTICATION: i32 = 3;

fn listen(dialect: &str, key_file: PathBuf) -> Program {
    let line = format!("sb-talk listen 127.0.0.1:0 --framing u32be --auth {dialect} --key-file");
    Launch::ours(&line).arg(key_file).start()
}

fn caller(endpoint: &str, dialect: &str, key_file: PathBuf) -> Program {
    let line = format!("sb-talk call {endpoint} --framing u32be --auth {dialect} --key-file");
    Launch::ours(&line).arg(key_file).start()
}

#[test]
fn every_key_of_the_servers_file_opens() {
    let place = Place::new();
    for dialect in ["mutual", "noise"] {
        let ours = listen(dialect, place.keys("server", &[("ann", 'a'), ("bob", 'b')]));
        let endpoint = ours.listening_on();
        for (name, digit) in [("ann", 'a'), ("bob", 'b')] {
            let mut theirs = caller(&endpoint, dialect, place.keys(name, &[(name, digit)]));
            theirs.say(&format!("from {name}"));
            ours.expect_line(Stream::Stdout, &format!("from {name}"));
            theirs.say("q");
            theirs.wait(DEADLINE).expect_code(0);
        }
    }
}

#[test]
fn noise_hides_what_is_said_and_the_tutorial_does_not() {
    let place = Place::new();
    let key = place.keys("key", &[("ann", 'a')]);
    for (dialect, is_hidden) in [("noise", true), ("tutorial", false)] {
        let ours = listen(dialect, key.clone());
        let (relay, passed) = tap(&ours.listening_on());
        let mut theirs = caller(&relay, dialect, key.clone());
        theirs.say("plain words");
        ours.expect_line(Stream::Stdout, "plain words");
        theirs.say("q");
        theirs.wait(DEADLINE).expect_code(0);
        let is_seen = passed.join().expect("the relay ends with the caller").contains(b"plain words");
        assert_eq!(is_seen, !is_hidden, "{dialect}");
    }
}

#[test]
fn another_key_is_refused_and_the_next_caller_let_in() {
    let place = Place::new();
    for dialect in ["mutual", "python", "noise"] {
        let ours = listen(dialect, place.keys("right", &[("ann", 'a')]));
        let endpoint = ours.listening_on();
        let mut stranger = caller(&endpoint, dialect, place.keys("wrong", &[("ann", 'c')]));
        let ending = stranger.wait(DEADLINE);
        ending.expect_code(AUTHENTICATION).expect_stdout("").expect_stderr("error: ");
        ours.wait_for_line(Stream::Stderr, |line| line.contains("authentication failed"));
        let mut friend = caller(&endpoint, dialect, place.keys("right", &[("ann", 'a')]));
        friend.say("me");
        ours.expect_line(Stream::Stdout, "me");
    }
}

#[test]
fn another_service_or_server_is_not_the_one_that_was_meant() {
    let place = Place::new();
    let ours = listen("mutual", place.keys("key", &[("ann", 'a')]));
    let endpoint = ours.listening_on();
    for option in ["--service=chat", "--server-name=elsewhere"] {
        let line = format!("sb-talk call {endpoint} --framing u32be --auth mutual {option} --key-file");
        let mut theirs = Launch::ours(&line).arg(place.path("key")).start();
        theirs.wait(DEADLINE).expect_code(AUTHENTICATION);
    }
}

#[test]
fn the_key_comes_from_the_environment_too() {
    let place = Place::new();
    let ours = listen("tutorial", place.file("key", "secret\n"));
    let line = format!("sb-talk call {} --framing u32be --auth tutorial", ours.listening_on());
    let from_file = Launch::ours(&line).env("SWITCHBOARD_KEY_FILE", place.path("key"));
    let from_value = Launch::ours(&line).env("SWITCHBOARD_KEY", "secret");
    for (launch, words) in [(from_file, "by file"), (from_value, "by value")] {
        let mut theirs = launch.start();
        theirs.say(words);
        ours.expect_line(Stream::Stdout, words);
        theirs.say("q");
        theirs.wait(DEADLINE).expect_code(0);
    }
}

#[test]
fn a_caller_who_talks_before_the_proof_is_not_heard() {
    let place = Place::new();
    for (dialect, challenge_bytes) in [("tutorial", 32), ("mutual", 52)] {
        let ours = listen(dialect, place.keys("key", &[("ann", 'a')]));
        let mut rude = call(&ours.listening_on());
        let mut challenge = vec![0; challenge_bytes];
        rude.read_exact(&mut challenge).unwrap();
        rude.write_all(&[b'0'; 128]).unwrap();
        let mut rest = Vec::new();
        let _ = rude.read_to_end(&mut rest); // a reset is as good as an end
        assert!(rest.is_empty(), "{dialect}: not one more byte");
        ours.wait_for_line(Stream::Stderr, |line| line.contains("authentication failed"));
    }
}

#[test]
fn a_silent_caller_is_hung_up_on_after_the_handshakes_time() {
    let place = Place::new();
    let ours = listen("mutual", place.keys("key", &[("ann", 'a')]));
    let mut silent = call(&ours.listening_on());
    let mut heard = Vec::new();
    let _ = silent.read_to_end(&mut heard);
    assert_eq!(heard.len(), 52, "the challenge and then the end, within the deadline");
}

#[test]
fn a_server_that_knows_another_dialect_is_an_authentication_fault() {
    let place = Place::new();
    let ours = listen("tutorial", place.file("key", "secret"));
    let mut theirs = caller(&ours.listening_on(), "mutual", place.keys("keys", &[("ann", 'a')]));
    theirs.wait(DEADLINE).expect_code(AUTHENTICATION);
}
