//! Coming, going and changing nicks, and who is told of it. What is said in between is in `talk`.

use super::bucket::Pace;
use super::names::{Nick, RoomName};
use super::room::{Excerpt, Room};
use super::{Action, Hub, MemberId, Now, Refusal, spread};
use crate::chat::schema::Notice;

impl Hub {
    pub(super) fn rename(
        &mut self,
        id: MemberId,
        wish: &str,
        now: Now,
        actions: &mut Vec<Action>,
    ) -> Result<Notice, Refusal> {
        let to = Nick::parse(wish)?;
        let Some(member) = self.members.get_mut(&id) else { return Err(Refusal::NickFirst) };
        self.nicks.claim(&to, &member.owner, id, self.limits.nicks_per_key_max)?;
        let from = member.nick.replace(to.clone());
        if let Some(from) = from.filter(|from| *from != to) {
            if from.folded() != to.folded() {
                self.nicks.release(&from, id);
            }
            for name in &member.rooms {
                let room = self.rooms.get_mut(name).expect("a member's rooms exist");
                // Either nick may also be another connection's: then it does not go, or does not come.
                let went = room.leave(id, now.elapsed).filter(|is_gone| *is_gone).map(|_| &from);
                let came = Some(&to).filter(|to| room.enter(id, to));
                if let Some(notice) = news_of_renaming(name, went, came) {
                    spread(actions, room.others(id), || notice);
                }
            }
        }
        Ok(GRANTED)
    }

    pub(super) fn join(
        &mut self,
        id: MemberId,
        name: &str,
        after: Option<u64>,
        now: Now,
        actions: &mut Vec<Action>,
    ) -> Result<Notice, Refusal> {
        let nick = self.nick_of(id)?;
        let name = RoomName::parse(name)?;
        let limit = self.limits.rooms_per_member_max;
        let member = self.members.get(&id).ok_or(Refusal::NickFirst)?;
        let is_in = member.rooms.contains(&name);
        if !is_in && member.rooms.len() >= limit {
            return Err(Refusal::InTooManyRooms { limit });
        }
        let key = member.owner.key().map(str::to_owned);
        self.make_room(&name, key, now)?;
        let room = self.rooms.get_mut(&name).expect("it was made just now");
        if !is_in && room.enter(id, &nick) {
            let joined = || Notice::Joined { room: name.to_string(), nick: nick.to_string() };
            spread(actions, room.others(id), joined);
        }
        let which = match after {
            Some(after) => Excerpt::After(after, usize::MAX),
            None => Excerpt::Before(u64::MAX, self.limits.joining_messages),
        };
        let notice = Notice::Room {
            room: name.to_string(),
            topic: room.topic.clone(),
            members: room.nick_count(),
            last: room.last(),
            messages: room.excerpt(which, &self.limits),
        };
        if let Some(member) = self.members.get_mut(&id) {
            member.rooms.insert(name);
        }
        Ok(notice)
    }

    pub(super) fn part(
        &mut self,
        id: MemberId,
        name: &str,
        now: Now,
        actions: &mut Vec<Action>,
    ) -> Result<Notice, Refusal> {
        let nick = self.nick_of(id)?;
        let name = RoomName::parse(name)?;
        let room = self.room_of(id, name.as_str())?;
        depart(room, &name, id, &nick, now, actions);
        if let Some(member) = self.members.get_mut(&id) {
            member.rooms.remove(&name);
        }
        Ok(GRANTED)
    }

    /// A connection is over: its member leaves every room, and its nick if that was only lent.
    pub(super) fn dismiss(&mut self, id: MemberId, now: Now, actions: &mut Vec<Action>) {
        let Some(member) = self.members.remove(&id) else { return };
        let Some(nick) = member.nick else { return };
        for name in &member.rooms {
            let room = self.rooms.get_mut(name).expect("a member's rooms exist");
            depart(room, name, id, &nick, now, actions);
        }
        self.nicks.release(&nick, id);
    }

    /// Makes a room if there is none by this name.
    fn make_room(&mut self, name: &RoomName, key: Option<String>, now: Now) -> Result<(), Refusal> {
        if self.rooms.contains_key(name) {
            return Ok(());
        }
        if self.rooms.len() >= self.limits.rooms_max {
            self.displace_room(key, now)?;
        }
        self.rooms.insert(name.clone(), Room::new(name.clone()));
        Ok(())
    }

    /// Lets an empty room give way. One with a history does so only now and then for the same key, or anybody could
    /// wipe out what everybody said, just by making rooms.
    fn displace_room(&mut self, key: Option<String>, now: Now) -> Result<(), Refusal> {
        let limit = self.limits.rooms_max;
        let empty = self.rooms.values().filter(|room| room.is_empty());
        let Some(room) = empty.min_by_key(|room| (room.has_history(), room.left_at)) else {
            return Err(Refusal::TooManyRooms { limit });
        };
        if room.has_history() {
            let pace = Pace::hourly(self.limits.displaced_per_hour_max);
            let taken = self.displaced.entry(key).or_default().take(pace, now.elapsed);
            taken.map_err(|_| Refusal::TooManyDisplaced { limit })?;
        }
        let name = room.name.clone();
        self.rooms.remove(&name);
        Ok(())
    }
}

fn depart(room: &mut Room, name: &RoomName, id: MemberId, nick: &Nick, now: Now, actions: &mut Vec<Action>) {
    if room.leave(id, now.elapsed) == Some(true) {
        spread(actions, room.others(id), || Notice::Left { room: name.to_string(), nick: nick.to_string() });
    }
}

/// What the others in a room see of a new nick.
fn news_of_renaming(room: &RoomName, went: Option<&Nick>, came: Option<&Nick>) -> Option<Notice> {
    let room = room.to_string();
    match (went, came) {
        (Some(from), Some(to)) => Some(Notice::Renamed { room, from: from.to_string(), to: to.to_string() }),
        (Some(nick), None) => Some(Notice::Left { room, nick: nick.to_string() }),
        (None, Some(nick)) => Some(Notice::Joined { room, nick: nick.to_string() }),
        (None, None) => None,
    }
}

/// The answer to a wish that needs no more words.
pub(super) const GRANTED: Notice = Notice::Accepted { id: None, ms: None };
