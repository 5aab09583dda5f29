//! What is said beside the messages, on stderr.
//!
//! Leaves the messages to `cli::output`, the log for whoever asks with `-v` to `cli::logging`, and waiting for
//! whoever reads to `cli::backlog`: nobody who says something here does.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use rustix::fs::fstat;

use super::backlog::{self, Keep, Sink};
use super::colour::{Colour, DIM};
use super::terminal::Console;
use crate::escape;

/// The writer of what is said beside the messages. Clones write to the same place.
#[derive(Clone)]
pub struct Notes {
    sink: Sink,
    delivery: Delivery,
    volume: Volume,
    colour: Colour,
}

impl Notes {
    /// Notes to stderr.
    pub fn stderr(volume: Volume) -> Self {
        Self { sink: Arc::clone(&STDERR), delivery: Delivery::Queued, volume, colour: Colour::stderr() }
    }

    /// Notes to stderr, but above the line being typed where stderr is that same terminal.
    pub fn on(console: &Console, volume: Volume) -> Self {
        if console.is_interactive() && io::stderr().is_terminal() {
            Self { sink: Arc::new(Mutex::new(console.printer())), ..Self::stderr(volume) }
        } else {
            Self::stderr(volume)
        }
    }

    /// Notes to any writer, without colour, and written before the call returns.
    pub fn over(sink: impl Write + Send + 'static, volume: Volume) -> Self {
        let sink = Arc::new(Mutex::new(sink));
        Self { sink, delivery: Delivery::AtOnce, volume, colour: Colour::Off }
    }

    /// Says something unless asked to be quiet. It may quote peers: it is escaped here.
    pub fn note(&self, text: impl Display) {
        if self.volume == Volume::Normal {
            let text = text.to_string();
            self.say(self.colour.paint(DIM, escape::for_terminal(text.as_bytes())), Keep::IfRoom);
        }
    }

    /// Warns of what endangers the user, even one who asked for quiet. Escaped like a note.
    pub fn warn(&self, text: impl Display) {
        let text = format!("warning: {text}");
        self.say(escape::for_terminal(text.as_bytes()), Keep::Always);
    }

    /// Says where a server listens; even a quiet one, because scripts wait for this line.
    pub fn listening(&self, endpoint: impl Display) {
        self.say(format_args!("listening on {endpoint}"), Keep::Always);
        if self.delivery == Delivery::Queued {
            flush(); // what is printed next is to come after it
        }
    }

    fn say(&self, line: impl Display, keep: Keep) {
        let line = format!("{line}\n");
        match self.delivery {
            Delivery::AtOnce => backlog::write_out(&self.sink, &line),
            Delivery::Queued => backlog::say(&self.sink, line, keep),
        }
    }
}

/// When what is said is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    /// By the caller.
    AtOnce,
    /// By a thread, as soon as somebody reads.
    Queued,
}

/// Waits until all that was said has been read, but not for long.
pub fn flush() {
    backlog::flush(FLUSH_TIMEOUT);
}

/// The last line that a program says. Waits like [`flush`].
pub(super) fn say_last(line: impl Display) {
    backlog::say(&STDERR, format!("{line}\n"), Keep::Always);
    flush();
}

/// Whether notes and messages end up in the same terminal, pipe or file, where their order can be seen.
pub(super) fn share_stdout() -> bool {
    match (fstat(io::stdout()), fstat(io::stderr())) {
        (Ok(out), Ok(err)) => (out.st_dev, out.st_ino) == (err.st_dev, err.st_ino),
        _ => false,
    }
}

/// What the log writes: each event, which comes as one piece, is queued like a note.
pub(super) struct Log;

impl Write for Log {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        backlog::say(&STDERR, String::from_utf8_lossy(event).into_owned(), Keep::IfRoom);
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One for all, so that notes of several places can leave in one write.
static STDERR: LazyLock<Sink> = LazyLock::new(|| Arc::new(Mutex::new(io::stderr())));

/// Far longer than it takes anybody who reads; short enough for an end that nobody reads about.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// How much is said beside the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volume {
    /// Only what scripts need, and warnings.
    Quiet,
    /// What a person wants to know.
    Normal,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::kept::Kept;

    #[test]
    fn quiet_keeps_warnings_and_the_line_that_scripts_wait_for() {
        let written = Kept::default();
        let notes = Notes::over(written.clone(), Volume::Quiet);
        notes.note("hello");
        notes.warn("\x07");
        notes.listening("tcp://127.0.0.1:9");
        assert_eq!(written.text(), "warning: \\x07\nlistening on tcp://127.0.0.1:9\n");
    }

    #[test]
    fn notes_escape_what_they_quote() {
        let written = Kept::default();
        Notes::over(written.clone(), Volume::Normal).note("from \x1b[2J");
        assert_eq!(written.text(), "from \\x1b[2J\n");
    }
}
