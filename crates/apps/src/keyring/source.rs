//! Where keys are kept: a file, the environment, or somebody's head.
//!
//! Opening the file is left to `file`; what is written there is `keyring`'s to read.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use auth::Keyring;

use super::file::{self, Secret};
use super::{Form, ParseKeysError, parse};
use crate::cli::notes::Notes;

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

    /// Reads the keys in the form that the dialect wants. Warns if others can read the file, and refuses it if
    /// they can write it.
    pub fn load(&self, form: Form, notes: &Notes) -> Result<Keyring, LoadError> {
        let secret = match self {
            Self::File(path) => file::read(path, notes)?,
            Self::Variable => Secret::new(std::env::var_os(KEY_VARIABLE).unwrap_or_default().into_vec()),
            Self::Prompt => prompt(form)?,
        };
        self.parse(&secret, form)
    }

    /// The same again in a program that has other things to do: waits neither for a pipe nor for a person.
    pub(super) fn reload(&self, form: Form, notes: &Notes) -> Result<Keyring, LoadError> {
        let Self::File(path) = self else { return Err(LoadError::NoKey) };
        self.parse(&file::read_again(path, notes)?, form)
    }

    fn parse(&self, secret: &Secret, form: Form) -> Result<Keyring, LoadError> {
        parse(secret, form).map_err(|reason| LoadError::Content { place: self.place(), reason })
    }

    fn choose(key_file: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let by_variable = || variable(KEY_FILE_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        let file = key_file.map(Path::to_owned).or_else(by_variable);
        // A look at the key is a copy too.
        let holds_key = || variable(KEY_VARIABLE).is_some_and(|key| !Secret::new(key.into_vec()).is_empty());
        file.map(Self::File).or_else(|| holds_key().then_some(Self::Variable))
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
    /// There is something else by that name: a pipe, a folder, a device.
    #[error("key file {} is no regular file", path.display())]
    NotAFile {
        /// Which file.
        path: PathBuf,
    },
    /// Others could put keys of their own in it.
    #[error("others can write key file {} (mode {mode:03o}); chmod 600 {}", path.display(), path.display())]
    Writable {
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
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

#[cfg(test)]
mod tests {
    use super::*;

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
