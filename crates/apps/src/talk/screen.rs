//! The person's side of a conversation: where messages and notes appear, and how many typed lines are asked for.
//!
//! Leaves terminals and pipes to `cli::terminal`, escaping to `cli::output`.

use reactor::Address;
use serde::Serialize;

use crate::cli::args::OutputArgs;
use crate::cli::notes::{Notes, Volume};
use crate::cli::output::{Format, Output, OutputError, Payload};
use crate::cli::stdin::Credit;
use crate::cli::terminal::Console;

/// Where a conversation is seen and typed.
pub(super) struct Screen {
    output: Output,
    notes: Notes,
    /// Not to be silenced: what was typed and could not be sent.
    errors: Notes,
    lines: Option<Lines>,
}

/// What is asked of the input.
struct Lines {
    credit: Credit,
    /// Lines that were asked for and have not come.
    asked: usize,
    /// The most that are asked for at once.
    ahead: usize,
}

impl Screen {
    /// One that shows what it is given, and where nothing is typed.
    pub(super) fn new(output: Output, notes: Notes, errors: Notes) -> Self {
        Self { output, notes, errors, lines: None }
    }

    /// One on stdout and stderr, until there is a console.
    pub(super) fn plain(args: OutputArgs) -> Self {
        let errors = Notes::stderr(Volume::Normal);
        Self::new(Output::stdout(args.format()), Notes::stderr(args.volume()), errors)
    }

    /// One where lines are typed, too: at most so many are taken before they can be sent.
    pub(super) fn on(console: &Console, args: OutputArgs, ahead: usize) -> Self {
        let errors = Notes::on(console, Volume::Normal);
        Self::new(Output::on(console, args.format()), Notes::on(console, args.volume()), errors)
            .with_lines(console.credit(), ahead)
    }

    /// The same, with an input.
    #[must_use]
    pub(super) fn with_lines(self, credit: Credit, ahead: usize) -> Self {
        Self { lines: Some(Lines { credit, asked: 0, ahead }), ..self }
    }

    /// Asks for as many lines as may be taken.
    pub(super) fn ask_for_lines(&mut self) {
        if let Some(lines) = &mut self.lines {
            lines.credit.grant(lines.ahead - lines.asked);
            lines.asked = lines.ahead;
        }
    }

    /// A line that was asked for has come.
    pub(super) fn note_line(&mut self) {
        if let Some(lines) = &mut self.lines {
            lines.asked = lines.asked.saturating_sub(1);
        }
    }

    /// Prints a message of the peer.
    pub(super) fn show(&mut self, message: &[u8]) -> Result<(), OutputError> {
        self.output.message(message)
    }

    /// Prints a message with who it is from.
    pub(super) fn show_from(&mut self, from: &Address, message: &[u8]) -> Result<(), OutputError> {
        if self.output.format() == Format::Json {
            let from = from.to_string();
            return self.output.object(&Letter { kind: "message", from, payload: Payload::of(message) });
        }
        let from = name(from);
        let line = format!("{}: {}", self.output.shown(from.as_bytes()), self.output.shown(message));
        self.output.line(line)
    }

    /// Tells the person something, unless they want quiet.
    pub(super) fn note(&self, text: &str) {
        self.notes.note(text);
    }

    /// Tells the person what went wrong.
    pub(super) fn complain(&self, text: &str) {
        self.errors.note(format_args!("error: {text}"));
    }
}

/// A message with who it is from, as JSON.
#[derive(Serialize)]
struct Letter<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    from: String,
    #[serde(flatten)]
    payload: Payload<'a>,
}

/// Who it is, without saying again what kind of socket everybody here has.
fn name(from: &Address) -> String {
    match from {
        Address::UnixDatagram(path) => path.display().to_string(),
        Address::Unnamed => "(unnamed)".to_owned(),
        other => other.ip().map_or_else(|| other.to_string(), |place| place.to_string()),
    }
}
