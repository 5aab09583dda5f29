//! What one read brought of which message, and where a stream stops to make sense.

use proptest::prelude::*;

use super::*;

fn reads(spec: &str, pieces: &[&[u8]]) -> (Vec<Read>, Xray) {
    let mut xray = Xray::new(&spec.parse().unwrap());
    (pieces.iter().map(|piece| xray.feed(piece)).collect(), xray)
}

/// The parts of a read in short: `h` header, `p` payload, `t` trailer, `d` dropped, with their bytes.
fn parts(read: &Read) -> Vec<String> {
    let letter = |kind| match kind {
        Kind::Header => 'h',
        Kind::Payload => 'p',
        Kind::Trailer => 't',
        Kind::Dropped => 'd',
    };
    let short = |part: &Part| format!("{}{}", letter(part.kind), part.bytes.len());
    read.pieces.iter().map(|piece| piece.parts.iter().map(short).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_message_is_followed_through_every_read() {
    let (reads, mut xray) = reads("u16be", &[b"\0", b"\x05he", b"llo\0\x01x\0"]);
    assert_eq!(parts(&reads[0]), ["h1"]);
    assert_eq!(parts(&reads[1]), ["h1 p2"]);
    assert_eq!(parts(&reads[2]), ["p3", "h2 p1", "h1"]);
    assert_eq!(reads[1].pieces[0].fate, Fate::Unfinished { missing: Some(3) });
    assert_eq!(reads[2].pieces[0].fate, Fate::Complete { payload_bytes: 5, reads: 3 });
    assert_eq!(reads[2].pieces[1].fate, Fate::Complete { payload_bytes: 1, reads: 1 });
    assert_eq!(reads[2].verdict(), Some(Verdict::Merged { messages: 3 }));
    assert_eq!(xray.finish().unwrap().why.offset, 10);
    let Tally { messages, cut, merged, split, .. } = xray.tally();
    assert_eq!((messages, cut, merged, split), (2, 1, 1, 2));
}

#[test]
fn a_trailer_that_is_cut_is_still_known_to_be_one() {
    let (reads, _) = reads("u8,crc32c", &[b"\x06hi\x01", b"\x02\x03"]);
    assert_eq!(parts(&reads[0]), ["h1 p2 t1"]);
    assert_eq!(parts(&reads[1]), ["t2"]);
}

#[test]
fn the_byte_that_breaks_a_frame_is_found() {
    for (spec, bytes, frame, place) in [
        ("netstring", &b"2:hi,5:hello;"[..], 5, 12),
        ("netstring", b"2:hi,5x", 5, 6),
        ("hex4", b"0002hi00g0", 6, 8),
        ("varint", b"\x02hi\x80\x00", 3, 4),
        ("u8,max=4", b"\x02hi\x05", 3, 3),
    ] {
        let (reads, _) = reads(spec, &[bytes]);
        let broken = reads[0].broken.as_ref().unwrap();
        assert_eq!((broken.why.offset, broken.place), (frame, place), "{spec}");
        let place = usize::try_from(place).unwrap();
        assert_eq!((&broken.before[..], &broken.from[..]), bytes.split_at(place), "{spec}");
    }
}

#[test]
fn what_stands_around_a_break_is_bounded() {
    let mut xray = Xray::new(&"u8,max=100".parse().unwrap());
    xray.feed(&[&[99][..], &[b'x'; 99]].concat());
    let broken = xray.feed(&[0xff; 100]).broken.unwrap();
    assert_eq!((broken.before.len(), broken.from.len()), (CONTEXT_BYTES, CONTEXT_BYTES));
}

#[test]
fn messages_over_the_limit_are_shown_as_dropped() {
    let (reads, xray) = reads("u8,max=3,over=skip", &[b"\x05he", b"llo\x02hi"]);
    assert_eq!(parts(&reads[0]), ["d3"]);
    assert_eq!(parts(&reads[1]), ["d3", "h1 p2"]);
    let edges: Vec<(Edge, Edge)> =
        reads.iter().flat_map(|read| &read.pieces).map(|piece| (piece.lies.start, piece.lies.end)).collect();
    assert_eq!(
        edges,
        [(Edge::Boundary, Edge::Cut), (Edge::Cut, Edge::Boundary), (Edge::Boundary, Edge::Boundary)]
    );
    assert_eq!((xray.tally().dropped, xray.tally().messages), (1, 1));
}

#[test]
fn a_dropped_line_with_a_long_delimiter_is_one_piece_a_read() {
    let (reads, xray) = reads("crlf,max=2,over=skip", &[b"abcdefgh", b"ij\r", b"\nab\r\n"]);
    let counts: Vec<usize> = reads.iter().map(|read| read.pieces.len()).collect();
    assert_eq!(counts, [1, 1, 2]);
    assert_eq!((xray.tally().dropped, xray.tally().messages), (1, 1));
}

#[test]
fn endless_messages_take_no_memory() {
    let mut xray = Xray::new(&"u8,max=4,over=skip".parse().unwrap());
    for _ in 0..1000 {
        xray.feed(&[0xff; 4096]);
    }
    assert!(xray.held.capacity() <= 64 * 1024, "{}", xray.held.capacity());
    assert!(xray.behind.capacity() <= 1024);
}

proptest! {
    #[test]
    fn however_the_bytes_are_cut_each_is_in_one_part(
        spec in prop::sample::select(vec!["u8", "u16be,incl", "varint", "netstring", "lines", "delim=ab|c", "u8,crc32c",
            "u8,max=3,over=skip", "crlf,max=3,over=skip", "fixed=3", "raw", "u16be,offset=1"]),
        payloads in prop::collection::vec("[a-z]{3,9}", 0..12),
        cuts in prop::collection::vec(1_usize..9, 1..60),
    ) {
        let plain: FrameSpec = spec.replace("max=3,", "").parse().unwrap();
        let mut stream = Vec::new();
        for payload in &payloads {
            let _ = plain.encode(payload.as_bytes(), &mut stream); // those that fit the framing
        }
        let mut xray = Xray::new(&spec.parse().unwrap());
        let mut rest = &stream[..];
        for cut in cuts.iter().cycle() {
            let (bytes, behind) = rest.split_at(rest.len().min(*cut));
            if bytes.is_empty() {
                break;
            }
            rest = behind;
            let read = xray.feed(bytes);
            prop_assert!(read.broken.is_none());
            let parts = read.pieces.iter().flat_map(|piece| &piece.parts);
            let covered = parts.fold(0, |at, part| if part.bytes.start == at { part.bytes.end } else { usize::MAX });
            prop_assert_eq!(covered, bytes.len());
        }
        prop_assert_eq!(xray.finish(), None);
        prop_assert_eq!(xray.tally().bytes, stream.len() as u64);
    }
}
