//! Parties, conversations and seeded randomness for the tests of the handshakes; what is claimed
//! about them stands in each test file.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod pythons;
#[path = "../../../../tests/src/skip.rs"]
#[allow(unreachable_pub, reason = "it is public where it comes from")]
mod skip;
pub(crate) mod vector;

use std::sync::Arc;

use switchboard_auth::{Authenticated, Dialect, Entropy, Handshake, Key, Keyring, Policy, Progress, Refused};

pub(crate) use skip::skip;

/// A policy with one key, `alice`'s.
pub(crate) fn policy(dialect: Dialect, key: &[u8]) -> Policy {
    policy_with(dialect, &[("alice", key)])
}

pub(crate) fn policy_with(dialect: Dialect, keys: &[(&str, &[u8])]) -> Policy {
    let mut ring = Keyring::new();
    for (name, key) in keys {
        ring.add(name, Key::from_bytes(key)).expect("the test's keys are different");
    }
    Policy::new(dialect, Arc::new(ring)).expect("the test's keys suit its dialect")
}

pub(crate) fn entropy(seed: u8) -> Entropy {
    let mut random = Random::new(u64::from(seed) + 1);
    let mut bytes = [0; Entropy::BYTES];
    bytes.fill_with(|| random.byte());
    Entropy::from(bytes)
}

/// One side of a conversation, with what it was sent and not yet consumed.
pub(crate) struct Party {
    pub(crate) state: State,
    inbox: Vec<u8>,
}

#[derive(Debug)]
pub(crate) enum State {
    Pending(Handshake),
    Done(Authenticated),
    Refused(Refused),
}

impl Party {
    pub(crate) fn new(handshake: Handshake) -> Party {
        Party { state: State::Pending(handshake), inbox: Vec::new() }
    }

    /// Takes bytes from the peer and returns what is said to them.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.inbox.extend_from_slice(bytes);
        let State::Pending(handshake) = std::mem::replace(&mut self.state, State::Refused(REPLACED)) else {
            panic!("an ended handshake was driven again");
        };
        let mut said = Vec::new();
        let budget = handshake.bytes_max();
        self.state = match handshake.advance(&self.inbox, &mut said) {
            Ok(Progress::Pending { next, consumed }) => {
                self.inbox.drain(..consumed);
                assert!(self.inbox.len() < next.bytes_max(), "it waits for more than its budget");
                assert!(consumed + next.bytes_max() <= budget, "what was taken is paid for");
                State::Pending(next)
            }
            Ok(Progress::Done { proof, consumed }) => {
                assert!(consumed <= budget, "it took more than its budget");
                self.inbox.drain(..consumed);
                State::Done(proof)
            }
            Err(refused) => {
                assert_eq!(said, b"", "nothing is said on a failure");
                State::Refused(refused)
            }
        };
        said
    }

    /// What came after the handshake.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.inbox
    }

    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending(_))
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, State::Done(_))
    }

    pub(crate) fn refusal(&self) -> Option<Refused> {
        match self.state {
            State::Refused(refused) => Some(refused),
            _ => None,
        }
    }

    pub(crate) fn caller(&self) -> Option<&str> {
        match &self.state {
            State::Done(proof) => proof.caller(),
            _ => None,
        }
    }
}

/// Stands where a handshake is taken out to be advanced.
const REPLACED: Refused = Refused::WrongLabel;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Server,
    Client,
}

/// Every message of a conversation, in order.
pub(crate) type Transcript = Vec<(From, Vec<u8>)>;

/// Carries messages until nobody says anything more.
pub(crate) fn converse(server: &mut Party, client: &mut Party) -> Transcript {
    converse_through(server, client, |_, bytes| bytes)
}

/// The same, through somebody who may change what passes: `alter(index, message)`.
pub(crate) fn converse_through(
    server: &mut Party,
    client: &mut Party,
    mut alter: impl FnMut(usize, Vec<u8>) -> Vec<u8>,
) -> Transcript {
    let mut transcript = Transcript::new();
    let [greeting, hello] = [server.hear(&[]), if client.is_pending() { client.hear(&[]) } else { vec![] }];
    assert!(greeting.is_empty() || hello.is_empty(), "one side speaks first");
    let (mut from, mut message) =
        if hello.is_empty() { (From::Server, greeting) } else { (From::Client, hello) };
    while !message.is_empty() {
        let message_now = alter(transcript.len(), message);
        transcript.push((from, message_now.clone()));
        let (to, next) = match from {
            From::Server => (&mut *client, From::Client),
            From::Client => (&mut *server, From::Server),
        };
        message = if to.is_pending() { to.hear(&message_now) } else { Vec::new() };
        from = next;
    }
    transcript
}

/// Flips one bit of one message.
pub(crate) fn flip(index: usize, bit: usize) -> impl FnMut(usize, Vec<u8>) -> Vec<u8> {
    move |at, mut message| {
        if at == index {
            message[bit / 8] ^= 1 << (bit % 8);
        }
        message
    }
}

/// A fresh conversation under one policy for both sides.
pub(crate) fn pair(policy: &Policy) -> (Party, Party) {
    (Party::new(policy.accept(entropy(1))), Party::new(policy.call(entropy(2))))
}

/// What an honest conversation under `policy` looks like, message by message.
pub(crate) fn honest_transcript(policy: &Policy) -> Transcript {
    let (mut server, mut client) = pair(policy);
    let transcript = converse(&mut server, &mut client);
    assert!(server.is_done() && client.is_done(), "{:?} / {:?}", server.state, client.state);
    transcript
}

pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal");
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// Small, seeded, and good enough to make up inputs (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("less than a usize")
    }
}

/// The seed of this run: `SWITCHBOARD_SEED`, or a fixed one. Printed, so that a failure replays.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("SWITCHBOARD_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or(20_260_101);
    println!("seed: SWITCHBOARD_SEED={seed}");
    seed
}

pub(crate) const KEY: [u8; 32] = *b"0123456789abcdefghijklmnopqrstuv";
