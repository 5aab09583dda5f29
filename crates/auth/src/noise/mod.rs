//! The dialect `noise`: `Noise_NNpsk0_25519_ChaChaPoly_SHA256`, a pre-shared key mixed into fresh
//! Diffie-Hellman keys, and every later byte encrypted.
//!
//! ```text
//! client                                                       server
//!   | -- label 8, key id 16, noise message 48 -------------------> |
//!   | <-- noise message 48 --------------------------------------- |
//!   | -- a confirm record, and at once what the client wants ----> |
//! ```
//!
//! A caller without the key gets no answer at all. One who plays an old first message back gets an
//! answer that it can do nothing with, so the server trusts its client only after the confirm record.
//! Somebody who stands between the two cannot pass as either, nor read or change what follows; so no
//! channel binding is signed here.
//!
//! The protocol itself is `snow`'s, which wipes nothing. What it has on the heap (the pre-shared key, the
//! ephemeral secret, the chaining key, the keys of the records) is overwritten for it, in `setup` and
//! `forgetful`. What it leaves on the stack lies there until something else is called: it is good for this
//! one conversation and for no other. The order of the messages stands here; the derived key and what is
//! mixed in are in `setup`, the records in `channel`.

mod channel;
mod forgetful;
mod setup;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use snow::HandshakeState;

use crate::handshake::Step;
use crate::policy::Terms;
use crate::{Entropy, KeyId, Refused};

use setup::{LABEL, Psk};

pub use channel::{Channel, ChannelError, Opened};

/// Where a handshake of this dialect stands.
pub(crate) enum Noise {
    /// Client: the first message is to be sent.
    Greet { entropy: Entropy },
    /// Client: it was sent.
    AwaitReply { noise: Box<HandshakeState> },
    /// Server: nothing has happened yet.
    AwaitHello { entropy: Entropy },
    /// Server: it has replied, and waits to see that the client could make use of it.
    AwaitConfirm { channel: Box<Channel>, caller: Arc<str> },
}

type Next = Result<Step<Noise>, Refused>;

impl Noise {
    pub(crate) fn server(entropy: Entropy) -> Noise {
        Noise::AwaitHello { entropy }
    }

    pub(crate) fn client(entropy: Entropy) -> Noise {
        Noise::Greet { entropy }
    }

    pub(crate) fn bytes_max(&self) -> usize {
        match self {
            Noise::Greet { .. } | Noise::AwaitReply { .. } => NOISE_BYTES,
            Noise::AwaitHello { .. } => HELLO_BYTES + channel::CONFIRM_BYTES,
            Noise::AwaitConfirm { .. } => channel::CONFIRM_BYTES,
        }
    }

    pub(crate) fn step(self, terms: &Terms, input: &[u8], out: &mut Vec<u8>) -> Next {
        match self {
            Noise::Greet { entropy } => Ok(greet(&entropy, terms, out)),
            Noise::AwaitReply { noise } => match input.first_chunk() {
                Some(reply) => conclude(noise, reply, terms, out),
                None => Ok(Step::Wait(Noise::AwaitReply { noise })),
            },
            Noise::AwaitHello { entropy } => match read_hello(input)? {
                Some(hello) => reply(&hello, &entropy, terms, out),
                None => Ok(Step::Wait(Noise::AwaitHello { entropy })),
            },
            Noise::AwaitConfirm { mut channel, caller } => match channel.read_confirm(input)? {
                Some(consumed) => Ok(Step::Encrypted { caller, channel, consumed }),
                None => Ok(Step::Wait(Noise::AwaitConfirm { channel, caller })),
            },
        }
    }
}

/// The client's first message.
struct Hello<'a> {
    id: KeyId,
    message: &'a [u8; NOISE_BYTES],
}

/// Reads it. A wrong label is refused with its first wrong byte.
fn read_hello(input: &[u8]) -> Result<Option<Hello<'_>>, Refused> {
    if input.iter().zip(&LABEL).any(|(byte, expected)| byte != expected) {
        return Err(Refused::WrongLabel);
    }
    let Some(hello) = input.first_chunk::<HELLO_BYTES>() else { return Ok(None) };
    let (id, message) = hello[LABEL.len()..].split_at(KeyId::BYTES);
    let id = KeyId::from(*id.first_chunk().expect("split there"));
    let message = message.first_chunk().expect("a hello ends with a noise message");
    Ok(Some(Hello { id, message }))
}

fn greet(entropy: &Entropy, terms: &Terms, out: &mut Vec<u8>) -> Step<Noise> {
    let held = terms.client_key();
    let id = held.id().expect("a policy of this dialect has keys with ids");
    let psk = Psk::derive(held.key().bytes(), &id);
    let mut noise = setup::initiator(&psk, &id, terms, entropy.leading());
    out.extend_from_slice(&LABEL);
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(&write(&mut noise));
    setup::forget_psk(&mut noise);
    Step::Next { state: Noise::AwaitReply { noise }, consumed: 0 }
}

/// The server's end of the first message. An unknown key id takes the same path as a known one, with
/// a key that nobody holds.
fn reply(hello: &Hello, entropy: &Entropy, terms: &Terms, out: &mut Vec<u8>) -> Next {
    let held = terms.keyring.find(&hello.id);
    let psk = Psk::derive(held.map_or(&entropy.trailing()[..], |held| held.key().bytes()), &hello.id);
    let mut noise = setup::responder(&psk, &hello.id, terms, entropy.leading());
    let verdict = noise.read_message(hello.message, &mut []);
    setup::forget_psk(&mut noise);
    // What the dummy opens would still be nobody's.
    let held = held.ok_or(Refused::UnknownKey { id: hello.id })?;
    verdict.map_err(|_| Refused::WrongProof)?;
    out.extend_from_slice(&write(&mut noise));
    let state = Noise::AwaitConfirm { channel: Channel::after(noise), caller: held.shared_name() };
    Ok(Step::Next { state, consumed: HELLO_BYTES })
}

/// The client's end: only whoever holds the key could have replied.
fn conclude(
    mut noise: Box<HandshakeState>,
    reply: &[u8; NOISE_BYTES],
    terms: &Terms,
    out: &mut Vec<u8>,
) -> Next {
    noise.read_message(reply, &mut []).map_err(|_| Refused::WrongProof)?;
    let mut channel = Channel::after(noise);
    channel.confirm(out);
    let caller = terms.client_key().shared_name();
    Ok(Step::Encrypted { caller, channel, consumed: NOISE_BYTES })
}

fn write(noise: &mut HandshakeState) -> [u8; NOISE_BYTES] {
    let mut message = [0; NOISE_BYTES];
    let written = noise.write_message(&[], &mut message).expect("it is our turn, and there is room");
    debug_assert_eq!(written, NOISE_BYTES, "a public key and a tag");
    message
}

/// A public key of 32 bytes and the tag of an empty payload.
const NOISE_BYTES: usize = 32 + 16;
const HELLO_BYTES: usize = LABEL.len() + KeyId::BYTES + NOISE_BYTES;
