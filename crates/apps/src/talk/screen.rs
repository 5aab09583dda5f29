//! The person's side of a conversation: where messages and notes appear, and how many typed lines are asked for.
//!
//! Leaves terminals and pipes to `cli::terminal`, escaping to `cli::output`.

use reactor::Address;
use serde::Serialize;

use crate::cli::args::OutputArgs;
use crate::cli::notes::{Notes, Volume};
use crate::cli::output::{Format, Output, OutputError, Payload};
use crate::cli::sparing::Sparing;
use crate::cli::stdin::Credit;
use crate::cli::terminal::Console;

/// Where a conversation is seen and typed.
pub(super) struct Screen {
    output: Output,
    notes: Notes,
    /// For what those bring about who are no peers yet.
    strangers: Sparing,
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
        let strangers = Sparing::of(notes.clone());
        Self { output, notes, strangers, errors, lines: None }
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

    /// Prints what a peer like `nc` sent with a newline at its end, which as text is not doubled.
    pub(super) fn show_line(&mut self, message: &[u8]) -> Result<(), OutputError> {
        match self.output.format() {
            Format::Text => self.output.message(without_newline(message)),
            Format::Json => self.output.message(message),
        }
    }

    /// Prints what came with who it is from; again, a newline at its end is not doubled.
    pub(super) fn show_from(&mut self, from: &Address, message: &[u8]) -> Result<(), OutputError> {
        if self.output.format() == Format::Json {
            let from = from.to_string();
            return self.output.object(&Letter { kind: "message", from, payload: Payload::of(message) });
        }
        let from = name(from);
        let line = format!(
            "{}: {}",
            self.output.shown(from.as_bytes()),
            self.output.shown(without_newline(message))
        );
        self.output.line(line)
    }

    /// Tells the person something, unless they want quiet.
    pub(super) fn note(&self, text: &str) {
        self.notes.note(text);
    }

    /// The same of somebody who called and was not let in, of whom there may be thousands.
    pub(super) fn note_stranger(&mut self, text: &str) {
        self.strangers.note(text);
    }

    /// Tells the person what went wrong, even one who wants quiet. The word `error:` is left to the line that says at
    /// the end why the program ends.
    pub(super) fn complain(&self, text: &str) {
        self.errors.note(text);
    }
}

fn without_newline(message: &[u8]) -> &[u8] {
    message.strip_suffix(b"\n").unwrap_or(message)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::kept::Kept;
    use crate::cli::output::Audience;

    fn printed(format: Format, show: impl Fn(&mut Screen) -> Result<(), OutputError>) -> String {
        let printed = Kept::default();
        let notes = Notes::over(Kept::default(), Volume::Normal);
        let output = Output::over(printed.clone(), format, Audience::Terminal);
        show(&mut Screen::new(output, notes.clone(), notes)).unwrap();
        printed.text()
    }

    #[test]
    fn the_newline_of_a_line_is_not_doubled_and_its_bytes_are_kept_as_json() {
        assert_eq!(printed(Format::Text, |screen| screen.show_line(b"hi\n")), "hi\n");
        assert_eq!(printed(Format::Text, |screen| screen.show_line(b"hi")), "hi\n");
        assert_eq!(printed(Format::Text, |screen| screen.show(b"hi\n")), "hi\\n\n");
        let json = printed(Format::Json, |screen| screen.show_line(b"hi\n"));
        assert_eq!(json, "{\"v\":1,\"type\":\"message\",\"text\":\"hi\\n\"}\n");
    }

    #[test]
    fn senders_are_shown_without_their_kind_and_escaped() {
        let sender =
            |address: Address| printed(Format::Text, move |screen| screen.show_from(&address, b"hi\n"));
        assert_eq!(sender(Address::Udp("[::1]:9".parse().unwrap())), "[::1]:9: hi\n");
        assert_eq!(sender(Address::UnixDatagram("/run/\x1b[2J".into())), "/run/\\x1b[2J: hi\n");
        assert_eq!(sender(Address::Unnamed), "(unnamed): hi\n");

        let place = Address::Udp("127.0.0.1:9".parse().unwrap());
        let json = printed(Format::Json, |screen| screen.show_from(&place, b"\xff"));
        assert_eq!(json, "{\"v\":1,\"type\":\"message\",\"from\":\"udp://127.0.0.1:9\",\"hex\":\"ff\"}\n");
    }
}
