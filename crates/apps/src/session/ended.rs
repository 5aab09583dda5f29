//! Why a conversation, or the attempt at one, ended. Which exit code that makes is left to the programs.

use std::fmt;
use std::io;

use auth::{ChannelError, Refused};
use framing::FrameError;
use reactor::{Closed, Deadline};
use thiserror::Error;

/// The end of a conversation, by fault.
#[derive(Debug, Error)]
pub enum Ended {
    /// Well: one side hung up between two messages, and what was sent was handed over.
    #[error("hung up")]
    Well,
    /// The peer is not who it should be, or thinks so of us.
    #[error("authentication failed: {0}")]
    Refused(#[source] Refused),
    /// The connection ended, or went silent, before the handshake was over. A peer that refuses a key does that.
    #[error("authentication failed: {}", CutShort(.0))]
    CutInHandshake(Closed),
    /// The peer broke the framing, or the stream ended inside a message.
    #[error("{}", Broken(.0))]
    Frame(#[source] FrameError),
    /// What was sealed by the peer was changed or cut on its way, or the peer broke the rules of its records.
    #[error("{}", Unsealed(.0))]
    Sealing(#[source] ChannelError),
    /// The connection was lost.
    #[error("{0}")]
    Lost(Closed),
    /// The operating system gave no random bytes for a nonce.
    #[error("no random bytes for a handshake: {0}")]
    NoRandomness(#[source] io::Error),
}

impl Ended {
    /// What the end of the connection means for a conversation that stood.
    pub(super) fn of_conversation(why: Closed) -> Ended {
        match why {
            Closed::ByUs => Ended::Well,
            why => Ended::Lost(why),
        }
    }

    /// What it means for one that never began.
    pub(super) fn of_handshake(why: Closed) -> Ended {
        match why {
            Closed::ByUs | Closed::Failed(_) | Closed::TimedOut(Deadline::Handshake) => {
                Ended::CutInHandshake(why)
            }
            why => Ended::Lost(why),
        }
    }

    /// Whether nothing was lost.
    pub fn is_well(&self) -> bool {
        matches!(self, Ended::Well)
    }
}

/// A handshake that was not finished, in words.
struct CutShort<'a>(&'a Closed);

impl fmt::Display for CutShort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Closed::ByUs => f.write_str("we hung up before the handshake was over"),
            Closed::TimedOut(Deadline::Handshake) => f.write_str("the handshake was not over in time"),
            Closed::Failed(error) => write!(f, "the connection was lost during the handshake: {error}"),
            other => write!(f, "the handshake was cut short: {other}"),
        }
    }
}

/// A broken framing, in words. That the rest of a message never came is not the framing's fault.
struct Broken<'a>(&'a FrameError);

impl fmt::Display for Broken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            FrameError::Truncated { .. } => write!(f, "connection lost: {}", self.0),
            error => write!(f, "framing broken by the peer: {error}"),
        }
    }
}

/// The same for what was sealed.
struct Unsealed<'a>(&'a ChannelError);

impl fmt::Display for Unsealed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ChannelError::Truncated { .. } => write!(f, "connection lost: {}", self.0),
            error => write!(f, "the sealed conversation was broken: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_that_was_cut_is_told_in_plain_words() {
        let reset = Closed::Failed(io::Error::other("reset"));
        for (why, words) in [
            (Closed::ByUs, "we hung up before the handshake was over"),
            (Closed::TimedOut(Deadline::Handshake), "the handshake was not over in time"),
            (reset, "the connection was lost during the handshake: reset"),
        ] {
            assert_eq!(Ended::of_handshake(why).to_string(), format!("authentication failed: {words}"));
        }
        let other = Ended::CutInHandshake(Closed::Evicted).to_string();
        assert_eq!(other, "authentication failed: the handshake was cut short: made room for a newer caller");
    }

    #[test]
    fn what_we_ended_ourselves_proves_nothing_about_a_key() {
        for why in [Closed::Evicted, Closed::Stopped, Closed::Aborted, Closed::TimedOut(Deadline::Life)] {
            let words = why.to_string();
            let ended = Ended::of_handshake(why);
            assert!(matches!(ended, Ended::Lost(_)), "{ended:?}");
            assert_eq!(ended.to_string(), words);
        }
    }
}
