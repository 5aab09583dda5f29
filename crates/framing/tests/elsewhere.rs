//! What other libraries can be told, told to a spec: the table in the crate's documents, held to what they do.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic, too")]

use bytes::BytesMut;
use switchboard_framing::testkit::{self, Seed};
use switchboard_framing::{Decoded, FrameSpec};
use tokio_util::codec::{AnyDelimiterCodec, Decoder, Encoder, LengthDelimitedCodec, LinesCodec};

const SEED: Seed = Seed(0xe15e);

fn messages(spec: &FrameSpec, mut stream: &[u8]) -> Vec<Vec<u8>> {
    let mut decoder = spec.decoder();
    let mut messages = Vec::new();
    while let Decoded::Message { payload, consumed } = decoder.decode(stream).unwrap() {
        messages.push(stream[payload].to_vec());
        stream = &stream[consumed..];
    }
    decoder.finish(stream).unwrap();
    messages
}

fn their_messages<C: Decoder>(codec: &mut C, stream: &[u8]) -> Vec<Vec<u8>>
where
    C::Item: AsRef<[u8]>,
    C::Error: std::fmt::Debug,
{
    let mut held = BytesMut::from(stream);
    let next = || codec.decode_eof(&mut held).unwrap();
    std::iter::from_fn(next).map(|message| message.as_ref().to_vec()).collect()
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
    let spec: FrameSpec = text.parse().unwrap();
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
        let spec: FrameSpec = text.parse().unwrap();
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
    let spec: FrameSpec = r"delim=\n|\r\n".parse().unwrap();
    assert_eq!(messages(&spec, stream), their_messages(&mut LinesCodec::new(), stream));
}

#[test]
fn any_delimiters_of_tokio_are_several_delimiters() {
    let stream = b"one;two,,three;";
    let spec: FrameSpec = r"delim=\,|;".parse().unwrap();
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
        let spec: FrameSpec = text.parse().unwrap();
        let expected = [handed_over, hello].concat();
        assert_eq!(messages(&spec, &[header, hello].concat()), std::slice::from_ref(&expected), "{text}");
        // And what came back can be sent: the same bytes, but for other bytes that were stripped.
        let mut sent = Vec::new();
        spec.encode(&expected, &mut sent).unwrap();
        assert_eq!(messages(&spec, &sent), [expected], "{text}");
    }
}
