//! A handler's own state for each connection, by id: as quick as an index, and never somebody else's.

use crate::ids::ConnId;
use crate::pages::Pages;

/// A map from [`ConnId`] to `T`. A slot's next owner does not see the state of the one before.
#[derive(Debug)]
pub struct ConnMap<T> {
    slots: Pages<(ConnId, T)>,
    len: usize,
}

impl<T> Default for ConnMap<T> {
    fn default() -> ConnMap<T> {
        ConnMap { slots: Pages::default(), len: 0 }
    }
}

impl<T> ConnMap<T> {
    /// An empty map.
    pub fn new() -> ConnMap<T> {
        ConnMap::default()
    }

    /// How many connections have state here.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Keeps `value` for this connection; gives back what it had.
    pub fn insert(&mut self, id: ConnId, value: T) -> Option<T> {
        let before = self.slots.replace(id.slot(), (id, value));
        self.len += usize::from(before.is_none());
        before.filter(|(owner, _)| *owner == id).map(|(_, value)| value)
    }

    /// The state of this connection.
    pub fn get(&self, id: ConnId) -> Option<&T> {
        let (owner, value) = self.slots.get(id.slot())?;
        (*owner == id).then_some(value)
    }

    /// The state of this connection, to change it.
    pub fn get_mut(&mut self, id: ConnId) -> Option<&mut T> {
        let (owner, value) = self.slots.get_mut(id.slot())?;
        (*owner == id).then_some(value)
    }

    /// Takes the state of this connection out.
    pub fn remove(&mut self, id: ConnId) -> Option<T> {
        self.get(id)?;
        let (_, value) = self.slots.take(id.slot())?;
        self.len -= 1;
        Some(value)
    }

    /// All connections with their state, in no meaningful order.
    pub fn iter(&self) -> impl Iterator<Item = (ConnId, &T)> {
        self.slots.iter().map(|(id, value)| (*id, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SourceId;

    #[test]
    fn the_next_owner_of_a_slot_sees_nothing_of_the_one_before() {
        let (first, second) = (ConnId(SourceId::new(4, 1)), ConnId(SourceId::new(4, 2)));
        let mut map = ConnMap::new();
        assert_eq!(map.insert(first, "first"), None);
        assert_eq!((map.get(first), map.get(second)), (Some(&"first"), None));
        assert_eq!(map.remove(second), None);
        assert_eq!(map.insert(second, "second"), None, "the old state is not handed to the new owner");
        assert_eq!((map.get(first), map.len()), (None, 1));
        assert_eq!(map.remove(second), Some("second"));
        assert!(map.is_empty());
    }
}
