//! A shared secret and its public name; files that hold keys are read elsewhere.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::{hex, mutual};

/// A secret that both sides hold.
///
/// It cannot be printed, compared or copied, its bytes do not leave this crate, and they are wiped
/// when it is dropped, as is all that handshakes derive from it.
///
/// ```compile_fail,E0369
/// # use switchboard_auth::Key;
/// fn are_equal(one: &Key, other: &Key) -> bool {
///     one == other // would tell by its time how much of them is equal
/// }
/// ```
pub struct Key(Zeroizing<Box<[u8]>>);

impl Key {
    /// How long a key of `mutual` is, in bytes: as long as the digest that uses it.
    pub const MUTUAL_BYTES: usize = 32;

    /// Takes a copy of `bytes`, which may be of any length; wiping the original is up to its owner.
    pub fn from_bytes(bytes: &[u8]) -> Key {
        Key(Zeroizing::new(bytes.into()))
    }

    /// Reads hexadecimal digits of either case. An error tells a position, never a digit.
    pub fn from_hex(digits: &str) -> Result<Key, KeyError> {
        if !digits.len().is_multiple_of(2) {
            return Err(KeyError::OddLength { digits: digits.len() });
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len() / 2));
        for (index, pair) in digits.as_bytes().chunks_exact(2).enumerate() {
            bytes.push(Self::byte_from_hex(pair, index * 2)?);
        }
        Ok(Key::from_bytes(&bytes))
    }

    /// What `mutual` calls this key on the wire: public, and the same wherever the key is.
    ///
    /// `None` unless the key is [`Key::MUTUAL_BYTES`] long: the id of a short key would let
    /// everybody who sees it try out guesses.
    pub fn id(&self) -> Option<KeyId> {
        (self.len() == Key::MUTUAL_BYTES).then(|| mutual::key_id(self))
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing secret in it at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn byte_from_hex(pair: &[u8], position: usize) -> Result<u8, KeyError> {
        let high = hex::value(pair[0]).ok_or(KeyError::NotHex { position })?;
        let low = hex::value(pair[1]).ok_or(KeyError::NotHex { position: position + 1 })?;
        Ok(high << 4 | low)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// The public name of a key, derived from it one way.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; KeyId::BYTES]);

impl KeyId {
    /// How long an id is.
    pub const BYTES: usize = 16;

    /// The bytes that stand on the wire.
    pub const fn as_bytes(&self) -> &[u8; KeyId::BYTES] {
        &self.0
    }
}

impl From<[u8; KeyId::BYTES]> for KeyId {
    fn from(bytes: [u8; KeyId::BYTES]) -> Self {
        KeyId(bytes)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Two digits make a byte, and one is left over.
    #[error("a key of {digits} hexadecimal digits: one is missing or too many")]
    OddLength {
        /// How many there are.
        digits: usize,
    },
    /// Something else than a digit.
    #[error("no hexadecimal digit at position {position} of the key")]
    NotHex {
        /// Its place in bytes, from 0.
        position: usize,
    },
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_key() {
        assert_eq!(format!("{:?}", Key::from_bytes(b"hunter2")), "Key(..)");
    }

    #[test]
    fn hex_of_either_case_is_read() {
        assert_eq!(Key::from_hex("00fFaB10").unwrap().bytes(), b"\x00\xff\xab\x10");
        assert!(Key::from_hex("").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_hex_is_refused_with_its_position() {
        assert_eq!(Key::from_hex("abc").unwrap_err(), KeyError::OddLength { digits: 3 });
        assert_eq!(Key::from_hex("ab0g").unwrap_err(), KeyError::NotHex { position: 3 });
        assert_eq!(Key::from_hex(" b00").unwrap_err(), KeyError::NotHex { position: 0 });
        assert_eq!(Key::from_hex("a\u{e9}0").unwrap_err(), KeyError::NotHex { position: 1 });
    }

    #[test]
    fn only_a_key_of_32_bytes_has_an_id() {
        assert!(Key::from_bytes(&[1; 31]).id().is_none());
        assert!(Key::from_bytes(&[1; 32]).id().is_some());
        assert!(Key::from_bytes(&[1; 33]).id().is_none());
    }
}
