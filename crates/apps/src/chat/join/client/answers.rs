//! What follows from an answer of the hub, by what was asked for.

use std::time::Duration;

use super::{Client, Purpose, Shown, Step, Waiting};
use crate::chat::hub::Nick;
use crate::chat::schema::{Message, Notice, Request};
use crate::cli::exit::Fault;

impl Client {
    pub(super) fn handle_answer(&mut self, waiting: Waiting, notice: Notice, steps: &mut Vec<Step>) {
        if let Notice::Error { retry_ms: Some(ms), .. } = notice {
            steps.push(Step::AskLater(Duration::from_millis(ms)));
            self.waiting = Some(waiting);
            return;
        }
        match waiting.purpose {
            Purpose::Naming => self.named(notice, steps),
            Purpose::Entering => self.entered(notice, steps),
            Purpose::CatchingUp => self.caught_up(notice, steps),
            Purpose::Line => {
                self.line_answered(waiting.asked.request, notice, steps);
                self.listen(steps);
            }
        }
    }

    /// The nick is ours, or somebody else's.
    fn named(&mut self, notice: Notice, steps: &mut Vec<Step>) {
        match notice {
            Notice::Accepted { .. } => {
                self.entering = self.rooms.keys().rev().cloned().collect();
                self.enter_next(steps);
            }
            Notice::Error { code, text, .. } => {
                match self.spare_nicks.pop_front().filter(|_| code == "nick_taken") {
                    Some(nick) => {
                        self.nick = nick;
                        self.ask_for_nick(steps);
                    }
                    None => steps.push(Step::Fail(Fault::Usage, text)),
                }
            }
            _ => steps.push(unexpected()),
        }
    }

    /// In a room, at the beginning of a connection.
    fn entered(&mut self, notice: Notice, steps: &mut Vec<Step>) {
        match notice {
            Notice::Room { room, topic, members, last, messages } => {
                self.introduce(&room, &topic, members, steps);
                self.fill_in(room, last, messages, steps);
            }
            Notice::Error { text, .. } => steps.push(Step::Fail(Fault::Usage, text)),
            _ => steps.push(unexpected()),
        }
    }

    fn caught_up(&mut self, notice: Notice, steps: &mut Vec<Step>) {
        match notice {
            Notice::History { room, last, messages } => self.fill_in(room, last, messages, steps),
            _ => steps.push(unexpected()),
        }
    }

    /// Shows what was missed in a room, and asks for what is still missing.
    fn fill_in(&mut self, room: String, last: u64, messages: Vec<Message>, steps: &mut Vec<Step>) {
        let seen = self.rooms.get(&room).copied().flatten();
        // A hub that has begun anew counts from 1 again, and everything in it is news.
        let has_forgotten = seen.is_some_and(|seen| last < seen);
        if has_forgotten {
            steps.push(Step::Show(Shown::Note(format!("the hub has forgotten what was said in {room}"))));
        } else if let (Some(seen), Some(first)) = (seen, messages.first()) {
            steps.extend(gap_between(&room, seen, first.id));
        }
        let reached = messages.last().map_or(if has_forgotten { 0 } else { last }, |message| message.id);
        self.settle_interrupted(&messages);
        for message in messages {
            self.show(message, steps);
        }
        self.rooms.insert(room.clone(), Some(reached));
        if reached < last {
            let (after, limit) = (Some(reached), Some(CATCHING_UP_MESSAGES));
            let request = Request::History { room: room.clone(), after, before: None, limit };
            self.catching_up = Some(room);
            self.ask(request, Purpose::CatchingUp, steps);
        } else {
            self.catching_up = None;
            self.enter_next(steps);
        }
    }

    /// What was being said when the connection was lost is either among the missed messages, or not said yet.
    fn settle_interrupted(&mut self, messages: &[Message]) {
        let Some(Request::Say { room, text } | Request::Me { room, text }) = &self.interrupted else {
            return;
        };
        let is_ours = |message: &Message| {
            message.room == *room && message.nick == self.nick.as_str() && message.text == *text
        };
        if messages.iter().any(is_ours) {
            self.interrupted = None;
        }
    }

    fn introduce(&self, room: &str, topic: &str, members: usize, steps: &mut Vec<Step>) {
        let about = if topic.is_empty() { String::new() } else { format!("; topic: {topic}") };
        let note = format!("you are {} in {room}, {members} here{about}", self.nick);
        steps.push(Step::Show(Shown::Note(note)));
    }

    /// A line that was typed is done with.
    fn line_answered(&mut self, request: Request, notice: Notice, steps: &mut Vec<Step>) {
        match notice {
            Notice::Accepted { id, .. } => self.granted(request, id, steps),
            Notice::Room { room, topic, members, last, messages } => {
                self.current = Some(room.clone());
                self.introduce(&room, &topic, members, steps);
                // One that we were in already has nothing new to show.
                let is_new = self.rooms.insert(room, Some(last)).is_none();
                for message in messages.into_iter().filter(|_| is_new) {
                    self.show(message, steps);
                }
            }
            Notice::History { messages, .. } => {
                for message in messages {
                    self.show(message, steps);
                }
            }
            Notice::Error { text, .. } => {
                self.refused += 1;
                steps.push(Step::Show(Shown::Alarm(text)));
            }
            information => steps.extend(lines_about(information).map(|line| Step::Show(Shown::Note(line)))),
        }
    }

    fn granted(&mut self, request: Request, id: Option<u64>, steps: &mut Vec<Step>) {
        let mut note = |text: String| steps.push(Step::Show(Shown::Note(text)));
        match request {
            Request::Say { room, .. } | Request::Me { room, .. } => {
                self.rooms.insert(room, id);
            }
            Request::Nick { nick } => {
                if let Ok(nick) = Nick::parse(&nick) {
                    note(format!("you are now {nick}"));
                    self.nick = nick;
                }
            }
            Request::Part { room } => {
                note(format!("you left {room}"));
                self.rooms.remove(&room);
                if self.current.as_ref() == Some(&room) {
                    self.current = self.rooms.keys().next().cloned();
                    note(self.whereabouts());
                }
            }
            Request::Topic { room, topic: Some(topic) } => {
                note(topic_line(&room, &topic, Some(self.nick.as_str())));
            }
            _ => {}
        }
    }

    fn whereabouts(&self) -> String {
        match &self.current {
            Some(room) => format!("you talk in {room} now"),
            None => "you are in no room now; /join ROOM".to_owned(),
        }
    }
}

/// What was asked for to be read, line by line.
fn lines_about(notice: Notice) -> impl Iterator<Item = String> {
    let lines = match notice {
        Notice::Names { room, names } => vec![format!("in {room}: {}", names.join(" "))],
        Notice::Rooms { rooms } => {
            let line = |room: crate::chat::schema::RoomLine| {
                format!("{} ({} here) {}", room.room, room.members, room.topic).trim_end().to_owned()
            };
            rooms.into_iter().map(line).collect()
        }
        Notice::Topic { room, topic, nick } => vec![topic_line(&room, &topic, nick.as_deref())],
        _ => Vec::new(),
    };
    lines.into_iter()
}

pub(super) fn topic_line(room: &str, topic: &str, nick: Option<&str>) -> String {
    let by = nick.map(|nick| format!(" (set by {nick})")).unwrap_or_default();
    if topic.is_empty() {
        format!("{room} has no topic{by}")
    } else {
        format!("topic of {room}: {topic}{by}")
    }
}

/// Says so if what was missed is no longer there.
fn gap_between(room: &str, seen: u64, first: u64) -> Option<Step> {
    let lost = first.checked_sub(seen + 1).filter(|lost| *lost > 0)?;
    Some(Step::Show(Shown::Note(format!("{lost} messages in {room} are no longer kept"))))
}

/// How much is asked for at once; the hub gives less if it is too much for one answer.
const CATCHING_UP_MESSAGES: usize = 100;

fn unexpected() -> Step {
    Step::Fail(Fault::Protocol, "the hub answered something else than it was asked".to_owned())
}
