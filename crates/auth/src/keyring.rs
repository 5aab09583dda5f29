//! The keys that one side knows, by name and in order; where they come from is not its business.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use thiserror::Error;

use crate::{Key, KeyId};

/// Named keys in the order in which they were added.
///
/// A server accepts whoever proves any of them; a client uses the first.
#[derive(Debug, Default)]
pub struct Keyring {
    keys: Vec<NamedKey>,
}

impl Keyring {
    /// A ring without keys.
    pub fn new() -> Keyring {
        Keyring::default()
    }

    /// Adds a key at the end. Names and keys are unique, so that a proof has one owner.
    pub fn add(&mut self, name: &str, key: Key) -> Result<(), KeyringError> {
        check_name(name)?;
        if self.keys.iter().any(|held| held.name() == name) {
            return Err(KeyringError::NameTaken { name: name.into() });
        }
        let id = key.id();
        if let Some(held) = id.as_ref().and_then(|id| self.find(id)) {
            return Err(KeyringError::SameKey { name: name.into(), held: held.name().into() });
        }
        self.keys.push(NamedKey { name: name.into(), id, key });
        Ok(())
    }

    /// The key that goes by `id` on the wire.
    pub fn find(&self, id: &KeyId) -> Option<&NamedKey> {
        self.keys.iter().find(|held| held.id.as_ref() == Some(id))
    }

    /// The key that a client uses.
    pub fn first(&self) -> Option<&NamedKey> {
        self.keys.first()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// All of them, in order.
    pub fn iter(&self) -> core::slice::Iter<'_, NamedKey> {
        self.keys.iter()
    }
}

impl<'a> IntoIterator for &'a Keyring {
    type Item = &'a NamedKey;
    type IntoIter = core::slice::Iter<'a, NamedKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A key and whose it is.
#[derive(Debug)]
pub struct NamedKey {
    name: Arc<str>,
    /// Derived once, because a server looks it up for every caller.
    id: Option<KeyId>,
    key: Key,
}

impl NamedKey {
    /// Whose key it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name on the wire, see [`Key::id`].
    pub fn id(&self) -> Option<KeyId> {
        self.id
    }

    /// The key itself.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The name, shared instead of copied for every caller.
    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }
}

/// Why a key was not added.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyringError {
    /// A key needs a name.
    #[error("a key without a name")]
    NameEmpty,
    /// A longer name than anybody wants to see beside a message.
    #[error("a key's name of {bytes} bytes: at most {NAME_BYTES_MAX} are allowed")]
    NameTooLong {
        /// Its length.
        bytes: usize,
    },
    /// Names stand in lines of text, followed by a space.
    #[error("the key's name {name:?} holds a space or a control character")]
    NameNotPlain {
        /// The name.
        name: String,
    },
    /// Two keys by one name.
    #[error("there is already a key named `{name}`")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// One key by two names: nobody could tell who proved it.
    #[error("`{name}` has the same key as `{held}`")]
    SameKey {
        /// The new name.
        name: String,
        /// The one before it.
        held: String,
    },
}

fn check_name(name: &str) -> Result<(), KeyringError> {
    if name.is_empty() {
        return Err(KeyringError::NameEmpty);
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(KeyringError::NameTooLong { bytes: name.len() });
    }
    if name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(KeyringError::NameNotPlain { name: name.into() });
    }
    Ok(())
}

/// The longest name of a key, in bytes: room for `user@host`, and short enough for any log line.
pub const NAME_BYTES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn keys_are_found_by_their_id_and_kept_in_order() {
        let mut ring = Keyring::new();
        ring.add("a", Key::from_bytes(&[1; 32])).unwrap();
        ring.add("b", Key::from_bytes(&[2; 32])).unwrap();
        let id = Key::from_bytes(&[2; 32]).id().unwrap();
        assert_eq!(ring.find(&id).map(NamedKey::name), Some("b"));
        assert_eq!(ring.first().map(NamedKey::name), Some("a"));
        assert!(ring.find(&KeyId::from([0; 16])).is_none());
        assert_eq!((ring.len(), ring.is_empty(), ring.iter().count()), (2, false, 2));
    }

    #[test]
    fn a_name_or_a_key_is_held_once() {
        let mut ring = Keyring::new();
        ring.add("a", Key::from_bytes(&[1; 32])).unwrap();
        let taken = ring.add("a", Key::from_bytes(&[2; 32])).unwrap_err();
        assert_eq!(taken, KeyringError::NameTaken { name: "a".to_string() });
        let same = ring.add("b", Key::from_bytes(&[1; 32])).unwrap_err();
        assert_eq!(same, KeyringError::SameKey { name: "b".to_string(), held: "a".to_string() });
        assert_eq!(ring.len(), 1);
    }

    #[test]
    fn a_name_has_from_one_to_64_plain_bytes() {
        let mut ring = Keyring::new();
        let add = |ring: &mut Keyring, name: &str| ring.add(name, Key::from_bytes(b"k"));
        assert_eq!(add(&mut ring, ""), Err(KeyringError::NameEmpty));
        assert_eq!(add(&mut ring, &"n".repeat(64)), Ok(()));
        assert_eq!(add(&mut ring, &"n".repeat(65)), Err(KeyringError::NameTooLong { bytes: 65 }));
        for name in ["a b", "a\tb", "a\u{a0}b", "a\u{1b}[2J", "\u{85}"] {
            assert!(matches!(add(&mut ring, name), Err(KeyringError::NameNotPlain { .. })), "{name:?}");
        }
    }
}
