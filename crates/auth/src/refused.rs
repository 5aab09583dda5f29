//! Why a handshake ended without a proof; what is then closed, counted or logged is the session's
//! business.

use thiserror::Error;

use crate::KeyId;

/// The handshake failed. Nothing more is to be sent: the peer learns only that the line is closed.
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
    /// The peer did not wait until it was accepted.
    #[error("{bytes} bytes were sent before the peer was accepted")]
    EarlyData {
        /// How many came too early.
        bytes: usize,
    },
    /// The stream ended inside the handshake. A peer that does not like our key does that.
    #[error("the peer hung up during the handshake, {have} bytes into a message: does it hold the same key?")]
    HungUp {
        /// How much of the message that was due had come.
        have: usize,
    },
}
