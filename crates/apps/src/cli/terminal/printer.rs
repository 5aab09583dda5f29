//! Printing while somebody may be typing. Leaves reading to the console.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use rustyline::ExternalPrinter;
use rustyline::error::ReadlineError;

/// Prints whole lines to stdout, above the line being typed if there is one. Clones print to the same place.
#[derive(Clone)]
pub struct Printer {
    target: Target,
    partial: Vec<u8>, // a line that has not ended yet
}

impl Printer {
    pub(super) fn stdout() -> Self {
        Self { target: Target::Stdout, partial: Vec::new() }
    }

    pub(super) fn editor(printer: impl ExternalPrinter + Send + 'static) -> Self {
        Self { target: Target::Editor(Arc::new(Mutex::new(printer))), partial: Vec::new() }
    }

    pub(super) fn is_editor(&self) -> bool {
        matches!(self.target, Target::Editor(_))
    }

    fn print(&self, lines: &[u8]) -> io::Result<()> {
        match &self.target {
            Target::Stdout => io::stdout().write_all(lines),
            Target::Editor(printer) => {
                let mut printer = printer.lock().unwrap_or_else(PoisonError::into_inner);
                printer.print(String::from_utf8_lossy(lines).into_owned()).map_err(into_io)
            }
        }
    }
}

impl Write for Printer {
    /// Keeps what follows the last newline until its line ends: the editor redraws after every print.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(newline) = bytes.iter().rposition(|byte| *byte == b'\n') else {
            self.partial.extend_from_slice(bytes);
            return Ok(bytes.len());
        };
        let (lines, rest) = bytes.split_at(newline + 1);
        if self.partial.is_empty() {
            self.print(lines)?;
        } else {
            self.partial.extend_from_slice(lines);
            let whole = std::mem::take(&mut self.partial);
            self.print(&whole)?;
        }
        self.partial.extend_from_slice(rest);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

#[derive(Clone)]
enum Target {
    Stdout,
    Editor(Arc<Mutex<dyn ExternalPrinter + Send>>),
}

pub(super) fn into_io(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        ReadlineError::Errno(errno) => io::Error::from_raw_os_error(errno as i32),
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    struct Told(Sender<String>);

    impl ExternalPrinter for Told {
        fn print(&mut self, lines: String) -> rustyline::Result<()> {
            self.0.send(lines).unwrap();
            Ok(())
        }
    }

    #[test]
    fn the_editor_is_given_whole_lines_only() {
        let (told, prints) = channel();
        let mut printer = Printer::editor(Told(told));
        for piece in ["a", "b\n", "c\nd\ne", "f", "\n", "g"] {
            printer.write_all(piece.as_bytes()).unwrap();
        }
        assert_eq!(prints.try_iter().collect::<Vec<_>>(), ["ab\n", "c\nd\n", "ef\n"]);
    }
}
