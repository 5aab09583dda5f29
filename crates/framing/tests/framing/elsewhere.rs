//! What other libraries can be told, told to a spec: the table in `docs/elsewhere.md`, held to what they do.

use bytes::BytesMut;
use switchboard_framing::testkit::{self, Codec, Event, Feed, Seed};
use switchboard_framing::{FrameError, FrameSpec, Malformation};
use tokio_util::codec::{AnyDelimiterCodec, Decoder, Encoder, LengthDelimitedCodec, LinesCodec};

use crate::common::messages;
use crate::common::specs::spec;

const SEED: Seed = Seed(0xe15e);

fn their_messages<C: Decoder>(codec: &mut C, stream: &[u8]) -> Vec<Vec<u8>>
where
    C::Item: AsRef<[u8]>,
    C::Error: std::fmt::Debug,
{
    let mut held = BytesMut::from(stream);
    let next = || codec.decode_eof(&mut held).unwrap();
    std::iter::from_fn(next).map(|message| message.as_ref().to_vec()).collect()
}

/// How many messages of a stream were over the limit.
fn skipped(spec: &FrameSpec, stream: &[u8]) -> usize {
    let mut events = Vec::new();
    Codec::decoder(spec).feed(stream, &mut events);
    events.into_iter().filter(|event| matches!(event, Event::Skipped(_))).count()
}

/// Byte by byte: behind an error, theirs go on when more comes.
fn their_failures(codec: &mut impl Decoder, stream: &[u8]) -> usize {
    let mut held = BytesMut::new();
    let fails = |byte: &u8| {
        held.extend_from_slice(&[*byte]);
        codec.decode(&mut held).is_err()
    };
    stream.iter().map(fails).filter(|fails| *fails).count()
}

/// Every width, order, offset, adjustment and skip that makes sense, with the numbers of the table.
#[test]
fn length_delimited_codecs_of_tokio_read_the_same_messages() {
    let mut compared = 0;
    for (width, offset) in (1..=8).flat_map(|width| (0..4).map(move |offset| (width, offset))) {
        let header = offset + width;
        for skip in (0..=offset).chain(header..header + 3) {
            for adjustment in [-2, 0, 3] {
                compared += compare_with_tokio(width, offset, skip, adjustment);
            }
        }
    }
    assert!(compared > 300, "only {compared} combinations have a message");
}

/// Returns how many streams were compared: in some combinations no message would fit.
fn compare_with_tokio(width: usize, offset: usize, skip: usize, adjustment: isize) -> usize {
    let signed = |number: usize| isize::try_from(number).unwrap();
    let adjust = adjustment + signed(skip) - signed(offset + width);
    let order = if width == 1 { "" } else { "le" };
    let bits = 8 * width;
    let text = format!("u{bits}{order},max=200,offset={offset},adjust={adjust},strip={skip}");
    let spec = spec(&text);
    // Ours make the streams, with the field wherever it belongs; where it is in the message, the message has it.
    let mut stream = Vec::new();
    for mut payload in testkit::payloads(SEED, 30, 100) {
        if skip <= offset && payload.len() >= offset + width - skip {
            let value = signed(payload.len()) - adjustment;
            let bytes = u64::try_from(value).unwrap_or(0).to_le_bytes();
            payload[offset - skip..][..width].copy_from_slice(&bytes[..width]);
        }
        let _ = spec.encode(&payload, &mut stream);
    }
    let mut theirs = LengthDelimitedCodec::builder()
        .little_endian()
        .length_field_length(width)
        .length_field_offset(offset)
        .length_adjustment(adjustment)
        .num_skip(skip)
        .new_codec();
    assert_eq!(messages(&spec, &stream), their_messages(&mut theirs, &stream), "{text}");
    usize::from(!stream.is_empty())
}

#[test]
fn tokio_writes_the_same_frames() {
    for (text, adjustment) in
        [("u16be,max=200", 0), ("u16be,max=200,incl", -2), ("u16be,max=200,adjust=3", 3)]
    {
        let spec = spec(text);
        let mut theirs =
            LengthDelimitedCodec::builder().length_field_length(2).length_adjustment(adjustment).new_codec();
        for payload in testkit::payloads(SEED, 30, 100) {
            let (mut ours, mut other) = (Vec::new(), BytesMut::new());
            let written = spec.encode(&payload, &mut ours);
            // They write a length below zero as an error, too.
            assert_eq!(written.is_ok(), theirs.encode(&payload[..], &mut other).is_ok(), "{text}");
            assert_eq!(ours, other, "{text}");
        }
    }
}

#[test]
fn lines_of_tokio_are_those_with_either_end() {
    let stream = b"one\r\ntwo\n\n\r\nthree\n";
    let spec = spec(r"delim=\n|\r\n");
    assert_eq!(messages(&spec, stream), their_messages(&mut LinesCodec::new(), stream));
}

/// With a `\n` alone the limit is the same; a `\r` counts there and not here.
#[test]
fn a_limit_on_lines_of_tokio_counts_the_carriage_return_and_ours_does_not() {
    let spec = spec(r"delim=\n|\r\n,max=3,over=skip");
    let theirs = || LinesCodec::new_with_max_length(3);
    let over = |stream: &[u8]| (skipped(&spec, stream), their_failures(&mut theirs(), stream));
    assert_eq!(over(b"abc\nab\r\nok\n"), (0, 0));
    assert_eq!(over(b"abcd\nok\n"), (1, 1));
    assert_eq!(over(b"abc\r\nok\n"), (0, 1));
}

#[test]
fn lines_of_tokio_have_to_be_utf8_and_the_last_may_be_unterminated() {
    let spec = spec(r"delim=\n|\r\n");
    assert!(LinesCodec::new().decode(&mut BytesMut::from(&b"\xff\n"[..])).is_err());
    assert_eq!(messages(&spec, b"\xff\n"), [b"\xff"]);
    assert_eq!(their_messages(&mut LinesCodec::new(), b"last"), [b"last"]);
    assert_eq!(spec.decoder().finish(b"last"), Err(FrameError::Truncated { have: 4, at_least: 1 }));
}

#[test]
fn a_limit_on_delimited_messages_of_tokio_is_ours() {
    let spec = spec(r"delim=\,|;,max=3,over=skip");
    let theirs = || AnyDelimiterCodec::new_with_max_length(b",;".to_vec(), b",".to_vec(), 3);
    for (stream, times) in [(&b"abc;ab,"[..], 0), (b"abcd;ab,", 1), (b"abc;abcd,", 1)] {
        assert_eq!((skipped(&spec, stream), their_failures(&mut theirs(), stream)), (times, times));
    }
}

/// A delimiter that is kept is part of what is handed over, so `max` is Netty's number and the delimiter's bytes.
#[test]
fn a_limit_of_netty_leaves_out_the_delimiter_that_is_kept() {
    for (text, fits, over) in [
        ("delim=--,keep,max=5", &b"abc--"[..], &b"abcd--"[..]),
        (r"delim=\n|\r\n,keep,max=5", b"abc\r\n", b"abcd\r\n"),
        ("delim=--,max=3", b"abc--", b"abcd--"),
        (r"delim=\n|\r\n,max=3", b"abc\r\n", b"abcd\r\n"),
    ] {
        let spec = spec(text);
        assert_eq!(messages(&spec, fits).len(), 1, "{text}");
        assert!(matches!(spec.decoder().decode(over), Err(FrameError::TooLong { .. })), "{text}");
    }
}

/// Netty's limit is on the frame, ours on what is left of it when the front has been stripped.
#[test]
fn a_limit_of_netty_on_frames_is_less_what_is_stripped() {
    for (text, stripped) in [("u16be,strip=0,max=9", 0), ("u16be,max=7", 2), ("u16be,strip=3,max=6", 3)] {
        let spec = spec(text);
        assert_eq!(messages(&spec, b"\0\x07payload"), [&b"\0\x07payload"[stripped..]], "{text}");
        let over = spec.decoder().decode(b"\0\x08payload8");
        assert!(matches!(over, Err(FrameError::TooLong { .. })), "{text}");
    }
}

#[test]
fn varints_of_netty_may_be_overlong_and_end_after_five_bytes() {
    let spec = spec("varint");
    let overlong = spec.decoder().decode(b"\x81\x00x");
    assert!(matches!(overlong, Err(FrameError::Malformed { what: Malformation::VarintOverlong, .. })));
    let of_six_bytes = spec.decoder().decode(b"\x80\x80\x80\x80\x80\x01");
    assert!(matches!(of_six_bytes, Err(FrameError::TooLong { declared: 0x8_0000_0000, .. })));
}

/// Lines with their ends, ended by any byte; and a TPKT packet (RFC 1006) with its header, which its limit leaves out.
#[test]
fn packets_of_erlang_come_with_what_is_around_them() {
    for (text, stream, packet) in [
        ("lines,keep,max=4", &b"abc\n"[..], &b"abc\n"[..]),
        ("delim=;,keep,max=4", b"abc;", b"abc;"),
        ("u16be,offset=2,incl,max=7", b"\x03\0\0\x07abc", b"\x03\0\0\x07abc"),
    ] {
        assert_eq!(messages(&spec(text), stream), [packet], "{text}");
    }
}

#[test]
fn any_delimiters_of_tokio_are_several_delimiters() {
    let stream = b"one;two,,three;";
    let spec = spec(r"delim=\,|;");
    let mut theirs = AnyDelimiterCodec::new(b",;".to_vec(), b",".to_vec());
    assert_eq!(messages(&spec, stream), their_messages(&mut theirs, stream));
}

/// The worked examples that Netty's `LengthFieldBasedFrameDecoder` is documented with.
#[test]
fn the_examples_of_netty_come_out_as_they_say() {
    let hello = b"HELLO, WORLD";
    for (text, header, handed_over) in [
        ("u16be,strip=0", &b"\x00\x0c"[..], &b"\x00\x0c"[..]),
        ("u16be,strip=2", b"\x00\x0c", b""),
        ("u16be,adjust=-2,strip=0", b"\x00\x0e", b"\x00\x0e"),
        ("u24be,offset=2,strip=0", b"\xca\xfe\x00\x00\x0c", b"\xca\xfe\x00\x00\x0c"),
        ("u24be,adjust=2,strip=0", b"\x00\x00\x0c\xca\xfe", b"\x00\x00\x0c\xca\xfe"),
        ("u16be,offset=1,adjust=1,strip=3", b"\xca\x00\x0c\xfe", b"\xfe"),
        ("u16be,offset=1,adjust=-3,strip=3", b"\xca\x00\x10\xfe", b"\xfe"),
    ] {
        let spec = spec(text);
        let expected = [handed_over, hello].concat();
        assert_eq!(messages(&spec, &[header, hello].concat()), std::slice::from_ref(&expected), "{text}");
        // And what came back can be sent: the same bytes, but for other bytes that were stripped.
        let mut sent = Vec::new();
        spec.encode(&expected, &mut sent).unwrap();
        assert_eq!(messages(&spec, &sent), [expected], "{text}");
    }
}
