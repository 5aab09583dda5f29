//! `sb-key`: makes keys, and says by what public id a key goes.
//!
//! Reading keys is `keyring`'s; what they prove is `auth`'s.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use auth::{Key, KeyId};
use clap::{Args, Subcommand};
use rand::TryRng;
use rand::rngs::SysRng;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::cli::args::OutputArgs;
use crate::cli::exit::{Blame, Fault, Result};
use crate::cli::notes::Notes;
use crate::cli::output::{Format, Output, OutputError, versioned};
use crate::escape;
use crate::keyring::{Form, Secret, Source, check_access, check_name, check_regular, parse, read_whole};

/// Make keys, and tell the public ids of those there are.
#[derive(Debug, clap::Parser)]
#[command(name = "sb-key", version)]
pub struct KeyArgs {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    output: OutputArgs,
}

impl KeyArgs {
    /// Does what was asked for.
    pub fn run(&self) -> Result<()> {
        let notes = self.output.start();
        match &self.command {
            Command::New(new) => new.run(self.output.format(), &notes),
            Command::Id(id) => id.run(self.output.format(), &notes),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key of 32 random bytes and print it as the line `NAME HEX64`
    New(New),
    /// Print `NAME KEYID` for each key
    Id(Id),
}

#[derive(Debug, Args)]
struct New {
    /// Whose key it is: printable, without white space
    name: String,
    /// Append the line to this file (made with mode 0600) instead of printing it
    #[arg(long, visible_alias = "out", value_name = "PATH")]
    key_file: Option<PathBuf>,
}

impl New {
    fn run(&self, format: Format, notes: &Notes) -> Result<()> {
        check_name(&self.name).blame(Fault::Usage)?;
        let made = MadeKey::draw()?;
        match &self.key_file {
            Some(path) => append(path, &self.name, &made, notes)?,
            None => print(&self.name, &made, format)?,
        }
        notes.note(format_args!("key id {}", made.id));
        Ok(())
    }
}

#[derive(Debug, Args)]
struct Id {
    /// Where the keys are; else `SWITCHBOARD_KEY_FILE`, else `SWITCHBOARD_KEY`, else a prompt
    #[arg(long, value_name = "PATH")]
    key_file: Option<PathBuf>,
}

impl Id {
    fn run(&self, format: Format, notes: &Notes) -> Result<()> {
        let source = Source::find(self.key_file.as_deref()).blame(Fault::Usage)?;
        let keyring = source.load(Form::Lines, notes).blame(Fault::Usage)?;
        let mut output = Output::stdout(format);
        for key in &keyring {
            let (name, id) = (key.name(), key.id().context("a key line holds a key of the right length")?);
            match format {
                Format::Text => output.line(format_args!("{} {id}", output.shown(name.as_bytes())))?,
                Format::Json => output.object(&KeyObject { name, id: id.to_string(), key: None })?,
            }
        }
        Ok(())
    }
}

/// A key that was just drawn. Its digits are wiped when it is dropped.
struct MadeKey {
    digits: Zeroizing<String>,
    id: KeyId,
}

impl MadeKey {
    fn draw() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; Key::MUTUAL_BYTES]);
        SysRng.try_fill_bytes(&mut *bytes).context("the system gives no random bytes")?;
        let id = Key::from_bytes(&*bytes).id().context("a key of this length has an id")?;
        Ok(Self { digits: Zeroizing::new(escape::hex(&*bytes)), id })
    }

    fn line(&self, name: &str) -> Zeroizing<String> {
        // Made at its full length: a text that grows leaves what it was behind.
        let mut line = Zeroizing::new(String::with_capacity(name.len() + self.digits.len() + 2));
        for part in [name, " ", &self.digits, "\n"] {
            line.push_str(part);
        }
        line
    }

    /// The same as a line of JSON. A name that was checked needs no escapes beyond JSON's own.
    fn object(&self, name: &str) -> Result<Secret> {
        let mut object = Secret::new(Vec::with_capacity(OBJECT_BYTES_MAX));
        let key = KeyObject { name, id: self.id.to_string(), key: Some(&self.digits) };
        serde_json::to_writer(&mut *object, &versioned(&key)).context("a key as JSON")?;
        object.push(b'\n');
        debug_assert!(object.len() <= OBJECT_BYTES_MAX, "a name has a longest form");
        Ok(object)
    }
}

#[derive(Serialize)]
struct KeyObject<'a> {
    name: &'a str,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

fn print(name: &str, made: &MadeKey, format: Format) -> Result<()> {
    let text = match format {
        Format::Text => Secret::new(made.line(name).as_bytes().to_vec()),
        Format::Json => made.object(name)?,
    };
    // Past `Output`, which would leave copies of the key behind.
    let mut stdout = io::stdout();
    let written = stdout.write_all(&text).and_then(|()| stdout.flush());
    Ok(written.map_err(OutputError::from)?)
}

/// Adds a line at the end of a key file. What is there must be key lines, none of them by this name.
fn append(path: &Path, name: &str, made: &MadeKey, notes: &Notes) -> Result<()> {
    let place = || format!("key file {}", path.display());
    let mut file = open_private(path).with_context(place).blame(Fault::Usage)?;
    check_regular(path, &file)?;
    check_access(path, &file, notes)?;
    file.lock().with_context(place)?; // or two of us at once could both find a name free

    let line = made.line(name);
    let mut content = read_whole(path, &file, "\n".len() + line.len())?;
    let held = content.len();
    if content.last().is_some_and(|byte| *byte != b'\n') {
        content.push(b'\n');
    }
    content.extend_from_slice(line.as_bytes());
    parse(&content, Form::Lines).with_context(place).blame(Fault::Usage)?;
    file.write_all(&content[held..]).and_then(|()| file.sync_all()).with_context(place)?;
    Ok(())
}

/// A file that only its owner can use; one that is there keeps its mode.
fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(PRIVATE_MODE).open(path)
}

/// More than the longest name (64 bytes, at most six characters for each), 64 digits and an id take.
const OBJECT_BYTES_MAX: usize = 1024;

/// Only the owner reads and writes.
const PRIVATE_MODE: u32 = 0o600;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::cli::notes::Volume;
    use crate::keyring::{ParseKeysError, write_private};

    fn quiet() -> Notes {
        Notes::stderr(Volume::Quiet)
    }

    #[test]
    fn a_made_key_is_a_line_that_reads_back_to_the_same_id() {
        let made = MadeKey::draw().unwrap();
        let line = made.line("alice");
        assert_eq!(line.len(), "alice ".len() + 64 + 1);
        let keyring = parse(line.as_bytes(), Form::Lines).unwrap();
        assert_eq!(keyring.first().and_then(auth::NamedKey::id), Some(made.id));
        assert_ne!(made.id, MadeKey::draw().unwrap().id);
    }

    #[test]
    fn a_made_key_is_one_json_object_whatever_its_name() {
        let made = MadeKey::draw().unwrap();
        for name in ["alice".to_owned(), "\"".repeat(64), "\\".repeat(64), "ö".repeat(32)] {
            let object = made.object(&name).unwrap();
            assert_eq!(object.capacity(), OBJECT_BYTES_MAX, "it did not grow");
            let read: serde_json::Value = serde_json::from_slice(&object).unwrap();
            assert_eq!((&read["v"], &read["name"]), (&1.into(), &name.into()));
            assert_eq!(read["key"], *made.digits);
        }
    }

    #[test]
    fn keys_gather_in_a_private_file_each_name_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        for name in ["alice", "bob"] {
            append(&path, name, &MadeKey::draw().unwrap(), &quiet()).unwrap();
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        let before = fs::read(&path).unwrap();
        let taken = append(&path, "alice", &MadeKey::draw().unwrap(), &quiet()).unwrap_err();
        assert_eq!(taken.fault(), Fault::Usage);
        assert!(taken.message().contains("`alice`"), "{}", taken.message());
        assert_eq!(fs::read(&path).unwrap(), before);
        assert_eq!(parse(&before, Form::Lines).unwrap().len(), 2);
    }

    #[test]
    fn a_last_line_without_newline_is_not_grown_into() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let made = MadeKey::draw().unwrap();
        write_private(&path, made.line("alice").trim_end());
        append(&path, "bob", &MadeKey::draw().unwrap(), &quiet()).unwrap();
        assert_eq!(parse(&fs::read(&path).unwrap(), Form::Lines).unwrap().len(), 2);
    }

    #[test]
    fn a_key_goes_into_no_file_that_others_can_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        fs::write(&path, "# ours\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
        let error = append(&path, "alice", &MadeKey::draw().unwrap(), &quiet()).unwrap_err();
        assert_eq!(error.fault(), Fault::Usage);
        assert!(error.message().contains("chmod 600 "), "{}", error.message());
        assert_eq!(fs::read(&path).unwrap(), b"# ours\n");
    }

    #[test]
    fn what_is_no_key_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes");
        write_private(&path, "dear diary\n");
        let error = append(&path, "alice", &MadeKey::draw().unwrap(), &quiet()).unwrap_err();
        assert!(error.message().ends_with(&ParseKeysError::NotAKey { line: 1 }.to_string()));
        assert_eq!(fs::read(&path).unwrap(), b"dear diary\n");
    }
}
