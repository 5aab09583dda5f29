//! What goes into the Noise protocol before its first message: the derived key, what both sides
//! must mean, and the one secret that was drawn for this session. Messages are the module above's.

use alloc::boxed::Box;
use alloc::vec::Vec;

use hkdf::Hkdf;
use sha2::Sha256;
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};
use snow::{Builder, HandshakeState};
use zeroize::Zeroizing;

use super::forgetful::{ForgetfulCipher, ForgetfulDh};
use crate::KeyId;
use crate::policy::Terms;

/// The key of one name as the Noise protocol is given it.
pub(super) struct Psk(Zeroizing<[u8; 32]>);

impl Psk {
    pub(super) fn derive(key: &[u8], id: &KeyId) -> Psk {
        let mut psk = Zeroizing::new([0; 32]);
        let schedule = Hkdf::<Sha256>::new(Some(&LABEL), key);
        let info = [&b"noise psk"[..], id.as_bytes()];
        schedule.expand_multi_info(&info, &mut *psk).expect("32 bytes are less than HKDF's limit of 8160");
        Psk(psk)
    }
}

pub(super) fn initiator(psk: &Psk, id: &KeyId, terms: &Terms, ephemeral: &[u8; 32]) -> Box<HandshakeState> {
    let prologue = prologue(id, terms);
    Box::new(builder(psk, &prologue, ephemeral).build_initiator().expect(COMPLETE))
}

pub(super) fn responder(psk: &Psk, id: &KeyId, terms: &Terms, ephemeral: &[u8; 32]) -> Box<HandshakeState> {
    let prologue = prologue(id, terms);
    Box::new(builder(psk, &prologue, ephemeral).build_responder().expect(COMPLETE))
}

fn builder<'a>(psk: &'a Psk, prologue: &'a [u8], ephemeral: &[u8; 32]) -> Builder<'a> {
    let drawn = Drawn(Box::new(Zeroizing::new(*ephemeral)));
    let builder = Builder::with_resolver(PATTERN.parse().expect(COMPLETE), Box::new(drawn));
    builder.psk(0, &psk.0).and_then(|builder| builder.prologue(prologue)).expect(COMPLETE)
}

/// Overwrites the pre-shared key, which `snow` would keep although it is needed for the first message only.
pub(super) fn forget_psk(noise: &mut HandshakeState) {
    noise.set_psk(0, &[0; 32]).expect("the pattern has a key in this place");
}

/// A handshake of nobody, to be put where another one was: moved away alone, that would leave its chaining key behind.
pub(super) fn blank() -> HandshakeState {
    let nothing = Drawn(Box::default());
    let builder = Builder::with_resolver(BLANK_PATTERN.parse().expect(COMPLETE), Box::new(nothing));
    builder.build_initiator().expect(COMPLETE)
}

/// What both sides must mean; parts of no fixed size are preceded by their length, so that nothing
/// can be moved from one into the next.
fn prologue(id: &KeyId, terms: &Terms) -> Vec<u8> {
    let mut prologue = [&LABEL[..], &[STREAM], id.as_bytes()].concat();
    let [service, server_name, _] = terms.context();
    for part in [service, server_name] {
        let length = u32::try_from(part.len()).expect("a name is shorter than 4 GiB");
        prologue.extend_from_slice(&length.to_be_bytes());
        prologue.extend_from_slice(part);
    }
    prologue
}

/// The secret that was drawn for one session, in the place where `snow` expects a generator: this
/// crate draws nothing.
struct Drawn(Box<Zeroizing<[u8; 32]>>);

impl CryptoResolver for Drawn {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Once(Some(self.0.clone()))))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        let pair = DefaultResolver.resolve_dh(choice)?;
        Some(Box::new(ForgetfulDh::new(pair)))
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        let cipher = DefaultResolver.resolve_cipher(choice)?;
        Some(Box::new(ForgetfulCipher::new(cipher)))
    }
}

/// Gives its bytes out once; a second session key made of them would be the same.
struct Once(Option<Box<Zeroizing<[u8; 32]>>>);

impl Random for Once {
    fn try_fill_bytes(&mut self, place: &mut [u8]) -> Result<(), snow::Error> {
        let drawn = self.0.take().ok_or(snow::Error::Rng)?;
        let bytes = drawn.get(..place.len()).ok_or(snow::Error::Rng)?;
        place.copy_from_slice(bytes);
        Ok(())
    }
}

/// What the first message begins with, and the salt of the derived key.
pub(super) const LABEL: [u8; 8] = *b"NETNOIS1";
/// Needs nothing that anybody would have to give it.
const BLANK_PATTERN: &str = "Noise_NN_25519_ChaChaPoly_SHA256";
const PATTERN: &str = "Noise_NNpsk0_25519_ChaChaPoly_SHA256";
/// The transport byte: what is spoken here is spoken over a stream.
const STREAM: u8 = 1;
const COMPLETE: &str =
    "the pattern is known, and the key, the prologue and the resolver are all that it needs";
