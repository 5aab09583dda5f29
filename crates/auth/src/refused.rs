//! Why a handshake ended without a proof; what is then closed, counted or logged is the session's
//! business.

use thiserror::Error;

use crate::{Digest, KeyId, python};

/// The handshake failed. Nothing more is to be sent: the peer learns only that the line is closed.
/// The one exception is [`Refused::farewell`].
///
/// The text is for our own log. It holds public things only: numbers, and ids of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refused {
    // Malformed: the peer speaks something else.
    /// A message of another length than the one that is due.
    #[error("a message of {declared} bytes where {expected} are due: the peer speaks something else")]
    WrongLength {
        /// What the peer announced.
        declared: u32,
        /// What the dialect prescribes.
        expected: u32,
    },
    /// The message does not begin with the label of `mutual`.
    #[error("the message does not carry the label of this handshake")]
    WrongLabel,
    /// A version of `mutual` that we do not speak.
    #[error("suite {declared:#06x} where {expected:#06x} is spoken")]
    WrongSuite {
        /// What the peer announced.
        declared: u16,
        /// What we speak.
        expected: u16,
    },
    /// Bytes that must be zero are not.
    #[error("reserved bytes of the message are not zero")]
    ReservedNotZero,
    /// The answer of `tutorial` is not written in lower-case hexadecimal digits.
    #[error("the answer is not made of lower-case hexadecimal digits")]
    NotHex,
    /// A message longer than `python` allows.
    #[error("a message of {declared} bytes where at most {limit} are allowed")]
    TooLong {
        /// What the peer announced.
        declared: u32,
        /// What is allowed.
        limit: u32,
    },
    /// A length below zero, which in `python` would lead in a huge message.
    #[error("a message of {declared} bytes")]
    NegativeLength {
        /// What the peer announced.
        declared: i32,
    },
    /// A challenge with too little in it that could be random.
    #[error("a challenge of {bytes} bytes where at least {least} are due")]
    ShortChallenge {
        /// How long it is.
        bytes: usize,
        /// How long it has to be.
        least: usize,
    },
    /// The message names no digest that there is.
    #[error("the message names no known digest")]
    UnknownDigest,

    // Limit reached.
    /// The peer has used up its budget, see [`Handshake::bytes_max`](crate::Handshake::bytes_max). Whoever owns the
    /// socket counts, and says so.
    #[error("more than {limit} bytes, and the handshake is not over")]
    OverBudget {
        /// How many were allowed.
        limit: usize,
    },

    // Misbehaved: well-formed, but not to be trusted.
    /// No key here goes by this id.
    #[error("no key here has the id {id}")]
    UnknownKey {
        /// What the caller named.
        id: KeyId,
    },
    /// The proof is wrong: another key, or another idea of what the two are talking about.
    #[error("the proof is wrong: another key, service, server name or channel")]
    WrongProof,
    /// The peer did not wait until it was accepted. How much came too early is chance: as much as one read happened
    /// to bring.
    #[error("the peer did not wait until it was accepted")]
    EarlyData,
    /// The peer wants a digest that the policy does not name.
    #[error("the peer's challenge asks for {digest}, which is not allowed here{}", hint(*digest))]
    WeakChallenge {
        /// What it asks for.
        digest: Digest,
    },
    /// The peer answered with a digest that the policy does not name.
    #[error("the peer's answer is made with {digest}, which is not allowed here{}", hint(*digest))]
    WeakAnswer {
        /// What it is made with.
        digest: Digest,
    },
    /// The answer to our challenge is wrong; in `python` the peer is told so.
    #[error("the answer to our challenge is wrong: another key")]
    WrongAnswer,
    /// A client's own challenge came back to it: somebody without the key wants to have it answered.
    #[error("the peer sent back a challenge that was ours: it does not hold the key")]
    Reflected,
    /// The peer says that our answer is wrong.
    #[error("the peer rejected our answer: it holds another key")]
    RejectedByPeer,
    /// The stream ended inside the handshake. A peer that does not like our key does that.
    #[error("the peer hung up during the handshake, {have} bytes into a message: does it hold the same key?")]
    HungUp {
        /// How much of the message that was due had come.
        have: usize,
    },
}

impl Refused {
    /// What the dialect prescribes to be sent before closing, if anything: `python` tells a peer that
    /// its answer is wrong, so that it does not have to guess. Leaving it out harms nobody but it.
    pub fn farewell(&self) -> &'static [u8] {
        match self {
            Refused::WrongAnswer | Refused::WeakAnswer { .. } => python::FAREWELL,
            _ => b"",
        }
    }
}

/// What a user can do about a peer with an old digest.
const fn hint(digest: Digest) -> &'static str {
    match digest {
        Digest::Md5 => " unless it is named: Python before 3.12 knows no other",
        _ => "",
    }
}
