//! The limit is on the payload handed over, and is exact: n passes, n + 1 does not.

use switchboard_framing::testkit::{self, Codec};
use switchboard_framing::{Decoded, FrameError, Overflow};

use crate::common::ours::Ours;
use crate::common::specs::{spec, specs_with_limit};

#[test]
fn a_payload_of_the_limit_passes_and_one_byte_more_does_not() {
    for spec in specs_with_limit(40) {
        // Where messages hold their own length, the next test has them.
        if spec.payload_bytes_min() > 0 {
            continue;
        }
        for spec in [spec.clone(), spec.with_overflow(Overflow::Skip)] {
            let roomy = spec.clone().with_payload_bytes_max(41).unwrap();
            let frame = Codec::encode(&roomy, &[b'x'; 41]).unwrap();
            testkit::limit(&spec, &[b'x'; 40], &[b'x'; 41], &frame)
                .unwrap_or_else(|error| panic!("{spec}: {error}"));
            for ours in Ours::all(&spec) {
                testkit::limit(&ours, &[b'x'; 40], &[b'x'; 41], &frame)
                    .unwrap_or_else(|error| panic!("{spec}, {:?}: {error}", ours.by));
            }
        }
    }
}

#[test]
fn a_header_that_is_kept_counts_towards_the_limit() {
    let spec = spec("u16be,offset=2,max=10");
    testkit::limit(&spec, b"ab\x00\x06sixsix", b"ab\x00\x07seven77", b"ab\x00\x07seven77").unwrap();
}

#[test]
fn a_length_field_limits_what_can_be_sent() {
    let bytes = [7; 300];
    for (text, limit) in
        [("u8", 255), ("u8,incl", 254), ("u8,crc32c", 251), ("u8,adjust=10", 265), ("u8,max=1MiB", 255)]
    {
        let spec = spec(text);
        assert_eq!(spec.payload_bytes_max(), limit, "{text}");
        assert!(spec.envelope(&bytes[..limit]).is_ok(), "{text}");
        assert!(spec.envelope(&bytes[..=limit]).is_err(), "{text}");
    }
}

#[test]
fn a_length_over_the_limit_is_refused_with_both_numbers_before_a_payload_byte_comes() {
    let limit = 16 << 20;
    let cases: [(&str, &[u8], u64); 6] = [
        ("u32be", b"\x01\x00\x00\x01", (16 << 20) + 1),
        ("u64le", b"\xff\xff\xff\xff\xff\xff\xff\xff", u64::MAX),
        ("u64le,adjust=9", b"\xff\xff\xff\xff\xff\xff\xff\xff", u64::MAX),
        ("varint", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", u64::MAX),
        ("python", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", u64::MAX),
        ("netstring", b"99999999:", 99_999_999),
    ];
    for (text, header, declared) in cases {
        let mut decoder = spec(text).decoder();
        assert_eq!(decoder.decode(header), Err(FrameError::TooLong { declared, limit }), "{text}");
        assert_eq!(decoder.decode(b""), Err(FrameError::TooLong { declared, limit }), "{text}: it stays");
        assert_eq!(decoder.finish(b""), Err(FrameError::TooLong { declared, limit }), "{text}: to the end");
    }
}

#[test]
fn a_line_over_the_limit_is_refused_although_it_has_no_end() {
    let mut decoder = spec("lines,max=3").decoder();
    assert_eq!(decoder.decode(b"abc"), Ok(Decoded::NeedMore { at_least: 1 }));
    assert_eq!(decoder.decode(b"abcd"), Err(FrameError::TooLong { declared: 4, limit: 3 }));
}

#[test]
fn negative_lengths_are_never_messages() {
    for (text, header, declared) in [
        ("i32be", b"\xff\xff\xff\xff", -1),
        ("i32le", b"\x00\x00\x00\x80", -0x8000_0000),
        ("python", b"\xff\xff\xff\xfe", -2),
    ] {
        let spec = spec(text).with_overflow(Overflow::Skip);
        assert_eq!(spec.decoder().decode(header), Err(FrameError::Negative { declared }), "{text}");
    }
}

#[test]
fn a_length_that_does_not_cover_its_own_frame_is_refused() {
    for (text, header, declared, least) in [
        ("u16be,incl", &b"\x00\x01"[..], 1, 2),
        ("hex4,incl", b"0003", 3, 4),
        ("u16be,offset=2,incl", b"ab\x00\x03", 3, 4),
        ("u16be,adjust=-5", b"\x00\x04", 4, 5),
        ("u8,crc32c", b"\x03", 3, 4),
        ("varint,crc32c", b"\x03", 3, 4),
    ] {
        assert_eq!(
            spec(text).decoder().decode(header),
            Err(FrameError::TooShort { declared, least }),
            "{text}"
        );
    }
}

#[test]
fn skipping_drops_exactly_the_message_over_the_limit() {
    let mut decoder = spec("u8,max=2,over=skip").decoder();
    assert_eq!(decoder.decode(b"\x03a"), Ok(Decoded::Skipped { consumed: 2, declared: Some(3) }));
    assert_eq!(decoder.decode(b""), Ok(Decoded::NeedMore { at_least: 1 }));
    assert_eq!(decoder.finish(b""), Err(FrameError::Truncated { have: 0, at_least: 1 }));
    assert_eq!(decoder.decode(b"bc\x01z"), Ok(Decoded::Skipped { consumed: 2, declared: None }));
    assert_eq!(decoder.decode(b"\x01z"), Ok(Decoded::Message { payload: 1..2, consumed: 2 }));
    assert_eq!(decoder.finish(b""), Ok(()));
}

#[test]
fn skipping_a_line_ends_at_its_end() {
    let mut decoder = spec("crlf,max=2,over=skip").decoder();
    let skipped = Decoded::Skipped { consumed: 4, declared: Some(3) };
    assert_eq!(decoder.decode(b"abcd\r"), Ok(skipped));
    assert_eq!(decoder.decode(b"\r"), Ok(Decoded::NeedMore { at_least: 1 }));
    assert_eq!(decoder.decode(b"\r\nok\r\n"), Ok(Decoded::Skipped { consumed: 2, declared: None }));
    assert_eq!(decoder.decode(b"ok\r\n"), Ok(Decoded::Message { payload: 0..2, consumed: 4 }));
}

#[test]
fn a_dropped_message_is_declared_with_its_first_dropped_byte() {
    let mut decoder = spec(r"delim=\n|\r\n,keep,max=1,over=skip").decoder();
    assert_eq!(decoder.decode(b"a"), Ok(Decoded::NeedMore { at_least: 1 }));
    assert_eq!(decoder.finish(b"a"), Err(FrameError::Truncated { have: 1, at_least: 1 }));
    assert_eq!(decoder.decode(b"ab"), Ok(Decoded::Skipped { consumed: 1, declared: Some(2) }));
    assert_eq!(decoder.decode(b"b\n"), Ok(Decoded::Skipped { consumed: 2, declared: None }));
    assert_eq!(decoder.decode(b"\n"), Ok(Decoded::Message { payload: 0..1, consumed: 1 }));
}

#[test]
fn no_frame_is_longer_than_is_said() {
    for spec in specs_with_limit(70_000) {
        let longest = vec![b'x'; spec.payload_bytes_max()];
        if let Ok(around) = spec.envelope(&longest) {
            let (bytes, said) = (around.bytes() + longest.len(), spec.frame_bytes_max());
            assert!(bytes <= said && said <= bytes + 20, "{spec}: {bytes} bytes, said are {said}");
        }
    }
}

#[test]
fn what_is_asked_for_is_never_more_than_a_frame_within_the_limit() {
    for spec in specs_with_limit(64) {
        for byte in 0..=255 {
            let mut decoder = spec.decoder();
            for have in 0..40 {
                let Ok(Decoded::NeedMore { at_least }) = decoder.decode(&vec![byte; have]) else { break };
                assert!(
                    (1..=spec.frame_bytes_max()).contains(&(have + at_least)),
                    "{spec}: {at_least} after {have}"
                );
            }
        }
    }
}
