//! Captures whose framing is known. Those that have none are `files`'s.

mod files;

use super::ranking::Confidence;
use super::*;

fn capture(bytes: &[u8]) -> Capture {
    Capture { bytes: bytes.to_vec(), is_cut: false }
}

fn packed(spec: &str, messages: &[&[u8]]) -> Vec<u8> {
    let spec: FrameSpec = spec.parse().unwrap();
    let mut stream = Vec::new();
    for message in messages.iter().filter(|message| message.len() >= spec.payload_bytes_min()) {
        spec.encode(message, &mut stream).unwrap();
    }
    stream
}

fn ranking(bytes: &[u8]) -> Ranking {
    Ranking::of(&capture(bytes))
}

/// The same bytes each time.
pub(super) fn noise() -> impl Iterator<Item = u8> {
    let mut state = 0x1234_5678_u32;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
}

const TEXTS: &[&[u8]] =
    &[b"hello", b"world", b"a third message, longer than those", b"", b"{\"json\": true}", b"x"];

const SPECS: &[&str] = &[
    "u8",
    "u16be",
    "u16le",
    "u24be",
    "u24le",
    "u32be",
    "u32le",
    "u64be",
    "u64le",
    "u16be,incl",
    "u32be,incl",
    "u32le,incl",
    "u32be,adjust=4",
    "u16le,adjust=-1",
    "u32be,crc32c",
    "netstring",
    "hex4",
    "hex4,incl",
    "lines",
    "crlf",
    "nul",
];

#[test]
fn the_framing_of_text_is_found() {
    for spec in SPECS {
        let ranking = ranking(&packed(spec, TEXTS));
        let found: FrameSpec = spec.parse().unwrap();
        let best = ranking.fits.first().map(|best| (&best.spec, best.left_over));
        assert_eq!(best, Some((&found, 0)), "{ranking:#?}");
    }
}

#[test]
fn the_framing_of_bytes_that_are_no_text_is_found() {
    let binary: Vec<Vec<u8>> =
        (3..40_u8).map(|len| (0..len).map(|at| at.wrapping_mul(37) ^ (len << 3) ^ 0x9a).collect()).collect();
    let binary: Vec<&[u8]> = binary.iter().map(Vec::as_slice).collect();
    // Every byte is a length of `u8`: without text it proves nothing.
    for spec in SPECS.iter().filter(|spec| !matches!(**spec, "u8" | "lines" | "crlf" | "nul")) {
        let ranking = ranking(&packed(spec, &binary));
        let found: FrameSpec = spec.parse().unwrap();
        assert_eq!(ranking.fits.first().map(|best| &best.spec), Some(&found), "{ranking:#?}");
    }
}

#[test]
fn long_varints_are_told_from_single_bytes() {
    let long = [b'x'; 300];
    let ranking = ranking(&packed("varint", &[b"hello", &long, b"world"]));
    assert_eq!(ranking.fits[0].spec, "varint".parse().unwrap());
}

#[test]
fn varints_before_random_bytes_are_found() {
    let mut noise = noise();
    let payloads: Vec<Vec<u8>> = (0..40).map(|at| noise.by_ref().take(at * 97 % 301).collect()).collect();
    let payloads: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
    let ranking = ranking(&packed("varint", &payloads));
    assert_eq!(ranking.fits.first().map(|best| &best.spec), Some(&"varint".parse().unwrap()), "{ranking:#?}");
}

#[test]
fn delimited_protobuf_is_found() {
    let payloads: Vec<Vec<u8>> = (0..40_u8)
        .map(|id| {
            [b"\x08", &[id][..], b"\x12\x05hello\x18\x96\x01", &vec![b'x'; usize::from(id % 7)]].concat()
        })
        .collect();
    let payloads: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
    let best = &ranking(&packed("varint", &payloads)).fits[0];
    assert_eq!((&best.spec, best.left_over), (&"varint".parse().unwrap(), 0));
}

#[test]
fn no_guess_does_not_contradict_itself() {
    // One message to the last byte, but any byte could have been its length.
    let why = ranking(b"\x03\xff\xfe\xfd").why_nothing();
    assert!(why.starts_with("no framing stands out: varint finds 1 message in all 4 bytes"), "{why}");
}

/// Fifty messages of JSON, of which somebody began to listen too late.
fn json_from(spec: &str, offset: usize) -> Vec<u8> {
    let messages: Vec<String> = (0..50)
        .map(|id| format!(r#"{{"id": {id}, "name": "{}"}}"#, "user".repeat(1 + id * 7 % 11)))
        .collect();
    let messages: Vec<&[u8]> = messages.iter().map(String::as_bytes).collect();
    packed(spec, &messages)[offset..].to_vec()
}

#[test]
fn a_capture_that_begins_inside_a_message_is_told_where_the_next_one_begins() {
    for spec in ["u32be", "u32le"] {
        let whole = json_from(spec, 0);
        let parsed: FrameSpec = spec.parse().unwrap();
        for cut in [9, 37, 100] {
            let mut decoder = parsed.decoder();
            let mut start = 0;
            while start < cut {
                let Ok(framing::Decoded::Message { consumed, .. }) = decoder.decode(&whole[start..]) else {
                    panic!("{spec} at {start}");
                };
                start += consumed;
            }
            let ranking = ranking(&whole[cut..]);
            let why = ranking.why_nothing();
            assert!(ranking.fits.is_empty(), "{spec}, {cut}: {:#?}", ranking.fits);
            assert!(why.contains(&format!("from byte {} on: {spec}, ", start - cut)), "{spec}, {cut}: {why}");
        }
    }
}

#[test]
fn where_nothing_stands_out_the_capture_may_begin_elsewhere() {
    let noise: Vec<u8> = noise().take(1000).collect();
    for bytes in [&b"\x03\xff\xfe\xfd"[..], &[0; 4096], &noise] {
        let why = ranking(bytes).why_nothing();
        assert!(why.ends_with("; or the capture does not begin where the stream does"), "{why}");
    }
}

#[test]
fn those_that_find_the_same_messages_are_one_guess() {
    let ranking = ranking(&packed("python", TEXTS));
    let (best, others) = ranking.fits.split_first().unwrap();
    assert_eq!(best.spec, "u32be".parse().unwrap());
    assert!(best.alike.contains(&"python".parse().unwrap()), "{best:?}");
    assert!(others.iter().all(|other| other.confidence == Confidence::Inferior), "{others:?}");
}

#[test]
fn an_end_inside_a_message_is_borne_and_told() {
    let stream = packed("u32be", TEXTS);
    let ranking = ranking(&stream[..stream.len() - 10]);
    let best = &ranking.fits[0];
    assert_eq!(best.spec, "u32be".parse().unwrap());
    assert_eq!(best.left_over, 13);
    assert!(best.reasons[0].starts_with("13 bytes at the end: a message that lacks 5 bytes"), "{best:?}");
}

#[test]
fn a_stream_that_breaks_is_compared_with_the_others() {
    let stream = packed("u32le", &[b"hello", b"world", b"again"]);
    let spec: FrameSpec = "u32be".parse().unwrap();
    let better = better_than(&spec, &stream).unwrap();
    assert_eq!(better, "read as u32le the bytes from there on make 3 messages, likely: try --framing u32le");
    assert_eq!(better_than(&"u32le".parse().unwrap(), &stream), None);
}

#[test]
fn a_prefix_that_decodes_by_accident_is_told_from_the_right_one() {
    let stream = packed("u32be", &[b"hello", b"world", b"again", b"and again", b"once more"]);
    let advice = clearly_better_than(&"u16be".parse().unwrap(), &stream).unwrap();
    assert!(advice.ends_with("try --framing u32be"), "{advice}");
    let cut = &stream[..stream.len() - 3];
    for right in ["u32be", "u32be,max=1MiB", "python"] {
        assert_eq!(clearly_better_than(&right.parse().unwrap(), &stream), None, "{right}");
        assert_eq!(clearly_better_than(&right.parse().unwrap(), cut), None, "{right}");
    }
}

#[test]
fn nothing_is_sure_inside_one_message_longer_than_the_capture() {
    let mut bytes = packed("u32be", &[&vec![b'z'; 15 << 20]]);
    bytes.truncate(CAPTURE_BYTES_MAX);
    let ranking = Ranking::of(&Capture { bytes, is_cut: true });
    assert!(ranking.fits.iter().all(|fit| fit.confidence != Confidence::Sure), "{:#?}", ranking.fits);
    let unfinished: Vec<String> = ranking.unfinished.iter().map(|guess| guess.spec.to_string()).collect();
    assert_eq!(unfinished, ["u32be"]);
}

#[test]
fn a_capture_that_is_cut_is_still_sure_of_many_messages() {
    let messages: Vec<Vec<u8>> = noise().take(20_000).map(|len| vec![0xc3; usize::from(len)]).collect();
    let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let mut bytes = packed("u16be", &messages);
    bytes.truncate(CAPTURE_BYTES_MAX);
    let ranking = Ranking::of(&Capture { bytes, is_cut: true });
    let best = &ranking.fits[0];
    assert_eq!((&best.spec, best.confidence), (&"u16be".parse().unwrap(), Confidence::Sure), "{ranking:#?}");
    assert!(ranking.unfinished.is_empty());
}

/// Frames of (head, tail) around bodies that are no text; a head has the length of the body.
fn framed(head: impl Fn(u16) -> Vec<u8>, tail: &[u8]) -> Vec<u8> {
    let mut noise = noise();
    let mut stream = Vec::new();
    for len in (0..20).map(|at| 40 + at * 53 % 211) {
        stream.extend(head(len));
        stream.extend(noise.by_ref().take(usize::from(len)));
        stream.extend(tail);
    }
    stream
}

#[test]
fn the_framings_of_common_protocols_are_found() {
    let tls = framed(|len| [&[0x17, 3, 3][..], &len.to_be_bytes()].concat(), b"");
    let postgres = framed(|len| [b"D", &u32::from(len + 4).to_be_bytes()[..]].concat(), b"");
    let http2 = framed(|len| [&[0][..], &len.to_be_bytes(), &[0, 1, 0, 0, 0, 3]].concat(), b"");
    let amqp = framed(|len| [&[3, 0, 1][..], &u32::from(len).to_be_bytes()].concat(), b"\xce");
    for (stream, spec) in [
        (tls, "u16be,offset=3"),
        (postgres, "u32be,offset=1,adjust=-4"),
        (http2, "u24be,adjust=6"),
        (amqp, "u32be,offset=3,adjust=1"),
    ] {
        let ranking = ranking(&stream);
        let best = ranking.fits.first().map(|best| (best.spec.clone(), best.left_over, best.confidence));
        assert_eq!(best, Some((spec.parse().unwrap(), 0, Confidence::Sure)), "{ranking:#?}");
    }
}

#[test]
fn one_message_over_and_over_is_found_though_it_might_be_a_record() {
    for (spec, message) in [("u16be", &[0xc3; 100][..]), ("u32be", b"hello"), ("i32le", &[9; 12])] {
        for count in [40, 10_000] {
            let ranking = ranking(&packed(spec, &vec![message; count]));
            let found: FrameSpec = spec.parse().unwrap();
            let best = &ranking.fits[0];
            assert!(best.spec == found || best.alike.contains(&found), "{count} in {spec}: {ranking:#?}");
        }
    }
}
