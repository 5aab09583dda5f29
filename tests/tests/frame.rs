//! `sb-frame` as a filter: lines to frames and back.
//! What a frame looks like in each framing is left to framing's own tests.

use e2e::{Ending, Launch, Place};

/// Runs `line` with `input` on its standard input.
fn filter(line: &str, input: &[u8]) -> Ending {
    let mut program = Launch::ours(line).start();
    program.write_stdin(input);
    program.finish()
}

/// What a shell's `<` and `>` do, for bytes that are no text.
fn filter_bytes(line: &str, input: &[u8]) -> Vec<u8> {
    let place = Place::new();
    let output = std::fs::File::create(place.path("out")).expect("a new folder takes a file");
    let input = std::fs::File::open(place.file("in", input)).expect("it was just written");
    Launch::ours(line).stdin(input).stdout(output).start().finish().expect_code(0);
    std::fs::read(place.path("out")).expect("it was made above")
}

#[test]
fn lines_become_frames() {
    let frames = filter_bytes("sb-frame pack --framing u16be", b"hi\nthere\n");
    assert_eq!(frames, b"\x00\x02hi\x00\x05there");
}

#[test]
fn frames_become_lines() {
    let ending = filter("sb-frame unpack --framing i32le", b"\x02\x00\x00\x00hi\x05\x00\x00\x00there");
    ending.expect_code(0).expect_stdout("hi\nthere\n");
}

#[test]
fn what_is_packed_unpacks_to_the_same_in_every_framing() {
    let text = "one\ntwo words\n\u{fc}ber drei\n";
    for framing in ["u8", "u32be", "i32", "varint", "python", "netstring", "hex4", "lines", "nul", "delim=%%"]
    {
        let frames = filter_bytes(&format!("sb-frame pack --framing {framing}"), text.as_bytes());
        let lines = filter_bytes(&format!("sb-frame unpack --framing {framing}"), &frames);
        assert_eq!(String::from_utf8_lossy(&lines), text, "{framing}");
    }
}

#[test]
fn a_message_that_holds_what_ends_a_record_is_told() {
    let ending = filter("sb-frame unpack --framing u8", b"\x03a\nb\x02hi");
    ending.expect_code(0).expect_stderr("1 message with a newline inside").expect_stderr("-0 or --json");
    let ending = filter("sb-frame unpack --framing u8 -0", b"\x03a\nb\x02hi");
    assert_eq!(ending.expect_code(0).stderr, "");
    filter("sb-frame unpack --framing u8 -0", b"\x03a\0b").expect_code(0).expect_stderr("with a NUL inside");
    let ending = filter("sb-frame unpack --framing u8 --json", b"\x03a\nb");
    assert_eq!(ending.expect_code(0).stderr, "");
}

#[test]
fn one_message_over_the_limit_is_one() {
    let line = "sb-frame unpack --framing u8,max=4,over=skip";
    filter(line, b"\x05hello\x02hi").expect_code(0).expect_stderr("1 message over the limit was skipped");
}

#[test]
fn broken_frames_are_a_fault_of_the_protocol() {
    for bytes in [&b"\xff\xff\xff\xff"[..], b"\x00\x00\x00\x05he"] {
        filter("sb-frame unpack --framing i32be", bytes).expect_code(5).expect_stderr("error: ");
    }
}

#[test]
fn messages_before_the_fault_are_printed() {
    filter("sb-frame unpack --framing u8", b"\x02hi\x05he").expect_code(5).expect_stdout("hi\n");
}

#[test]
fn a_line_that_does_not_fit_the_framing_is_refused() {
    let ending = filter("sb-frame pack --framing u8", &[b'x'; 300]);
    assert_ne!(ending.code, Some(0), "{ending}");
}

#[test]
fn the_demo_shows_both_kinds_of_sticky_packets_and_ends_well() {
    let ending = Launch::ours("sb-frame demo").start().finish();
    ending.expect_code(0);
    assert!(!ending.stdout.is_empty());
}
