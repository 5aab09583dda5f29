//! What the encoder refuses, since the decoder on the other side would refuse it or read something else.

use switchboard_framing::{EncodeError, FrameSpec};

use crate::common::specs::spec;

fn envelope_error(spec: &str, payload: &[u8]) -> EncodeError {
    spec.parse::<FrameSpec>().unwrap().envelope(payload).unwrap_err()
}

#[test]
fn a_delimiter_inside_a_payload_is_refused() {
    for (spec, payload, at) in [
        ("lines", &b"one\ntwo"[..], 3),
        ("lines", b"one\n", 3),
        ("nul", b"\0", 0),
        ("crlf", b"a\r\nb", 1),
        (r"delim=\n|\r\n", b"a\r\nb", 1),
        // These would only make one together with the delimiter behind them.
        (r"delim=\n|\r\n", b"a\r", 1),
        ("delim=aa", b"xa", 1),
        ("delim=abab|c", b"xab", 1),
    ] {
        assert_eq!(envelope_error(spec, payload), EncodeError::HoldsDelimiter { at }, "{spec} {payload:?}");
    }
}

#[test]
fn a_delimiter_that_is_kept_has_to_be_at_the_end() {
    assert_eq!(envelope_error("lines,keep", b"one"), EncodeError::LacksDelimiter { len: 3 });
    assert_eq!(envelope_error("lines,keep", b"one\ntwo\n"), EncodeError::HoldsDelimiter { at: 4 });
    assert!(spec("lines,keep").envelope(b"one\n").is_ok_and(|around| around.bytes() == 0));
}

#[test]
fn what_only_looks_like_a_delimiter_is_sent() {
    for (spec, payload) in
        [("crlf", &b"a\nb\rc\r"[..]), ("lines", b"a\r"), ("delim=aba", b"xb"), ("delim=aa", b"axax")]
    {
        assert_eq!(
            spec.parse::<FrameSpec>().unwrap().envelope(payload).map(|_| ()),
            Ok(()),
            "{spec} {payload:?}"
        );
    }
}

#[test]
fn a_length_field_inside_the_payload_has_to_be_right() {
    let spec = spec("u16be,offset=2");
    assert!(spec.envelope(b"id\x00\x05hello").is_ok());
    assert_eq!(envelope_error("u16be,offset=2", b"id\x00\x04hello"), EncodeError::WrongLength { needed: 5 });
    assert_eq!(envelope_error("u16be,offset=2", b"id\x00"), EncodeError::TooShort { len: 3, least: 4 });
    assert_eq!(envelope_error("hex4,strip=0", b"zzzz"), EncodeError::WrongLength { needed: 0 });
}

#[test]
fn fixed_frames_have_their_size() {
    assert_eq!(envelope_error("fixed=3", b"ab"), EncodeError::TooShort { len: 2, least: 3 });
    assert_eq!(envelope_error("fixed=3", b"abcd"), EncodeError::TooLong { len: 4, limit: 3 });
}

#[test]
fn a_buffer_without_room_is_left_as_it_was() {
    let mut buffer = [9; 4];
    let mut rest = &mut buffer[..];
    assert_eq!(spec("u16be").encode(b"abc", &mut rest), Err(EncodeError::NoRoom { needed: 5, room: 4 }));
    assert_eq!(buffer, [9; 4]);
    let mut out = vec![1];
    assert!(spec("u8,max=2").encode(b"abc", &mut out).is_err());
    assert_eq!(out, [1]);
}

#[test]
fn raw_sends_everything_as_it_is() {
    let spec = spec("raw,max=2");
    let mut out = Vec::new();
    spec.encode(b"", &mut out).unwrap();
    spec.encode(b"abc", &mut out).unwrap();
    assert_eq!(out, b"abc");
    assert!(spec.is_raw());
}
