//! What decoders hold, counted by the allocator: a peer pays for our memory with bytes of its own. One test, since
//! the allocator counts for the whole program.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic, too")]

#[path = "framing/common/ours.rs"]
mod ours;
#[path = "framing/common/specs.rs"]
mod specs;
#[path = "framing/common/tokio.rs"]
mod tokio;

use std::alloc::System;
use std::hint::black_box;
use std::io::{self, Read};

use cap::Cap;
use ours::{By, Ours};
use specs::{spec, specs_with_limit};
use switchboard_framing::testkit::{self, Allowance, Codec, Event, Feed, Random, Seed, Violation};
use switchboard_framing::{Decoder, FrameReader, FrameSpec, ReadError};
use tokio::Tokio;
use tokio_util::codec::LengthDelimitedCodec;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

const SEED: Seed = Seed(0x3e3);

/// Twice, since vectors grow by doubling; the constant is an event and the smallest buffers.
const ALLOWANCE: Allowance = Allowance { times: 2, constant: 600 };

/// A reader has a buffer before the first byte.
const READER_ALLOWANCE: Allowance = Allowance { constant: ALLOWANCE.constant + (8 << 10), ..ALLOWANCE };

fn allowance(ours: &Ours) -> Allowance {
    if ours.by == By::Reader { READER_ALLOWANCE } else { ALLOWANCE }
}

/// Lengths just within the limit, as long as this spec can say it, and no byte of the payload; and noise.
fn streams_for(spec: &FrameSpec, random: &mut Random) -> Vec<Vec<u8>> {
    let longest = Codec::encode(spec, &vec![b'x'; spec.payload_bytes_max()]).unwrap_or_default();
    let mut streams = vec![longest[..longest.len().min(40)].to_vec(), longest];
    streams.extend((0..20).map(|_| random.bytes(300)));
    streams
}

/// The thread that started this test allocates a little, once, while the test runs already; so what is broken has to
/// be so a second time.
fn assert_memory_law<C: Codec>(name: &str, codec: &C, stream: &[u8], allowance: Allowance) {
    for piece_bytes in [1, 7, 1000] {
        let measure = || testkit::memory(codec, stream, piece_bytes, allowance, || ALLOCATOR.allocated());
        measure().or_else(|_| measure()).unwrap_or_else(|violation| panic!("{name}, {SEED:?}: {violation}"));
    }
}

/// Tells the most that was allocated since it was last asked, of an allocator that knows only the most since the
/// program began: each time, it takes what is missing to that and leaves it untouched, so that one byte more is a
/// new most.
#[derive(Default)]
struct Peak {
    filler: Vec<u8>,
}

impl Peak {
    fn take(&mut self) -> usize {
        let peak = ALLOCATOR.max_allocated() - self.filler.capacity();
        self.filler = Vec::new();
        let missing = ALLOCATOR.max_allocated() - ALLOCATOR.allocated();
        self.filler = black_box(Vec::with_capacity(missing));
        peak
    }
}

fn peak_law<C: Codec>(
    codec: &C,
    stream: &[u8],
    piece_bytes: usize,
    allowance: Allowance,
) -> Result<(), Violation> {
    let mut peak = Peak::default();
    testkit::memory(codec, stream, piece_bytes, allowance, || peak.take())
}

fn announcements_reserve_nothing() {
    let mut random = Random::new(SEED);
    for spec in specs_with_limit(3_000) {
        for stream in streams_for(&spec, &mut random) {
            assert_memory_law(&format!("{spec}, borrowed"), &spec, &stream, ALLOWANCE);
            for ours in Ours::all(&spec) {
                assert_memory_law(&format!("{spec}, {:?}", ours.by), &ours, &stream, allowance(&ours));
            }
        }
    }
    // Within a limit of 1 GiB, 1 GiB is announced.
    for ours in Ours::all(&spec("u32be,max=1GiB")) {
        let name = format!("{:?}", ours.by);
        assert_memory_law(&name, &ours, b"\x40\x00\x00\x00abc", allowance(&ours));
    }
}

/// Not even within one `feed`. Without the last byte, since a message that is copied out is the caller's.
fn announcements_reserve_nothing_in_passing() {
    for spec in specs_with_limit(3_000) {
        let longest = Codec::encode(&spec, &vec![b'x'; spec.payload_bytes_max()]).unwrap_or_default();
        let stream = &longest[..longest.len().saturating_sub(1)];
        for piece_bytes in [1, 7, 1000] {
            let borrowed = || peak_law(&spec, stream, piece_bytes, ALLOWANCE);
            borrowed().or_else(|_| borrowed()).unwrap_or_else(|violation| panic!("{spec}: {violation}"));
            for ours in Ours::all(&spec) {
                let law = || peak_law(&ours, stream, piece_bytes, allowance(&ours));
                law()
                    .or_else(|_| law())
                    .unwrap_or_else(|violation| panic!("{spec}, {:?}: {violation}", ours.by));
            }
        }
    }
}

/// Reserves what two bytes announce, and drops it again before anybody looks.
struct Passing;

impl Codec for Passing {
    type Decoder = Self;

    fn decoder(&self) -> Self {
        Self
    }

    fn encode(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
        Ok(payload.to_vec())
    }
}

impl Feed for Passing {
    fn feed(&mut self, bytes: &[u8], _: &mut Vec<Event>) {
        let announced = bytes.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
        drop(black_box(Vec::<u8>::with_capacity(announced)));
    }

    fn finish(&mut self, _: &mut Vec<Event>) {}
}

fn the_kit_finds_a_reservation_in_passing_if_it_is_told_peaks() {
    let law = |announced: u16| peak_law(&Passing, &announced.to_be_bytes(), 2, ALLOWANCE);
    let within = || law(604);
    assert_eq!(within().or_else(|_| within()), Ok(()), "twice two bytes and the constant");
    assert!(law(605).is_err_and(|violation| violation.law == testkit::Law::Memory));
    let between = || testkit::memory(&Passing, b"\xff\xff", 2, ALLOWANCE, || ALLOCATOR.allocated());
    assert_eq!(between().or_else(|_| between()), Ok(()), "what is gone after `feed` is not seen");
}

fn an_idle_decoder_lets_go_of_a_large_buffer() {
    let before = ALLOCATOR.allocated();
    let mut decoder = Decoder::new(spec("u32be"));
    decoder.feed(&[&(1_u32 << 20).to_be_bytes()[..], &vec![0; 1 << 20], b"nex"].concat());
    assert_eq!(decoder.next().unwrap().unwrap().len(), 1 << 20);
    assert_eq!(decoder.next().unwrap(), None);
    let held = ALLOCATOR.allocated() - before;
    assert!(held < 100, "{held} bytes are held by an idle decoder");
}

fn decoding_in_place_allocates_nothing() {
    let payloads = testkit::payloads(SEED, 50, 200);
    for spec in specs_with_limit(200) {
        let stream: Vec<u8> =
            payloads.iter().filter_map(|payload| Codec::encode(&spec, payload).ok()).flatten().collect();
        let mut decoder = spec.decoder();
        let before = ALLOCATOR.total_allocated();
        let mut rest = &stream[..];
        while let Ok(switchboard_framing::Decoded::Message { consumed, .. }) = decoder.decode(rest) {
            rest = &rest[consumed..];
        }
        assert_eq!(ALLOCATOR.total_allocated(), before, "{spec}");
    }
}

fn a_reader_reserves_nothing_for_an_announcement() {
    let before = ALLOCATOR.allocated();
    let mut reader = FrameReader::new(&b"\x3f\xff\xff\xffabc"[..], spec("u32be,max=1GiB"));
    assert!(reader.read().is_err(), "the stream stops");
    let held = ALLOCATOR.allocated() - before;
    assert!(held <= (8 << 10) + 200, "{held} bytes are held by a reader of seven bytes");
}

/// A few bytes, then none for now, then the next few.
struct Dribbling<'a> {
    rest: &'a [u8],
    is_dry: bool,
}

impl Read for Dribbling<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.is_dry = !self.is_dry;
        if self.is_dry {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let bytes = self.rest.len().min(buffer.len()).min(700);
        self.rest.read(&mut buffer[..bytes])
    }
}

fn a_reader_inside_a_large_message_holds_twice_what_has_come() {
    let stream = [&(1_u32 << 20).to_be_bytes()[..], &vec![0; 300_000]].concat();
    let before = ALLOCATOR.allocated();
    let source = Dribbling { rest: &stream, is_dry: false };
    let mut reader = FrameReader::new(source, spec("u32be"));
    while matches!(reader.read(), Err(ReadError::Io(_))) {
        let received = stream.len() - reader.source().rest.len();
        let (held, allowed) = (ALLOCATOR.allocated() - before, (8 << 10).max(2 * received) + 200);
        assert!(held <= allowed, "{held} bytes are held by a reader of {received}");
    }
    assert!(reader.source().rest.is_empty(), "all of it was read");
}

/// What the law is for: four bytes of a header, eight megabytes reserved.
fn the_kit_finds_a_codec_that_reserves_what_is_announced() {
    let theirs = Tokio(LengthDelimitedCodec::new);
    let announcing = b"\x00\x7f\xff\xff";
    let found = testkit::memory(&theirs, announcing, 4, ALLOWANCE, || ALLOCATOR.allocated());
    assert!(found.is_err_and(|violation| violation.law == testkit::Law::Memory));
}

#[test]
fn memory_is_paid_for_with_bytes() {
    announcements_reserve_nothing();
    announcements_reserve_nothing_in_passing();
    an_idle_decoder_lets_go_of_a_large_buffer();
    decoding_in_place_allocates_nothing();
    a_reader_reserves_nothing_for_an_announcement();
    a_reader_inside_a_large_message_holds_twice_what_has_come();
    the_kit_finds_a_codec_that_reserves_what_is_announced();
    the_kit_finds_a_reservation_in_passing_if_it_is_told_peaks();
}
