//! The kit's laws on every spec and everything of ours that decodes, with streams that are right, damaged, hostile and random.

use switchboard_framing::testkit::{self, Codec, Event, Feed, Random, Seed};
use switchboard_framing::{FrameSpec, Overflow};

use crate::common::ours::Ours;
use crate::common::specs::{spec, specs_with_limit};

/// Printed by a failing test; change it to try others.
const SEED: Seed = Seed(0x5eed_f4a3);

/// The limit in these tests: above the payloads that are sent, and low enough for random lengths to be over it.
const LIMIT: usize = 64;

/// Bytes that mean something to some framing.
const TROUBLE: &[u8] = b"\0\0\0\x01\x02\x7f\x80\xff0019:,\r\na;-";

/// Payloads that this spec can send, from those that are random and those that it asks for.
fn payloads_for(spec: &FrameSpec, count: usize) -> Vec<Vec<u8>> {
    let mut random = Random::new(SEED);
    let mut payloads = testkit::payloads(SEED, count, LIMIT.min(spec.payload_bytes_max()));
    for len in [spec.payload_bytes_min(), spec.payload_bytes_min() + 1] {
        payloads.push(random.bytes(len));
    }
    for payload in &mut payloads {
        fill_kept_field(spec, payload);
        if spec.to_string().contains("keep") && payload.len() < spec.payload_bytes_max() {
            payload.push(b'\n');
        }
    }
    payloads
}

/// Where a spec keeps its length field in the message, the error says which number belongs into it.
fn fill_kept_field(spec: &FrameSpec, payload: &mut [u8]) {
    for at in 0..payload.len().saturating_sub(1) {
        let before = [payload[at], payload[at + 1]];
        let Err(switchboard_framing::EncodeError::WrongLength { needed }) = spec.envelope(payload) else {
            return;
        };
        payload[at..at + 2].copy_from_slice(&u16::try_from(needed).unwrap().to_be_bytes());
        if spec.envelope(payload).is_ok() {
            return;
        }
        payload[at..at + 2].copy_from_slice(&before);
    }
}

fn stream_of(spec: &FrameSpec, count: usize) -> Vec<u8> {
    payloads_for(spec, count)
        .iter()
        .filter_map(|payload| Codec::encode(spec, payload).ok())
        .flatten()
        .collect()
}

/// The borrowed decoder is tried on each stream; of those that are built on it, one after the other.
fn assert_split_independent(spec: &FrameSpec, stream: &[u8]) {
    for spec in [spec.clone(), spec.clone().with_overflow(Overflow::Skip)] {
        if let Err(violation) = testkit::split_independence(&spec, stream, SEED) {
            panic!("{spec}, {SEED:?}: {violation}");
        }
    }
    let skipping = spec.clone().with_overflow(Overflow::Skip);
    assert_ours_split_independent(&Ours::all(&skipping)[stream.len() % 3], stream);
}

fn assert_all_split_independent(spec: &FrameSpec, stream: &[u8]) {
    assert_split_independent(spec, stream);
    for spec in [spec.clone(), spec.clone().with_overflow(Overflow::Skip)] {
        for ours in &Ours::all(&spec) {
            assert_ours_split_independent(ours, stream);
        }
    }
}

fn assert_ours_split_independent(ours: &Ours, stream: &[u8]) {
    if let Err(violation) = testkit::split_independence(ours, stream, SEED) {
        panic!("{}, {:?}, {SEED:?}: {violation}", ours.spec, ours.by);
    }
}

#[test]
fn what_is_sent_comes_back_and_a_stream_cut_short_is_noticed() {
    for spec in specs_with_limit(LIMIT) {
        let payloads = payloads_for(&spec, 60);
        if let Err(violation) = testkit::round_trip(&spec, &payloads) {
            panic!("{spec}, {SEED:?}: {violation}");
        }
        for ours in Ours::all(&spec) {
            if let Err(violation) = testkit::round_trip(&ours, &payloads) {
                panic!("{spec}, {:?}, {SEED:?}: {violation}", ours.by);
            }
        }
    }
}

#[test]
fn most_payloads_can_be_sent() {
    for spec in specs_with_limit(LIMIT) {
        let payloads = payloads_for(&spec, 60);
        let sent = payloads.iter().filter(|payload| spec.envelope(payload).is_ok()).count();
        let expected = if spec.payload_bytes_min() == spec.payload_bytes_max() { 1 } else { 12 };
        assert!(sent >= expected, "{spec}: only {sent} of {} payloads can be sent", payloads.len());
    }
}

#[test]
fn cutting_a_right_stream_changes_nothing() {
    for spec in specs_with_limit(LIMIT) {
        assert_all_split_independent(&spec, &stream_of(&spec, 14));
    }
}

#[test]
fn cutting_a_stream_that_stops_changes_nothing() {
    for spec in specs_with_limit(LIMIT) {
        let stream = stream_of(&spec, 6);
        for end in stream.len().saturating_sub(12)..stream.len() {
            assert_split_independent(&spec, &stream[..end]);
        }
    }
}

#[test]
fn cutting_a_damaged_stream_changes_nothing() {
    let mut random = Random::new(SEED);
    for spec in specs_with_limit(LIMIT) {
        let stream = stream_of(&spec, 5);
        for _ in 0..8 {
            let mut damaged = stream.clone();
            let at = random.below(damaged.len());
            damaged[at] ^= 1 << random.below(8);
            assert_split_independent(&spec, &damaged);
        }
    }
}

#[test]
fn cutting_a_random_stream_changes_nothing() {
    let mut random = Random::new(SEED);
    for spec in specs_with_limit(LIMIT) {
        for _ in 0..12 {
            // Few different bytes: so lengths are small, delimiters appear, and digits follow digits.
            let alphabet: Vec<u8> = (0..4).map(|_| TROUBLE[random.below(TROUBLE.len())]).collect();
            let stream: Vec<u8> = (0..random.below(150)).map(|_| alphabet[random.below(4)]).collect();
            assert_split_independent(&spec, &stream);
        }
    }
}

#[test]
fn cutting_a_stream_with_a_message_over_the_limit_changes_nothing() {
    for small in specs_with_limit(8) {
        let large = small.clone().with_payload_bytes_max(LIMIT).unwrap();
        assert_all_split_independent(&small, &stream_of(&large, 16));
    }
}

/// Where the limit counts the delimiter, it may be reached before anything can be dropped: what there is might still
/// be the beginning of the end.
#[test]
fn cutting_a_stream_under_a_limit_shorter_than_its_delimiters_changes_nothing() {
    let mut random = Random::new(SEED);
    for (text, words) in [
        (r"delim=\n|\r\n,keep,max=1,over=skip", &["a", "bc", "\r", "\n", "\r\n"][..]),
        (r"delim=\n|--longdelim--,keep,max=5,over=skip", &["a", "bcdef", "-", "--longdelim--", "\n"]),
    ] {
        let spec = spec(text);
        assert_split_independent(&spec, b"abcdef\n\nghijkl\r\n\nx\n");
        for _ in 0..60 {
            let stream: String = (0..random.below(30)).map(|_| words[random.below(words.len())]).collect();
            assert_split_independent(&spec, stream.as_bytes());
        }
    }
}

/// Short and long payloads mixed; one decoder knows the small limit, another one none of them exceeds.
#[test]
fn skipping_drops_exactly_the_messages_over_the_limit() {
    for small in specs_with_limit(8) {
        let large = small.clone().with_payload_bytes_max(LIMIT).unwrap();
        let stream = stream_of(&large, 40);
        let everything = events(&large, &stream);
        let expected: Vec<Event> = everything.into_iter().map(|event| as_skipped(event, &small)).collect();
        let skipping = small.clone().with_overflow(Overflow::Skip);
        assert_eq!(events(&skipping, &stream), expected, "{skipping}, {SEED:?}");
    }
}

/// What was skipped is counted by those that give out only messages.
#[test]
fn whatever_decodes_gives_the_same() {
    let mut random = Random::new(SEED);
    for spec in specs_with_limit(8) {
        let large = spec.clone().with_payload_bytes_max(LIMIT).unwrap();
        let mut stream = stream_of(&large, 40);
        for damaged in [false, true] {
            if damaged {
                let at = random.below(stream.len());
                stream[at] ^= 1 << random.below(8);
            }
            for spec in [spec.clone(), spec.clone().with_overflow(Overflow::Skip)] {
                let expected: Vec<Event> = events(&spec, &stream).into_iter().map(as_told_by_all).collect();
                for ours in Ours::all(&spec) {
                    let told: Vec<Event> = events(&ours, &stream).into_iter().map(as_told_by_all).collect();
                    assert_eq!(told, expected, "{spec}, {:?}, damaged: {damaged}, {SEED:?}", ours.by);
                }
            }
        }
    }
}

/// Without the numbers that only some of them tell.
fn as_told_by_all(event: Event) -> Event {
    match event {
        Event::Skipped(_) => Event::Skipped(0),
        Event::Failed { error, .. } => Event::Failed { error, offset: None },
        message @ Event::Message(_) => message,
    }
}

fn events<C: Codec>(codec: &C, stream: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    let mut decoder = codec.decoder();
    decoder.feed(stream, &mut events);
    decoder.finish(&mut events);
    events
}

/// What becomes of a message under the limit of `spec`. A delimiter announces nothing but that it is too much.
fn as_skipped(event: Event, spec: &FrameSpec) -> Event {
    let limit = spec.payload_bytes_max();
    let announces = !spec.to_string().starts_with(['l', 'c', 'd']) && !spec.to_string().starts_with("nul");
    match event {
        Event::Message(payload) if payload.len() > limit && announces => Event::Skipped(payload.len() as u64),
        Event::Message(payload) if payload.len() > limit => Event::Skipped(limit as u64 + 1),
        other => other,
    }
}
