//! Saying and asking: messages, topics, histories and lists. Who is here at all is in `presence`.

use super::names::Nick;
use super::presence::GRANTED;
use super::room::{Excerpt, Manner, Said};
use super::{Action, Hub, MemberId, Now, Refusal, spread};
use crate::chat::schema::{Notice, RoomLine};

impl Hub {
    pub(super) fn say(
        &mut self,
        id: MemberId,
        room: &str,
        text: &str,
        manner: Manner,
        now: Now,
        actions: &mut Vec<Action>,
    ) -> Result<Notice, Refusal> {
        let nick = self.nick_of(id)?;
        let limits = self.limits.clone();
        let room = self.room_of(id, room)?;
        check_text(text, limits.text_bytes_max)?;
        let message = room.record(&Said { nick: &nick, text, manner }, now.unix_ms, &limits);
        let accepted = Notice::Accepted { id: Some(message.id), ms: Some(message.ms) };
        spread(actions, room.others(id), || Notice::Message(message));
        Ok(accepted)
    }

    pub(super) fn whisper(
        &mut self,
        id: MemberId,
        to: &str,
        text: String,
        now: Now,
        actions: &mut Vec<Action>,
    ) -> Result<Notice, Refusal> {
        let from = self.nick_of(id)?.to_string();
        let to = Nick::parse(to)?;
        check_text(&text, self.limits.text_bytes_max)?;
        let wearers: Vec<MemberId> = self.nicks.wearers(&to).collect();
        if wearers.is_empty() {
            return Err(Refusal::NoSuchNick { nick: to.to_string() });
        }
        let ms = now.unix_ms;
        let others = wearers.into_iter().filter(|wearer| *wearer != id).collect();
        spread(actions, others, || Notice::Private { from, to: to.to_string(), ms, text });
        Ok(Notice::Accepted { id: None, ms: Some(ms) })
    }

    pub(super) fn set_topic(
        &mut self,
        id: MemberId,
        name: &str,
        topic: String,
        actions: &mut Vec<Action>,
    ) -> Result<Notice, Refusal> {
        let nick = self.nick_of(id)?;
        let limit = self.limits.topic_bytes_max;
        let room = self.room_of(id, name)?;
        if topic.len() > limit {
            return Err(Refusal::TextTooLong { bytes: topic.len(), limit });
        }
        room.topic = topic;
        room.topic_by = Some(nick);
        let notice = room.topic_notice();
        spread(actions, room.others(id), || notice);
        Ok(GRANTED)
    }

    pub(super) fn topic(&mut self, id: MemberId, name: &str) -> Result<Notice, Refusal> {
        Ok(self.room_of(id, name)?.topic_notice())
    }

    pub(super) fn names(&mut self, id: MemberId, name: &str) -> Result<Notice, Refusal> {
        let room = self.room_of(id, name)?;
        Ok(Notice::Names { room: room.name(), names: room.names() })
    }

    pub(super) fn list_rooms(&self) -> Notice {
        let line = |room: &super::Room| RoomLine {
            room: room.name(),
            members: room.nick_count(),
            topic: room.topic.clone(),
        };
        Notice::Rooms { rooms: self.rooms.values().map(line).collect() }
    }

    pub(super) fn history(
        &mut self,
        id: MemberId,
        name: &str,
        after: Option<u64>,
        before: Option<u64>,
        limit: Option<usize>,
    ) -> Result<Notice, Refusal> {
        let limits = self.limits.clone();
        let count = limit.unwrap_or(limits.joining_messages);
        let room = self.room_of(id, name)?;
        let which = match (after, before) {
            (Some(after), None) => Excerpt::After(after, count),
            (None, before) => Excerpt::Before(before.unwrap_or(u64::MAX), count),
            (Some(_), Some(_)) => {
                return Err(Refusal::BadRequest("`after` or `before`, not both".to_owned()));
            }
        };
        let messages = room.excerpt(which, &limits);
        Ok(Notice::History { room: room.name(), last: room.last(), messages })
    }
}

fn check_text(text: &str, limit: usize) -> Result<(), Refusal> {
    match text.len() {
        0 => Err(Refusal::TextEmpty),
        bytes if bytes > limit => Err(Refusal::TextTooLong { bytes, limit }),
        _ => Ok(()),
    }
}
