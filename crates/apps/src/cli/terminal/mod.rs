//! The console: where a person types and messages appear, without either breaking the other.
//!
//! When stdin and stdout are terminals a line editor with history runs on a thread, and what is printed
//! goes above the line being typed. Otherwise lines are read plainly and printed to stdout. Both look the
//! same from outside. Leaves what is printed, and how it is escaped, to `cli::output`.
//!
//! ```text
//!   keys -> editor thread -> (typed lines, bounded) -> metered thread -> deliver      on a terminal
//!   pipe ----------------------------------------------> metered thread -> deliver    otherwise
//! ```
//!
//! The editor never waits for credit: it must be there to take what is printed, or a flood of messages
//! at the moment of pressing Enter would block the printing thread for good.

mod printer;
mod restore;

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};
use signal_hook::consts::SIGINT;

pub use self::printer::Printer;
use self::printer::into_io;
pub use self::restore::restore;
use super::lines::LineError;
use super::stdin::{Credit, Input, pump, spawn_metered};

/// Input by lines and a place to print, on a terminal or not.
pub struct Console {
    credit: Credit,
    printer: Printer,
}

impl Console {
    /// Starts reading. `deliver` is called on a thread of the console, once for each credit: nothing
    /// before the first [`grant`](Self::grant). The prompt is only shown on a terminal.
    ///
    /// Ctrl-D is the end of the input. Ctrl-C raises SIGINT, here as everywhere; see `cli::signals`.
    pub fn start(prompt: &str, deliver: impl FnMut(Input) + Send + 'static) -> io::Result<Self> {
        match open_editor() {
            Some((editor, printer)) => edit(editor, printer, prompt.to_owned(), deliver),
            None => Ok(Self { credit: pump(deliver)?, printer: Printer::stdout() }),
        }
    }

    /// Allows that many lines more to be delivered.
    pub fn grant(&self, lines: usize) {
        self.credit.grant(lines);
    }

    /// The credit itself, to be granted from elsewhere.
    pub fn credit(&self) -> Credit {
        self.credit.clone()
    }

    /// Where to print, by whole lines. Usable on any thread.
    pub fn printer(&self) -> Printer {
        self.printer.clone()
    }

    /// Whether a person sits at a terminal.
    pub fn is_interactive(&self) -> bool {
        self.printer.is_editor()
    }
}

type LineEditor = Editor<(), FileHistory>;

/// An editor where one makes sense: on a terminal that can move its cursor, in both directions.
fn open_editor() -> Option<(LineEditor, Printer)> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return None;
    }
    let config = Config::builder().auto_add_history(true).build();
    let mut editor = LineEditor::with_config(config).ok()?;
    let printer = editor.create_external_printer().ok()?;
    Some((editor, Printer::editor(printer)))
}

fn edit(
    editor: LineEditor,
    printer: Printer,
    prompt: String,
    deliver: impl FnMut(Input) + Send + 'static,
) -> io::Result<Console> {
    restore::remember(&printer);
    let (typed, lines) = sync_channel(TYPED_LINES_MAX);
    let credit = spawn_metered(move || next_typed(&lines), deliver)?;
    let mut notes = printer.clone();
    thread::Builder::new().name("editor".into()).spawn(move || {
        read_lines(editor, &prompt, &typed, || {
            let _ = notes.write_all(TOO_MANY_LINES.as_bytes());
        });
    })?;
    Ok(Console { credit, printer })
}

fn read_lines(mut editor: LineEditor, prompt: &str, typed: &SyncSender<Input>, mut on_full: impl FnMut()) {
    loop {
        let last = match editor.readline(prompt) {
            Ok(text) => match lines_of(&text).try_for_each(|line| hand_on(typed, line, &mut on_full)) {
                Ok(()) => continue,
                Err(NobodyTakes) => return,
            },
            Err(ReadlineError::Eof) => Input::End,
            Err(ReadlineError::Interrupted) => {
                // Without a handler this ends the program, which is what Ctrl-C asks for.
                let _ = signal_hook::low_level::raise(SIGINT);
                continue;
            }
            Err(ReadlineError::Signal(_)) => continue, // the window was resized
            Err(error) => Input::Failed(LineError::Io(into_io(error))),
        };
        let _ = typed.send(last);
        return;
    }
}

/// The lines of what was entered at once: more than one if it was pasted. An empty one is a line as well.
fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    text.strip_suffix('\n').unwrap_or(text).split('\n')
}

fn hand_on(typed: &SyncSender<Input>, line: &str, on_full: &mut impl FnMut()) -> Result<(), NobodyTakes> {
    match typed.try_send(Input::Line(line.as_bytes().to_vec())) {
        Ok(()) => Ok(()),
        Err(TrySendError::Full(_)) => {
            on_full();
            Ok(())
        }
        Err(TrySendError::Disconnected(_)) => Err(NobodyTakes),
    }
}

/// The other end of the console is gone.
struct NobodyTakes;

fn next_typed(lines: &Receiver<Input>) -> Input {
    lines.recv().unwrap_or(Input::End)
}

/// Lines typed or pasted while nobody takes them; enough for any pasted page.
const TYPED_LINES_MAX: usize = 1000;

const TOO_MANY_LINES: &str = "(too many lines are waiting to be sent; the last one was not taken)\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_text_is_lines_and_the_last_may_have_its_ending() {
        let lines = |text| lines_of(text).collect::<Vec<_>>();
        assert_eq!(lines("one"), ["one"]);
        assert_eq!(lines(""), [""]);
        assert_eq!(lines("one\n\nthree"), ["one", "", "three"]);
        assert_eq!(lines("one\ntwo\n"), ["one", "two"]);
    }
}
