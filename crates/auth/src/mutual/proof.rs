//! The key schedule and the tags of `mutual`: what is derived from a key, and what is signed with
//! it. In which order messages come is left to the module above.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::policy::Terms;
use crate::{Key, KeyId};

use super::wire::{Challenge, LABEL, Response};

/// A tag before it is read off or compared; it has already absorbed what it is about.
pub(crate) type Tag = Hmac<Sha256>;

/// The two keys that proofs are made with: one for each direction, so that no proof can be sent
/// back to where it came from.
pub(super) struct ProofKeys {
    client: Zeroizing<[u8; 32]>,
    server: Zeroizing<[u8; 32]>,
}

impl ProofKeys {
    pub(super) fn derive(key: &[u8], id: &KeyId) -> ProofKeys {
        let schedule = schedule(key);
        ProofKeys {
            client: expand(&schedule, &[b"client proof", id.as_bytes()]),
            server: expand(&schedule, &[b"server proof", id.as_bytes()]),
        }
    }

    /// What a client proves: it has seen this challenge, and means what `terms` say.
    pub(super) fn client_tag(&self, challenge: &Challenge, response: &Response, terms: &Terms) -> Tag {
        tag(&self.client, challenge.as_bytes(), response.signed(), terms)
    }

    /// What a server proves: it has seen this whole response, and means the same.
    pub(super) fn server_tag(&self, challenge: &Challenge, response: &Response, terms: &Terms) -> Tag {
        tag(&self.server, challenge.as_bytes(), response.as_bytes(), terms)
    }
}

/// The public name of a key.
pub(crate) fn key_id(key: &Key) -> KeyId {
    KeyId::from(*expand(&schedule(key.bytes()), &[b"key id"]))
}

fn schedule(key: &[u8]) -> Hkdf<Sha256> {
    Hkdf::new(Some(&LABEL), key)
}

fn expand<const N: usize>(schedule: &Hkdf<Sha256>, info: &[&[u8]]) -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    schedule.expand_multi_info(info, &mut *bytes).expect("32 bytes are less than HKDF's limit of 8160");
    bytes
}

fn tag(key: &[u8; 32], challenge: &[u8], response: &[u8], terms: &Terms) -> Tag {
    let [service, server_name, channel_binding] = terms.context();
    let mut tag = Tag::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in [challenge, response, service, server_name, channel_binding] {
        // Without their lengths, `ab` + `c` would be signed like `a` + `bc`.
        let length = u32::try_from(part.len()).expect("a signed part is shorter than 4 GiB");
        tag.update(&length.to_be_bytes());
        tag.update(part);
    }
    tag
}
