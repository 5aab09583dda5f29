//! The Pythons of this machine, scripts that run in them, and our side of a handshake with them over a socket. What is
//! said is each test's.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use switchboard_auth::{Authenticated, Dialect, Handshake, Policy, Progress, Refused};

use super::{policy, skip};

/// For each wait on either side: far more than a Python needs to start on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// What came of our side: the proof, the stream, and what was read beyond the handshake.
pub(crate) type Outcome = Result<(Authenticated, TcpStream, Vec<u8>), Refused>;

/// What a session does with a handshake, in its simplest form.
pub(crate) fn drive(mut stream: TcpStream, mut handshake: Handshake) -> Outcome {
    stream.set_read_timeout(Some(DEADLINE)).expect("a deadline above zero is taken");
    let mut inbox = Vec::new();
    loop {
        let mut said = Vec::new();
        let progress = handshake.advance(&inbox, &mut said).inspect_err(|refused| {
            // The peer may have gone already; it is refused all the same.
            let _ = stream.write_all(refused.farewell());
        })?;
        stream.write_all(&said).expect("the peer reads");
        match progress {
            Progress::Done { proof, consumed } => return Ok((proof, stream, inbox.split_off(consumed))),
            Progress::Pending { next, consumed } => {
                inbox.drain(..consumed);
                let mut piece = [0; 512];
                let bytes = stream.read(&mut piece).expect("the peer answers in time");
                if bytes == 0 {
                    return Err(next.finish(&inbox));
                }
                inbox.extend_from_slice(&piece[..bytes]);
                handshake = next;
            }
        }
    }
}

pub(crate) fn accept_in_time(listener: TcpListener) -> TcpStream {
    let (accepted, arrival) = mpsc::channel();
    std::thread::spawn(move || accepted.send(listener.accept()));
    let (stream, _) =
        arrival.recv_timeout(DEADLINE).expect("the script calls in time").expect("accept works");
    stream
}

/// An interpreter of this machine.
#[derive(Clone, Debug)]
pub(crate) struct Python {
    program: PathBuf,
    version: (u32, u32),
}

impl Python {
    /// `None` if it does not run.
    fn find(program: PathBuf) -> Option<Python> {
        let print = "import sys; print('%d %d' % sys.version_info[:2])";
        let output = Command::new(&program).args(["-c", print]).stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let (major, minor) = text.trim().split_once(' ')?;
        Some(Python { program, version: (major.parse().ok()?, minor.parse().ok()?) })
    }

    pub(crate) fn is_modern(&self) -> bool {
        self.version >= (3, 12)
    }

    /// The strictest policy that this version can meet.
    pub(crate) fn policy(&self, key: &[u8]) -> Policy {
        let digests = if self.is_modern() { "sha256" } else { "sha256,md5" };
        policy(Dialect::Python, key).with_digests(digests.parse().expect("a list of digests"))
    }

    /// Runs a script, which is given the port and ends by itself, whatever happens.
    pub(crate) fn run(&self, script: &str, port: u16) -> Script {
        let alarm = format!("import signal; signal.alarm({})\n{script}", DEADLINE.as_secs());
        let mut command = Command::new(&self.program);
        command.args(["-c", &alarm]).arg(port.to_string()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it ran a moment ago");
        let output = BufReader::new(child.stdout.take().expect("its output is piped"));
        Script { child, output }
    }
}

/// A running script; killed when it is dropped.
pub(crate) struct Script {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Script {
    pub(crate) fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the script prints text");
        line.trim().to_owned()
    }

    pub(crate) fn last_line(mut self) -> String {
        let mut text = String::new();
        self.output.read_to_string(&mut text).expect("the script prints text");
        text.lines().last().unwrap_or_default().to_owned()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every Python that there is, each version once.
pub(crate) fn pythons() -> Vec<Python> {
    static FOUND: OnceLock<Vec<Python>> = OnceLock::new();
    let found = FOUND.get_or_init(find_all);
    println!("Pythons: {:?}", found.iter().map(|python| python.version).collect::<Vec<_>>());
    if found.is_empty() {
        skip("python");
    }
    found.clone()
}

fn find_all() -> Vec<Python> {
    let mut found: Vec<Python> = Python::find("python3".into()).into_iter().collect();
    found.extend(other_programs().into_iter().filter_map(Python::find));
    found.sort_by_key(|python| python.version);
    found.dedup_by_key(|python| python.version);
    found
}

/// By name on the `PATH`, and wherever `pyenv` keeps its own.
fn other_programs() -> Vec<PathBuf> {
    let minors = (6..20).map(|minor| format!("python3.{minor}"));
    let named = std::iter::once("python2.7".to_owned()).chain(minors).map(PathBuf::from);
    let root = Command::new("pyenv").arg("root").output().ok();
    let root = root.and_then(|output| String::from_utf8(output.stdout).ok());
    let versions = root.and_then(|root| std::fs::read_dir(Path::new(root.trim()).join("versions")).ok());
    let installed = versions.into_iter().flatten().flatten().map(|version| version.path().join("bin/python"));
    named.chain(installed).collect()
}
