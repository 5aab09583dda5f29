//! `--auth noise` for every program, and keys that change while a server runs. What is in a record is left to the
//! crates' own tests, that no key is shown to `secrecy`.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use e2e::{DEADLINE, Launch, Place, Program, Stream, call, tap};

const AUTHENTICATION: i32 = 3;

fn line(name: &str, digit: char) -> String {
    format!("{name} {}\n", digit.to_string().repeat(64))
}

fn start(line: &str, key_file: &Path) -> Program {
    Launch::ours(&format!("{line} --auth noise --key-file")).arg(key_file).start()
}

fn keys(place: &Place, lines: &[(&str, char)]) -> PathBuf {
    let name = lines.iter().map(|(name, _)| *name).collect::<String>();
    place.keys(&name, lines)
}

#[test]
fn sb_talk_talks_and_nobody_on_the_path_reads_along() {
    let place = Place::new();
    let key = keys(&place, &[("ann", 'a')]);
    for framing in ["raw", "u32be", "lines", "python"] {
        let mut ours = start(&format!("sb-talk listen 127.0.0.1:0 --once --framing {framing}"), &key);
        let (endpoint, heard) = tap(&ours.listening_on());
        let mut theirs = start(&format!("sb-talk call {endpoint} --framing {framing}"), &key);
        theirs.say("a word in confidence");
        ours.expect_line(Stream::Stdout, "a word in confidence");
        ours.say("and one back");
        theirs.expect_line(Stream::Stdout, "and one back");
        theirs.say("q");
        theirs.wait(DEADLINE).expect_code(0);
        ours.wait(DEADLINE).expect_code(0);
        let heard = heard.join().unwrap();
        let bytes = heard.from_caller.len() + heard.from_server.len();
        assert!(bytes > 72 + 48 + 3 * 19, "{framing}: {bytes} bytes");
        assert!(!heard.contains(b"confidence") && !heard.contains(b"back"), "{framing}");
    }
}

#[test]
fn a_half_close_lets_the_other_side_go_on() {
    let place = Place::new();
    let key = keys(&place, &[("ann", 'a')]);
    let mut ours = start("sb-talk listen 127.0.0.1:0 --once --framing lines --wait 5", &key);
    let mut theirs = start(&format!("sb-talk call {} --framing lines --wait 5", ours.listening_on()), &key);
    theirs.say("all I have");
    theirs.close_stdin();
    ours.expect_line(Stream::Stdout, "all I have");
    ours.say("thanks");
    theirs.expect_line(Stream::Stdout, "thanks");
    ours.finish().expect_code(0);
    theirs.wait(DEADLINE).expect_code(0);
}

#[test]
fn sb_echo_answers_on_all_its_workers() {
    let place = Place::new();
    let key = keys(&place, &[("ann", 'a')]);
    let ours = start("sb-echo 127.0.0.1:0 --workers 2", &key);
    let endpoint = ours.listening_on();
    for word in ["one", "two", "three", "four"] {
        let line = format!("sb-talk call {endpoint} --framing u32be --service echo");
        let mut theirs = start(&line, &key);
        theirs.say(word);
        theirs.expect_line(Stream::Stdout, word);
        theirs.finish().expect_code(0);
    }
}

#[test]
fn sb_hello_greets() {
    let place = Place::new();
    let key = keys(&place, &[("ann", 'a')]);
    let ours = start("sb-hello serve 127.0.0.1:0", &key);
    let mut theirs = start(&format!("sb-hello call {} --count 2", ours.listening_on()), &key);
    theirs.wait(DEADLINE).expect_code(0).expect_stdout("hello\nhello\n");
    ours.expect_line(Stream::Stdout, "byebye");
}

#[test]
fn sb_chat_carries_what_one_member_says_to_all_the_others() {
    let place = Place::new();
    let key = keys(&place, &[("ann", 'a'), ("bob", 'b')]);
    let listen = ["--listen", "tcp://127.0.0.1:0", "--data"];
    let serve = Launch::ours("sb-chat serve --auth noise --key-file").arg(&key).args(listen);
    let hub = serve.arg(place.path("data")).start();
    let endpoint = hub.listening_on();
    let join = |nick: &str, digit: char| {
        let key = keys(&place, &[(nick, digit)]);
        let member = start(&format!("sb-chat join {endpoint} --nick {nick}"), &key);
        member.wait_for_line(Stream::Stderr, |line| line.starts_with("you are "));
        member
    };
    let [bob, other] = [join("bob", 'b'), join("bobs-other", 'b')];
    let mut ann = join("ann", 'a');
    ann.say("to everybody");
    for member in [&bob, &other] {
        member.expect_line(Stream::Stdout, "ann: to everybody");
    }
    ann.finish().expect_code(0);
}

#[test]
fn a_stranger_is_told_nothing_at_all() {
    let place = Place::new();
    let ours = start("sb-echo 127.0.0.1:0", &keys(&place, &[("ann", 'a')]));
    let endpoint = ours.listening_on();
    let hello = [&b"NETNOIS1"[..], &[7; 64]].concat();
    for opening in [&hello[..], b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x05hello"] {
        let mut stranger = call(&endpoint);
        stranger.write_all(opening).expect("a socket takes a few bytes");
        let mut heard = Vec::new();
        let _ = stranger.read_to_end(&mut heard); // a reset is as good as an end
        assert_eq!(heard, b"");
        ours.wait_for_line(Stream::Stderr, |line| line.contains("authentication failed"));
    }
}

#[test]
fn keys_are_read_again_at_sighup_and_calls_go_on() {
    let place = Place::new();
    let [ann, bob] = [keys(&place, &[("ann", 'a')]), keys(&place, &[("bob", 'b')])];
    let served = place.file("served", line("ann", 'a'));
    let ours = start("sb-echo 127.0.0.1:0 --workers 2", &served);
    let call = format!("sb-talk call {} --framing u32be --service echo", ours.listening_on());
    let talks = |caller: &mut Program, word: &str| {
        caller.say(word);
        caller.expect_line(Stream::Stdout, word);
    };
    let mut before = start(&call, &ann);
    talks(&mut before, "before");
    start(&call, &bob).wait(DEADLINE).expect_code(AUTHENTICATION);

    std::fs::write(&served, line("bob", 'b')).unwrap();
    ours.reload();
    ours.wait_for_line(Stream::Stderr, |line| line.contains("1 key"));
    talks(&mut before, "still here");
    talks(&mut start(&call, &bob), "new");
    start(&call, &ann).wait(DEADLINE).expect_code(AUTHENTICATION);

    std::fs::write(&served, "bob is no key\n").unwrap();
    ours.reload();
    ours.wait_for_line(Stream::Stderr, |line| line.contains("stay as they were"));
    talks(&mut start(&call, &bob), "as before");
    before.finish().expect_code(0);
}
