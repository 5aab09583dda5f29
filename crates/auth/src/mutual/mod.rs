//! Our own dialect: a challenge, a response and an accept, each of one size, by which both sides
//! prove that they hold the same key and mean the same service, server and channel.
//!
//! ```text
//! server                                              client
//!   | -- challenge: header 16, server nonce 32 ---------> |
//!   | <-- response: header 16, key id 16, client nonce 32, |
//!   |               client tag 32 ----------------------- |
//!   | -- accept: header 16, server tag 32 --------------> |
//! ```
//!
//! Somebody who stands between two honest sides and passes every byte on is noticed by them only if
//! they sign a channel binding, or if what follows is encrypted by other means.
//!
//! The order of the messages stands here; their bytes are in `wire`, the keys and tags in `proof`.

mod proof;
mod wire;

use alloc::vec::Vec;

use hmac::Mac;

use crate::handshake::Step;
use crate::policy::Terms;
use crate::{Entropy, Refused};

use proof::{ProofKeys, Tag};
use wire::{Accept, Challenge, Nonce, Response};

pub(crate) use proof::key_id;

/// Where a handshake of this dialect stands.
pub(crate) enum Mutual {
    /// Server: the challenge is to be sent.
    Greet(Open),
    /// Server: the challenge was sent.
    AwaitResponse(Open),
    /// Client: nothing has happened yet.
    AwaitChallenge { nonce: Nonce },
    /// Client: the response was sent; `expected` has absorbed all that the server must prove.
    AwaitAccept { expected: Tag },
}

/// What a server keeps of a challenge that is not yet answered.
pub(crate) struct Open {
    entropy: Entropy,
}

impl Open {
    fn challenge(&self) -> Challenge {
        Challenge::new(*self.entropy.leading())
    }

    /// Stands in for the key of a caller that names an unknown one.
    fn dummy(&self) -> &[u8] {
        self.entropy.trailing()
    }
}

impl Mutual {
    pub(crate) fn server(entropy: Entropy) -> Mutual {
        Mutual::Greet(Open { entropy })
    }

    pub(crate) fn client(entropy: Entropy) -> Mutual {
        Mutual::AwaitChallenge { nonce: entropy.into_nonce() }
    }

    pub(crate) fn bytes_max(&self) -> usize {
        match self {
            Mutual::Greet(_) | Mutual::AwaitResponse(_) => wire::framed(Response::BYTES),
            Mutual::AwaitChallenge { .. } => wire::framed(Challenge::BYTES) + wire::framed(Accept::BYTES),
            Mutual::AwaitAccept { .. } => wire::framed(Accept::BYTES),
        }
    }

    pub(crate) fn step(self, terms: &Terms, input: &[u8], out: &mut Vec<u8>) -> Result<Step<Self>, Refused> {
        match self {
            Mutual::Greet(open) => {
                open.challenge().append_to(out);
                Ok(Step::Next { state: Mutual::AwaitResponse(open), consumed: 0 })
            }
            Mutual::AwaitResponse(open) => match wire::read(input)? {
                Some(message) => {
                    let accepted = accept(&open, &Response::parse(message)?, terms, out)?;
                    // Last, so that what is wrong with a response is told however much came with it.
                    wire::check_nothing_follows(Response::BYTES, input)?;
                    Ok(accepted)
                }
                None => Ok(Step::Wait(Mutual::AwaitResponse(open))),
            },
            Mutual::AwaitChallenge { nonce } => match wire::read(input)? {
                Some(message) => Ok(respond(nonce, &Challenge::parse(message)?, terms, out)),
                None => Ok(Step::Wait(self)),
            },
            Mutual::AwaitAccept { expected } => match wire::read(input)? {
                Some(message) => conclude(expected, &Accept::parse(message)?, terms),
                None => Ok(Step::Wait(Mutual::AwaitAccept { expected })),
            },
        }
    }
}

/// The server's end. An unknown key id takes the same path as a known one, with a key that nobody
/// holds, so that the time it takes does not tell them apart.
fn accept(
    open: &Open,
    response: &Response,
    terms: &Terms,
    out: &mut Vec<u8>,
) -> Result<Step<Mutual>, Refused> {
    let (id, held) = (response.key_id(), terms.keyring.find(&response.key_id()));
    let key = held.map_or(open.dummy(), |held| held.key().bytes());
    let keys = ProofKeys::derive(key, &id);
    let challenge = open.challenge();
    let is_proved = response.claim().is_proved_by(keys.client_tag(&challenge, response, terms));
    // A right tag under the dummy would still be nobody's.
    let held = held.ok_or(Refused::UnknownKey { id })?;
    if !is_proved {
        return Err(Refused::WrongProof);
    }
    let tag = keys.server_tag(&challenge, response, terms).finalize().into_bytes();
    Accept::new(tag.into()).append_to(out);
    Ok(Step::Proven { caller: Some(held.shared_name()), consumed: wire::framed(Response::BYTES) })
}

/// The client's first move: prove itself, and work out what the server has to prove.
fn respond(nonce: Nonce, challenge: &Challenge, terms: &Terms, out: &mut Vec<u8>) -> Step<Mutual> {
    let key = terms.client_key().key();
    let id = key_id(key);
    let keys = ProofKeys::derive(key.bytes(), &id);
    let mut response = Response::unsigned(id, nonce);
    response.sign(keys.client_tag(challenge, &response, terms).finalize().into_bytes().into());
    response.append_to(out);
    let expected = keys.server_tag(challenge, &response, terms);
    Step::Next { state: Mutual::AwaitAccept { expected }, consumed: wire::framed(Challenge::BYTES) }
}

/// The client's last: only whoever holds the key could have answered our nonce.
fn conclude(expected: Tag, accept: &Accept, terms: &Terms) -> Result<Step<Mutual>, Refused> {
    if !accept.claim().is_proved_by(expected) {
        return Err(Refused::WrongProof);
    }
    let caller = Some(terms.client_key().shared_name());
    Ok(Step::Proven { caller, consumed: wire::framed(Accept::BYTES) })
}
