//! What decoders say about single streams, where the laws leave it open.

use switchboard_framing::{Decoded, Decoder, FrameError, Malformation};

use crate::common::messages;
use crate::common::specs::spec;

#[test]
fn raw_gives_what_there_is_in_pieces_of_the_limit() {
    assert_eq!(messages(&spec("raw,max=3"), b"abcdefgh"), [&b"abc"[..], b"def", b"gh"]);
    let mut decoder = spec("raw").decoder();
    assert_eq!(decoder.decode(b""), Ok(Decoded::NeedMore { at_least: 1 }));
    assert_eq!(decoder.finish(b""), Ok(()));
}

#[test]
fn lines_keep_their_carriage_returns_and_crlf_does_not_take_bare_newlines() {
    assert_eq!(messages(&spec("lines"), b"a\r\n\nb\n"), [&b"a\r"[..], b"", b"b"]);
    assert_eq!(messages(&spec("crlf"), b"a\nb\r\n\r\n"), [&b"a\nb"[..], b""]);
    assert_eq!(messages(&spec(r"delim=\n|\r\n"), b"a\r\nb\n\r\r\n"), [&b"a"[..], b"b", b"\r"]);
}

#[test]
fn an_unterminated_last_line_is_truncated_and_still_there() {
    let mut decoder = Decoder::new(spec("lines"));
    decoder.feed(b"one\ntwo");
    assert_eq!(decoder.next().unwrap().as_deref(), Some(&b"one"[..]));
    assert_eq!(decoder.next(), Ok(None));
    assert_eq!(decoder.finish(), Err(FrameError::Truncated { have: 3, at_least: 1 }));
    assert_eq!(decoder.held(), b"two");
}

#[test]
fn headers_are_kept_or_stripped_as_asked() {
    assert_eq!(messages(&spec("u16be,offset=2"), b"id\x00\x02hi"), [b"id\x00\x02hi"]);
    assert_eq!(messages(&spec("u16be,offset=2,strip=1"), b"id\x00\x02hi"), [b"d\x00\x02hi"]);
    assert_eq!(messages(&spec("u16be,offset=2,strip=4"), b"id\x00\x02hi"), [b"hi"]);
    assert_eq!(messages(&spec("u16be,offset=2,strip=5"), b"id\x00\x02hi"), [b"i"]);
    assert_eq!(messages(&spec("u16be,offset=2,incl,strip=4"), b"id\x00\x06hi"), [b"hi"]);
    // A byte between field and body that the length does not count.
    assert_eq!(messages(&spec("u16be,offset=1,adjust=1,strip=3"), b"1\x00\x02-hi"), [b"-hi"]);
}

#[test]
fn delimiters_are_kept_if_asked_and_count_towards_the_limit() {
    assert_eq!(messages(&spec("lines,keep,max=2"), b"a\n\n"), [&b"a\n"[..], b"\n"]);
    assert_eq!(messages(&spec(r"delim=\n|\r\n,keep"), b"a\r\nb\n"), [&b"a\r\n"[..], b"b\n"]);
    let too_long = Err(FrameError::TooLong { declared: 3, limit: 2 });
    assert_eq!(spec("lines,keep,max=2").decoder().decode(b"ab\n"), too_long);
    assert_eq!(spec("lines,keep,max=2").decoder().decode(b"ab"), too_long, "whatever comes next");
}

#[test]
fn malformed_lengths_are_named_with_their_byte() {
    for (text, stream, what, byte) in [
        ("varint", &b"\x80\x00"[..], Malformation::VarintOverlong, 0),
        ("varint", &[0xff; 10], Malformation::VarintOverflow, 0xff),
        ("netstring", b"1a:", Malformation::NetstringDigit, b'a'),
        ("netstring", b"007:", Malformation::NetstringZero, b'0'),
        ("netstring", b"2:hi!", Malformation::NetstringComma, b'!'),
        ("hex4", b"000x", Malformation::HexDigit, b'x'),
    ] {
        let mut decoder = spec(text).decoder();
        assert_eq!(decoder.decode(stream), Err(FrameError::Malformed { what, byte }), "{text}");
    }
}

#[test]
fn a_flipped_bit_anywhere_in_payload_or_checksum_is_found() {
    let spec = spec("u8,crc32c");
    let mut frame = Vec::new();
    spec.encode(b"payload", &mut frame).unwrap();
    for bit in 8..8 * frame.len() {
        let mut flipped = frame.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = spec.decoder().decode(&flipped).unwrap_err();
        assert!(matches!(error, FrameError::Checksum { .. }), "bit {bit}: {error}");
    }
}

#[test]
fn truncation_says_what_is_there_and_what_is_missing() {
    for (text, stream, have, at_least) in [
        ("u32be", &b"\0\0"[..], 2, 2),
        ("u32be", b"\0\0\0\x05he", 6, 3),
        ("python", b"\xff\xff\xff\xff\0\0", 6, 6),
        ("fixed=8", b"abc", 3, 5),
        ("netstring", b"2:hi", 4, 1),
        ("crlf", b"a\r", 2, 1),
    ] {
        assert_eq!(
            spec(text).decoder().finish(stream),
            Err(FrameError::Truncated { have, at_least }),
            "{text}"
        );
    }
}

#[test]
fn every_error_is_final_whatever_comes_behind_it() {
    for (text, wrong, right) in [
        ("u8,max=2", &b"\x03"[..], &b"\x01a"[..]),
        ("i32be", b"\xff\xff\xff\xff", b"\0\0\0\x01a"),
        ("u8,incl", b"\0", b"\x02a"),
        ("u8,crc32c", b"\x04bad!", b"\x04\0\0\0\0"),
        ("varint", b"\x80\0", b"\x01a"),
        ("netstring", b"1:a;", b"1:a,"),
        ("hex4", b"000x", b"0001a"),
        ("lines,max=2", b"abc", b"a\n"),
    ] {
        let mut decoder = spec(text).decoder();
        assert!(matches!(decoder.decode(right), Ok(Decoded::Message { .. })), "{text}");
        let error = decoder.decode(wrong).unwrap_err();
        assert_eq!(decoder.decode(right), Err(error), "{text}");
        assert_eq!(decoder.decode(b""), Err(error), "{text}");
        assert_eq!(decoder.finish(b""), Err(error), "{text}");
    }
}

/// So a long line that comes byte by byte costs a look at each byte, not at all of them each time. It shows when
/// what was looked at is another one than before, which no right caller does.
#[test]
fn what_has_been_searched_for_a_delimiter_is_not_searched_again() {
    for text in ["lines", "crlf", r"delim=\n|\r\n", "lines,keep"] {
        let mut decoder = spec(text).decoder();
        for searched in 0..100 {
            let input = [&b"\r\n".repeat(searched)[..], b"ab"].concat();
            assert_eq!(decoder.decode(&input), Ok(Decoded::NeedMore { at_least: 1 }), "{text}");
        }
    }
    let mut decoder = spec("delim=\\n|--end--,max=2,over=skip").decoder();
    assert_eq!(decoder.decode(&[b'a'; 20]), Ok(Decoded::Skipped { consumed: 14, declared: Some(3) }));
    let dropped = Decoded::Skipped { consumed: 2, declared: None };
    assert_eq!(decoder.decode(b"\n\n\n\n\n\nab"), Ok(dropped));
}

#[test]
fn a_decoder_counts_what_it_skips_once_for_each_message() {
    let mut decoder = Decoder::new(spec("u8,max=2,over=skip"));
    for piece in [&b"\x03a"[..], b"bc\x04d", b"", b"efg\x01z\x05"] {
        decoder.feed(piece);
        let message = decoder.next().unwrap();
        assert_eq!(message.as_deref(), piece.ends_with(b"\x05").then_some(&b"z"[..]));
    }
    assert_eq!((decoder.skipped(), decoder.next()), (2, Ok(None)));
    assert_eq!(decoder.skipped(), 3);
}

#[test]
fn an_input_that_shrinks_between_calls_does_not_panic() {
    for text in ["lines", "crlf,over=skip,max=2", "u16be", "netstring"] {
        let mut decoder = spec(text).decoder();
        for len in [9, 2, 5, 0, 1] {
            let _ = decoder.decode(&b"012345678"[..len]);
        }
    }
}
