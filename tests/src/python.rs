//! Pythons, if this machine has any, and the peers written in it (`tests/peers`).
//! What they say to our programs is left to the tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::build::target_folder;
use crate::launch::Launch;
use crate::program::Program;
use crate::skip::skip;

/// A Python that runs.
#[derive(Clone, Debug)]
pub struct Python {
    executable: PathBuf,
    /// Such as 3 and 12.
    version: (u8, u8),
}

/// The machine's `python3`. Without one the test has nothing to check: it says so and returns
/// early, or fails where `SWITCHBOARD_REQUIRE` names `python`.
pub fn python() -> Option<Python> {
    static FOUND: OnceLock<Option<Python>> = OnceLock::new();
    let found = FOUND.get_or_init(|| ask("python3".as_ref())).clone();
    if found.is_none() {
        skip("python");
    }
    found
}

/// A Python of that version or a later one: `python3` itself, or another that is installed beside it.
pub fn python_since(version: (u8, u8)) -> Option<Python> {
    let python = python()?;
    if python.version >= version {
        return Some(python);
    }
    let found = others().into_iter().filter_map(|path| ask(&path)).find(|other| other.version >= version);
    if found.is_none() {
        skip(&format!("python{}.{}", version.0, version.1));
    }
    found
}

/// A Python that has a package of `PyPI`'s, and shows it by importing `module`: in a virtual environment of our own,
/// which is kept for the next run. Without one, as [`python`].
pub fn python_with(package: &str, module: &str) -> Option<Python> {
    static FOUND: Mutex<BTreeMap<String, Option<Python>>> = Mutex::new(BTreeMap::new());
    let python = python()?;
    // One at a time; a test that failed while it held the lock is reported on its own.
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let found = found.entry(package.to_owned()).or_insert_with(|| python.furnished(package, module));
    if found.is_none() {
        skip(package.split('=').next().expect("splitting gives at least one piece"));
    }
    found.clone()
}

/// Every Python of this machine, the oldest first, each version once. Without any, as [`python`].
pub fn pythons() -> Vec<Python> {
    static FOUND: OnceLock<Vec<Python>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let names = std::iter::once(PathBuf::from("python3")).chain(others());
        let mut found: Vec<Python> = names.filter_map(|path| ask(&path)).collect();
        found.sort_by_key(|python| python.version);
        found.dedup_by_key(|python| python.version);
        found
    });
    if found.is_empty() {
        skip("python");
    }
    println!("Pythons: {:?}", found.iter().map(|python| python.version).collect::<Vec<_>>());
    found.clone()
}

impl Python {
    /// Such as 3 and 12.
    pub fn version(&self) -> (u8, u8) {
        self.version
    }

    /// One of the same version with this package, which is fetched if it is not there.
    fn furnished(&self, package: &str, module: &str) -> Option<Python> {
        let folder = target_folder().join("python").join(package);
        let executable = folder.join("bin/python");
        let is_there = || does(Command::new(&executable).args(["-c", &format!("import {module}")]));
        let install =
            ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=1", package];
        let is_made = || {
            does(Command::new(&self.executable).args(["-m", "venv", "--clear"]).arg(&folder))
                && does(Command::new(&executable).args(install))
                && is_there()
        };
        (is_there() || is_made()).then(|| Python { executable: executable.clone(), version: self.version })
    }

    /// A script of ours, by its path in the repository.
    pub fn script(&self, path: &str) -> Launch {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
        assert!(script.exists(), "there is no {path}");
        Launch::of(&self.executable).arg("-u").arg(script)
    }

    /// One of the peers, by its file name.
    pub fn peer(&self, name: &str) -> Launch {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name);
        assert!(script.exists(), "there is no peer {name} in tests/peers");
        Launch::of(&self.executable).arg("-u").arg(script)
    }

    /// One of the peers that listen on the loopback, ready, and the address where it is called.
    #[track_caller]
    pub fn serve(&self, name: &str, words: &[&str]) -> (Program, String) {
        let server = self.peer(name).args(["127.0.0.1", "0"]).args(words).start();
        let port = server.ready_port();
        (server, format!("127.0.0.1:{port}"))
    }
}

/// Whether a command succeeds; what it says otherwise is shown if the test fails.
fn does(command: &mut Command) -> bool {
    let output = command.output();
    let is_done = output.as_ref().is_ok_and(|output| output.status.success());
    if !is_done {
        println!("{command:?}: {output:?}");
    }
    is_done
}

/// What an executable says it is: a wrapper script on the `PATH` would cost time at each start.
fn ask(executable: &Path) -> Option<Python> {
    let question = "import sys; print('%d %d %s' % (sys.version_info[:2] + (sys.executable,)))";
    let output = Command::new(executable).args(["-c", question]).output().ok()?;
    let answer = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    let mut words = answer.trim().splitn(3, ' ');
    let version = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Python { executable: PathBuf::from(words.next()?), version })
}

/// Where other versions may be, newest first: wherever `pyenv` keeps its own, and on the `PATH` by name.
/// The latter may be wrappers of `pyenv` that fail slowly.
fn others() -> Vec<PathBuf> {
    let versions = pyenv_root().and_then(|root| std::fs::read_dir(root.join("versions")).ok());
    let installed = versions.into_iter().flatten().flatten().map(|version| version.path());
    let mut installed: Vec<PathBuf> = installed.collect();
    installed.sort_by_key(|folder| std::cmp::Reverse(numbers(folder)));
    let minors = (6..20).rev().map(|minor| format!("python3.{minor}"));
    let on_path = minors.chain(["python2.7".to_owned()]).map(PathBuf::from);
    installed.into_iter().map(|folder| folder.join("bin/python")).chain(on_path).collect()
}

/// The 3, 13 and 0 of a folder called `3.13.0`; nothing of one with another name.
fn numbers(folder: &Path) -> Vec<u8> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split('.').map_while(|number| number.parse().ok()).collect()
}

/// What `pyenv` says, where there is one.
fn pyenv_root() -> Option<PathBuf> {
    let output = Command::new("pyenv").arg("root").output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}
