//! The kit's own test: for each law, and each way in which it looks, a codec that is broken so that only this way
//! sees it, and where a law has a bound, one that keeps just within it. What an allocator says is in `memory.rs`.

use std::cell::Cell;
use std::rc::Rc;

use switchboard_framing::testkit::{self, Allowance, Codec, Event, Feed, Law, Seed, Violation};

const SEED: Seed = Seed(0x0f1d);

fn assert_found(found: Result<(), Violation>, law: Law, says: &str) {
    let violation = found.expect_err(says);
    assert_eq!(violation.law, law, "{violation}");
    assert!(violation.report.contains(says), "{violation}\ndoes not say: {says}");
}

/// Finds no message in anything, but one at the end if the pieces had lengths that `is_wrong` knows.
struct Cut<F>(F);

struct CutDecoder<F> {
    is_wrong: F,
    pieces: Vec<usize>,
}

impl<F: Fn(&[usize]) -> bool + Clone> Codec for Cut<F> {
    type Decoder = CutDecoder<F>;

    fn decoder(&self) -> Self::Decoder {
        CutDecoder { is_wrong: self.0.clone(), pieces: Vec::new() }
    }

    fn encode(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
        Ok(payload.to_vec())
    }
}

impl<F: Fn(&[usize]) -> bool> Feed for CutDecoder<F> {
    fn feed(&mut self, bytes: &[u8], _: &mut Vec<Event>) {
        self.pieces.push(bytes.len());
    }

    fn finish(&mut self, events: &mut Vec<Event>) {
        if (self.is_wrong)(&self.pieces) {
            events.push(Event::Message(b"wrong".to_vec()));
        }
    }
}

fn split<F: Fn(&[usize]) -> bool + Clone>(is_wrong: F, len: usize) -> Result<(), Violation> {
    testkit::split_independence(&Cut(is_wrong), &vec![b'x'; len], SEED)
}

#[test]
fn a_decoder_wrong_only_for_single_bytes_is_found() {
    for len in [20, 600] {
        let found = split(|pieces| pieces.iter().all(|&len| len == 1), len);
        assert_found(found, Law::SplitIndependence, "cut at [1, 2, 3,");
    }
}

#[test]
fn a_decoder_wrong_only_for_one_cut_in_two_is_found_at_each_position() {
    for len in [20, 512] {
        for cut in 0..=len {
            let found = split(move |pieces| pieces == [cut, len - cut], len);
            assert_found(found, Law::SplitIndependence, &format!("cut at [{cut}] it gives"));
        }
    }
}

#[test]
fn a_decoder_wrong_only_for_two_pieces_is_found_on_a_long_stream() {
    // So long that next to none of the random ways has a single cut.
    let found = split(|pieces| pieces.len() == 2, 5_000);
    assert_found(found, Law::SplitIndependence, "cut at [");
}

#[test]
fn a_decoder_wrong_only_for_pieces_of_mixed_lengths_is_found() {
    let found = split(|pieces| pieces.len() > 2 && pieces.iter().any(|&len| len > 1), 100);
    assert_found(found, Law::SplitIndependence, "cut at [");
    let found = split(|pieces| pieces.len() > 3 && pieces[1..pieces.len() - 1].contains(&0), 100);
    assert_found(found, Law::SplitIndependence, "cut at [");
}

#[test]
fn a_decoder_that_ignores_how_it_is_cut_keeps_the_law() {
    for len in [0, 1, 20, 600] {
        assert_eq!(split(|_| false, len), Ok(()), "{SEED:?}");
    }
}

/// A length in one byte, and a limit for each direction.
#[derive(Clone, Copy)]
struct Limited {
    sends_max: usize,
    takes_max: usize,
}

struct LimitedDecoder {
    takes_max: usize,
    held: Vec<u8>,
}

impl Codec for Limited {
    type Decoder = LimitedDecoder;

    fn decoder(&self) -> LimitedDecoder {
        LimitedDecoder { takes_max: self.takes_max, held: Vec::new() }
    }

    fn encode(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
        let len = u8::try_from(payload.len()).map_err(|error| error.to_string())?;
        if payload.len() > self.sends_max {
            return Err(format!("more than {}", self.sends_max));
        }
        Ok([&[len], payload].concat())
    }
}

impl Feed for LimitedDecoder {
    fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        self.held.extend_from_slice(bytes);
        while let Some((&len, rest)) = self.held.split_first() {
            let len = usize::from(len);
            if len > self.takes_max {
                let error = format!("more than {}", self.takes_max);
                return events.push(Event::Failed { error, offset: None });
            }
            let Some(payload) = rest.get(..len) else { return };
            events.push(Event::Message(payload.to_vec()));
            self.held.drain(..=len);
        }
    }

    fn finish(&mut self, events: &mut Vec<Event>) {
        if !self.held.is_empty() && !matches!(events.last(), Some(Event::Failed { .. })) {
            events.push(Event::Failed { error: "stopped".to_owned(), offset: None });
        }
    }
}

fn limit_of_ten(sends_max: usize, takes_max: usize) -> Result<(), Violation> {
    let (longest, longer) = (b"0123456789", b"0123456789x");
    testkit::limit(&Limited { sends_max, takes_max }, longest, longer, b"\x0b0123456789x")
}

#[test]
fn a_limit_that_is_off_by_one_is_found_in_each_direction() {
    assert_eq!(limit_of_ten(10, 10), Ok(()));
    assert_found(limit_of_ten(9, 10), Law::Limit, "refused to encode b\"0123456789\": more than 9");
    assert_found(limit_of_ten(10, 9), Law::Limit, "of the longest message gives");
    assert_found(limit_of_ten(11, 10), Law::Limit, "although it is over the limit");
    assert_found(limit_of_ten(10, 11), Law::Limit, "over the limit gives");
}

#[test]
fn an_encoder_without_a_limit_is_found() {
    assert_found(limit_of_ten(usize::MAX, 10), Law::Limit, "although it is over the limit");
}

/// Sends and takes as it should, and then does something to what was found, knowing how many bytes are left.
struct Tampered<F>(F);

struct TamperedDecoder<F> {
    tamper: F,
    inner: LimitedDecoder,
}

impl<F: Fn(&mut Vec<Event>, usize) + Clone> Codec for Tampered<F> {
    type Decoder = TamperedDecoder<F>;

    fn decoder(&self) -> Self::Decoder {
        TamperedDecoder { tamper: self.0.clone(), inner: WITHIN_TEN.decoder() }
    }

    fn encode(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
        WITHIN_TEN.encode(payload)
    }
}

impl<F: Fn(&mut Vec<Event>, usize)> Feed for TamperedDecoder<F> {
    fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        self.inner.feed(bytes, events);
    }

    fn finish(&mut self, events: &mut Vec<Event>) {
        self.inner.finish(events);
        (self.tamper)(events, self.inner.held.len());
    }
}

const WITHIN_TEN: Limited = Limited { sends_max: 10, takes_max: 10 };

fn sent_and_tampered<F: Fn(&mut Vec<Event>, usize) + Clone>(tamper: F) -> Result<(), Violation> {
    testkit::round_trip(&Tampered(tamper), &[b"one".to_vec(), b"longer".to_vec(), b"12345".to_vec()])
}

#[test]
fn a_message_that_comes_back_differently_is_found() {
    assert_eq!(sent_and_tampered(|_, _| ()), Ok(()));
    let found = sent_and_tampered(|events, _| events.swap(0, 1));
    assert_found(found, Law::RoundTrip, "from message 0 on");
    let found = sent_and_tampered(|events, _| events.truncate(2));
    assert_found(found, Law::RoundTrip, "from message 2 on");
    let found = sent_and_tampered(|events, _| events.push(Event::Message(Vec::new())));
    assert_found(found, Law::RoundTrip, "from message 3 on");
}

#[test]
fn an_encoder_that_refuses_everything_is_found() {
    let found = testkit::round_trip(&WITHIN_TEN, &[vec![0; 11], vec![0; 12]]);
    assert_found(found, Law::RoundTrip, "all 2 payloads were refused");
    assert_eq!(testkit::round_trip(&WITHIN_TEN, &[vec![0; 11], vec![0; 10]]), Ok(()), "it may refuse one");
}

#[test]
fn a_stream_cut_short_that_is_not_noticed_is_found_at_each_position() {
    for silent_after in 1..=5 {
        let found = sent_and_tampered(move |events, left| {
            if left == silent_after {
                events.pop();
            }
        });
        assert_found(found, Law::CleanEnd, "stops inside message 2, but after 2 messages");
    }
}

#[test]
fn a_message_lost_or_made_up_where_a_stream_is_cut_short_is_found() {
    let found = sent_and_tampered(|events, left| drop(events.drain(..usize::from(left > 0))));
    assert_found(found, Law::CleanEnd, "but after 0 messages");
    let found = sent_and_tampered(|events, left| {
        if left > 0 {
            events.insert(2, Event::Message(b"123".to_vec()));
        }
    });
    assert_found(found, Law::CleanEnd, "but after 2 messages");
}

/// What a decoder says that it holds: exact, unlike an allocator.
#[derive(Default)]
struct Ledger {
    held: Cell<usize>,
    peak: Cell<usize>,
}

impl Ledger {
    fn hold(&self, bytes: usize) {
        self.held.set(bytes);
        self.peak.set(self.peak.get().max(bytes));
    }

    /// The most since the last call.
    fn take_peak(&self) -> usize {
        self.peak.replace(self.held.get())
    }
}

/// Holds `times` what has come and `constant` more; inside each `feed`, `passing` on top.
#[derive(Clone, Default)]
struct Holding {
    times: usize,
    constant: usize,
    passing: usize,
    received: usize,
    ledger: Rc<Ledger>,
}

impl Codec for Holding {
    type Decoder = Self;

    fn decoder(&self) -> Self {
        self.clone()
    }

    fn encode(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
        Ok(payload.to_vec())
    }
}

impl Feed for Holding {
    fn feed(&mut self, bytes: &[u8], _: &mut Vec<Event>) {
        self.received += bytes.len();
        let held = self.times * self.received + self.constant;
        self.ledger.hold(BEFORE + held + self.passing);
        self.ledger.hold(BEFORE + held);
    }

    fn finish(&mut self, _: &mut Vec<Event>) {}
}

/// Held by others, and none of the decoder's business.
const BEFORE: usize = 5_000;
const ALLOWANCE: Allowance = Allowance { times: 2, constant: 600 };

fn measured(codec: &Holding, held: impl FnMut() -> usize) -> Result<(), Violation> {
    codec.ledger.hold(9 * BEFORE);
    codec.ledger.hold(BEFORE);
    testkit::memory(codec, &[b'x'; 100], 7, ALLOWANCE, held)
}

fn measured_between(codec: &Holding) -> Result<(), Violation> {
    measured(codec, || codec.ledger.held.get())
}

fn measured_at_peaks(codec: &Holding) -> Result<(), Violation> {
    measured(codec, || codec.ledger.take_peak())
}

#[test]
fn a_decoder_that_holds_the_allowance_passes_and_one_byte_more_is_found() {
    for measured in [measured_between, measured_at_peaks] {
        let within = Holding { times: 2, constant: 600, ..Holding::default() };
        assert_eq!(measured(&within), Ok(()));
        let over = Holding { times: 2, constant: 601, ..Holding::default() };
        assert_found(measured(&over), Law::Memory, "after 7 bytes 615 are held, allowed are 614");
    }
}

#[test]
fn a_decoder_that_holds_more_for_each_byte_is_found_as_soon_as_it_does() {
    let within = Holding { times: 3, constant: 500, ..Holding::default() };
    assert_eq!(measured_between(&within), Ok(()), "100 bytes are just as much as the constant leaves");
    let over = Holding { times: 3, constant: 501, ..Holding::default() };
    assert_found(measured_between(&over), Law::Memory, "after 100 bytes 801 are held, allowed are 800");
}

#[test]
fn what_is_dropped_inside_feed_is_found_by_a_hook_that_reports_the_peak() {
    let within = Holding { passing: 614, ..Holding::default() };
    assert_eq!(measured_at_peaks(&within), Ok(()));
    let over = Holding { passing: 615, ..Holding::default() };
    assert_found(measured_at_peaks(&over), Law::Memory, "after 7 bytes 615 are held, allowed are 614");
}

#[test]
fn what_is_dropped_inside_feed_is_not_seen_between_the_pieces() {
    let passing = Holding { passing: 8 << 20, ..Holding::default() };
    assert_eq!(measured_between(&passing), Ok(()), "documented: only a peak tells");
}
