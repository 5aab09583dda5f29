//! Giving the terminal back at the end of the program, with everything printed and no prompt left over.
//!
//! The editor's thread cannot be told to stop: it sits in a read until somebody presses a key. So the
//! terminal is taken away from it instead.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::stdio::dup2_stdout;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::Printer;

/// Gives the terminal back as it was found, if an editor has it; nothing can be printed to stdout after that.
/// `cli::exit` does this at the end, however that comes. A terminal that shows nothing (Ctrl-S) is not waited for.
pub fn restore() {
    let found = FOUND.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(Found { modes, printer }) = found {
        let whole = modes.clone();
        let (give, given) = channel();
        // Nothing can be done about a terminal that is gone, nor without threads.
        let _ = thread::Builder::new().name("restore".into()).spawn(move || {
            let _ = give_back(&whole, printer);
            let _ = give.send(());
        });
        if given.recv_timeout(RESTORE_TIMEOUT).is_err() {
            // Its shell at least is to get keys as before.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
        }
    }
}

/// Notes how the terminal is before the editor changes it.
pub(super) fn remember(printer: &Printer) {
    let found = tcgetattr(io::stdin()).ok().map(|modes| Found { modes, printer: printer.clone() });
    *FOUND.lock().unwrap_or_else(PoisonError::into_inner) = found;
}

/// What the editor found.
struct Found {
    modes: Termios,
    printer: Printer,
}

/// A terminal belongs to the process, and so does this.
static FOUND: Mutex<Option<Found>> = Mutex::new(None);

fn give_back(modes: &Termios, printer: Printer) -> io::Result<()> {
    if is_editing()? {
        await_printed(printer)?;
    }
    io::stdout().flush()?;
    let mut terminal = std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?);
    // Whatever the editor's thread still draws goes nowhere.
    dup2_stdout(OpenOptions::new().write(true).open("/dev/null")?)?;
    tcsetattr(io::stdin(), OptionalActions::Now, modes)?;
    terminal.write_all(LEAVE_EDITOR)
}

/// Whether the editor waits for keys right now, with a prompt on the screen.
fn is_editing() -> io::Result<bool> {
    Ok(!tcgetattr(io::stdin())?.local_modes.contains(LocalModes::ICANON))
}

/// The editor takes one print at a time and holds one more: when it has room for a second that changes
/// nothing, all that came before them is on the screen.
fn await_printed(mut printer: Printer) -> io::Result<()> {
    printer.write_all(UP_AND_DOWN)?;
    printer.write_all(UP_AND_DOWN)
}

/// A line up and a new line: the cursor stays where it was.
const UP_AND_DOWN: &[u8] = b"\x1b[A\n";

/// Erases the prompt, and ends the modes that the editor switches on: bracketed paste, synchronized output.
const LEAVE_EDITOR: &[u8] = b"\r\x1b[K\x1b[?2004l\x1b[?2026l";

/// For a terminal to show what was printed before.
const RESTORE_TIMEOUT: Duration = Duration::from_secs(1);
