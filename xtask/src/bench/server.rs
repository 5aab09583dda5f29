//! One peer at work: started on its processor, waited for until it listens, ended when it is dropped.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::pinned::pinned;

/// A server that listens.
pub(super) struct Server {
    child: Child,
    pub(super) endpoint: String,
}

impl Server {
    /// Starts it on its processors, and waits until it says where it listens.
    pub(super) fn start(words: &[OsString], processors: &str, key: &Path) -> Result<Server> {
        let mut command = pinned(words, processors, key);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot start sh")?;
        let said = lines_of(child.stderr.take().expect("its stderr is piped"));
        let mut server = Server { child, endpoint: String::new() };
        server.endpoint =
            endpoint(&said).with_context(|| format!("{} does not listen", words[0].display()))?;
        Ok(server)
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when it is over already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads on after nobody listens any more: a server must not wait for us.
fn lines_of(stderr: ChildStderr) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    lines
}

fn endpoint(said: &Receiver<String>) -> Result<String> {
    let end = Instant::now() + DEADLINE;
    let mut last = String::new();
    while let Ok(line) = said.recv_timeout(end.saturating_duration_since(Instant::now())) {
        if let Some(endpoint) = line.strip_prefix("listening on ") {
            return Ok(endpoint.to_owned());
        }
        last = line;
    }
    bail!("it said: {last}")
}

/// An interpreter on a busy machine takes a second.
const DEADLINE: Duration = Duration::from_secs(20);
