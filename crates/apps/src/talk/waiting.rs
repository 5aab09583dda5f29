//! Callers who have shown who they are while somebody else is talked to: who is next, and what they said before they
//! were asked to wait.
//!
//! Pure. Holding back what they say later, and telling the person of them, is left to `stream`.

use std::collections::VecDeque;

/// The waiting room. Who came first leaves it first.
#[derive(Debug)]
pub(super) struct WaitingRoom<Id>(VecDeque<Waiting<Id>>);

/// One who waits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Waiting<Id> {
    pub(super) id: Id,
    pub(super) name: String,
    /// What came with its proof, or in the same moment: the pause that it was put to counts from the next.
    pub(super) heard: Vec<Heard>,
}

/// What somebody did who waits.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Message(Vec<u8>),
    /// It ended its side.
    End,
}

impl<Id: Copy + PartialEq> WaitingRoom<Id> {
    pub(super) fn new() -> Self {
        Self(VecDeque::new())
    }

    pub(super) fn enter(&mut self, id: Id, name: String) {
        self.0.push_back(Waiting { id, name, heard: Vec::new() });
    }

    /// Keeps what somebody did for its turn.
    pub(super) fn hear(&mut self, id: Id, heard: Heard) {
        if let Some(waiting) = self.0.iter_mut().find(|waiting| waiting.id == id) {
            waiting.heard.push(heard);
        }
    }

    /// Whose turn it is.
    pub(super) fn next(&mut self) -> Option<Waiting<Id>> {
        self.0.pop_front()
    }

    /// Somebody gave up.
    pub(super) fn leave(&mut self, id: Id) -> Option<Waiting<Id>> {
        let place = self.0.iter().position(|waiting| waiting.id == id)?;
        self.0.remove(place)
    }

    /// Of all messages that are kept.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let bytes = |heard: &Heard| match heard {
            Heard::Message(message) => message.len(),
            Heard::End => 0,
        };
        self.0.iter().flat_map(|waiting| &waiting.heard).map(bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_first_is_next_with_what_it_said_and_who_left_is_not() {
        let mut room = WaitingRoom::new();
        for (id, name) in [(1, "ann"), (2, "bob"), (3, "cat")] {
            room.enter(id, name.to_owned());
        }
        room.hear(3, Heard::Message(b"hi".to_vec()));
        room.hear(3, Heard::End);
        room.hear(4, Heard::End); // nobody's
        assert_eq!(room.leave(2).map(|bob| bob.name), Some("bob".to_owned()));
        assert_eq!(room.leave(2), None);
        assert_eq!(room.next().map(|ann| (ann.id, ann.heard)), Some((1, Vec::new())));
        let heard = vec![Heard::Message(b"hi".to_vec()), Heard::End];
        assert_eq!(room.next(), Some(Waiting { id: 3, name: "cat".to_owned(), heard }));
        assert_eq!(room.next(), None);
    }
}
