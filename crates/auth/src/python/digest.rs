//! The digests that Python's handshake can name, and which of them are allowed; what is signed
//! with them is left to the module above.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use md5::Md5;
use sha2::{Sha256, Sha384};
use sha3::{Sha3_256, Sha3_384};
use thiserror::Error;

use crate::claim::Claim;

/// A digest by the name that stands on the wire (`_ALLOWED_DIGESTS` in Python's
/// `multiprocessing/connection.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Digest {
    /// All that Python before 3.12 knows. Broken as a hash; still unbroken in HMAC.
    Md5,
    /// The usual.
    Sha256,
    /// The longer.
    Sha384,
    /// Another design.
    Sha3_256,
    /// Another design, longer.
    Sha3_384,
}

impl Digest {
    /// Every digest.
    pub const ALL: [Digest; 5] =
        [Digest::Md5, Digest::Sha256, Digest::Sha384, Digest::Sha3_256, Digest::Sha3_384];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Digest::Md5 => "md5",
            Digest::Sha256 => "sha256",
            Digest::Sha384 => "sha384",
            Digest::Sha3_256 => "sha3_256",
            Digest::Sha3_384 => "sha3_384",
        }
    }

    /// The HMAC of `message`.
    pub(super) fn sign(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        match self {
            Digest::Md5 => mac::<Md5>(key, message).finalize().into_bytes().to_vec(),
            Digest::Sha256 => mac::<Sha256>(key, message).finalize().into_bytes().to_vec(),
            Digest::Sha384 => mac::<Sha384>(key, message).finalize().into_bytes().to_vec(),
            Digest::Sha3_256 => mac::<Sha3_256>(key, message).finalize().into_bytes().to_vec(),
            Digest::Sha3_384 => mac::<Sha3_384>(key, message).finalize().into_bytes().to_vec(),
        }
    }

    /// Whether `claim` is the HMAC of `message`.
    pub(super) fn verifies(self, key: &[u8], message: &[u8], claim: Claim<'_>) -> bool {
        match self {
            Digest::Md5 => claim.is_proved_by(mac::<Md5>(key, message)),
            Digest::Sha256 => claim.is_proved_by(mac::<Sha256>(key, message)),
            Digest::Sha384 => claim.is_proved_by(mac::<Sha384>(key, message)),
            Digest::Sha3_256 => claim.is_proved_by(mac::<Sha3_256>(key, message)),
            Digest::Sha3_384 => claim.is_proved_by(mac::<Sha3_384>(key, message)),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Digest {
    type Err = DigestsError;

    fn from_str(given: &str) -> Result<Digest, DigestsError> {
        let known = Digest::ALL.into_iter().find(|digest| digest.name() == given);
        known.ok_or_else(|| DigestsError::Unknown { given: given.into() })
    }
}

/// The digests that `python` may use, written `sha256,md5`. The first is what our challenges ask
/// for; the others are taken from, and given to, a peer that wants them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests(
    /// Never empty, nothing twice.
    Vec<Digest>,
);

impl Digests {
    /// Whether a proof made with `digest` counts.
    pub fn allow(&self, digest: Digest) -> bool {
        self.0.contains(&digest)
    }

    /// What our challenges ask for.
    pub fn preferred(&self) -> Digest {
        *self.0.first().expect("a list of digests is never empty")
    }
}

impl Default for Digests {
    fn default() -> Digests {
        Digests(alloc::vec![Digest::Sha256])
    }
}

impl fmt::Display for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, digest) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for Digests {
    type Err = DigestsError;

    fn from_str(given: &str) -> Result<Digests, DigestsError> {
        let mut digests = Vec::new();
        for name in given.split(',') {
            let digest = name.parse()?;
            if digests.contains(&digest) {
                return Err(DigestsError::Twice { digest });
            }
            digests.push(digest);
        }
        Ok(Digests(digests))
    }
}

/// Why a text is no list of digests.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DigestsError {
    /// A name that is no digest's.
    #[error("`{given}` is no digest: expected sha256, sha384, sha3_256, sha3_384 or md5")]
    Unknown {
        /// What was written.
        given: String,
    },
    /// The same digest again.
    #[error("{digest} is named twice")]
    Twice {
        /// Which.
        digest: Digest,
    },
}

fn mac<D: EagerHash>(key: &[u8], message: &[u8]) -> Hmac<D> {
    Hmac::<D>::new_from_slice(key).expect("HMAC takes keys of any length").chain_update(message)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_list_reads_back_as_written() {
        for text in ["sha256", "sha256,md5", "md5", "sha3_384,sha3_256,sha384,sha256,md5"] {
            assert_eq!(text.parse::<Digests>().unwrap().to_string(), text);
        }
        assert_eq!(Digests::default().to_string(), "sha256");
    }

    #[test]
    fn unknown_empty_and_repeated_names_are_refused() {
        for text in ["", "sha1", "sha256,", "SHA256", "sha256, md5"] {
            assert!(matches!(text.parse::<Digests>(), Err(DigestsError::Unknown { .. })), "{text:?}");
        }
        assert_eq!("md5,md5".parse::<Digests>(), Err(DigestsError::Twice { digest: Digest::Md5 }));
    }

    #[test]
    fn only_what_is_named_is_allowed() {
        let digests: Digests = "sha384,md5".parse().unwrap();
        assert_eq!(digests.preferred(), Digest::Sha384);
        let allowed = Digest::ALL.map(|digest| digests.allow(digest));
        assert_eq!(allowed, [true, false, true, false, false]);
    }

    #[test]
    fn keys_of_every_length_give_what_cpython_gives() {
        let legacy: Vec<u8> = (0..20).collect();
        let modern: Vec<u8> = b"{sha256}".iter().copied().chain(0..40).collect();
        let empty = b"\xee\xe7\xe8\xc8\xfa\x6d\x98\xa5\x9d\x76\xc4\x4c\xe7\x01\x85\x48";
        let long = b"\x5a\x23\xc2\x06\x26\x92\xa8\x1c\x30\xbd\x0e\x10\xf4\xf4\xb8\xd0";
        let long_modern = b"\xa4\x47\xf4\xdb\xcb\x2a\x11\x98\xc9\xc3\xcc\x44\x38\x4f\xe6\x7a\
                            \x15\x40\x23\x04\xd2\x5a\x67\xb8\xbb\x7d\xdb\x69\xec\x02\x73\x09";
        assert!(Digest::Md5.verifies(b"", &legacy, Claim::new(empty)));
        assert!(Digest::Md5.verifies(&[0xaa; 131], &legacy, Claim::new(long)));
        assert!(Digest::Sha256.verifies(&[0xaa; 131], &modern, Claim::new(long_modern)));
    }
}
