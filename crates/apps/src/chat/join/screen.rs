//! How what the hub says is shown: to a person with times and colours, in a pipe one plain line a message, as JSON
//! what the hub sent. Nothing that somebody else wrote gets past here unescaped.

use std::borrow::Cow;
use std::fmt::Display;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::client::{Regard, Shown};
use crate::chat::schema::Message;
use crate::cli::colour::{DIM, NAME, STRONG};
use crate::cli::notes::Notes;
use crate::cli::output::{Audience, Format, Output, OutputError};
use crate::escape;

/// Where things are shown.
pub(super) struct Screen {
    output: Output,
    /// For what is beside the messages.
    notes: Notes,
    /// For what did not work: told even to those who want it quiet.
    alarms: Notes,
    zone: TimeZone,
}

impl Screen {
    pub(super) fn new(output: Output, notes: Notes, alarms: Notes) -> Screen {
        Screen { output, notes, alarms, zone: TimeZone::system() }
    }

    /// Shows something, unless JSON is wanted, in which the hub's own words are enough.
    pub(super) fn show(&mut self, shown: &Shown) -> Result<(), OutputError> {
        let wants_text = self.output.format() == Format::Text;
        match shown {
            Shown::Alarm(text) => self.alarms.note(format_args!("warning: {text}")),
            _ if !wants_text => {}
            Shown::Note(text) => self.notes.note(text),
            Shown::Message { message, current, regard } => {
                let place = if current.as_ref() == Some(&message.room) { None } else { Some(&*message.room) };
                let line = self.message_line(message, place, *regard);
                self.output.line(line)?;
            }
            Shown::Private { from, ms, text } => {
                let line =
                    format!("{}{}: {}", self.time(*ms), self.name(&format!("{from} (to you)")), clean(text));
                self.output.line(line)?;
            }
        }
        Ok(())
    }

    /// Shows what the hub sent as it is, if that is wanted.
    pub(super) fn show_json(&mut self, message: &[u8]) -> Result<(), OutputError> {
        if self.output.format() == Format::Json
            && let Ok(mut object) = serde_json::from_slice::<Map<String, Value>>(message)
        {
            object.remove("v"); // every object gets one
            self.output.object(&object)?;
        }
        Ok(())
    }

    fn message_line(&self, message: &Message, place: Option<&str>, regard: Regard) -> String {
        let place = place.map(|room| format!("#{} ", clean(room))).unwrap_or_default();
        let text = clean(&message.text);
        let colour = self.output.colour();
        let text = match regard {
            Regard::Us => colour.paint(STRONG, text).to_string(),
            Regard::Others => text.into_owned(),
        };
        let (time, nick) = (self.time(message.ms), self.name(&message.nick));
        if message.me {
            format!("{time}{place}* {nick} {text}")
        } else {
            format!("{time}{place}{nick}: {text}")
        }
    }

    fn name(&self, name: &str) -> impl Display {
        self.output.colour().paint(NAME, clean(name).into_owned())
    }

    /// The time of day before a line, for people only: a program finds it in the JSON.
    fn time(&self, ms: u64) -> String {
        if self.output.audience() == Audience::Pipe {
            return String::new();
        }
        let stamp = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let time = stamp.map(|stamp| stamp.to_zoned(self.zone.clone()).strftime("%H:%M ").to_string());
        self.output.colour().paint(DIM, time.unwrap_or_default()).to_string()
    }
}

/// One message, one line, whatever is in it: also in a pipe, where a line break would make up a second speaker.
fn clean(text: &str) -> Cow<'_, str> {
    escape::for_terminal(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::kept::Kept;
    use crate::cli::notes::Volume;

    fn shown(format: Format, audience: Audience, what: &Shown) -> (String, String) {
        let (out, err) = (Kept::default(), Kept::default());
        let notes = Notes::over(err.clone(), Volume::Normal);
        let mut screen = Screen::new(Output::over(out.clone(), format, audience), notes.clone(), notes);
        screen.zone = TimeZone::UTC;
        screen.show(what).unwrap();
        (out.text(), err.text())
    }

    fn message(text: &str, me: bool, current: &str) -> Shown {
        let (room, nick) = ("lobby".to_owned(), "ann".to_owned());
        let message = Message { room, id: 1, ms: 45_296_000, nick, text: text.to_owned(), me };
        Shown::Message { message, current: Some(current.to_owned()), regard: Regard::Others }
    }

    #[test]
    fn a_pipe_gets_a_plain_line_for_each_message() {
        for (what, line) in [
            (message("hi", false, "lobby"), "ann: hi\n"),
            (message("waves", true, "lobby"), "* ann waves\n"),
            (message("hi", false, "tea"), "#lobby ann: hi\n"),
            (message("hi\nbob: forged\x1b[2J", false, "lobby"), "ann: hi\\nbob: forged\\x1b[2J\n"),
            (
                Shown::Private { from: "bob".to_owned(), ms: 0, text: "psst".to_owned() },
                "bob (to you): psst\n",
            ),
        ] {
            assert_eq!(shown(Format::Text, Audience::Pipe, &what), (line.to_owned(), String::new()));
        }
    }

    #[test]
    fn a_person_sees_the_time_of_day() {
        let (out, _) = shown(Format::Text, Audience::Terminal, &message("hi", false, "lobby"));
        assert_eq!(out, "12:34 ann: hi\n");
    }

    #[test]
    fn what_is_beside_the_messages_goes_beside_them() {
        let note = Shown::Note("bob joined \x1b".to_owned());
        assert_eq!(
            shown(Format::Text, Audience::Pipe, &note),
            (String::new(), "bob joined \\x1b\n".to_owned())
        );
        assert_eq!(shown(Format::Json, Audience::Pipe, &note), (String::new(), String::new()));
        let alarm = Shown::Alarm("no".to_owned());
        assert_eq!(shown(Format::Json, Audience::Pipe, &alarm).1, "warning: no\n");
    }

    #[test]
    fn json_is_what_the_hub_sent_with_its_version_once() {
        let out = Kept::default();
        let notes = Notes::over(Kept::default(), Volume::Normal);
        let output = Output::over(out.clone(), Format::Json, Audience::Pipe);
        let mut screen = Screen::new(output, notes.clone(), notes);
        screen.show_json(br#"{"type":"welcome","v":1,"new":[1]}"#).unwrap();
        assert_eq!(out.text(), "{\"v\":1,\"new\":[1],\"type\":\"welcome\"}\n");
    }
}
