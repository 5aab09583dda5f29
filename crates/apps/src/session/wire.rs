//! One connection as the session sees it: proving, open, or over. It is kept small, as an idle connection is
//! mostly this.

use auth::{Authenticated, Handshake, Progress, Refused};
use framing::FrameDecoder;
use reactor::{Address, Origin};

use super::sealed::Sealed;
use super::{Ended, Via};

/// The state of a connection.
#[derive(Debug)]
pub(super) enum Wire {
    /// In its handshake.
    Proving(Box<Proving>),
    /// In its conversation.
    Open(FrameDecoder),
    /// In its conversation, with its decoder lent out while a message of its is heard.
    Busy,
    /// In its conversation, of which every byte is sealed.
    Sealed(Box<Sealed>),
    /// Ended before its conversation began.
    Shut(Box<Proving>, Ended),
    /// Ended after its conversation began.
    Over(Ended),
}

impl Wire {
    /// A conversation that begins: a handshake that leaves a channel behind has it used.
    pub(super) fn opened(proof: &mut Authenticated, decoder: FrameDecoder) -> Wire {
        match proof.take_channel() {
            Some(channel) => Wire::Sealed(Box::new(Sealed::new(channel, decoder))),
            None => Wire::Open(decoder),
        }
    }

    /// Whether messages may be sent on it.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Wire::Open(_) | Wire::Busy | Wire::Sealed(_))
    }
}

/// A connection in its handshake, and what is known of the peer so far.
#[derive(Debug)]
pub(super) struct Proving {
    /// Gone once the handshake has failed.
    handshake: Option<Handshake>,
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
        Box::new(Proving { handshake: Some(handshake), peer: origin.peer().clone(), via: Via::of(origin) })
    }

    /// One whose handshake could not even begin.
    pub(super) fn dead(origin: Origin<'_>) -> Box<Proving> {
        Box::new(Proving { handshake: None, peer: origin.peer().clone(), via: Via::of(origin) })
    }

    /// Gives the handshake what has come, and appends what it answers to `out`.
    pub(super) fn advance(&mut self, input: &[u8], out: &mut Vec<u8>) -> Proof {
        let Some(handshake) = self.handshake.take() else { return Proof::Pending(0) };
        match handshake.advance(input, out) {
            Ok(Progress::Pending { next, consumed }) => {
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
    use super::*;

    #[test]
    fn an_idle_connection_is_no_larger_than_its_decoder() {
        assert_eq!(size_of::<Wire>(), size_of::<FrameDecoder>());
    }
}
