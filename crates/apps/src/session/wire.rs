//! One connection as the session sees it: proving, open, or over. It is kept small, as an idle connection is
//! mostly this.

use auth::{Authenticated, Handshake, Progress, Refused};
use framing::{FrameDecoder, FrameSpec};
use reactor::{Address, Origin};

use super::sealed::Sealed;
use super::{Ended, Via};

/// The state of a connection.
#[derive(Debug)]
pub(super) enum Wire {
    /// In its handshake.
    Proving(Box<Proving>),
    /// In its conversation; with a decoder only while that remembers something.
    Open(Option<Box<FrameDecoder>>),
    /// In its conversation, of which every byte is sealed.
    Sealed(Box<Sealed>),
    /// Ended before its conversation began.
    Shut(Box<(Proving, Ended)>),
    /// Ended after its conversation began.
    Over(Box<Ended>),
}

impl Wire {
    /// A conversation that begins: a handshake that leaves a channel behind has it used.
    pub(super) fn opened(proof: &mut Authenticated, framing: &FrameSpec) -> Wire {
        match proof.take_channel() {
            Some(channel) => Wire::Sealed(Box::new(Sealed::new(channel, framing.decoder()))),
            None => Wire::Open(None),
        }
    }

    /// Whether messages may be sent on it.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Wire::Open(_) | Wire::Sealed(_))
    }
}

/// A connection in its handshake, and what is known of the peer so far.
#[derive(Debug)]
pub(super) struct Proving {
    /// Gone once the handshake has failed.
    handshake: Option<Handshake>,
    /// How many bytes the peer may send until it is over.
    budget: usize,
    /// How many of them the handshake has taken.
    spent: usize,
    pub(super) peer: Address,
    pub(super) via: Via,
}

/// How far a handshake came.
pub(super) enum Proof {
    /// It goes on.
    Pending(usize),
    /// The peer is who it should be.
    Done(Authenticated, usize),
    /// It is not.
    Failed(Refused),
}

impl Proving {
    pub(super) fn new(handshake: Handshake, origin: Origin<'_>) -> Box<Proving> {
        let budget = handshake.bytes_max();
        Box::new(Proving { handshake: Some(handshake), budget, ..*Proving::dead(origin) })
    }

    /// One whose handshake could not even begin.
    pub(super) fn dead(origin: Origin<'_>) -> Box<Proving> {
        let (peer, via) = (origin.peer().clone(), Via::of(origin));
        Box::new(Proving { handshake: None, budget: 0, spent: 0, peer, via })
    }

    /// Gives the handshake what has come, and appends what it answers to `out`. One that is not over within its
    /// budget has failed, whatever it thinks itself: a stranger is not listened to for ever.
    pub(super) fn advance(&mut self, input: &[u8], out: &mut Vec<u8>) -> Proof {
        let Some(handshake) = self.handshake.take() else { return Proof::Pending(0) };
        let said_before = out.len();
        match handshake.advance(input, out) {
            Ok(Progress::Pending { .. }) if self.spent + input.len() > self.budget => {
                out.truncate(said_before);
                Proof::Failed(Refused::OverBudget { limit: self.budget })
            }
            Ok(Progress::Pending { next, consumed }) => {
                self.spent += consumed;
                self.handshake = Some(next);
                Proof::Pending(consumed)
            }
            Ok(Progress::Done { proof, consumed }) => Proof::Done(proof, consumed),
            Err(refused) => Proof::Failed(refused),
        }
    }

    /// The peer has ended its side in the middle of the handshake.
    pub(super) fn cut(&mut self, rest: &[u8]) -> Refused {
        match self.handshake.take() {
            Some(handshake) => handshake.finish(rest),
            None => Refused::HungUp { have: rest.len() },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use auth::{Dialect, Entropy, Key, Keyring, Policy};

    use super::*;

    /// The server of `python`, which may be told up to three messages, with another budget than its own.
    fn proving(budget: usize) -> Box<Proving> {
        let handshake = policy().accept(Entropy::from([1; Entropy::BYTES]));
        let peer = "tcp://10.0.0.1:9".parse().unwrap();
        let mut proving = Proving::new(handshake, Origin::Adopted { peer: &peer });
        assert_eq!(proving.budget, 3 * (4 + 256), "three whole messages");
        proving.budget = budget;
        assert!(matches!(proving.advance(&[], &mut Vec::new()), Proof::Pending(0)));
        proving
    }

    fn policy() -> Policy {
        let mut keys = Keyring::new();
        keys.add("alice", Key::from_bytes(b"secret")).unwrap();
        Policy::new(Dialect::Python, Arc::new(keys)).unwrap()
    }

    /// What an honest caller answers first.
    fn answer() -> Vec<u8> {
        let (mut challenge, mut answer) = (Vec::new(), Vec::new());
        let server = policy().accept(Entropy::from([1; Entropy::BYTES])).advance(&[], &mut challenge);
        let client = policy().call(Entropy::from([2; Entropy::BYTES])).advance(&challenge, &mut answer);
        assert!(server.is_ok() && client.is_ok());
        answer
    }

    #[test]
    fn a_handshake_that_is_not_over_within_its_budget_has_failed() {
        let said = [&answer()[..], b"\0\0\0\x3b#CHALL"].concat();
        let over = Refused::OverBudget { limit: said.len() };
        // All at once, and with the answer taken before the rest comes.
        assert!(matches!(proving(said.len()).advance(&said, &mut Vec::new()), Proof::Pending(44)));
        let more = [&said[..], b"E"].concat();
        let mut out = b"before".to_vec();
        let failed = proving(said.len()).advance(&more, &mut out);
        assert!(matches!(failed, Proof::Failed(refused) if refused == over));
        assert_eq!(out, b"before", "nothing is said on a failure");

        let mut proving = proving(said.len());
        assert!(matches!(proving.advance(&said[..44], &mut Vec::new()), Proof::Pending(44)));
        assert!(matches!(proving.advance(&said[44..], &mut Vec::new()), Proof::Pending(0)));
        let failed = proving.advance(&more[44..], &mut Vec::new());
        assert!(matches!(failed, Proof::Failed(refused) if refused == over));
    }

    #[test]
    fn an_idle_connection_takes_two_words() {
        assert_eq!(size_of::<Wire>(), 16);
    }
}
