//! The handshake of Python's `multiprocessing.connection`, both roles and both generations of it.
//!
//! ```text
//! server                                               client
//!   | -- #CHALLENGE#{sha256} nonce ----------------------> |
//!   | <-- {sha256} HMAC(key, {sha256} nonce) ------------- |
//!   | -- #WELCOME# --------------------------------------> |
//!   |            and the same with the roles swapped       |
//! ```
//!
//! Pythons before 3.12 leave out the digest's name and mean MD5, which is refused unless the policy
//! names it. The order of the messages stands here; their bytes are in `wire`, the digests in
//! `digest`, what makes a challenge ours in `nonce`.
//!
//! Somebody who stands between two honest sides and passes everything on is not noticed: the proof
//! names no channel. That is why the dialect is for one host.

mod digest;
mod nonce;
mod wire;

use alloc::vec::Vec;

use crate::handshake::Step;
use crate::policy::Terms;
use crate::{Entropy, Key, NamedKey, Refused};

use nonce::Nonce;
use wire::{CHALLENGE, FAILURE, Form, Message, WELCOME};

pub use digest::{Digest, Digests, DigestsError};

/// Where a handshake of this dialect stands. Each side challenges once and answers once.
pub(crate) struct Python {
    role: Role,
    stage: Stage,
    /// What is random in our own challenge.
    nonce: Nonce,
}

#[derive(Clone, Copy)]
enum Role {
    /// Challenges first, and learns from the answer which of its keys the caller has.
    Server,
    /// Answers first, and goes by the first of its keys.
    Client,
}

#[derive(Clone, Copy)]
enum Stage {
    /// Our challenge is to be sent.
    Challenge,
    /// It was sent.
    AwaitAnswer,
    /// It is the peer's turn to challenge.
    AwaitChallenge { key: KeyIndex },
    /// We answered and wait for the verdict.
    AwaitWelcome { key: KeyIndex },
}

/// The place of the session's key in the keyring.
type KeyIndex = usize;

type Next = Result<Step<Python>, Refused>;

impl Python {
    pub(crate) fn server(entropy: Entropy) -> Python {
        Python { role: Role::Server, stage: Stage::Challenge, nonce: nonce::of_server(entropy) }
    }

    pub(crate) fn client(entropy: Entropy, key: &Key) -> Python {
        let stage = Stage::AwaitChallenge { key: FIRST };
        Python { role: Role::Client, stage, nonce: nonce::of_client(entropy, key) }
    }

    pub(crate) fn bytes_max(&self) -> usize {
        let messages = match (self.role, self.stage) {
            (Role::Server, Stage::Challenge | Stage::AwaitAnswer)
            | (Role::Client, Stage::AwaitChallenge { .. }) => 3,
            (Role::Server, Stage::AwaitChallenge { .. }) | (Role::Client, Stage::AwaitWelcome { .. }) => 2,
            (Role::Server, Stage::AwaitWelcome { .. })
            | (Role::Client, Stage::Challenge | Stage::AwaitAnswer) => 1,
        };
        messages * wire::FRAMED_BYTES_MAX
    }

    pub(crate) fn step(self, terms: &Terms, input: &[u8], out: &mut Vec<u8>) -> Next {
        if let Stage::Challenge = self.stage {
            wire::append(&[CHALLENGE, &self.challenge(terms)], out);
            return Ok(self.go_on(Stage::AwaitAnswer, 0));
        }
        let Some(message) = wire::read(input)? else { return Ok(Step::Wait(self)) };
        match self.stage {
            Stage::Challenge | Stage::AwaitAnswer => self.check_answer(&message, terms, out),
            Stage::AwaitChallenge { key } => self.answer(&message, key, terms, out),
            Stage::AwaitWelcome { key } => self.check_welcome(&message, key, terms),
        }
    }

    /// The peer's answer to our challenge. A server tries each of its keys, because the wire does not
    /// say which one it is; a client has told by its own answer which one it means.
    fn check_answer(self, message: &Message, terms: &Terms, out: &mut Vec<u8>) -> Next {
        let (digest, claim) = wire::parse_answer(message.body)?;
        if !terms.digests.allow(digest) {
            return Err(Refused::WeakAnswer { digest });
        }
        let challenge = self.challenge(terms);
        let candidates = match self.role {
            Role::Server => terms.keyring.len(),
            Role::Client => 1,
        };
        let proves = |held: &NamedKey| digest.verifies(held.key().bytes(), &challenge, claim);
        let key = terms.keyring.iter().take(candidates).position(proves).ok_or(Refused::WrongAnswer)?;
        wire::append(&[WELCOME], out);
        Ok(match self.role {
            Role::Server => self.go_on(Stage::AwaitChallenge { key }, message.consumed),
            Role::Client => proven(key, message, terms),
        })
    }

    /// Our answer to the peer's challenge, unless it is none of the peer's.
    fn answer(self, message: &Message, key: KeyIndex, terms: &Terms, out: &mut Vec<u8>) -> Next {
        let (digest, form, challenge) = wire::parse_challenge(message.body)?;
        if !terms.digests.allow(digest) {
            return Err(Refused::WeakChallenge { digest });
        }
        let secret = terms.held(key).key();
        // A server answers only callers who have proved the key: to them it gives nothing away.
        if matches!(self.role, Role::Client) && nonce::is_marked(challenge, secret) {
            return Err(Refused::Reflected);
        }
        let tag = digest.sign(secret.bytes(), challenge);
        match form {
            Form::Legacy => wire::append(&[&tag], out),
            Form::Modern => wire::append(&[b"{", digest.name().as_bytes(), b"}", &tag], out),
        }
        Ok(self.go_on(Stage::AwaitWelcome { key }, message.consumed))
    }

    /// The peer's verdict. It ends the server's handshake, and begins the client's second half.
    fn check_welcome(self, message: &Message, key: KeyIndex, terms: &Terms) -> Next {
        match message.body {
            WELCOME => Ok(match self.role {
                Role::Server => proven(key, message, terms),
                Role::Client => self.go_on(Stage::Challenge, message.consumed),
            }),
            FAILURE => Err(Refused::RejectedByPeer),
            _ => Err(Refused::WrongLabel),
        }
    }

    /// What the peer has to sign: the digest's name, so that nobody can change it, and the nonce.
    fn challenge(&self, terms: &Terms) -> Vec<u8> {
        [b"{", terms.digests.preferred().name().as_bytes(), b"}", &self.nonce].concat()
    }

    fn go_on(self, stage: Stage, consumed: usize) -> Step<Python> {
        Step::Next { state: Python { stage, ..self }, consumed }
    }
}

fn proven(key: KeyIndex, message: &Message, terms: &Terms) -> Step<Python> {
    Step::Proven { caller: Some(terms.held(key).shared_name()), consumed: message.consumed }
}

/// The key that a client goes by.
const FIRST: KeyIndex = 0;
/// What a peer is sent whose answer is wrong: `#FAILURE#`, framed.
pub(crate) const FAREWELL: &[u8] = b"\0\0\0\x09#FAILURE#";
