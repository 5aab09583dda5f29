//! Keys from where people keep them, made into an [`auth::Keyring`]: a file, the environment, a prompt.
//!
//! What a key proves is `auth`'s business; making a new one is `key`'s. No error here shows any part of a key.
//!
//! What is kept depends on the dialect. For `tutorial` and `python` the whole content is the key, with one
//! final newline taken off. For `mutual` and `noise` it is lines of `NAME HEX64`; blank lines and lines that
//! begin with `#` are skipped, a server takes all the keys and a client the first.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use auth::{Dialect, Key, Keyring, KeyringError};
use zeroize::Zeroizing;

use crate::cli::notes::Notes;
use crate::escape;

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
        Self::choose(key_file, |name| std::env::var_os(name)).ok_or(LoadError::NoKey)
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
        file.map(Self::File)
            .or_else(|| set(KEY_VARIABLE).map(|_| Self::Variable))
            .or_else(|| can_prompt().then_some(Self::Prompt))
    }

    fn place(&self) -> String {
        match self {
            Self::File(path) => format!("key file {}", path.display()),
            Self::Variable => KEY_VARIABLE.to_owned(),
            Self::Prompt => "what was typed".to_owned(),
        }
    }
}

/// How keys are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// All of the content is one key.
    Whole,
    /// Lines of `NAME HEX64`.
    Lines,
}

impl Form {
    /// The form that a dialect takes.
    pub fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::None | Dialect::Tutorial | Dialect::Python => Self::Whole,
            Dialect::Mutual | Dialect::Noise => Self::Lines,
        }
    }
}

/// Makes a keyring of what was read.
pub fn parse(content: &[u8], form: Form) -> Result<Keyring, ParseKeysError> {
    let mut keyring = Keyring::new();
    match form {
        Form::Whole => {
            let key = content.strip_suffix(b"\n").unwrap_or(content);
            let key = if key.is_empty() { return Err(ParseKeysError::Empty) } else { Key::from_bytes(key) };
            keyring.add(ONLY_NAME, key).map_err(|reason| ParseKeysError::Refused { line: 1, reason })?;
        }
        Form::Lines => {
            for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
                add_line(&mut keyring, line.trim_ascii(), index + 1)?;
            }
        }
    }
    if keyring.is_empty() { Err(ParseKeysError::Empty) } else { Ok(keyring) }
}

/// Whether a key can go by this name and be found again in a file: printable, no white space, no `#` in front.
pub fn check_name(name: &str) -> Result<(), BadName> {
    let shown = || escape::for_terminal(name.as_bytes()).into_owned();
    if name.starts_with('#') || name.contains(escape::is_dangerous) {
        return Err(BadName(format!(
            "`{}` can be no key's name: it begins with # or cannot be printed",
            shown()
        )));
    }
    // What else a name may not be is the keyring's to say; the key in this trial is nobody's.
    Keyring::new().add(name, Key::from_bytes(&[0])).map_err(|reason| BadName(reason.to_string()))
}

/// Why a key cannot go by that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadName(String);

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

/// Why a content is no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseKeysError {
    /// There is nothing in it.
    #[error("there is no key in it")]
    Empty,
    /// More than anybody keeps keys in: the wrong file.
    #[error("longer than {limit} bytes; is it a key file?")]
    TooLong {
        /// The most bytes that are read.
        limit: usize,
    },
    /// A line of another form.
    #[error("line {line}: not `NAME` and {} hexadecimal digits", 2 * Key::MUTUAL_BYTES)]
    NotAKey {
        /// Which line, from 1.
        line: usize,
    },
    /// A key that cannot stand beside those before it, or a name that is none.
    #[error("line {line}: {reason}")]
    Refused {
        /// Which line, from 1.
        line: usize,
        /// What the keyring said.
        reason: KeyringError,
    },
}

fn add_line(keyring: &mut Keyring, text: &[u8], line: usize) -> Result<(), ParseKeysError> {
    if text.is_empty() || text.starts_with(b"#") {
        return Ok(());
    }
    let (name, key) = split_line(text).ok_or(ParseKeysError::NotAKey { line })?;
    keyring.add(name, key).map_err(|reason| ParseKeysError::Refused { line, reason })
}

fn split_line(text: &[u8]) -> Option<(&str, Key)> {
    let mut words = std::str::from_utf8(text).ok()?.split_ascii_whitespace();
    let (name, digits) = (words.next()?, words.next()?);
    let key = Key::from_hex(digits).ok().filter(|key| key.len() == Key::MUTUAL_BYTES)?;
    words.next().is_none().then_some((name, key))
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

/// What the only key of a file without names goes by.
const ONLY_NAME: &str = "key";

/// Some 30,000 lines: a longer file is some other file.
const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::cli::kept::Kept;
    use crate::cli::notes::Volume;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

    fn names(content: &str) -> Result<Vec<String>, ParseKeysError> {
        let keyring = parse(content.as_bytes(), Form::Lines)?;
        Ok(keyring.iter().map(|key| key.name().to_owned()).collect())
    }

    #[test]
    fn a_whole_key_loses_one_final_newline() {
        for (content, bytes) in [("secret", 6), ("secret\n", 6), ("secret\n\n", 7), (" s \r\n", 4)] {
            let keyring = parse(content.as_bytes(), Form::Whole).unwrap();
            assert_eq!(keyring.first().map(|key| key.key().len()), Some(bytes), "{content:?}");
        }
        assert_eq!(parse(b"\n", Form::Whole).unwrap_err(), ParseKeysError::Empty);
    }

    #[test]
    fn key_lines_are_read_in_order_past_comments_and_blanks() {
        let content = format!("# ours\n\nalice {A}\r\n  bob\t{B}  \n");
        assert_eq!(names(&content).unwrap(), ["alice", "bob"]);
        assert_eq!(names("# nobody\n"), Err(ParseKeysError::Empty));
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_and_never_shown() {
        let short = &A[..62];
        for bad in ["alice", &format!("alice {short}"), &format!("alice {A} x"), &format!("alice {short}zz")]
        {
            let error = names(&format!("bob {B}\n{bad}\n")).unwrap_err();
            assert_eq!(error, ParseKeysError::NotAKey { line: 2 });
            assert!(!error.to_string().contains("aaaa"));
        }
        let error = names(&format!("bob {B}\nbob {A}\n")).unwrap_err();
        assert!(matches!(error, ParseKeysError::Refused { line: 2, .. }));
    }

    #[test]
    fn a_key_file_that_others_can_use_is_warned_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        fs::write(&path, format!("alice {A}\n")).unwrap();
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
        let rest = Source::choose(None, |_| Some(OsString::new()));
        assert_eq!(rest, can_prompt().then_some(Source::Prompt));
    }

    #[test]
    fn names_can_be_printed_and_found_again() {
        for good in ["alice", "alice@host", "björn", "a#b"] {
            assert_eq!(check_name(good), Ok(()), "{good:?}");
        }
        for bad in ["", "a b", "a\nb", "#a", "\u{202e}a", "\x1b[2J", &"n".repeat(65)] {
            let error = check_name(bad).expect_err(bad).to_string();
            assert!(!error.contains(escape::is_dangerous), "{error:?}");
        }
    }
}
