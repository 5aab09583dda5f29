//! Where keys are kept: a file, the environment, or somebody's head.
//!
//! What is written there is `keyring`'s to read.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use auth::Keyring;
use zeroize::Zeroizing;

use super::{Form, ParseKeysError, parse};
use crate::cli::notes::Notes;

/// What was read of a key, wiped when dropped.
pub type Secret = Zeroizing<Vec<u8>>;

/// Where the keys come from. Never a command line: others can see that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `--key-file` or `SWITCHBOARD_KEY_FILE`.
    File(PathBuf),
    /// `SWITCHBOARD_KEY`.
    Variable,
    /// A person at a terminal.
    Prompt,
}

impl Source {
    /// The first that there is: the file that was named, one named by `SWITCHBOARD_KEY_FILE`,
    /// `SWITCHBOARD_KEY`, a prompt if a person can answer it.
    pub fn find(key_file: Option<&Path>) -> Result<Self, LoadError> {
        Self::named(key_file).or_else(|| can_prompt().then_some(Self::Prompt)).ok_or(LoadError::NoKey)
    }

    /// The same without asking anybody: nothing if neither the command line nor the environment names a source.
    pub fn named(key_file: Option<&Path>) -> Option<Self> {
        Self::choose(key_file, |name| std::env::var_os(name))
    }

    /// Reads the keys in the form that the dialect wants. Says so if others can read the file.
    pub fn load(&self, form: Form, notes: &Notes) -> Result<Keyring, LoadError> {
        let secret = match self {
            Self::File(path) => read_file(path, notes)?,
            Self::Variable => Secret::new(std::env::var_os(KEY_VARIABLE).unwrap_or_default().into_vec()),
            Self::Prompt => prompt(form)?,
        };
        parse(&secret, form).map_err(|reason| LoadError::Content { place: self.place(), reason })
    }

    fn choose(key_file: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let file = key_file.map(Path::to_owned).or_else(|| set(KEY_FILE_VARIABLE).map(PathBuf::from));
        file.map(Self::File).or_else(|| set(KEY_VARIABLE).map(|_| Self::Variable))
    }

    pub(super) fn place(&self) -> String {
        match self {
            Self::File(path) => format!("key file {}", path.display()),
            Self::Variable => KEY_VARIABLE.to_owned(),
            Self::Prompt => "what was typed".to_owned(),
        }
    }
}

/// Why there are no keys to work with. It is the user's to mend.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Nothing says where a key is.
    #[error(
        "no key: name a file with --key-file or {KEY_FILE_VARIABLE}, or set {KEY_VARIABLE} (`sb-key new NAME` makes one)"
    )]
    NoKey,
    /// The file cannot be read.
    #[error("key file {}: {reason}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// The terminal cannot be read.
    #[error("the key cannot be asked for: {0}")]
    Prompt(io::Error),
    /// What was read is no key.
    #[error("{place}: {reason}")]
    Content {
        /// Where it was read.
        place: String,
        /// What is wrong with it.
        reason: ParseKeysError,
    },
}

/// Says so if others than its owner can use a key file. A pipe has no mode that means anything.
pub(crate) fn warn_of_readers(path: &Path, file: &File, notes: &Notes) {
    let Ok(about) = file.metadata() else { return };
    let mode = about.permissions().mode() & 0o777;
    if about.is_file() && mode & 0o077 != 0 {
        let path = path.display();
        notes.note(format_args!(
            "warning: others can use key file {path} (mode {mode:03o}); chmod 600 {path}"
        ));
    }
}

/// The content of a key file, which may also be a pipe, as in `--key-file <(pass show switchboard)`.
fn read_file(path: &Path, notes: &Notes) -> Result<Secret, LoadError> {
    let unreadable = |reason| LoadError::Unreadable { path: path.to_owned(), reason };
    let file = File::open(path).map_err(unreadable)?;
    warn_of_readers(path, &file, notes);
    let mut secret = Secret::default();
    file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut secret).map_err(unreadable)?;
    if secret.len() > FILE_BYTES_MAX {
        let place = format!("key file {}", path.display());
        return Err(LoadError::Content { place, reason: ParseKeysError::TooLong { limit: FILE_BYTES_MAX } });
    }
    Ok(secret)
}

/// Whether a person can be asked: the answer comes from stdin's terminal, the question goes to stderr's.
fn can_prompt() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn prompt(form: Form) -> Result<Secret, LoadError> {
    let question = match form {
        Form::Whole => "Key: ",
        Form::Lines => "Key line (NAME HEX64): ",
    };
    let answer = rpassword::prompt_password(question).map_err(LoadError::Prompt)?;
    Ok(Secret::new(answer.into_bytes()))
}

const KEY_FILE_VARIABLE: &str = "SWITCHBOARD_KEY_FILE";
const KEY_VARIABLE: &str = "SWITCHBOARD_KEY";

/// Some 30,000 lines: a longer file is some other file.
const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::cli::kept::Kept;
    use crate::cli::notes::Volume;

    const LINE: &str = "alice aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n";

    #[test]
    fn a_key_file_that_others_can_use_is_warned_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        fs::write(&path, LINE).unwrap();
        for (mode, warns) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let said = Kept::default();
            let notes = Notes::over(said.clone(), Volume::Normal);
            Source::File(path.clone()).load(Form::Lines, &notes).unwrap();
            assert_eq!(said.text().starts_with("warning: "), warns, "mode {mode:o}: {}", said.text());
        }
    }

    #[test]
    fn a_file_that_is_not_there_or_too_long_is_said_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let load = || Source::File(path.clone()).load(Form::Whole, &Notes::stderr(Volume::Quiet));
        assert!(matches!(load(), Err(LoadError::Unreadable { .. })));

        fs::write(&path, vec![b'x'; FILE_BYTES_MAX]).unwrap();
        assert!(load().is_ok());
        fs::write(&path, vec![b'x'; FILE_BYTES_MAX + 1]).unwrap();
        let error = load().unwrap_err().to_string();
        assert!(error.starts_with("key file /") && !error.contains('\n'), "{error}");
    }

    #[test]
    fn sources_are_tried_in_order_and_empty_variables_are_none() {
        let both = |name: &str| Some(OsString::from(if name == KEY_VARIABLE { "secret" } else { "/by/env" }));
        let key = |name: &str| (name == KEY_VARIABLE).then(|| OsString::from("secret"));
        let named = Some(Path::new("/named"));
        assert_eq!(Source::choose(named, both), Some(Source::File("/named".into())));
        assert_eq!(Source::choose(None, both), Some(Source::File("/by/env".into())));
        assert_eq!(Source::choose(None, key), Some(Source::Variable));
        assert_eq!(Source::choose(None, |_| Some(OsString::new())), None);
    }
}
