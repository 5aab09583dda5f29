//! What is said beside the messages, on stderr.
//!
//! Leaves the messages to `cli::output`, and the log for whoever asks with `-v` to `cli::logging`.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::colour::{Colour, DIM};
use super::terminal::Console;
use crate::escape;

/// The writer of what is said beside the messages. Clones write to the same place.
#[derive(Clone)]
pub struct Notes {
    sink: Arc<Mutex<dyn Write + Send>>,
    volume: Volume,
    colour: Colour,
}

impl Notes {
    /// Notes to stderr.
    pub fn stderr(volume: Volume) -> Self {
        Self { colour: Colour::stderr(), ..Self::over(io::stderr(), volume) }
    }

    /// Notes to stderr, but above the line being typed where stderr is that same terminal.
    pub fn on(console: &Console, volume: Volume) -> Self {
        if console.is_interactive() && io::stderr().is_terminal() {
            Self { colour: Colour::stderr(), ..Self::over(console.printer(), volume) }
        } else {
            Self::stderr(volume)
        }
    }

    /// Notes to any writer, without colour.
    pub fn over(sink: impl Write + Send + 'static, volume: Volume) -> Self {
        Self { sink: Arc::new(Mutex::new(sink)), volume, colour: Colour::Off }
    }

    /// Says something unless asked to be quiet. It may quote peers: it is escaped here.
    pub fn note(&self, text: impl Display) {
        if self.volume == Volume::Normal {
            let text = text.to_string();
            self.write(self.colour.paint(DIM, escape::for_terminal(text.as_bytes())));
        }
    }

    /// Says where a server listens; even a quiet one, because scripts wait for this line.
    pub fn listening(&self, endpoint: impl Display) {
        self.write(format_args!("listening on {endpoint}"));
    }

    fn write(&self, line: impl Display) {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        // A stderr that is gone takes no complaint about it either.
        let _ = sink.write_all(format!("{line}\n").as_bytes()).and_then(|()| sink.flush());
    }
}

/// How much is said beside the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volume {
    /// Only what scripts need.
    Quiet,
    /// What a person wants to know.
    Normal,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::kept::Kept;

    #[test]
    fn quiet_keeps_the_line_that_scripts_wait_for() {
        let written = Kept::default();
        let notes = Notes::over(written.clone(), Volume::Quiet);
        notes.note("hello");
        notes.listening("tcp://127.0.0.1:9");
        assert_eq!(written.text(), "listening on tcp://127.0.0.1:9\n");
    }

    #[test]
    fn notes_escape_what_they_quote() {
        let written = Kept::default();
        Notes::over(written.clone(), Volume::Normal).note("from \x1b[2J");
        assert_eq!(written.text(), "from \\x1b[2J\n");
    }
}
