//! Our codec for tokio-util, and what the kit finds in tokio-util's own: so the laws are not only ones that we keep.

use bytes::BytesMut;
use switchboard_framing::FrameCodec;
use switchboard_framing::testkit::{self, Law, Seed};
use tokio_util::codec::{Decoder, LengthDelimitedCodec};

use crate::common::specs::{spec, specs_with_limit};
use crate::common::tokio::Tokio;

const SEED: Seed = Seed(0x70c10);

fn ours() -> FrameCodec {
    FrameCodec::new(spec("u32be,max=100"))
}

fn theirs() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(100).new_codec()
}

/// Two other bytes before the length, all of it stripped: as in `u16be,offset=2,strip=4`.
fn theirs_with_offset() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().length_field_offset(2).length_field_length(2).new_codec()
}

/// The length counts its own four bytes: as in `u32be,incl,max=100`.
fn theirs_inclusive() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().length_adjustment(-4).max_frame_length(100).new_codec()
}

#[test]
fn our_codec_keeps_the_laws() {
    let payloads = testkit::payloads(SEED, 40, 100);
    testkit::round_trip(&Tokio(ours), &payloads).unwrap();
    testkit::split_independence(&Tokio(ours), b"\0\0\0\x02hi\0\0\0\0\0\0\0\x65too long", SEED).unwrap();
    testkit::limit(&Tokio(ours), &[7; 100], &[7; 101], &[&b"\0\0\0\x65"[..], &[7; 101]].concat()).unwrap();
}

#[test]
fn our_codec_counts_what_it_skips_once_for_each_message() {
    let mut codec = FrameCodec::new(spec("u8,max=2,over=skip"));
    let mut held = BytesMut::from(&b"\x03abc\x04d"[..]);
    assert_eq!((codec.decode(&mut held).unwrap(), codec.skipped()), (None, 2));
    held.extend_from_slice(b"efg\x01z");
    assert_eq!((codec.decode(&mut held).unwrap().as_deref(), codec.skipped()), (Some(&b"z"[..]), 2));
}

/// A header that announces as much as there may be, and then byte by byte what it announces: what the buffer has room
/// for, and where, is as it was. That all laws are kept with every spec is shown in `laws`, `limits` and `memory`.
#[test]
fn our_codec_never_asks_the_buffer_to_reserve() {
    for spec in specs_with_limit(3_000) {
        let payload = vec![b'x'; spec.payload_bytes_max()];
        let Ok(frame) = testkit::Codec::encode(&spec, &payload) else { continue };
        for end in 0..frame.len().min(200) {
            let (mut codec, mut held) = (FrameCodec::new(spec.clone()), BytesMut::from(&frame[..end]));
            let before = (held.capacity(), held.as_ptr());
            assert_eq!(codec.decode(&mut held).unwrap(), None, "{spec}");
            assert_eq!((held.capacity(), held.as_ptr()), before, "{spec}, after {end} bytes");
            codec.decode_eof(&mut held).ok();
            assert_eq!((held.capacity(), held.as_ptr()), before, "{spec}, at the end after {end} bytes");
        }
    }
}

#[test]
fn both_put_the_same_bytes_on_the_stream() {
    for payload in testkit::payloads(SEED, 40, 100) {
        let (ours, theirs) = (Tokio(ours), Tokio(theirs));
        assert_eq!(testkit::Codec::encode(&ours, &payload), testkit::Codec::encode(&theirs, &payload));
    }
}

#[test]
fn theirs_does_not_mind_cuts() {
    testkit::split_independence(&Tokio(theirs), b"\0\0\0\x02hi\0\0\0\0\0\0\0\x03cut", SEED).unwrap();
}

/// A message of 33 bytes is announced, none of them comes, and nobody is told.
#[test]
fn theirs_takes_a_stream_that_stops_behind_a_header_for_a_clean_end() {
    let violation = testkit::round_trip(&Tokio(theirs), &[vec![b'x'; 33]]).unwrap_err();
    assert_eq!(violation.law, Law::CleanEnd, "{violation}");
    assert!(violation.report.starts_with(r#"stream b"\x00\x00\x00!""#), "{violation}");
}

#[test]
fn theirs_does_not_read_back_what_it_wrote_with_an_offset() {
    let violation = testkit::round_trip(&Tokio(theirs_with_offset), &[b"hello".to_vec()]).unwrap_err();
    assert_eq!(violation.law, Law::RoundTrip, "{violation}");
}

#[test]
fn theirs_has_another_limit_when_the_length_is_adjusted() {
    let longer = [&b"\0\0\0\x69"[..], &[7; 101]].concat();
    let violation = testkit::limit(&Tokio(theirs_inclusive), &[7; 100], &[7; 101], &longer).unwrap_err();
    assert_eq!(violation.law, Law::Limit, "{violation}");
}
