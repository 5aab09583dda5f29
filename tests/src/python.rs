//! Python, if this machine has it, and the peers written in it (`tests/peers`).
//! What they say to our programs is left to the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::launch::Launch;
use crate::skip::skip;

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
