//! The programs on a real terminal, where people type and peers must not reach the screen's controls.
//! Pipes are left to all the others.

use std::io::Write as _;
use std::time::Duration;

use e2e::{DEADLINE, Launch, Place, Stream, call};
use rexpect::session::{PtySession, spawn_command};

/// Starts it on a terminal that echoes, as those of people do.
fn on_terminal(launch: Launch) -> PtySession {
    let launch = launch.through_shell("stty echo; exec \"$@\"").env("TERM", "xterm");
    let patience = u64::try_from(DEADLINE.as_millis()).expect("the deadline is short");
    spawn_command(launch.into_command(), Some(patience)).expect("a terminal can be had")
}

#[test]
fn what_is_typed_is_sent_and_what_comes_is_shown() {
    let mut theirs = Launch::ours("sb-talk listen 127.0.0.1:0").start();
    let mut ours = on_terminal(Launch::ours("sb-talk call").arg(theirs.listening_on()));
    ours.send_line("typed").unwrap();
    theirs.expect_line(Stream::Stdout, "typed");
    theirs.say("shown");
    ours.exp_string("shown").unwrap();
    ours.send_line("q").unwrap();
    ours.exp_eof().unwrap();
}

#[test]
fn a_peers_escape_sequences_do_not_reach_the_terminal() {
    let mut ours = on_terminal(Launch::ours("sb-talk listen 127.0.0.1:0"));
    let (_, endpoint) = ours.exp_regex("tcp://[0-9.]+:[0-9]+").unwrap();
    let mut theirs = call(&endpoint);
    theirs.write_all(b"a\x1b]0;owned\x07b").unwrap();
    let (_, shown) = ours.exp_regex("a[^\r\n]*owned[^\r\n]*b").unwrap();
    assert!(!shown.contains("\u{1b}]0;") && !shown.contains('\u{7}'), "{shown:?}");
}

#[test]
fn a_key_is_asked_for_without_echo() {
    let place = Place::new();
    let line = "sb-talk listen 127.0.0.1:0 --auth tutorial --key-file";
    let theirs = Launch::ours(line).arg(place.file("key", "open sesame")).start();
    let call = format!("sb-talk call {} --auth tutorial", theirs.listening_on());
    let mut ours = on_terminal(Launch::ours(&call));
    ours.exp_regex("(?i)key").unwrap();
    ours.send_line("open sesame").unwrap();
    ours.send_line("let in").unwrap();
    theirs.wait_for_line_within(Stream::Stdout, |line| line == "let in", Duration::from_secs(20));
    ours.send_line("q").unwrap();
    let screen = ours.exp_eof().unwrap();
    assert!(!screen.contains("sesame"), "{screen:?}");
}
