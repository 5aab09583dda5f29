//! What to start, put together piece by piece.
//! What it does once it runs is left to `program`.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use crate::build;
use crate::program::Program;

/// A process to be: start it with [`Launch::start`].
pub struct Launch {
    command: Command,
}

impl Launch {
    /// One of our own programs, by its name.
    pub fn ours(name: &str) -> Launch {
        Launch::of(build::program(name))
    }

    /// Any other program; looked for on the `PATH` unless it is a path.
    pub fn of(program: impl AsRef<OsStr>) -> Launch {
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in NOT_INHERITED {
            command.env_remove(name);
        }
        Launch { command }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, word: impl AsRef<OsStr>) -> Launch {
        self.command.arg(word);
        self
    }

    /// Adds arguments, a word each.
    #[must_use]
    pub fn args<W: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = W>) -> Launch {
        self.command.args(words);
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Launch {
        self.command.env(name, value);
        self
    }

    /// Gives it this descriptor as its standard input, instead of a pipe to `say` into.
    #[must_use]
    pub fn stdin(mut self, descriptor: impl Into<OwnedFd>) -> Launch {
        self.command.stdin(descriptor.into());
        self
    }

    /// Gives it this descriptor as its standard output, which is then not collected.
    #[must_use]
    pub fn stdout(mut self, descriptor: impl Into<OwnedFd>) -> Launch {
        self.command.stdout(descriptor.into());
        self
    }

    /// Starts it.
    #[track_caller]
    pub fn start(self) -> Program {
        Program::spawn(self.command)
    }
}

/// What a developer may have set for himself must not decide a test.
const NOT_INHERITED: &[&str] =
    &["SWITCHBOARD_KEY", "SWITCHBOARD_KEY_FILE", "RUST_LOG", "NO_COLOR", "CLICOLOR_FORCE", "PYTHONPATH"];
