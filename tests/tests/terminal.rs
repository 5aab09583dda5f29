//! The programs on a real terminal, where people type and peers must not reach the screen's controls.
//! Pipes are left to all the others.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use e2e::{Launch, Place, Program, Stream, Terminal, call};

fn numbered_lines(count: usize) -> String {
    let lines: Vec<_> = (0..count).map(|number| format!("line {number}\n")).collect();
    lines.concat()
}

const CTRL_C: &str = "\x03";
const CTRL_S: &str = "\x13";

/// Far more than it takes to fill a terminal with what is said about each.
const STRANGERS: usize = 500;

#[test]
fn what_is_typed_is_sent_and_what_comes_is_shown() {
    let mut theirs = Launch::ours("sb-talk listen 127.0.0.1:0").start();
    let mut ours = Launch::ours("sb-talk call").arg(theirs.listening_on()).on_terminal();
    ours.say("typed");
    theirs.expect_line(Stream::Stdout, "typed");
    theirs.say("shown");
    ours.expect("shown");
    ours.say("q");
    ours.rest();
}

#[test]
fn three_terminals_show_each_message_to_everybody_once() {
    let [.., high, low] = std::process::id().to_be_bytes();
    let mut place = format!("udp://239.190.{high}.{low}:0");
    let mut terminals = Vec::new();
    for _ in 0..3 {
        let mut ours = Launch::ours(&format!("sb-talk {place} --interface 127.0.0.1")).on_terminal();
        place = ours.expect_like(r"udp://239[0-9.]+:[0-9]+");
        let name = ours.expect_like(r"127\.0\.0\.1:[0-9]+");
        terminals.push((ours, name));
    }
    for speaker in 0..3 {
        let name = terminals[speaker].1.clone();
        terminals[speaker].0.say(&format!("word {speaker}"));
        let others = terminals.iter_mut().enumerate().filter(|(number, _)| *number != speaker);
        for (_, (other, _)) in others {
            other.expect(&format!("{name}: word {speaker}"));
        }
    }
    for (mut ours, _) in terminals {
        ours.say("q");
        let rest = ours.rest();
        assert!(!rest.contains(": word"), "neither twice nor from ourselves: {rest}");
    }
}

#[test]
fn a_peers_escape_sequences_do_not_reach_the_terminal() {
    let mut ours = Launch::ours("sb-talk listen 127.0.0.1:0").on_terminal();
    let endpoint = ours.expect_like("tcp://[0-9.]+:[0-9]+");
    let mut theirs = call(&endpoint);
    theirs.write_all(b"a\x1b]0;owned\x07b").unwrap();
    let shown = ours.expect_like("a[^\r\n]*owned[^\r\n]*b");
    assert!(!shown.contains("\u{1b}]0;") && !shown.contains('\u{7}'), "{shown:?}");
}

#[test]
fn a_key_is_asked_for_without_echo() {
    let place = Place::new();
    let line = "sb-talk listen 127.0.0.1:0 --auth tutorial --key-file";
    let theirs = Launch::ours(line).arg(place.file("key", "open sesame")).start();
    let call = format!("sb-talk call {} --auth tutorial", theirs.listening_on());
    let mut ours = Launch::ours(&call).hides("open sesame").hides("sesame").on_terminal();
    ours.expect_like("(?i)key");
    ours.say("open sesame");
    ours.say("let in");
    theirs.wait_for_line_within(Stream::Stdout, |line| line == "let in", Duration::from_secs(20));
    ours.say("q");
    ours.expect_code(0);
}

#[test]
fn lines_typed_ahead_all_arrive() {
    let theirs = Launch::ours("sb-talk listen 127.0.0.1:0 --framing lines").start();
    let call = format!("sb-talk call {} --framing lines", theirs.listening_on());
    let mut ours = Launch::ours(&call).on_terminal();
    ours.expect("> ");
    ours.press(&numbered_lines(300));
    for number in 0..300 {
        let wanted = format!("line {number}");
        assert_eq!(theirs.wait_for_line(Stream::Stdout, |_| true), wanted);
    }
    ours.say("q");
    ours.expect_code(0);
}

#[test]
fn pasted_lines_are_sent_one_by_one() {
    let theirs = Launch::ours("sb-talk listen 127.0.0.1:0 --framing lines").start();
    let call = format!("sb-talk call {} --framing lines", theirs.listening_on());
    let mut ours = Launch::ours(&call).on_terminal();
    ours.expect("> ");
    for (pasted, lines) in [("one\rtwo\r\rfour", &["one", "two", "", "four"][..]), ("last\r", &["last"])] {
        ours.say(&format!("\x1b[200~{pasted}\x1b[201~"));
        for line in lines {
            assert_eq!(theirs.wait_for_line(Stream::Stdout, |_| true), *line);
        }
    }
    ours.say("q");
    ours.expect_code(0);
}

#[test]
fn ctrl_c_ends_a_conversation_well() {
    let theirs = Launch::ours("sb-talk listen 127.0.0.1:0").start();
    let mut ours = Launch::ours("sb-talk call").arg(theirs.listening_on()).on_terminal();
    ours.say("here");
    theirs.expect_line(Stream::Stdout, "here");
    ours.press(CTRL_C);
    ours.expect_code(0);
}

#[test]
fn a_note_is_shown_before_the_message_that_follows_it() {
    let mut ours = Launch::ours("sb-talk listen 127.0.0.1:0 --framing lines --wait 0").on_terminal();
    let endpoint = ours.expect_like("tcp://[0-9.]+:[0-9]+");
    for number in 0..20 {
        let message = format!("message {number}\n");
        call(&endpoint).write_all(message.as_bytes()).unwrap();
        ours.expect("talking to");
        ours.expect(message.trim_end());
    }
}

#[test]
fn strangers_do_not_stop_an_echo_whose_terminal_is_stopped() {
    let mut ours = Launch::ours("sb-echo 127.0.0.1:0 --framing u8,max=8").on_terminal();
    let endpoint = ours.expect_like("tcp://[0-9.]+:[0-9]+");
    ours.press(CTRL_S);
    for _ in 0..STRANGERS {
        let mut stranger = call(&endpoint);
        stranger.write_all(b"\xff").unwrap();
        assert_eq!(stranger.read(&mut [0]).unwrap(), 0);
    }
    let mut caller = call(&endpoint);
    caller.write_all(b"\x02hi").unwrap();
    let mut echoed = [0; 3];
    caller.read_exact(&mut echoed).unwrap();
    assert_eq!(&echoed, b"\x02hi");
    drop(caller);
    ours.press(CTRL_C); // which also starts the terminal again
    ours.expect_code(0);
}

/// A hub with a home of its own, where its members find the key.
struct Hub {
    endpoint: String,
    program: Option<Program>,
    /// Outlasts the program, whose key is in it.
    home: Place,
}

impl Hub {
    fn start() -> Hub {
        let home = Place::new();
        let launch = Launch::ours("sb-chat serve --listen tcp://127.0.0.1:0");
        let program = launch.env("XDG_DATA_HOME", home.folder()).start();
        Hub { endpoint: program.listening_on(), home, program: Some(program) }
    }

    /// The hub at a place to which it can be sure to come back.
    fn at_a_path() -> Hub {
        let home = Place::new();
        let mut hub = Hub { endpoint: home.endpoint("unix", "hub"), home, program: None };
        hub.restart();
        hub
    }

    /// Kills it, and starts it again.
    fn restart(&mut self) {
        drop(self.program.take());
        let launch = Launch::ours("sb-chat serve --listen").arg(&self.endpoint);
        let program = launch.env("XDG_DATA_HOME", self.home.folder()).start();
        assert_eq!(program.listening_on(), self.endpoint);
        self.program = Some(program);
    }

    fn member(&self, nick: &str) -> Launch {
        let launch = Launch::ours("sb-chat join").arg(&self.endpoint).args(["--nick", nick]);
        launch.env("XDG_DATA_HOME", self.home.folder())
    }

    /// Ann on a terminal, once she is in the room.
    fn ann(&self) -> Terminal {
        let mut ann = self.member("ann").on_terminal();
        ann.expect("you are ann");
        ann
    }

    /// Bob in a pipe, once he is in the room.
    fn bob(&self) -> Program {
        let bob = self.member("bob").start();
        bob.wait_for_line(Stream::Stderr, |line| line.starts_with("you are bob"));
        bob
    }
}

#[test]
fn members_hear_each_other_on_a_terminal_and_in_a_pipe() {
    let hub = Hub::start();
    let mut bob = hub.bob();
    let mut ann = hub.ann();
    ann.say("hello, bob");
    bob.expect_line(Stream::Stdout, "ann: hello, bob");
    bob.say("hello, ann");
    ann.expect("hello, ann");
    bob.finish().expect_code(0);
    ann.expect("bob left");
    ann.say("/quit");
    ann.expect_code(0);
}

#[test]
fn lines_typed_ahead_are_all_said_in_the_room() {
    let hub = Hub::start();
    let bob = hub.bob();
    let mut ann = hub.ann();
    ann.press(&numbered_lines(50));
    for number in 0..50 {
        let wanted = format!("ann: line {number}");
        assert_eq!(bob.wait_for_line(Stream::Stdout, |_| true), wanted);
    }
    ann.say("/quit");
    ann.expect_code(0);
}

#[test]
fn a_member_on_a_terminal_comes_back_as_often_as_its_hub_does() {
    let mut hub = Hub::at_a_path();
    let mut ann = hub.ann();
    for _ in 0..2 {
        hub.restart();
        ann.expect("calling again in");
        ann.expect("you are ann");
    }
    let bob = hub.bob();
    ann.say("still here");
    bob.expect_line(Stream::Stdout, "ann: still here");
    ann.say("/quit");
    ann.expect_code(0);
}

#[test]
fn ctrl_c_leaves_a_room_well() {
    let hub = Hub::start();
    let bob = hub.bob();
    let mut ann = hub.ann();
    ann.press(CTRL_C);
    bob.expect_line(Stream::Stderr, "ann left lobby");
    ann.expect_code(0);
}
