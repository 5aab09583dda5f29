//! What the fuzzer runs: any bytes go in, and a broken law is a panic. Ordinary tests run the same functions on
//! seeded inputs, so they never rot.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Codec, Event, Feed, Random, Seed, run, split_independence};
use crate::spec::{FrameSpec, Layout};

/// Any text is a spec that reads back as itself, or an error in one line.
pub fn spec_text(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match text.parse::<FrameSpec>() {
        Ok(spec) => assert_eq!(spec.to_string().parse(), Ok(spec), "from {text:?}"),
        Err(error) => assert!(!error.to_string().contains('\n'), "from {text:?}"),
    }
}

/// Any stream, decoded by any spec, gives the same however it is cut; and nothing panics.
pub fn decode(input: &[u8]) {
    let Some((spec, stream)) = split_input(input) else { return };
    // On a raw stream the cuts are the messages.
    if !spec.is_raw()
        && let Err(violation) = split_independence(&spec, stream, Seed(stream.len() as u64))
    {
        panic!("{spec}: {violation}");
    }
}

/// Whatever a spec can encode comes back, and cut short it does not.
pub fn round_trip(input: &[u8]) {
    let Some((spec, payload)) = split_input(input) else { return };
    let Ok(frame) = Codec::encode(&spec, payload) else { return };
    if spec.is_raw() {
        return;
    }
    let events = run(&spec, [&frame[..], &frame[..]]);
    let message = Event::Message(payload.to_vec());
    assert_eq!(events, [message.clone(), message], "{spec}");
    let mut events = Vec::new();
    Codec::decoder(&spec).feed(&frame[..frame.len() - 1], &mut events);
    assert_eq!(events, [], "{spec}, one byte short");
}

/// Whatever a spec can decode it can encode, and that decodes to the same. Not with several delimiters: what one of
/// them ended may make another one together with the one that is written.
pub fn decoded_can_be_sent(input: &[u8]) {
    let Some((spec, stream)) = split_input(input) else { return };
    if matches!(&spec.layout, Layout::Delimited(delimiters, _) if delimiters.iter().count() > 1) {
        return;
    }
    for event in run(&spec, [stream]) {
        if let Event::Message(payload) = event {
            let frame = Codec::encode(&spec, &payload).unwrap_or_else(|error| panic!("{spec}: {error}"));
            assert!(spec.is_raw() || run(&spec, [&frame[..]]) == [Event::Message(payload)], "{spec}");
        }
    }
}

/// Runs a fuzz function on inputs that follow from a seed: some random, some beginning with a right spec.
pub fn on_seeded_inputs(function: fn(&[u8]), seed: Seed, count: usize) {
    let mut random = Random::new(seed);
    for _ in 0..count {
        let mut input = Vec::new();
        for _ in 0..random.below(4) {
            input.extend_from_slice(WORDS[random.below(WORDS.len())]);
        }
        let len = random.below(40);
        input.extend((0..len).map(|_| any_byte(&mut random)));
        function(&input);
    }
}

/// A spec, a newline, and the bytes for it. The limit is small, so that lengths over it are common.
fn split_input(input: &[u8]) -> Option<(FrameSpec, &[u8])> {
    let end = input.iter().position(|&byte| byte == b'\n')?;
    let spec: FrameSpec = core::str::from_utf8(&input[..end]).ok()?.parse().ok()?;
    let small = spec.payload_bytes_max().min(spec.payload_bytes_min().max(LIMIT));
    Some((spec.with_payload_bytes_max(small).ok()?, &input[end + 1..]))
}

fn any_byte(random: &mut Random) -> u8 {
    const COMMON: &[u8] = b"\0\0\0\x01\x02\x04\x7f\x80\xff0019:,=\r\n\\|x-";
    if random.below(4) == 0 { random.byte() } else { COMMON[random.below(COMMON.len())] }
}

const LIMIT: usize = 48;

/// Parts of specs, most of which make a spec with one of the others.
const WORDS: &[&[u8]] = &[
    b"u8\n",
    b"u32be\n",
    b"u16le,",
    b"u24be,",
    b"i32,",
    b"varint\n",
    b"python\n",
    b"netstring\n",
    b"hex4,",
    b"lines\n",
    b"crlf,",
    b"nul\n",
    b"delim=aa\n",
    b"delim=\\n|\\r\\n,",
    b"delim=\\n|\\r\\n,keep,max=1,over=skip\n",
    b"fixed=3\n",
    b"raw\n",
    b"incl\n",
    b"adjust=-3\n",
    b"adjust=2,",
    b"offset=2,",
    b"strip=4\n",
    b"strip=0\n",
    b"crc32c\n",
    b"over=skip\n",
    b"keep\n",
    b"max=7\n",
    b"max=1KiB,",
];
