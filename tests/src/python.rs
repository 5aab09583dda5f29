//! Python, if this machine has it, and the peers written in it (`tests/peers`).
//! What they say to our programs is left to the tests.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::launch::Launch;

/// A Python that runs.
#[derive(Clone, Debug)]
pub struct Python {
    executable: PathBuf,
}

/// The machine's `python3`. Without one the test has nothing to check: it says so and returns
/// early, or fails where `SWITCHBOARD_REQUIRE` names `python`.
pub fn python() -> Option<Python> {
    static FOUND: OnceLock<Option<Python>> = OnceLock::new();
    let found = FOUND.get_or_init(find).clone();
    if found.is_none() {
        skip("python");
    }
    found
}

impl Python {
    /// One of the peers, by its file name.
    pub fn peer(&self, name: &str) -> Launch {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name);
        assert!(script.exists(), "there is no peer {name} in tests/peers");
        Launch::of(&self.executable).arg("-u").arg(script)
    }

    /// A program of a few lines.
    pub fn script(&self, text: &str) -> Launch {
        Launch::of(&self.executable).args(["-u", "-c", text])
    }
}

/// What `python3` says it is: a wrapper script on the `PATH` would cost time at each start.
fn find() -> Option<Python> {
    let output = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| Python { executable: PathBuf::from(path.trim()) })
}

/// Says that the running test checks nothing, because the machine lacks `what`.
fn skip(what: &str) {
    let required = std::env::var("SWITCHBOARD_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|name| name.trim() == what),
        "this machine lacks {what}, which is required"
    );
    let thread = std::thread::current();
    let line = format!("skipped: {} needs {what}", thread.name().unwrap_or("a test"));
    println!("{line}");
    if let Some(path) = std::env::var_os("SWITCHBOARD_SKIPS") {
        let list = std::fs::OpenOptions::new().append(true).create(true).open(path);
        let written = list.and_then(|mut list| writeln!(list, "{line}"));
        written.expect("the task runner made the list for us");
    }
}
