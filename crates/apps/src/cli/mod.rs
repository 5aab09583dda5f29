//! What all programs share on the command line: arguments, exit codes, output, input, signals, logging.
//!
//! Knows nothing of what a program is for; the mains in `src/bin` put these together with a module.
//!
//! A program that talks is put together like this:
//!
//! ```no_run
//! use switchboard::cli::notes::{Notes, Volume};
//! use switchboard::cli::output::{Format, Output};
//! use switchboard::cli::{exit, signals, terminal::Console};
//! use switchboard::ending::DRAIN_TIMEOUT;
//!
//! fn main() -> std::process::ExitCode {
//!     exit::run(|| {
//!         // First: from here on Ctrl-C is not the end of the process.
//!         let _for_the_loop = signals::catch(&signals::ENDING, DRAIN_TIMEOUT)?;
//!         let console = Console::start("> ", |_input| { /* hand it to the loop */ })?;
//!         let mut output = Output::on(&console, Format::Text);
//!         let notes = Notes::on(&console, Volume::Normal);
//!
//!         notes.listening("tcp://127.0.0.1:9000");
//!         console.grant(1); // somebody is there to hear a line
//!         output.message(b"what a peer said")?;
//!         Ok(())
//!     })
//! }
//! ```

pub mod args;
mod backlog;
pub mod colour;
pub mod exit;
pub mod lines;
pub mod logging;
pub mod notes;
pub mod output;
pub(crate) mod quantities;
pub mod signals;
pub mod sparing;
pub mod stdin;
pub mod terminal;
pub mod typed;

#[cfg(test)]
pub(crate) mod kept;
