//! What all programs share on the command line: exit codes, output, input, signals, logging.
//!
//! Knows nothing of what a program is for; the mains in `src/bin` put these together with a module.
//!
//! A program that talks is put together like this:
//!
//! ```no_run
//! use switchboard::cli::notes::{Notes, Volume};
//! use switchboard::cli::output::{Format, Output};
//! use switchboard::cli::{exit, signals, terminal::Console};
//!
//! fn main() -> std::process::ExitCode {
//!     exit::run(|| {
//!         let console = Console::start("> ", |_input| { /* hand it to the loop */ })?;
//!         let mut output = Output::on(&console, Format::Text);
//!         let notes = Notes::on(&console, Volume::Normal);
//!         signals::watch(|| { /* drain */ }, || { /* shut down */ })?;
//!
//!         notes.listening("tcp://127.0.0.1:9000");
//!         console.grant(1); // somebody is there to hear a line
//!         output.message(b"what a peer said")?;
//!         Ok(())
//!     })
//! }
//! ```

pub mod colour;
pub mod exit;
pub mod lines;
pub mod logging;
pub mod notes;
pub mod output;
pub mod signals;
pub mod stdin;
pub mod terminal;

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    /// A writer whose content the test keeps.
    #[derive(Clone, Default)]
    pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Shared {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
