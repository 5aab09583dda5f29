//! Keys as people write them down, made into an [`auth::Keyring`].
//!
//! Where they are kept is `source`'s and `file`'s business, what they prove `auth`'s, and making new ones `key`'s. No error
//! here shows any part of a key.
//!
//! What is kept depends on the dialect. For `tutorial` and `python` the whole content is the key, with one
//! final newline taken off. For `mutual` and `noise` it is lines of `NAME HEX64`; blank lines and lines that
//! begin with `#` are skipped, a server takes all the keys and a client the first.

mod file;
mod reload;
mod source;

use auth::{Dialect, Key, Keyring, KeyringError};

pub use self::file::Secret;
pub(crate) use self::file::{check_access, check_regular, read_whole};
pub use self::reload::Reloader;
pub use self::source::{LoadError, Source};
use crate::escape;

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
        Form::Whole => add_whole(&mut keyring, content.strip_suffix(b"\n").unwrap_or(content))?,
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
    /// A name that could not be shown to anybody.
    #[error("line {line}: {reason}")]
    BadName {
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: BadName,
    },
    /// A key that cannot stand beside those before it.
    #[error("line {line}: {reason}")]
    Refused {
        /// Which line, from 1.
        line: usize,
        /// What the keyring said.
        reason: KeyringError,
    },
}

fn add_whole(keyring: &mut Keyring, key: &[u8]) -> Result<(), ParseKeysError> {
    if key.is_empty() {
        return Ok(());
    }
    let added = keyring.add(ONLY_NAME, Key::from_bytes(key));
    added.map_err(|reason| ParseKeysError::Refused { line: 1, reason })
}

fn add_line(keyring: &mut Keyring, text: &[u8], line: usize) -> Result<(), ParseKeysError> {
    if text.is_empty() || text.starts_with(b"#") {
        return Ok(());
    }
    let (name, key) = split_line(text).ok_or(ParseKeysError::NotAKey { line })?;
    check_name(name).map_err(|reason| ParseKeysError::BadName { line, reason })?;
    keyring.add(name, key).map_err(|reason| ParseKeysError::Refused { line, reason })
}

fn split_line(text: &[u8]) -> Option<(&str, Key)> {
    let mut words = std::str::from_utf8(text).ok()?.split_ascii_whitespace();
    let (name, digits) = (words.next()?, words.next()?);
    let key = Key::from_hex(digits).ok().filter(|key| key.len() == Key::MUTUAL_BYTES)?;
    words.next().is_none().then_some((name, key))
}

/// What the only key of a file without names goes by.
const ONLY_NAME: &str = "key";

/// A key file for a test, whatever the tester's umask.
#[cfg(test)]
pub(crate) fn write_private(path: &std::path::Path, content: &str) {
    use std::os::unix::fs::PermissionsExt;

    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn names_can_be_printed_and_found_again() {
        for good in ["alice", "alice@host", "björn", "a#b"] {
            assert_eq!(check_name(good), Ok(()), "{good:?}");
        }
        for bad in ["", "a b", "a\nb", "#a", "\u{202e}a", "\x1b[2J", &"n".repeat(65)] {
            let error = check_name(bad).expect_err(bad).to_string();
            assert!(!error.contains(escape::is_dangerous), "{error:?}");
        }
    }

    #[test]
    fn no_file_names_a_key_as_a_new_key_could_not_be_named() {
        for bad in ["\u{202e}ecila", "\x1b[2J", "a\u{a0}b", "\u{feff}alice", &"n".repeat(65)] {
            let reason = check_name(bad).expect_err(bad);
            assert_eq!(
                names(&format!("bob {B}\n{bad} {A}\n")),
                Err(ParseKeysError::BadName { line: 2, reason })
            );
        }
    }
}
