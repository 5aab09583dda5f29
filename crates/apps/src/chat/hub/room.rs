//! One room: who is in it, what was said, what it is about. Who may do what is left to the hub.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::names::{Folded, Nick, RoomName};
use super::{HubLimits, MemberId};
use crate::chat::schema::{Message, Notice};

/// A room. It outlives its members, for its history.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) name: RoomName,
    members: BTreeMap<MemberId, Nick>,
    /// Each nick that is here, and by how many connections: the second is no news to anybody.
    present: BTreeMap<Folded, (Nick, usize)>,
    pub(super) topic: String,
    pub(super) topic_by: Option<Nick>,
    history: VecDeque<Message>,
    /// Bytes of text in `history`.
    history_bytes: usize,
    /// The number of the last message; numbers of forgotten messages are not given again.
    last: u64,
    /// When somebody was last here, for the hub to choose which empty room gives way.
    pub(super) left_at: Duration,
}

impl Room {
    pub(super) fn new(name: RoomName) -> Room {
        Room {
            name,
            members: BTreeMap::new(),
            present: BTreeMap::new(),
            topic: String::new(),
            topic_by: None,
            history: VecDeque::new(),
            history_bytes: 0,
            last: 0,
            left_at: Duration::ZERO,
        }
    }

    /// Lets a member in; says whether its nick was not here yet.
    pub(super) fn enter(&mut self, member: MemberId, nick: &Nick) -> bool {
        let before = self.members.insert(member, nick.clone());
        debug_assert!(before.is_none(), "the hub lets a member in once");
        let (_, connections) = self.present.entry(nick.folded()).or_insert_with(|| (nick.clone(), 0));
        *connections += 1;
        *connections == 1
    }

    /// Lets a member out; says whether its nick is gone with it. Nothing when it was not here.
    pub(super) fn leave(&mut self, member: MemberId, now: Duration) -> Option<bool> {
        let nick = self.members.remove(&member)?;
        self.left_at = now;
        let (_, connections) = self.present.get_mut(&nick.folded()).expect("a member's nick is present");
        *connections -= 1;
        let is_gone = *connections == 0;
        if is_gone {
            self.present.remove(&nick.folded());
        }
        Some(is_gone)
    }

    /// Everybody here but one.
    pub(super) fn others(&self, member: MemberId) -> Vec<MemberId> {
        self.members.keys().copied().filter(|other| *other != member).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether anything was ever said here.
    pub(super) fn has_history(&self) -> bool {
        self.last > 0
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.present.values().map(|(nick, _)| nick.to_string()).collect()
    }

    pub(super) fn nick_count(&self) -> usize {
        self.present.len()
    }

    pub(super) fn name(&self) -> String {
        self.name.to_string()
    }

    pub(super) fn topic_notice(&self) -> Notice {
        let nick = self.topic_by.as_ref().map(Nick::to_string);
        Notice::Topic { room: self.name(), topic: self.topic.clone(), nick }
    }

    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Numbers a message and keeps it, and forgets the oldest that there is no room for.
    pub(super) fn record(&mut self, said: &Said<'_>, unix_ms: u64, limits: &HubLimits) -> Message {
        self.last += 1;
        let message = Message {
            room: self.name.to_string(),
            id: self.last,
            ms: unix_ms,
            nick: said.nick.to_string(),
            text: said.text.to_owned(),
            me: said.manner == Manner::Doing,
        };
        self.history_bytes += message.text.len();
        self.history.push_back(message.clone());
        while self.history.len() > limits.history_messages_max
            || self.history_bytes > limits.history_bytes_max
        {
            let Some(oldest) = self.history.pop_front() else { break };
            self.history_bytes -= oldest.text.len();
        }
        message
    }

    /// The part of the history that is asked for, oldest first, and no more than one answer holds.
    pub(super) fn excerpt(&self, which: Excerpt, limits: &HubLimits) -> Vec<Message> {
        let mut left = limits.answer_bytes_max;
        let mut fits = |message: &&Message| {
            let bytes = message.text.len();
            let fits = bytes <= left;
            left = left.saturating_sub(bytes);
            fits
        };
        match which {
            Excerpt::After(id, count) => {
                let from = self.history.partition_point(|message| message.id <= id);
                let count = count.min(limits.answer_messages_max);
                self.history.range(from..).take(count).take_while(&mut fits).cloned().collect()
            }
            Excerpt::Before(id, count) => {
                let end = self.history.partition_point(|message| message.id < id);
                let count = count.min(limits.answer_messages_max);
                let newest_first = self.history.range(..end).rev().take(count).take_while(&mut fits);
                let mut messages: Vec<Message> = newest_first.cloned().collect();
                messages.reverse();
                messages
            }
        }
    }
}

/// What somebody says.
pub(super) struct Said<'a> {
    pub(super) nick: &'a Nick,
    pub(super) text: &'a str,
    pub(super) manner: Manner,
}

/// Whether a text is said or done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Saying,
    Doing,
}

/// A part of a history: at most so many messages.
#[derive(Clone, Copy, Debug)]
pub(super) enum Excerpt {
    /// The oldest after this number.
    After(u64, usize),
    /// The newest before this number.
    Before(u64, usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> Room {
        Room::new(RoomName::parse("lobby").unwrap())
    }

    fn say(room: &mut Room, text: &str, limits: &HubLimits) -> u64 {
        let nick = Nick::parse("ann").unwrap();
        room.record(&Said { nick: &nick, text, manner: Manner::Saying }, 0, limits).id
    }

    fn ids(messages: &[Message]) -> Vec<u64> {
        messages.iter().map(|message| message.id).collect()
    }

    #[test]
    fn a_history_holds_its_limit_of_messages_and_forgets_the_oldest() {
        let limits = HubLimits { history_messages_max: 3, ..HubLimits::default() };
        let mut room = room();
        for _ in 0..3 {
            say(&mut room, "x", &limits);
        }
        assert_eq!(ids(&room.excerpt(Excerpt::After(0, 9), &limits)), [1, 2, 3]);
        assert_eq!(say(&mut room, "x", &limits), 4);
        assert_eq!(ids(&room.excerpt(Excerpt::After(0, 9), &limits)), [2, 3, 4]);
    }

    #[test]
    fn a_history_holds_its_limit_of_bytes_and_not_one_more() {
        let limits = HubLimits { history_bytes_max: 10, ..HubLimits::default() };
        let mut room = room();
        say(&mut room, "12345", &limits);
        say(&mut room, "12345", &limits);
        assert_eq!(ids(&room.excerpt(Excerpt::After(0, 9), &limits)), [1, 2]);
        say(&mut room, "1", &limits);
        assert_eq!(ids(&room.excerpt(Excerpt::After(0, 9), &limits)), [2, 3]);
    }

    #[test]
    fn excerpts_are_the_nearest_messages_on_either_side() {
        let limits = HubLimits { answer_messages_max: 4, ..HubLimits::default() };
        let mut room = room();
        for _ in 0..10 {
            say(&mut room, "x", &limits);
        }
        assert_eq!(ids(&room.excerpt(Excerpt::After(3, 2), &limits)), [4, 5]);
        assert_eq!(ids(&room.excerpt(Excerpt::Before(4, 2), &limits)), [2, 3]);
        assert_eq!(
            ids(&room.excerpt(Excerpt::Before(u64::MAX, 99), &limits)),
            [7, 8, 9, 10],
            "the answer's limit"
        );
        assert_eq!(ids(&room.excerpt(Excerpt::After(10, 2), &limits)), [0; 0]);
        assert_eq!(ids(&room.excerpt(Excerpt::After(u64::MAX, 2), &limits)), [0; 0]);
    }

    #[test]
    fn an_answer_holds_its_limit_of_bytes_and_not_one_more() {
        let limits = HubLimits { answer_bytes_max: 10, ..HubLimits::default() };
        let mut room = room();
        for _ in 0..3 {
            say(&mut room, "12345", &limits);
        }
        assert_eq!(ids(&room.excerpt(Excerpt::After(0, 9), &limits)), [1, 2]);
        assert_eq!(ids(&room.excerpt(Excerpt::Before(u64::MAX, 9), &limits)), [2, 3], "without a hole");
    }

    #[test]
    fn a_nick_of_two_connections_comes_once_and_goes_once() {
        let ann = Nick::parse("ann").unwrap();
        let mut room = room();
        assert!(room.enter(MemberId(1), &ann));
        assert!(!room.enter(MemberId(2), &ann));
        assert_eq!((room.nick_count(), room.others(MemberId(1))), (1, vec![MemberId(2)]));
        assert_eq!(room.leave(MemberId(1), Duration::ZERO), Some(false));
        assert_eq!(room.leave(MemberId(1), Duration::ZERO), None);
        assert_eq!(room.leave(MemberId(2), Duration::ZERO), Some(true));
        assert!(room.is_empty());
    }
}
