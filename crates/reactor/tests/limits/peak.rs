//! What is queued for a peer while one batch is carried out, not only what is left behind it: seen from the network, which
//! is offered the whole queue whenever there is no room for more.

use bytes::Bytes;
use switchboard_reactor::{
    Address, Adopted, Closed, ConnId, Context, Handler, Limits, Origin, Reactor, SlowPeer,
};

use super::HOUR;
use super::scripted::{Script, Scripted};

/// Few enough of them fit one write that the network sees all that is queued.
const SENDS: usize = 20;
const SEND: usize = 1_000;
/// What a send counts beside its bytes if it waits behind another.
const SEND_COST: usize = 96;

/// Sends all of it at once, each piece a send of its own.
struct Burst;

impl Handler for Burst {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
        (0..SENDS).for_each(|_| cx.send_shared(id, Bytes::from_static(&[7; SEND])));
    }

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
}

/// A burst to a peer whose first writes take so much; gives the lengths of the pieces that each write was offered, and how
/// much was written.
fn burst(outbound_hard: usize, slow_peer: SlowPeer, writes: &[usize]) -> (Vec<Vec<usize>>, usize) {
    let limits = Limits { outbound_hard, slow_peer, ..Limits::default() };
    let mut reactor = Reactor::with_net(Scripted::default(), Burst, limits);
    let script = Script { writes: writes.to_vec().into(), ..Script::default() };
    let (offers, written) = (script.offers.clone(), script.written.clone());
    reactor.adopt(Adopted::Stream(script, Address::Unnamed), usize::MAX).unwrap();
    (0..SENDS + writes.len()).for_each(|_| _ = reactor.turn().unwrap());
    (offers.take(), written.take().len())
}

const POLICIES: [(SlowPeer, usize); 3] =
    [(SlowPeer::Close, 1), (SlowPeer::DropOldest, 1), (SlowPeer::CloseAfter(HOUR), 2)];

#[test]
fn a_batch_is_queued_up_to_the_hard_mark_and_leaves_before_one_send_more() {
    const FIVE: usize = 5 * SEND + 4 * SEND_COST;
    for (slow_peer, times) in POLICIES {
        for (mark, sends) in [(FIVE, 5), (FIVE - 1, 4)] {
            let (offers, written) = burst(mark / times, slow_peer, &[]);
            let most = offers.iter().map(Vec::len).max();
            assert_eq!((most, written), (Some(sends), SENDS * SEND), "{slow_peer:?}, {mark}: {offers:?}");
        }
    }
}

#[test]
fn a_batch_for_a_peer_that_takes_little_is_never_queued_beyond_the_hard_mark() {
    for (slow_peer, times) in POLICIES {
        for outbound_hard in [SEND, 3 * SEND, 7 * SEND] {
            for taken in (0..=4 * SEND).step_by(125) {
                let (offers, _) = burst(outbound_hard, slow_peer, &[taken; 6]);
                for offer in &offers {
                    let held = offer.iter().sum::<usize>() + (offer.len() - 1) * SEND_COST;
                    // Nothing is dropped of what has begun to leave, nor the newest.
                    let cannot_drop = slow_peer == SlowPeer::DropOldest && offer.len() <= 2;
                    let is_within = held <= times * outbound_hard || cannot_drop;
                    assert!(is_within, "{slow_peer:?}, {outbound_hard}, {taken}: {offer:?}");
                }
            }
        }
    }
}
