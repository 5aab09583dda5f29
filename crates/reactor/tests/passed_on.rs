//! What a handler leaves untaken is shown to it again, and what it passes on from there leaves unchanged, wherever input
//! is cut and however little a write takes. Each byte is of its place, so that none can stand for another.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/scripted.rs"]
mod scripted;

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use scripted::{Script, Scripted};
use switchboard_reactor::{
    Address, Adopted, Closed, ConnId, ConnMap, Context, Flow, Handler, Limits, Origin, Reactor,
};

fn byte_at(place: usize) -> u8 {
    (place.wrapping_mul(2_654_435_761) >> 7).to_le_bytes()[0]
}

fn bytes(places: Range<usize>) -> Vec<u8> {
    places.map(byte_at).collect()
}

/// Waits for messages of one length, then does its part with each.
struct Patient {
    message: usize,
    answers: fn(&mut Context<'_>, ConnId, &[u8]),
    /// How much of each conversation was taken.
    taken: ConnMap<usize>,
    shown: usize,
}

impl Patient {
    fn new(message: usize, answers: fn(&mut Context<'_>, ConnId, &[u8])) -> Patient {
        Patient { message, answers, taken: ConnMap::new(), shown: 0 }
    }
}

impl Handler for Patient {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
        self.taken.insert(id, 0);
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        self.shown += 1;
        let taken = self.taken.get_mut(id).unwrap();
        assert!(input == bytes(*taken..*taken + input.len()), "something else is shown than came");
        let messages = input.len() / self.message;
        for message in input.chunks_exact(self.message) {
            (self.answers)(cx, id, message);
        }
        *taken += messages * self.message;
        messages * self.message
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
}

/// Lets one loop serve streams with these reads and writes until nothing happens any more; gives what it wrote to each.
fn served(handler: Patient, scripts: impl Iterator<Item = (Vec<Vec<u8>>, Vec<usize>)>) -> Vec<Vec<u8>> {
    let mut reactor = Reactor::with_net(Scripted::default(), handler, Limits::default());
    let mut written: Vec<Rc<RefCell<Vec<u8>>>> = Vec::new();
    let mut turns = 0;
    for (reads, writes) in scripts {
        turns = turns.max(reads.len() + 2 * writes.len() + 2);
        let script = Script { reads: reads.into(), writes: writes.into(), ..Script::default() };
        written.push(Rc::clone(&script.written));
        reactor.adopt(Adopted::Stream(script, Address::Unnamed), usize::MAX).unwrap();
    }
    (0..turns).for_each(|_| assert_eq!(reactor.turn().unwrap(), Flow::Continue));
    assert_eq!((reactor.stats().outbound_bytes, reactor.stats().bytes_lost), (0, 0));
    written.iter().map(|written| written.borrow().clone()).collect()
}

/// Cut at this place, and whole what comes behind it.
fn cut(whole: Range<usize>, place: usize) -> Vec<Vec<u8>> {
    vec![bytes(whole.start..place), bytes(place..whole.end)]
}

const MESSAGE: usize = 1_200;

/// Long enough to leave from where it lies: in one piece, and in two with a gap between them.
fn middle(cx: &mut Context<'_>, id: ConnId, message: &[u8]) {
    cx.send(id, &message[100..900]);
}

fn two_pieces(cx: &mut Context<'_>, id: ConnId, message: &[u8]) {
    cx.send(id, &message[3..603]);
    cx.send(id, &message[604..1_190]);
}

fn with_a_head(cx: &mut Context<'_>, id: ConnId, message: &[u8]) {
    cx.send(id, &message[50..700]);
    cx.send(id, b"and");
    cx.send(id, &message[60..710]);
}

/// Says where input was cut and how much the first write took, should the answer be another.
fn is_answered(answers: fn(&mut Context<'_>, ConnId, &[u8]), expected: &[u8], places: &[(usize, usize)]) {
    // Half of the next message lies behind the first.
    let scripts = places.iter().map(|(at, taken)| (cut(0..MESSAGE + 70, *at), vec![*taken]));
    let written = served(Patient::new(MESSAGE, answers), scripts);
    for ((at, taken), written) in places.iter().zip(written) {
        assert!(written == expected, "cut at {at}, and the first write took {taken}");
    }
}

/// Every cut with a few writes, and every write with a few cuts.
fn places(answer: usize) -> Vec<(usize, usize)> {
    let cuts = (1..MESSAGE + 70).flat_map(|at| [1, answer / 2, answer - 1].map(|taken| (at, taken)));
    let writes =
        (0..=answer).flat_map(|taken| [1, MESSAGE / 2, MESSAGE - 1, MESSAGE + 1].map(|at| (at, taken)));
    cuts.chain(writes).collect()
}

#[test]
fn a_piece_of_what_is_shown_leaves_unchanged() {
    is_answered(middle, &bytes(100..900), &places(800));
}

#[test]
fn pieces_with_a_gap_between_them_leave_unchanged() {
    let expected = [bytes(3..603), bytes(604..1_190)].concat();
    is_answered(two_pieces, &expected, &places(expected.len()));
}

#[test]
fn pieces_with_something_else_between_them_leave_unchanged() {
    let expected = [bytes(50..700), b"and".to_vec(), bytes(60..710)].concat();
    is_answered(with_a_head, &expected, &places(expected.len()));
}

#[test]
fn messages_that_are_passed_on_whole_leave_unchanged_however_they_come() {
    fn whole(cx: &mut Context<'_>, id: ConnId, message: &[u8]) {
        cx.send(id, message);
    }
    const MESSAGES: usize = 6;
    // In pieces of every length, of which each write takes half.
    let scripts = (1..2 * MESSAGE).map(|length| {
        let starts = (0..MESSAGES * MESSAGE).step_by(length);
        let pieces = starts.map(|start| bytes(start..(start + length).min(MESSAGES * MESSAGE)));
        (pieces.collect(), vec![length / 2 + 1; 8])
    });
    // A piece of one byte is a read of its own, and pairs of a length and all others are not needed for that.
    let scripts = scripts.filter(|(pieces, _): &(Vec<Vec<u8>>, _)| pieces.len() < 200);
    for written in served(Patient::new(MESSAGE, whole), scripts) {
        assert!(written == bytes(0..MESSAGES * MESSAGE));
    }
}

#[test]
fn a_large_rest_is_shown_again_whole_with_what_follows() {
    fn nothing(_: &mut Context<'_>, _: ConnId, _: &[u8]) {}
    // More than is copied in front of a read, so that the rest collects in the connection.
    const BYTES: usize = 300_000;
    for lengths in [&[7_001][..], &[100_000, 90_000], &[1, 150_000, 2], &[200_000, 99_999]] {
        let mut reads = Vec::new();
        let mut come = 0;
        for length in lengths.iter().cycle() {
            let end = (come + length).min(BYTES);
            reads.push(bytes(come..end));
            come = end;
            if come == BYTES {
                break;
            }
        }
        let pieces = reads.len();
        let mut reactor =
            Reactor::with_net(Scripted::default(), Patient::new(BYTES, nothing), Limits::default());
        let script = Script { reads: reads.into(), ..Script::default() };
        reactor.adopt(Adopted::Stream(script, Address::Unnamed), usize::MAX).unwrap();
        (0..pieces).for_each(|_| assert_eq!(reactor.turn().unwrap(), Flow::Continue));
        assert_eq!(reactor.handler().shown, pieces, "{lengths:?}: it is shown whenever more has come");
        assert!(reactor.handler().taken.iter().all(|(_, taken)| *taken == BYTES), "{lengths:?}");
    }
}
