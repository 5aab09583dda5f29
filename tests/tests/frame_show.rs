//! `sb-frame show`: what lies in a stream, from stdin, a file and a live connection.
//! How it is drawn, byte by byte, is left to the program's own tests.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::time::Duration;

use e2e::{DEADLINE, Launch, Place, Stream, answer_one, call};
use serde_json::Value;

const STREAM: &[u8] = b"\0\0\0\x05hello\0\0\0\x05world";

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line is an object")).collect()
}

#[test]
fn a_file_is_shown_in_reads_of_the_size_asked_for() {
    let place = Place::new();
    let file = place.file("capture", STREAM);
    let ending = Launch::ours("sb-frame show --read 12 -q").arg(file).start().finish();
    ending.expect_code(0);
    let reads: Vec<&str> = ending.stdout.lines().filter(|line| line.starts_with("read ")).collect();
    assert_eq!(
        reads,
        [
            "read 1   12 bytes from byte 0   MERGED: 2 messages, the last cut",
            "read 2   6 bytes from byte 12   SPLIT: the end of a message",
        ],
        "{ending}"
    );
    assert!(ending.stdout.contains("    00000004  payload  68 65 6c 6c 6f"), "{ending}");
    assert!(!ending.stdout.contains('\x1b'), "{ending}");
}

#[test]
fn objects_say_which_read_brought_what() {
    let mut program = Launch::ours("sb-frame show --json --read 12 -").start();
    program.write_stdin(STREAM);
    let ending = program.finish();
    ending.expect_code(0);
    let objects = objects(&ending.stdout);
    assert!(objects.iter().all(|object| object["v"] == 1), "{ending}");
    let summary = objects.last().expect("there is a summary");
    assert_eq!(
        (&summary["type"], &summary["messages"], &summary["bytes"]),
        (&"summary".into(), &2.into(), &18.into())
    );
    let parts = objects.iter().flat_map(|object| object["pieces"].as_array().into_iter().flatten());
    let hex: String = parts
        .flat_map(|piece| piece["parts"].as_array().expect("a piece has parts"))
        .map(|part| part["hex"].as_str().expect("bytes are hexadecimal"))
        .collect();
    assert_eq!(hex, "0000000568656c6c6f00000005776f726c64");
}

#[test]
fn a_wrong_prefix_is_found_and_what_came_before_it_shown() {
    let mut program = Launch::ours("sb-frame show --framing u32be").start();
    program.write_stdin(b"\0\0\0\x02hi\x05\0\0\0hello\x05\0\0\0world\x05\0\0\0again");
    let ending = program.finish();
    ending.expect_code(5).expect_stderr("error: the frame at byte 6: ").expect_stderr("try --framing u32le");
    assert!(ending.stdout.contains("message 1   whole: 2 bytes"), "{ending}");
    assert!(ending.stdout.contains("BROKEN at byte 6 (0x6): a message of 83886080 bytes"), "{ending}");
    assert!(ending.stdout.contains("00000006  here     05 00 00 00 68"), "{ending}");
}

#[test]
fn a_right_framing_whose_stream_is_cut_off_gets_no_advice() {
    let frames: Vec<u8> = (0..40)
        .map(|id| format!(r#"{{"id": {id}, "name": "someone", "tags": ["a", "b"]}}"#))
        .flat_map(|json| [&u32::try_from(json.len()).unwrap().to_be_bytes(), json.as_bytes()].concat())
        .collect();
    let mut program = Launch::ours("sb-frame show --framing u32be").start();
    program.write_stdin(&frames[..frames.len() - 3]);
    let ending = program.finish();
    ending.expect_code(5);
    assert!(!ending.stderr.contains("try --framing"), "{ending}");
}

#[test]
fn a_wrong_prefix_that_happens_to_decode_gets_a_hint() {
    let frames = b"\0\0\0\x05hello".repeat(40);
    let mut program = Launch::ours("sb-frame show --framing u16be").start();
    program.write_stdin(&frames);
    program.finish().expect_code(0).expect_stderr("try --framing u32be");
}

#[test]
fn an_end_inside_a_message_is_a_fault_of_the_protocol() {
    let mut program = Launch::ours("sb-frame show --framing u8").start();
    program.write_stdin(b"\x02hi\x05he");
    let ending = program.finish();
    ending.expect_code(5);
    assert!(ending.stdout.contains("begins here, 3 bytes still to come"), "{ending}");
}

#[test]
fn records_can_end_with_a_nul() {
    for line in ["sb-frame show -0 --read 9", "sb-frame show -0 --read 9 --json"] {
        let mut program = Launch::ours(line).start();
        program.write_stdin(STREAM);
        let ending = program.finish();
        ending.expect_code(0);
        assert!(ending.stdout.ends_with('\0'), "{ending}");
        assert_eq!(ending.stdout.matches('\0').count(), 3, "two reads and a sum\n{ending}");
    }
}

#[test]
fn a_server_is_called_and_every_read_shown_as_it_comes() {
    let (endpoint, server) = answer_one(|mut peer| {
        let mut answer = Vec::new();
        peer.write_all(b"\x05he").unwrap();
        let heard = peer.read_to_end(&mut answer);
        heard.map(|_| answer)
    });
    let program = Launch::ours("sb-frame show --framing u8").arg(&endpoint).start();
    program.expect_line(Stream::Stdout, "  message 1   begins here, 3 bytes still to come");
    program.interrupt();
    let ending = program.finish();
    ending.expect_code(0);
    assert!(ending.stdout.contains("1 read brought 3 bytes and 0 whole messages"), "{ending}");
    assert_eq!(server.join().unwrap().unwrap(), b"", "it never answers");
}

#[test]
fn a_caller_is_shown_until_it_ends_and_gets_no_answer() {
    let program = Launch::ours("sb-frame show --listen 127.0.0.1:0").start();
    let mut caller = call(&program.listening_on());
    caller.write_all(b"\0\0\0\x05hello\0\0").unwrap();
    program.wait_for_line(Stream::Stdout, |line| line.starts_with("read 1   11 bytes"));
    caller.write_all(b"\0\x05world").unwrap();
    caller.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    caller.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"");
    let ending = program.finish();
    ending.expect_code(0);
    assert!(ending.stdout.contains("2 whole messages"), "{ending}");
}

#[test]
fn what_breaks_on_a_live_connection_ends_it() {
    let place = Place::new();
    let endpoint = place.endpoint("unix", "socket");
    let program = Launch::ours("sb-frame show --listen --framing netstring").arg(&endpoint).start();
    program.listening_on();
    let mut caller = std::os::unix::net::UnixStream::connect(place.path("socket")).unwrap();
    caller.write_all(b"2:hi;").unwrap();
    let ending = program.finish();
    ending.expect_code(5);
    assert!(
        ending.stdout.contains("BROKEN at byte 4 (0x4): a netstring does not end with a comma"),
        "{ending}"
    );
    assert!(!place.path("socket").exists());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut program = Launch::of("sh")
        .args(["-c", r#"("$0" show --framing u8 -q; echo "code $?" >&2) | head -n 1"#])
        .arg(Launch::ours("sb-frame").path())
        .start();
    program.write_stdin(&vec![1; 32 * 1024]); // less than a pipe holds, so that it never breaks here
    let ending = program.finish_within(DEADLINE);
    ending.expect_code(0);
    assert_eq!(ending.stderr, "code 0\n", "{ending}");
}

#[test]
fn what_cannot_be_read_is_named() {
    for (line, code, words) in [
        ("sb-frame show no-such-file", 1, "no-such-file cannot be read"),
        ("sb-frame show --listen", 2, "--listen needs an endpoint"),
        ("sb-frame show udp://127.0.0.1:9", 2, "carries datagrams"),
        ("sb-frame show --read 0", 2, "--read"),
        ("sb-frame guess no-such-file", 1, "no-such-file cannot be read"),
    ] {
        Launch::ours(line).start().wait(Duration::from_secs(30)).expect_code(code).expect_stderr(words);
    }
}

#[test]
fn what_cannot_be_read_gets_no_legend() {
    for line in ["sb-frame show no-such-file", "sb-frame show /"] {
        let ending = Launch::ours(line).start().finish();
        ending.expect_code(1);
        assert!(ending.stderr.starts_with("error: "), "{ending}");
    }
}
