//! `sb-talk` with the tutorial's chat programs in Python on the other side, in both directions.
//! Bad peers and other endpoints are left to `bad_peers` and `endpoints`.

use std::io::{Read as _, Write as _};

use e2e::{Launch, Program, Stream, call, host_and_port, python};

/// Our listener, and the host and port that a Python peer takes.
fn listen(line: &str) -> (Program, [String; 2]) {
    let ours = Launch::ours(line).start();
    let place = host_and_port(&ours.listening_on());
    (ours, place)
}

#[test]
fn our_listener_answers_one_python_caller_after_the_other() {
    let Some(python) = python() else { return };
    let (mut ours, place) = listen("sb-talk listen tcp://127.0.0.1:0");
    for greeting in ["first", "second"] {
        let mut theirs = python.peer("tcp_chat_client.py").args(&place).start();
        theirs.say(greeting);
        ours.expect_line(Stream::Stdout, greeting);
        ours.say("welcome");
        theirs.expect_line(Stream::Stdout, "welcome");
        theirs.say("q");
        theirs.finish().expect_code(0);
    }
    assert!(ours.is_running());
}

#[test]
fn our_listener_hangs_up_on_its_own_q_and_answers_the_next() {
    let Some(python) = python() else { return };
    let (mut ours, place) = listen("sb-talk listen tcp://127.0.0.1:0");
    for greeting in ["first", "second"] {
        let mut theirs = python.peer("tcp_chat_client.py").args(&place).start();
        theirs.say(greeting);
        ours.expect_line(Stream::Stdout, greeting);
        ours.say("q");
        theirs.expect_line(Stream::Stdout, "q");
        theirs.finish().expect_code(0);
    }
}

#[test]
fn our_listener_ends_after_one_caller_when_told_so() {
    let Some(python) = python() else { return };
    let (mut ours, place) = listen("sb-talk listen tcp://127.0.0.1:0 --once");
    let mut theirs = python.peer("tcp_chat_client.py").args(&place).start();
    theirs.say("only");
    ours.expect_line(Stream::Stdout, "only");
    ours.say("bye");
    theirs.expect_line(Stream::Stdout, "bye");
    theirs.say("q");
    ours.wait(e2e::DEADLINE).expect_code(0);
}

#[test]
fn our_caller_talks_to_the_python_server() {
    let Some(python) = python() else { return };
    let (mut theirs, address) = python.serve("tcp_chat_server.py", &[]);
    for greeting in ["first", "second"] {
        let mut ours = Launch::ours("sb-talk call").arg(&address).start();
        ours.say(greeting);
        theirs.expect_line(Stream::Stdout, greeting);
        theirs.say("welcome");
        ours.expect_line(Stream::Stdout, "welcome");
        ours.say("q");
        ours.wait(e2e::DEADLINE).expect_code(0);
        theirs.expect_line(Stream::Stdout, "q");
        theirs.expect_line(Stream::Stdout, "gone");
    }
}

#[test]
fn our_caller_ends_when_the_python_server_says_q() {
    let Some(python) = python() else { return };
    let (mut theirs, address) = python.serve("tcp_chat_server.py", &[]);
    let mut ours = Launch::ours("sb-talk call").arg(&address).start();
    ours.say("hi");
    theirs.expect_line(Stream::Stdout, "hi");
    theirs.say("q");
    ours.wait(e2e::DEADLINE).expect_code(0);
}

#[test]
fn another_quit_word_leaves_q_a_message() {
    let Some(python) = python() else { return };
    let (mut ours, place) = listen("sb-talk listen tcp://127.0.0.1:0 --once --quit-word over");
    let mut theirs = python.peer("tcp_chat_client.py").args(&place).start();
    theirs.say("hi");
    ours.expect_line(Stream::Stdout, "hi");
    ours.say("over");
    theirs.expect_line(Stream::Stdout, "over");
    ours.wait(e2e::DEADLINE).expect_code(0);
}

#[test]
fn the_end_of_our_input_half_closes_and_what_still_comes_is_printed() {
    let (endpoint, peer) = e2e::answer_one(|mut stream| {
        let mut heard = String::new();
        stream.read_to_string(&mut heard).expect("the caller half-closes");
        stream.write_all(b"all heard").expect("the caller still reads");
        heard
    });
    let mut ours = Launch::ours("sb-talk call").arg(&endpoint).start();
    ours.say("last words");
    ours.finish().expect_code(0).expect_stdout("all heard\n");
    assert_eq!(peer.join().expect("the peer's asserts hold"), "last words");
}

#[test]
fn bytes_that_are_no_utf8_are_shown_escaped_and_end_nothing() {
    let (ours, place) = listen("sb-talk listen tcp://127.0.0.1:0");
    let mut theirs = call(&place.join(":"));
    theirs.write_all(b"caf\xe9\n").expect("ours reads");
    ours.expect_line(Stream::Stdout, "caf\\xe9");
    // At the end of a read it could be the beginning of a character, and waits a moment for what follows.
    theirs.write_all(b"caf\xe9").expect("ours reads on");
    ours.expect_line(Stream::Stdout, "caf\\xe9");
    theirs.write_all(b" is still here").expect("ours reads on");
    ours.expect_line(Stream::Stdout, " is still here");
}

#[test]
fn udp_listener_answers_the_python_caller_who_wrote_last() {
    let Some(python) = python() else { return };
    let (mut ours, place) = listen("sb-talk listen udp://127.0.0.1:0");
    let mut callers =
        ["one", "two"].map(|name| (name, python.peer("udp_chat_client.py").args(&place).start()));
    for (name, theirs) in &mut callers {
        theirs.say(&format!("hi from {name}"));
        ours.wait_for_line(Stream::Stdout, |line| line.contains(&format!("hi from {name}")));
        ours.say(&format!("hello {name}"));
        theirs.expect_line(Stream::Stdout, &format!("hello {name}"));
    }
}

#[test]
fn udp_caller_talks_to_the_python_server() {
    let Some(python) = python() else { return };
    let (mut theirs, address) = python.serve("udp_chat_server.py", &[]);
    let mut ours = Launch::ours("sb-talk call").arg(format!("udp://{address}")).start();
    for round in ["one", "two"] {
        ours.say(round);
        theirs.expect_line(Stream::Stdout, round);
        theirs.say(&format!("heard {round}"));
        ours.wait_for_line(Stream::Stdout, |line| line.contains(&format!("heard {round}")));
    }
}

#[test]
fn messages_packed_by_struct_arrive_one_by_one() {
    let Some(python) = python() else { return };
    let (ours, place) = listen("sb-talk listen tcp://127.0.0.1:0 --framing i32 --once");
    let mut theirs = python.peer("struct_sender.py").args(&place).start();
    theirs.write_stdin("one\ntwo\n\u{fc}ber drei\n".as_bytes());
    theirs.finish().expect_code(0);
    let mut ours = ours;
    ours.wait(e2e::DEADLINE).expect_code(0).expect_stdout("one\ntwo\n\u{fc}ber drei\n");
}

#[test]
fn our_messages_are_unpacked_by_struct() {
    let Some(python) = python() else { return };
    let (theirs, address) = python.serve("struct_receiver.py", &[]);
    let mut ours = Launch::ours("sb-talk call --framing i32").arg(&address).start();
    ours.write_stdin("one\ntwo\n\u{fc}ber drei\n".as_bytes());
    ours.finish().expect_code(0);
    let ending = theirs.finish();
    ending.expect_code(0);
    assert!(ending.stdout.ends_with("\none\ntwo\n\u{fc}ber drei\n"), "{ending}");
}
