//! The dialect of the Python tutorial's programs, byte for byte: the server sends 32 random bytes,
//! the client answers with their HMAC-MD5 in hexadecimal, and nobody says anything more.
//!
//! It has no framing, no word of welcome and no proof of the server. Whoever poses as the server
//! can have any challenge answered, and hand the answer on; how to keep it off the network is left
//! to those who know addresses.

use alloc::vec::Vec;

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

use crate::claim::Claim;
use crate::handshake::Step;
use crate::policy::Terms;
use crate::{Entropy, Key, NamedKey, Refused, hex};

/// Where a handshake of this dialect stands.
pub(crate) enum Tutorial {
    /// Server: the challenge is to be sent.
    Greet { challenge: Challenge },
    /// Server: the challenge was sent.
    AwaitAnswer { challenge: Challenge },
    /// Client: nothing has happened yet.
    AwaitChallenge,
}

type Challenge = [u8; CHALLENGE_BYTES];

impl Tutorial {
    pub(crate) fn server(entropy: Entropy) -> Tutorial {
        Tutorial::Greet { challenge: entropy.into_nonce() }
    }

    pub(crate) fn client() -> Tutorial {
        Tutorial::AwaitChallenge
    }

    pub(crate) fn bytes_max(&self) -> usize {
        match self {
            Tutorial::Greet { .. } | Tutorial::AwaitAnswer { .. } => ANSWER_BYTES,
            Tutorial::AwaitChallenge => CHALLENGE_BYTES,
        }
    }

    pub(crate) fn step(self, terms: &Terms, input: &[u8], out: &mut Vec<u8>) -> Result<Step<Self>, Refused> {
        match self {
            Tutorial::Greet { challenge } => {
                out.extend_from_slice(&challenge);
                Ok(Step::Next { state: Tutorial::AwaitAnswer { challenge }, consumed: 0 })
            }
            Tutorial::AwaitAnswer { challenge } => match input.first_chunk() {
                Some(answer) => check(&challenge, answer, terms),
                None => Ok(Step::Wait(self)),
            },
            Tutorial::AwaitChallenge => match input.first_chunk() {
                Some(challenge) => Ok(answer(challenge, terms, out)),
                None => Ok(Step::Wait(self)),
            },
        }
    }
}

/// The server's end: a wire without key ids leaves it to try each key that it has.
fn check(
    challenge: &Challenge,
    answer: &[u8; ANSWER_BYTES],
    terms: &Terms,
) -> Result<Step<Tutorial>, Refused> {
    let tag = hex::from_lower(answer).ok_or(Refused::NotHex)?;
    let claim = Claim::new(&tag);
    let proves = |held: &&NamedKey| claim.is_proved_by(mac(held.key(), challenge));
    let held = terms.keyring.iter().find(proves).ok_or(Refused::WrongProof)?;
    Ok(Step::Proven { caller: Some(held.shared_name()), consumed: ANSWER_BYTES })
}

/// The client's end, after which it has to take the server on trust.
fn answer(challenge: &Challenge, terms: &Terms, out: &mut Vec<u8>) -> Step<Tutorial> {
    let held = terms.client_key();
    let tag = mac(held.key(), challenge).finalize().into_bytes();
    out.extend_from_slice(&hex::lower(&tag.into()));
    Step::Proven { caller: Some(held.shared_name()), consumed: CHALLENGE_BYTES }
}

fn mac(key: &Key, challenge: &Challenge) -> Hmac<Md5> {
    let mac = Hmac::<Md5>::new_from_slice(key.bytes()).expect("HMAC takes keys of any length");
    mac.chain_update(challenge)
}

/// What the tutorial's server draws with `os.urandom(32)`.
const CHALLENGE_BYTES: usize = 32;
/// Two digits for each byte of an MD5 digest.
const ANSWER_BYTES: usize = 32;
