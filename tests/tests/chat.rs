//! `sb-chat` as people use it: one command and nothing else, a pasted line, pipes, and a member in plain Python.
//! The hub's rules and the wire are tested beside it; stopping and signals of servers are left to `life`.

use std::os::unix::fs::PermissionsExt as _;

use e2e::{DEADLINE, Launch, Place, Program, Stream, address_of, python};

/// A hub with a home of its own.
struct Hub {
    program: Program,
    endpoint: String,
    /// Outlasts the program, whose key is in it.
    home: Place,
}

impl Hub {
    fn start() -> Hub {
        Hub::of("--auth mutual")
    }

    fn of(words: &str) -> Hub {
        let home = Place::new();
        let launch = Launch::ours("sb-chat serve --listen tcp://127.0.0.1:0").args(words.split(' '));
        let program = launch.env("XDG_DATA_HOME", home.folder()).start();
        let endpoint = program.listening_on();
        Hub { program, endpoint, home }
    }

    /// A member who finds the key where the hub has put it.
    fn join(&self, words: &str) -> Program {
        let launch = Launch::ours("sb-chat join").arg(&self.endpoint).args(words.split(' '));
        let member = launch.env("XDG_DATA_HOME", self.home.folder()).start();
        if !words.contains("--json") {
            member.wait_for_line(Stream::Stderr, |line| line.starts_with("you are "));
        }
        member
    }
}

#[test]
fn a_hub_makes_its_key_and_prints_a_line_that_works_when_pasted() {
    let hub = Hub::start();
    let key = hub.home.path("switchboard/chat.key");
    let mode = std::fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let line = hub.program.wait_for_line(Stream::Stderr, |line| line.contains(" join "));
    let line_of_key = std::fs::read_to_string(&key).unwrap();
    let digits = line_of_key.split_whitespace().nth(1).unwrap();
    let pasted = Launch::of("sh").args(["-c", &line]).env("USER", "carol d.");
    let mut pasted = pasted.hides(digits).start();
    pasted.say("hello");
    pasted.finish().expect_code(0);
    hub.join("--nick bob").expect_line(Stream::Stdout, "carold.: hello");
}

#[test]
fn what_is_said_in_one_pipe_comes_out_of_the_other() {
    let hub = Hub::start();
    let bob = hub.join("--nick bob");
    let mut ann = hub.join("--nick ann");
    for line in ["hello", "/me waves", "//slash", "/msg bob psst", "last"] {
        ann.say(line);
    }
    ann.finish().expect_code(0).expect_stdout("");
    for line in ["ann: hello", "* ann waves", "ann: /slash", "ann (to you): psst", "ann: last"] {
        bob.expect_line(Stream::Stdout, line);
    }
    bob.expect_line(Stream::Stderr, "ann left lobby");
}

#[test]
fn a_refused_line_is_no_success() {
    let hub = Hub::start();
    let mut ann = hub.join("--nick ann");
    ann.say("/bogus");
    ann.say("hello");
    ann.finish().expect_code(1).expect_stderr("no /bogus");
}

#[test]
fn json_is_what_the_hub_says() {
    let hub = Hub::start();
    let json = hub.join("--nick bob --json");
    json.wait_for_line(Stream::Stdout, |line| line.contains("\"room\""));
    let mut ann = hub.join("--nick ann");
    ann.say("hello");
    let line = json.wait_for_line(Stream::Stdout, |line| line.contains("\"message\""));
    let object: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&object["v"], &object["text"]), (&1.into(), &"hello".into()), "{line}");
}

#[test]
fn plain_python_is_a_member() {
    let Some(python) = python() else { return };
    let hub = Hub::start();
    let bob = hub.join("--nick bob");
    let address = address_of(&hub.endpoint);
    let client = python.peer("../../examples/chat_client.py");
    let client = client.arg(hub.home.path("switchboard/chat.key")).args(["py", "lobby", "127.0.0.1"]);
    let mut theirs = client.arg(address.port().to_string()).start();
    theirs.say("grüße");
    bob.expect_line(Stream::Stdout, "py: grüße");
    let mut ann = hub.join("--nick ann");
    ann.say("hello, py");
    theirs.expect_line(Stream::Stdout, "ann: 'hello, py'");
}

#[test]
fn the_wrong_key_and_no_hub_are_told_apart() {
    let hub = Hub::start();
    let other = hub.home.file("other", format!("other {}\n", "ab".repeat(32)));
    let stranger = Launch::ours("sb-chat join").arg(&hub.endpoint).arg("--key-file").arg(&other);
    stranger.start().finish().expect_code(3);

    let endpoint = hub.endpoint.clone();
    let second = Launch::ours("sb-chat serve --listen").arg(&endpoint).arg("--key-file").arg(&other);
    second.start().finish().expect_code(4).expect_stderr("cannot listen");

    let Hub { program, home, .. } = hub;
    program.interrupt();
    program.finish().expect_code(0);
    let late = Launch::ours("sb-chat join").arg(&endpoint).env("XDG_DATA_HOME", home.folder());
    late.start().finish().expect_code(4).expect_stderr("cannot reach");
}

#[test]
fn a_member_in_a_pipe_hears_that_the_hub_is_gone() {
    let mut hub = Hub::start();
    let mut ann = hub.join("--nick ann");
    hub.program.interrupt();
    hub.program.wait(DEADLINE).expect_code(0);
    ann.wait(DEADLINE).expect_code(4).expect_stderr("the hub hung up");
}

#[test]
fn a_hub_that_is_killed_is_a_lost_connection_whatever_the_handshake() {
    for dialect in ["mutual", "noise"] {
        let hub = Hub::of(&format!("--auth {dialect}"));
        let mut ann = hub.join(&format!("--nick ann --auth {dialect}"));
        drop(hub.program); // which kills it: no goodbye, and nothing sealed after the last message
        ann.wait(DEADLINE).expect_code(4);
    }
}
