//! A program on a terminal: type, wait for what is shown, end it.
//! What to start is left to `launch`; programs in pipes are `program`'s.

use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

use crate::DEADLINE;
use crate::watch::Watch;

/// A program on a terminal of its own, ended when this is dropped.
pub struct Terminal {
    session: PtySession,
    /// All that was shown until now.
    shown: String,
    /// Over those of ours.
    watch: Option<Watch>,
}

impl Terminal {
    #[track_caller]
    pub(crate) fn spawn(command: Command, watch: Option<Watch>) -> Terminal {
        let patience = u64::try_from(DEADLINE.as_millis()).expect("the deadline is short");
        let session = spawn_command(command, Some(patience)).expect("a terminal can be had");
        Terminal { session, shown: String::new(), watch }
    }

    /// Types a line.
    #[track_caller]
    pub fn say(&mut self, line: &str) {
        self.session.send_line(line).expect("the terminal takes a line");
    }

    /// Presses keys in one write, as somebody does who does not wait for the program.
    #[track_caller]
    pub fn press(&mut self, keys: &str) {
        self.session.send(keys).and_then(|_| self.session.flush()).expect("the terminal takes keys");
    }

    /// Waits until it shows this.
    #[track_caller]
    pub fn expect(&mut self, words: &str) {
        let before = self.session.exp_string(words).unwrap_or_else(|error| panic!("{error}"));
        self.shown.extend([&before, words]);
    }

    /// Waits until it shows something like this, and gives it.
    #[track_caller]
    pub fn expect_like(&mut self, regex: &str) -> String {
        let (before, found) = self.session.exp_regex(regex).unwrap_or_else(|error| panic!("{error}"));
        self.shown.extend([before.as_str(), found.as_str()]);
        found
    }

    /// Waits for its end, and gives what it has shown since the last wait.
    #[track_caller]
    pub fn rest(&mut self) -> String {
        let rest = self.session.exp_eof().expect("the program ends in time");
        self.shown.push_str(&rest);
        rest
    }

    /// Waits for its end, and fails the test unless it exits with `code`.
    #[track_caller]
    pub fn expect_code(mut self, code: i32) {
        let screen = self.rest();
        // Its type cannot be named here: `Exited(Pid(4711), 0)`.
        let status = format!("{:?}", self.session.process().wait().expect("it is our child"));
        let is_wanted = status.starts_with("Exited(") && status.ends_with(&format!(", {code})"));
        assert!(is_wanted, "expected exit code {code}, not {status}\n{screen}");
    }
}

impl Drop for Terminal {
    /// Nothing that was shown or logged shows a key, whether the test waited for the end or not.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if format!("{:?}", self.session.process().status()) == "Some(StillAlive)" {
            self.session.process_mut().exit().expect("it is our child");
        }
        self.rest();
        let leak =
            self.watch.as_ref().and_then(|watch| watch.find_leak(&[("the terminal", self.shown.as_bytes())]));
        assert_eq!(leak, None, "{}", self.shown);
    }
}
