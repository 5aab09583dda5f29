//! Everything that is run, built as for release; and what this machine lacks, with the reason.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, ensure};

use super::peers::{Peer, Program};
use super::shapes::Loader;
use crate::root;

/// Where the programs are.
pub(super) struct Built {
    /// The keys of callers and servers with authentication.
    pub(super) key: PathBuf,
    ours: PathBuf,
    benches: PathBuf,
    /// What is no Rust, or why it cannot be had here.
    libuv: Result<PathBuf, String>,
    python: Result<PathBuf, String>,
    uvloop: Result<PathBuf, String>,
}

impl Built {
    pub(super) fn build() -> Result<Built> {
        let ours = cargo(
            "Cargo.toml",
            "--package switchboard --bin sb-chat --bin sb-echo --bin sb-load --bin sb-key",
        )?;
        let benches = cargo("benches/Cargo.toml", "--bins")?;
        let key = benches.join("bench.key");
        make_keys(&ours.join("sb-key"), &key)?;
        let python = python("python3");
        let uvloop = python.clone().and_then(|python| with_uvloop(python, &benches.join("bench-python")));
        Ok(Built { key, libuv: libuv(&benches), python, uvloop, ours, benches })
    }

    /// The program of a peer and its words.
    pub(super) fn words(&self, peer: &Peer) -> Result<Vec<OsString>> {
        let own = peer.arguments.iter().map(OsString::from);
        let script = |name: &str| source(name).into_os_string();
        let there = |path: &Result<PathBuf, String>| path.clone().map_err(|reason| anyhow!(reason));
        let program: Vec<OsString> = match peer.program {
            Program::Ours => vec![self.ours.join("sb-echo").into()],
            Program::Hub => vec![self.ours.join("sb-chat").into()],
            Program::Bench(name) => vec![self.benches.join(name).into()],
            Program::Libuv => vec![there(&self.libuv)?.into()],
            Program::Python(name) => vec![there(&self.python)?.into(), script(name)],
            Program::PythonWithUvloop(name) => vec![there(&self.uvloop)?.into(), script(name)],
        };
        Ok(program.into_iter().chain(own).collect())
    }

    /// What makes a load.
    pub(super) fn loader(&self, loader: Loader) -> PathBuf {
        match loader {
            Loader::Echo => self.ours.join("sb-load"),
            Loader::Room => self.benches.join("load_room"),
        }
    }

    /// Which versions of what we did not write were measured.
    pub(super) fn versions(&self) -> Vec<String> {
        let rust = ["tokio", "tokio-util", "message-io"].into_iter().filter_map(locked_version);
        let libuv = answer(Command::new("pkg-config").args(["--modversion", "libuv"]));
        let libuv = libuv.map(|version| format!("libuv {version}"));
        let asked = |python: &PathBuf, what: &str| answer(Command::new(python).args(["-c", what]));
        let python = self.python.as_ref().ok().and_then(|python| asked(python, SAY_PYTHON));
        let uvloop = self.uvloop.as_ref().ok().and_then(|python| asked(python, SAY_UVLOOP));
        rust.chain(libuv).chain(python).chain(uvloop).collect()
    }
}

/// Builds for release, and gives the folder of the programs.
fn cargo(manifest: &str, words: &str) -> Result<PathBuf> {
    let mut command = root::cargo();
    command.args(["build", "--release", "--manifest-path", manifest]).args(words.split(' '));
    ensure!(command.status().context("cannot start cargo")?.success(), "{manifest} does not build");
    Ok(root::target_folder(manifest)?.join("release"))
}

/// Makes them anew; a hub gives each only so many nicks.
fn make_keys(program: &Path, file: &Path) -> Result<()> {
    if file.exists() {
        std::fs::remove_file(file)?;
    }
    for number in 0..KEYS {
        let mut command = Command::new(program);
        command.args(["new", "--quiet", &format!("bench{number}"), "--key-file"]).arg(file);
        ensure!(command.status().context("cannot start sb-key")?.success(), "sb-key made no key");
    }
    Ok(())
}

/// What is no Rust.
fn source(name: &str) -> PathBuf {
    root::folder().join("benches/peers").join(name)
}

fn libuv(folder: &Path) -> Result<PathBuf, String> {
    let program = folder.join("libuv_echo");
    let mut command = Command::new("cc");
    command.args(["-O2", "-o"]).arg(&program).arg(source("libuv_echo.c")).arg("-luv");
    let is_built = command.output().is_ok_and(|output| output.status.success());
    if is_built { Ok(program) } else { Err("it needs cc and libuv's headers: libuv1-dev on Debian".into()) }
}

/// The interpreter itself: a shim on the way to it would be a process of its own.
fn python(name: &str) -> Result<PathBuf, String> {
    let path = answer(Command::new(name).args(["-c", "import sys; print(sys.executable)"]));
    path.map(PathBuf::from).ok_or_else(|| "there is no python3".into())
}

/// An interpreter with uvloop: the machine's, or one in a folder of ours that pip has filled.
fn with_uvloop(python: PathBuf, folder: &Path) -> Result<PathBuf, String> {
    let own = folder.join("bin/python");
    for python in [&python, &own] {
        if answer(Command::new(python).args(["-c", SAY_UVLOOP])).is_some() {
            return Ok(python.clone());
        }
    }
    let made = answer(Command::new(python).args(["-m", "venv"]).arg(folder));
    let filled =
        made.and_then(|_| answer(Command::new(&own).args(["-m", "pip", "install", "--quiet", "uvloop"])));
    filled.map(|_| own).ok_or_else(|| "pip could not get it".into())
}

/// What a command says, if it succeeds.
fn answer(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn locked_version(name: &str) -> Option<String> {
    let text = std::fs::read_to_string(root::folder().join("benches/Cargo.lock")).ok()?;
    let package =
        text.split("[[package]]").find(|package| package.contains(&format!("name = \"{name}\"\n")))?;
    let version = package.lines().find_map(|line| line.strip_prefix("version = "))?;
    Some(format!("{name} {}", version.trim_matches('"')))
}

const KEYS: usize = 40;
const SAY_PYTHON: &str = "import platform; print('Python', platform.python_version())";
const SAY_UVLOOP: &str = "import uvloop; print('uvloop', uvloop.__version__)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_lock_file() {
        assert!(locked_version("tokio").unwrap().starts_with("tokio 1."));
        assert_eq!(locked_version("no-such-crate"), None);
    }

    #[test]
    fn an_interpreter_that_is_not_there_has_a_reason() {
        assert_eq!(python("no-such-python").unwrap_err(), "there is no python3");
    }
}
