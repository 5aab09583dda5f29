//! Messages on stdout, one a line or as JSON, escaped for who is looking: a terminal or a pipe.
//!
//! Leaves line editing to `cli::terminal`, whose printer it writes to when there is one, and what is
//! said beside the messages to `cli::notes`.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::colour::Colour;
use super::notes;
use super::terminal::Console;
use crate::escape;

/// The writer of messages. Every call writes whole lines at once, so nothing waits in a buffer.
pub struct Output {
    sink: Box<dyn Write + Send>,
    format: Format,
    audience: Audience,
    colour: Colour,
    /// Notes end up in the same place, and those before a message are to be there first.
    follows_notes: bool,
}

impl Output {
    /// Messages to stdout.
    pub fn stdout(format: Format) -> Self {
        Self {
            colour: Colour::stdout(),
            follows_notes: notes::share_stdout(),
            ..Self::over(io::stdout(), format, Audience::of(&io::stdout()))
        }
    }

    /// Messages above the line being typed, or to stdout.
    pub fn on(console: &Console, format: Format) -> Self {
        Self { sink: Box::new(console.printer()), ..Self::stdout(format) }
    }

    /// Messages to any writer, without colour.
    pub fn over(sink: impl Write + Send + 'static, format: Format, audience: Audience) -> Self {
        Self { sink: Box::new(sink), format, audience, colour: Colour::Off, follows_notes: false }
    }

    /// Prints what a peer sent: escaped for who is looking, on a line of its own, or as an object
    /// `{"v":1,"type":"message","text":...}` with `hex` instead of `text` if it is no UTF-8.
    pub fn message(&mut self, payload: &[u8]) -> Result<(), OutputError> {
        match self.format {
            Format::Text => {
                let line = format!("{}\n", self.shown(payload));
                self.write(line.as_bytes())
            }
            Format::Json => self.object(&Message { kind: "message", payload: Payload::of(payload) }),
        }
    }

    /// Prints a line of our own, which may be painted; peers' text in it has been through [`shown`](Self::shown).
    pub fn line(&mut self, line: impl Display) -> Result<(), OutputError> {
        self.write(format!("{line}\n").as_bytes())
    }

    /// Prints an object as [`json_line`] has it.
    pub fn object(&mut self, body: &impl Serialize) -> Result<(), OutputError> {
        self.write(json_line(body)?.as_bytes())
    }

    /// What a peer sent, fit for who is looking.
    pub fn shown<'a>(&self, payload: &'a [u8]) -> Cow<'a, str> {
        match self.audience {
            Audience::Terminal => escape::for_terminal(payload),
            Audience::Pipe => escape::for_pipe(payload),
        }
    }

    /// Lines or JSON.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Who reads it.
    pub fn audience(&self) -> Audience {
        self.audience
    }

    /// Whether to paint.
    pub fn colour(&self) -> Colour {
        self.colour
    }

    fn write(&mut self, lines: &[u8]) -> Result<(), OutputError> {
        if self.follows_notes {
            notes::flush();
        }
        // stdout may be a line buffer of std's, which keeps what follows the last newline: nothing, here.
        Ok(self.sink.write_all(lines).and_then(|()| self.sink.flush())?)
    }
}

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One message a line.
    Text,
    /// One object a line.
    Json,
}

/// Who reads what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A person, through a terminal that obeys control characters.
    Terminal,
    /// A program or a file.
    Pipe,
}

impl Audience {
    /// Who reads this stream.
    pub fn of(stream: &impl IsTerminal) -> Self {
        if stream.is_terminal() { Self::Terminal } else { Self::Pipe }
    }
}

/// Why nothing more can be printed.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// Whoever read our stdout has gone. As the end of a program this is a quiet success.
    #[error("stdout was closed by its reader")]
    Closed,
    /// Anything else, such as a full disk.
    #[error("stdout cannot be written: {0}")]
    Failed(io::Error),
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(error),
        }
    }
}

/// An object on one line, after the schema's version: `{"v":1,...}` and a newline.
pub fn json_line(body: &impl Serialize) -> Result<String, OutputError> {
    let line = serde_json::to_string(&versioned(body)).map_err(|error| OutputError::Failed(error.into()))?;
    Ok(format!("{}\n", escape::in_json(&line)))
}

/// An object after the schema's version, for who writes it past [`Output`] and escapes what needs it.
pub(crate) fn versioned<T: Serialize>(body: &T) -> impl Serialize {
    Versioned { v: SCHEMA_VERSION, body }
}

/// A message's bytes in JSON: `text` if they are UTF-8, else `hex`. To be flattened into an object.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the names are those of the schema")]
pub enum Payload<'a> {
    Text { text: &'a str },
    Hex { hex: String },
}

impl<'a> Payload<'a> {
    /// Chooses the form.
    pub fn of(bytes: &'a [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text { text },
            Err(_) => Self::Hex { hex: escape::hex(bytes) },
        }
    }
}

#[derive(Serialize)]
struct Versioned<'a, T> {
    v: u32,
    #[serde(flatten)]
    body: &'a T,
}

#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    payload: Payload<'a>,
}

/// Raised when a program that reads our JSON would have to change.
const SCHEMA_VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::kept::Kept;

    fn printed(format: Format, audience: Audience, payloads: &[&[u8]]) -> String {
        let written = Kept::default();
        let mut output = Output::over(written.clone(), format, audience);
        for payload in payloads {
            output.message(payload).unwrap();
        }
        written.text()
    }

    #[test]
    fn messages_are_escaped_for_who_is_looking() {
        let payloads: [&[u8]; 2] = [b"\x1b[2J", b"\xff"];
        assert_eq!(printed(Format::Text, Audience::Terminal, &payloads), "\\x1b[2J\n\\xff\n");
        assert_eq!(printed(Format::Text, Audience::Pipe, &payloads), "\x1b[2J\n\\xff\n");
    }

    #[test]
    fn json_messages_are_versioned_objects_one_a_line() {
        let printed = printed(Format::Json, Audience::Pipe, &["a\n\u{202e}".as_bytes(), b"\xff\x00"]);
        assert_eq!(
            printed,
            "{\"v\":1,\"type\":\"message\",\"text\":\"a\\n\\u202e\"}\n\
             {\"v\":1,\"type\":\"message\",\"hex\":\"ff00\"}\n"
        );
    }

    #[test]
    fn closed_pipe_is_told_from_other_errors() {
        assert!(matches!(OutputError::from(io::Error::from(io::ErrorKind::BrokenPipe)), OutputError::Closed));
        assert!(matches!(OutputError::from(io::Error::other("disk")), OutputError::Failed(_)));
    }
}
