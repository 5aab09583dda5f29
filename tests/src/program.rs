//! A running process: talk to it, wait for what it prints, end it; and what is left when it is over.
//! What to start is left to `launch`, collecting its output to `collected`.

use std::fmt;
use std::io::Write as _;
use std::process::{Child, ChildStdin, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::DEADLINE;
use crate::collected::{Collected, Missed};
use crate::watch::Watch;

/// A process that runs, killed (by its id) when this is dropped.
pub struct Program {
    command_line: String,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Collected,
    stderr: Collected,
    /// Over those of ours.
    watch: Option<Watch>,
}

/// Which of its outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Messages.
    Stdout,
    /// All else.
    Stderr,
}

impl Program {
    #[track_caller]
    pub(crate) fn spawn(mut command: Command, watch: Option<Watch>) -> Program {
        let command_line = format!("{command:?}");
        let child = command.spawn();
        let mut child = child.unwrap_or_else(|error| panic!("cannot start {command_line}: {error}"));
        Program {
            command_line,
            stdin: child.stdin.take(),
            stdout: child.stdout.take().map_or_else(Collected::nothing, Collected::of),
            stderr: child.stderr.take().map_or_else(Collected::nothing, Collected::of),
            child,
            watch,
        }
    }

    /// Types a line into its standard input.
    #[track_caller]
    pub fn say(&mut self, line: &str) {
        self.write_stdin(format!("{line}\n").as_bytes());
    }

    /// Writes bytes into its standard input.
    #[track_caller]
    pub fn write_stdin(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("its standard input is still ours");
        if let Err(error) = stdin.write_all(bytes) {
            self.fail(&format!("its standard input refuses bytes: {error}"));
        }
    }

    /// Ends its standard input.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// The next line of `stream` that `is_wanted`, waited for until the usual deadline.
    #[track_caller]
    pub fn wait_for_line(&self, stream: Stream, is_wanted: impl Fn(&str) -> bool) -> String {
        self.wait_for_line_within(stream, is_wanted, DEADLINE)
    }

    /// The same with a deadline of the test's own.
    #[track_caller]
    pub fn wait_for_line_within(
        &self,
        stream: Stream,
        is_wanted: impl Fn(&str) -> bool,
        patience: Duration,
    ) -> String {
        match self.output(stream).next_line(is_wanted, Instant::now() + patience) {
            Ok(line) => line,
            Err(Missed::Closed) => self.fail(&format!("{stream:?} ended without the awaited line")),
            Err(Missed::Late) => self.fail(&format!("no awaited line on {stream:?} in {patience:?}")),
        }
    }

    /// Waits for exactly this line.
    #[track_caller]
    pub fn expect_line(&self, stream: Stream, wanted: &str) {
        let line = self.output(stream).next_line(|line| line == wanted, Instant::now() + DEADLINE);
        if let Err(missed) = line {
            self.fail(&format!("{stream:?} never said {wanted:?} ({missed:?})"));
        }
    }

    /// The endpoint of `listening on ENDPOINT`, which our servers print on standard error.
    #[track_caller]
    pub fn listening_on(&self) -> String {
        let line = self.wait_for_line(Stream::Stderr, |line| line.contains(LISTENING));
        let (_, endpoint) = line.split_once(LISTENING).expect("the line was chosen for it");
        endpoint.trim().to_owned()
    }

    /// The port of `ready PORT`, which our Python peers print on standard output.
    #[track_caller]
    pub fn ready_port(&self) -> u16 {
        let line = self.wait_for_line(Stream::Stdout, |line| line.starts_with(READY));
        match line[READY.len()..].trim().parse() {
            Ok(port) => port,
            Err(error) => self.fail(&format!("{line:?} names no port: {error}")),
        }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has so many threads: some it has only as long as there is something for them to do.
    #[track_caller]
    pub fn expect_threads(&self, wanted: usize) {
        let tasks = format!("/proc/{}/task", self.id());
        let threads = || std::fs::read_dir(&tasks).map_or(0, Iterator::count);
        // Nobody is told when a thread of another process ends.
        if poll_until(Instant::now() + DEADLINE, || (threads() == wanted).then_some(())).is_none() {
            self.fail(&format!("it has {} threads, and not {wanted}", threads()));
        }
    }

    /// Presses Ctrl-C.
    #[track_caller]
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Asks it to end, as a supervisor does.
    #[track_caller]
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Asks it to read its keys again.
    #[track_caller]
    pub fn reload(&self) {
        self.signal(Signal::HUP);
    }

    #[track_caller]
    fn signal(&self, signal: Signal) {
        if let Err(error) = kill_process(Pid::from_child(&self.child), signal) {
            self.fail(&format!("cannot be given {signal:?}: {error}"));
        }
    }

    /// Whether it still runs.
    #[track_caller]
    pub fn is_running(&mut self) -> bool {
        self.status().is_none()
    }

    /// Ends its standard input and waits until it is over.
    #[track_caller]
    pub fn finish(self) -> Ending {
        self.finish_within(DEADLINE)
    }

    /// The same with a deadline of the test's own.
    #[track_caller]
    pub fn finish_within(mut self, patience: Duration) -> Ending {
        self.close_stdin();
        self.wait(patience)
    }

    /// Waits until it is over by itself: its standard input stays open.
    #[track_caller]
    pub fn wait(&mut self, patience: Duration) -> Ending {
        let deadline = Instant::now() + patience;
        let status = self.status_by(deadline);
        // A process that it left behind may hold its outputs; what came until then is enough.
        self.stdout.is_closed_by(deadline);
        self.stderr.is_closed_by(deadline);
        Ending {
            command_line: self.command_line.clone(),
            code: status.code(),
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
        }
    }

    #[track_caller]
    fn status_by(&mut self, deadline: Instant) -> ExitStatus {
        // The standard library cannot wait for an exit with a deadline.
        let status = poll_until(deadline, || self.status());
        status.unwrap_or_else(|| self.fail("it is not over at the deadline"))
    }

    #[track_caller]
    fn status(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait();
        status.unwrap_or_else(|error| self.fail(&format!("its state cannot be read: {error}")))
    }

    fn output(&self, stream: Stream) -> &Collected {
        match stream {
            Stream::Stdout => &self.stdout,
            Stream::Stderr => &self.stderr,
        }
    }

    /// Nothing that was printed or logged shows a key, however the test ends.
    #[track_caller]
    fn expect_no_leak(&self) {
        let Some(watch) = &self.watch else { return };
        let deadline = Instant::now() + LAST_OUTPUT_TIMEOUT;
        let outputs = [("stdout", &self.stdout), ("stderr", &self.stderr)];
        let outputs = outputs.map(|(name, output)| {
            output.is_closed_by(deadline);
            (name, output.ends())
        });
        let outputs = outputs.each_ref().map(|(name, bytes)| (*name, bytes.as_slice()));
        if let Some(leak) = watch.find_leak(&outputs) {
            self.fail(&leak);
        }
    }

    /// Ends the test with everything there is to know.
    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        let report = Report {
            command_line: &self.command_line,
            state: format!("process {}, not waited for", self.child.id()),
            stdout: &self.stdout.text(),
            stderr: &self.stderr.text(),
        };
        panic!("{what}\n{report}");
    }
}

/// What a look finds, by the deadline: for what nobody tells.
fn poll_until<T>(deadline: Instant, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    loop {
        let found = look();
        if found.is_some() || Instant::now() >= deadline {
            return found;
        }
        std::thread::park_timeout(POLL_INTERVAL);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail when it is over already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            self.expect_no_leak();
        }
    }
}

/// A process that is over.
#[derive(Debug)]
pub struct Ending {
    command_line: String,
    /// Nothing when a signal ended it.
    pub code: Option<i32>,
    /// All it printed.
    pub stdout: String,
    /// All it said besides.
    pub stderr: String,
}

impl Ending {
    /// Fails the test unless it exited with `code`.
    #[track_caller]
    pub fn expect_code(&self, code: i32) -> &Ending {
        assert!(self.code == Some(code), "expected exit code {code}\n{self}");
        self
    }

    /// Fails the test unless standard error holds `words`.
    #[track_caller]
    pub fn expect_stderr(&self, words: &str) -> &Ending {
        assert!(self.stderr.contains(words), "expected {words:?} on standard error\n{self}");
        self
    }

    /// Fails the test unless standard output is exactly `text`.
    #[track_caller]
    pub fn expect_stdout(&self, text: &str) -> &Ending {
        assert!(self.stdout == text, "expected {text:?} on standard output\n{self}");
        self
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.code.map_or("ended by a signal".to_owned(), |code| format!("exit code {code}"));
        let (stdout, stderr) = (&self.stdout, &self.stderr);
        Report { command_line: &self.command_line, state, stdout, stderr }.fmt(f)
    }
}

struct Report<'a> {
    command_line: &'a str,
    state: String,
    stdout: &'a str,
    stderr: &'a str,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  command  {}\n  state    {}", self.command_line, self.state)?;
        for (name, text) in [("stdout", self.stdout), ("stderr", self.stderr)] {
            writeln!(f, "  {name}   {} bytes", text.len())?;
            text.lines().try_for_each(|line| writeln!(f, "    | {}", line.escape_debug()))?;
        }
        Ok(())
    }
}

const LISTENING: &str = "listening on ";
const READY: &str = "ready ";

/// For what a process that is over has still in its pipes; one that it left behind may hold them for longer.
const LAST_OUTPUT_TIMEOUT: Duration = Duration::from_secs(1);

/// Short enough not to be felt in a test of a few milliseconds.
const POLL_INTERVAL: Duration = Duration::from_millis(2);
