//! What one side demands of every peer: the dialect, the keys, and what the two are to agree on.
//! Doing it is the [`Handshake`]'s part.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use thiserror::Error;

use crate::{Dialect, Digests, Entropy, Handshake, Key, Keyring, NamedKey};

/// The terms on which handshakes are made, for either role. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) terms: Arc<Terms>,
}

/// What every handshake of a policy shares.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) dialect: Dialect,
    /// Never empty, and fit for the dialect, unless the dialect is `none`.
    pub(crate) keyring: Arc<Keyring>,
    service: String,
    server_name: String,
    channel_binding: Vec<u8>,
    /// What `python` may use.
    pub(crate) digests: Digests,
}

impl Policy {
    /// A policy about no particular service. Refuses keys that the dialect cannot work with.
    pub fn new(dialect: Dialect, keyring: Arc<Keyring>) -> Result<Policy, PolicyError> {
        check_keys(dialect, &keyring)?;
        let terms = Terms {
            dialect,
            keyring,
            service: String::new(),
            server_name: String::new(),
            channel_binding: Vec::new(),
            digests: Digests::default(),
        };
        Ok(Policy { terms: Arc::new(terms) })
    }

    /// The same terms with other keys, which are refused as [`Policy::new`] refuses them.
    pub fn with_keyring(mut self, keyring: Arc<Keyring>) -> Result<Policy, PolicyError> {
        check_keys(self.terms.dialect, &keyring)?;
        Arc::make_mut(&mut self.terms).keyring = keyring;
        Ok(self)
    }

    /// The program's own word for what it offers, so that a proof for one is none for another.
    #[must_use]
    pub fn with_service(mut self, service: &str) -> Policy {
        Arc::make_mut(&mut self.terms).service = service.into();
        self
    }

    /// Which server is meant, where several hold the same keys.
    #[must_use]
    pub fn with_server_name(mut self, name: &str) -> Policy {
        Arc::make_mut(&mut self.terms).server_name = name.into();
        self
    }

    /// Bytes that only the two ends of this channel share (TLS exports some), so that a proof
    /// cannot be carried over to another.
    #[must_use]
    pub fn with_channel_binding(mut self, binding: &[u8]) -> Policy {
        Arc::make_mut(&mut self.terms).channel_binding = binding.into();
        self
    }

    /// Which digests `python` may use: SHA-256 alone, unless others are named here.
    #[must_use]
    pub fn with_digests(mut self, digests: Digests) -> Policy {
        Arc::make_mut(&mut self.terms).digests = digests;
        self
    }

    /// The handshake of a server with one caller.
    pub fn accept(&self, entropy: Entropy) -> Handshake {
        Handshake::accept(Arc::clone(&self.terms), entropy)
    }

    /// The handshake of a client with a server.
    pub fn call(&self, entropy: Entropy) -> Handshake {
        Handshake::call(Arc::clone(&self.terms), entropy)
    }

    /// Which dialect it speaks.
    pub fn dialect(&self) -> Dialect {
        self.terms.dialect
    }
}

impl Terms {
    /// The key that a client uses.
    pub(crate) fn client_key(&self) -> &NamedKey {
        self.keyring.first().expect("a policy of a dialect with keys is never made without one")
    }

    /// The key at a place that was found before.
    pub(crate) fn held(&self, index: usize) -> &NamedKey {
        self.keyring.iter().nth(index).expect("keys are never taken off a ring")
    }

    /// What both sides must agree on beside the key, in the order in which it is signed.
    pub(crate) fn context(&self) -> [&[u8]; 3] {
        [self.service.as_bytes(), self.server_name.as_bytes(), &self.channel_binding]
    }
}

/// Why there can be no such policy: a mistake on our side, found before anybody calls.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A dialect that proves something needs something to prove.
    #[error("the `{dialect}` handshake needs a key, and there is none")]
    NoKey {
        /// The dialect.
        dialect: Dialect,
    },
    /// A key that everybody knows.
    #[error("the key `{name}` is empty")]
    EmptyKey {
        /// Whose key.
        name: String,
    },
    /// The dialect wants keys of one length.
    #[error("the key `{name}` has {bytes} bytes: `{dialect}` needs exactly {}", Key::MUTUAL_BYTES)]
    KeyLength {
        /// The dialect.
        dialect: Dialect,
        /// Whose key.
        name: String,
        /// Its length.
        bytes: usize,
    },
    /// The dialect has a name, but this build does not speak it.
    #[error("the `{dialect}` handshake is not part of this build")]
    NotBuilt {
        /// The dialect.
        dialect: Dialect,
    },
}

fn check_keys(dialect: Dialect, keyring: &Keyring) -> Result<(), PolicyError> {
    match dialect {
        Dialect::None => return Ok(()),
        #[cfg(not(feature = "noise"))]
        Dialect::Noise => return Err(PolicyError::NotBuilt { dialect }),
        _ => {}
    }
    if keyring.is_empty() {
        return Err(PolicyError::NoKey { dialect });
    }
    for held in keyring {
        let (name, bytes) = (held.name(), held.key().len());
        if bytes == 0 {
            return Err(PolicyError::EmptyKey { name: name.into() });
        }
        let has_ids = matches!(dialect, Dialect::Mutual | Dialect::Noise);
        if has_ids && bytes != Key::MUTUAL_BYTES {
            return Err(PolicyError::KeyLength { dialect, name: name.into(), bytes });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    fn ring(bytes: &[u8]) -> Arc<Keyring> {
        let mut ring = Keyring::new();
        ring.add("alice", Key::from_bytes(bytes)).unwrap();
        Arc::new(ring)
    }

    #[test]
    fn every_dialect_but_none_needs_a_key() {
        let empty = Arc::new(Keyring::new());
        assert!(Policy::new(Dialect::None, Arc::clone(&empty)).is_ok());
        for dialect in [Dialect::Tutorial, Dialect::Python, Dialect::Mutual] {
            let error = Policy::new(dialect, Arc::clone(&empty)).unwrap_err();
            assert_eq!(error, PolicyError::NoKey { dialect });
        }
    }

    #[test]
    fn an_empty_key_is_refused() {
        let error = Policy::new(Dialect::Tutorial, ring(b"")).unwrap_err();
        assert_eq!(error.to_string(), "the key `alice` is empty");
    }

    #[test]
    fn mutual_and_noise_take_keys_of_exactly_32_bytes() {
        let dialects = [
            Dialect::Mutual,
            #[cfg(feature = "noise")]
            Dialect::Noise,
        ];
        for dialect in dialects {
            for bytes in [1, 31, 33, 64] {
                let key = alloc::vec![7; bytes];
                let error = Policy::new(dialect, ring(&key)).unwrap_err();
                let text = format!("the key `alice` has {bytes} bytes: `{dialect}` needs exactly 32");
                assert_eq!(error.to_string(), text);
            }
            assert!(Policy::new(dialect, ring(&[7; 32])).is_ok());
        }
    }

    #[test]
    #[cfg(not(feature = "noise"))]
    fn a_dialect_that_is_not_built_says_so() {
        let error = Policy::new(Dialect::Noise, ring(&[7; 32])).unwrap_err();
        assert_eq!(error, PolicyError::NotBuilt { dialect: Dialect::Noise });
    }

    #[test]
    fn keys_that_do_not_suit_the_dialect_cannot_take_the_place_of_others() {
        let policy = Policy::new(Dialect::Mutual, ring(&[7; 32])).unwrap();
        assert!(policy.clone().with_keyring(ring(&[8; 32])).is_ok());
        assert!(matches!(policy.with_keyring(ring(&[8; 31])), Err(PolicyError::KeyLength { .. })));
    }

    #[test]
    fn debug_shows_names_and_no_keys() {
        let policy = Policy::new(Dialect::Tutorial, ring(b"hunter2")).unwrap();
        let shown = format!("{policy:?}");
        assert!(shown.contains("alice"), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("104, 117"), "{shown}");
    }
}
