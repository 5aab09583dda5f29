//! The member's side of a conversation with a hub, pure: notices and typed lines go in, steps come out. Sending,
//! printing and waiting are left to the service, the wording to the screen.
//!
//! One line is dealt with at a time: the next is taken when the hub has answered. So everything typed keeps its
//! order, `/join` is done before what is said there, and at the end of the input nothing is open.
//!
//! ```text
//!   Naming --(granted)--> Entering --(in every room, all that was missed is shown)--> Ready <--> a line
//!     ^                                                                                 |
//!     +--------------------------------- connection lost -------------------------------+
//! ```

mod answers;
mod lines;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::chat::hub::{NICK_BYTES_MAX, Nick, RoomName};
use crate::chat::schema::{Answer, Asked, Message, Notice, Ref, Request, VERSION};
use crate::cli::exit::Fault;

/// A member.
#[derive(Debug)]
pub(super) struct Client {
    nick: Nick,
    /// Others that would do as well, where nobody chose one.
    spare_nicks: VecDeque<Nick>,
    /// The rooms to be in, each with the last message that was shown of it; none before it was entered.
    rooms: BTreeMap<String, Option<u64>>,
    /// Where text goes.
    current: Option<String>,
    /// The rooms still to be entered.
    entering: Vec<String>,
    /// The room whose history is being fetched: what is said in it meanwhile comes with that.
    catching_up: Option<String>,
    waiting: Option<Waiting>,
    /// Whether the hub knows our nick and rooms, so that it can be asked for what is typed.
    is_ready: bool,
    /// Whether the next line may come at any time.
    is_listening: bool,
    /// What was asked for when the connection was lost, or is to be asked for when there is one again.
    interrupted: Option<Request>,
    next_ref: u64,
    ignored: BTreeSet<String>,
    hides_presence: bool,
    /// How many lines the hub did not take.
    pub(super) refused: usize,
    /// What the hub said last of all, as a reason for hanging up.
    pub(super) last_words: Option<String>,
}

/// A request without an answer yet.
#[derive(Debug)]
struct Waiting {
    asked: Asked,
    purpose: Purpose,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Naming,
    Entering,
    CatchingUp,
    Line,
}

/// How a nick came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Somebody wants this one.
    Typed,
    /// Any like it will do.
    Default,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send this.
    Ask(Asked),
    /// Call [`Client::ask_again`] after so long.
    AskLater(Duration),
    /// Show this.
    Show(Shown),
    /// Take the next line.
    NextLine,
    /// Hang up.
    Leave,
    /// Hang up, and end with this.
    Fail(Fault, String),
}

/// Something to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// A message in a room.
    Message {
        /// The message.
        message: Message,
        /// Where text goes, so that a message of another room can be told.
        current: Option<String>,
        /// Whom it speaks of.
        regard: Regard,
    },
    /// A private message, from whom and what.
    Private {
        /// From whom.
        from: String,
        /// When, in milliseconds since 1970.
        ms: u64,
        /// What.
        text: String,
    },
    /// Something beside the messages.
    Note(String),
    /// Something that did not work.
    Alarm(String),
}

/// Whom a message speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Regard {
    /// Us, by our nick: it is to stand out.
    Us,
    /// Somebody or something else.
    Others,
}

impl Client {
    /// A member that wants to be in a room under a nick.
    pub(super) fn new(nick: Nick, choice: Choice, room: &RoomName) -> Client {
        let spare_nicks = match choice {
            Choice::Typed => VecDeque::new(),
            Choice::Default => (2..=9).filter_map(|digit| with_digit(&nick, digit)).collect(),
        };
        Client {
            nick,
            spare_nicks,
            rooms: BTreeMap::from([(room.to_string(), None)]),
            current: Some(room.to_string()),
            entering: Vec::new(),
            catching_up: None,
            waiting: None,
            is_ready: false,
            is_listening: false,
            interrupted: None,
            next_ref: 1,
            ignored: BTreeSet::new(),
            hides_presence: false,
            refused: 0,
            last_words: None,
        }
    }

    /// Takes in what the hub says.
    pub(super) fn handle(&mut self, answer: Answer, steps: &mut Vec<Step>) {
        let waited = self.waiting.take_if(|waiting| {
            waiting.asked.reference.is_some() && waiting.asked.reference == answer.reference
        });
        match waited {
            Some(waiting) => self.handle_answer(waiting, answer.notice, steps),
            None => self.handle_news(answer.notice, steps),
        }
    }

    /// The connection is lost, and there will be another: what was missed will be asked for.
    pub(super) fn handle_loss(&mut self) {
        self.entering.clear();
        self.catching_up = None;
        self.is_ready = false;
        if let Some(Waiting { asked, purpose: Purpose::Line }) = self.waiting.take() {
            self.interrupted = Some(asked.request);
        }
    }

    /// Asks again what could not be heard so soon.
    pub(super) fn ask_again(&mut self, steps: &mut Vec<Step>) {
        steps.extend(self.waiting.as_ref().map(|waiting| Step::Ask(waiting.asked.clone())));
    }

    /// Whether something that was typed has no answer yet.
    pub(super) fn is_waiting(&self) -> bool {
        self.interrupted.is_some()
            || self.waiting.as_ref().is_some_and(|waiting| waiting.purpose == Purpose::Line)
    }

    fn ask(&mut self, request: Request, purpose: Purpose, steps: &mut Vec<Step>) {
        let asked = Asked { request, reference: Some(Ref(self.next_ref)) };
        self.next_ref += 1;
        steps.push(Step::Ask(asked.clone()));
        self.waiting = Some(Waiting { asked, purpose });
    }

    fn ask_for_nick(&mut self, steps: &mut Vec<Step>) {
        self.ask(Request::Nick { nick: self.nick.to_string() }, Purpose::Naming, steps);
    }

    /// Enters the next room, or goes on with what was typed.
    fn enter_next(&mut self, steps: &mut Vec<Step>) {
        if let Some(room) = self.entering.pop() {
            let after = self.rooms.get(&room).copied().flatten();
            self.ask(Request::Join { room, after }, Purpose::Entering, steps);
            return;
        }
        self.is_ready = true;
        match self.interrupted.take() {
            Some(Request::Msg { to, .. }) => {
                // It is kept nowhere, so nobody can look; twice would be worse than a question.
                let alarm = format!("the connection was lost: your message to {to} may not have arrived");
                steps.push(Step::Show(Shown::Alarm(alarm)));
                self.listen(steps);
            }
            Some(request) => self.ask(request, Purpose::Line, steps),
            None => self.listen(steps),
        }
    }

    /// Takes the next line, if none may come already.
    fn listen(&mut self, steps: &mut Vec<Step>) {
        if !std::mem::replace(&mut self.is_listening, true) {
            steps.push(Step::NextLine);
        }
    }

    /// What nobody asked for.
    fn handle_news(&mut self, notice: Notice, steps: &mut Vec<Step>) {
        let note = |text: String| Step::Show(Shown::Note(text));
        match notice {
            Notice::Welcome { v: VERSION, .. } => self.ask_for_nick(steps),
            Notice::Welcome { v, .. } => {
                let message = format!("the hub speaks version {v} of the schema, and this program {VERSION}");
                steps.push(Step::Fail(Fault::Protocol, message));
            }
            Notice::Message(message) => self.hear(message, steps),
            Notice::Private { from, ms, text, .. } if !self.ignores(&from) => {
                steps.push(Step::Show(Shown::Private { from, ms, text }));
            }
            Notice::Joined { room, nick } if !self.hides_presence => {
                steps.push(note(format!("{nick} joined {room}")));
            }
            Notice::Left { room, nick } if !self.hides_presence => {
                steps.push(note(format!("{nick} left {room}")));
            }
            Notice::Renamed { room, from, to } if !self.hides_presence => {
                steps.push(note(format!("{from} is now {to} in {room}")));
            }
            Notice::Topic { room, topic, nick } => {
                steps.push(note(answers::topic_line(&room, &topic, nick.as_deref())));
            }
            Notice::Bye { text } => self.last_words = Some(text),
            Notice::Error { text, .. } => {
                steps.push(Step::Show(Shown::Alarm(text.clone())));
                self.last_words = Some(text);
            }
            _ => {}
        }
    }

    /// Shows a message, unless it was shown before or will come with the history that was asked for.
    fn hear(&mut self, message: Message, steps: &mut Vec<Step>) {
        if self.catching_up.as_ref() == Some(&message.room) {
            return;
        }
        if let Some(seen) = self.rooms.get_mut(&message.room) {
            if seen.is_some_and(|seen| message.id <= seen) {
                return;
            }
            *seen = Some(message.id);
        }
        self.show(message, steps);
    }

    fn show(&self, message: Message, steps: &mut Vec<Step>) {
        if self.ignores(&message.nick) {
            return;
        }
        let is_of_us = message.nick != self.nick.as_str() && mentions(&message.text, self.nick.as_str());
        let regard = if is_of_us { Regard::Us } else { Regard::Others };
        steps.push(Step::Show(Shown::Message { message, current: self.current.clone(), regard }));
    }

    fn ignores(&self, nick: &str) -> bool {
        self.ignored.contains(&nick.to_ascii_lowercase())
    }
}

/// Whether a text has the nick in it as a word.
fn mentions(text: &str, nick: &str) -> bool {
    let words = text.split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
    // A dot at its end is the sentence's.
    words.map(|word| word.trim_end_matches('.')).any(|word| word.eq_ignore_ascii_case(nick))
}

/// A nick like another. A long one gives up its end for the digit.
fn with_digit(nick: &Nick, digit: u32) -> Option<Nick> {
    let stem = NICK_BYTES_MAX - 1;
    Nick::near(&format!("{nick:.stem$}{digit}"))
}
