//! What to start, put together piece by piece.
//! What it does once it runs is left to `program`.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Once};

use signal_hook::consts::{SIGHUP, SIGINT};
use signal_hook::flag;

use crate::build;
use crate::canary::Canary;
use crate::program::Program;
use crate::terminal::Terminal;
use crate::watch::Watch;

/// A process to be: start it with [`Launch::start`].
pub struct Launch {
    command: Command,
    /// As all of ours are.
    is_watched: bool,
    /// What else it must not show.
    hidden: Vec<Canary>,
}

impl Launch {
    /// One of our own programs with its arguments, as one would type them: `sb-talk call ...`.
    /// Words are parted by spaces; what may hold one, such as a path, is added with [`Launch::arg`].
    pub fn ours(line: &str) -> Launch {
        let mut words = line.split(' ');
        let name = words.next().expect("splitting gives at least one piece");
        Launch { is_watched: true, ..Launch::of(build::program(name)) }.args(words)
    }

    /// Any other program; looked for on the `PATH` unless it is a path.
    pub fn of(program: impl AsRef<OsStr>) -> Launch {
        stop_passing_on_ignored_signals();
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in NOT_INHERITED {
            command.env_remove(name);
        }
        Launch { command, is_watched: false, hidden: Vec::new() }
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

    /// Runs it from a line of shell in which it stands as `"$@"`: to place descriptors, for one.
    #[must_use]
    pub fn through_shell(self, script: &str) -> Launch {
        let shell = Launch::of("sh").args(["-c", script, "sh"]).arg(self.command.get_program());
        let mut shell = shell.args(self.command.get_args());
        let variables = self.command.get_envs().filter_map(|(name, value)| Some((name, value?)));
        shell.command.envs(variables);
        Launch { is_watched: self.is_watched, hidden: self.hidden, ..shell }
    }

    /// Has its outputs and its log searched for a secret that no key file tells. It is then watched even if it is not
    /// ours but starts one of ours.
    #[must_use]
    pub fn hides(mut self, secret: impl AsRef<[u8]>) -> Launch {
        self.is_watched = true;
        self.hidden.push(Canary::of(secret.as_ref()));
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

    /// Gives it this descriptor as its standard error, which is then not collected.
    #[must_use]
    pub fn stderr(mut self, descriptor: impl Into<OwnedFd>) -> Launch {
        self.command.stderr(descriptor.into());
        self
    }

    /// What would be run.
    pub fn path(&self) -> &Path {
        Path::new(self.command.get_program())
    }

    /// Starts it on a terminal that echoes, as those of people do.
    #[track_caller]
    pub fn on_terminal(self) -> Terminal {
        let Launch { mut command, is_watched, hidden } = self.through_shell("stty echo; exec \"$@\"");
        let watch = is_watched.then(|| Watch::over(&mut command, hidden));
        command.env("TERM", "xterm");
        command.stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
        Terminal::spawn(command, watch)
    }

    /// Starts it.
    #[track_caller]
    pub fn start(mut self) -> Program {
        let watch = self.is_watched.then(|| Watch::over(&mut self.command, self.hidden));
        Program::spawn(self.command, watch)
    }
}

/// A shell starts what is to run in the background with its interrupts ignored, and `nohup` does so with hang-ups. What is
/// ignored here would be ignored by all that is started from here; what has an action, and be it none, would not.
fn stop_passing_on_ignored_signals() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for signal in [SIGINT, SIGHUP].into_iter().filter(|signal| is_ignored(*signal)) {
            flag::register(signal, Arc::default()).expect("both can have an action");
        }
    });
}

/// By this process; see `proc_pid_status(5)`.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("it has a line for that");
    let mask = u64::from_str_radix(mask.trim(), 16).expect("a number");
    mask & (1 << (signal - 1)) != 0
}

/// What a developer may have set for himself must not decide a test.
const NOT_INHERITED: &[&str] = &[
    "SWITCHBOARD_KEY",
    "SWITCHBOARD_KEY_FILE",
    "RUST_LOG",
    "NO_COLOR",
    "CLICOLOR_FORCE",
    "PYTHONPATH",
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "LISTEN_FDS",
];
