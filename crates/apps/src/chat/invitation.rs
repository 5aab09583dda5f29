//! The line that a server prints to be pasted into another terminal: the `sb-chat join` that reaches it.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf, absolute};

use reactor::Address;

use crate::cli::args::SessionArgs;
use crate::keyring::Source;

/// A command with its arguments, shown as a shell takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation(Vec<String>);

impl Invitation {
    /// The command that joins a hub at this address on the terms of this session.
    pub fn new(address: &Address, session: &SessionArgs) -> Invitation {
        let mut words = vec![program(), "join".to_owned(), whole(address)];
        if let Some(Source::File(path)) = session.key_source() {
            words.extend(["--key-file".to_owned(), whole_path(&path).display().to_string()]);
        }
        words.extend(session.shared_words());
        Invitation(words)
    }
}

impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(|word| quoted(word)).collect();
        f.write_str(&words.join(" "))
    }
}

/// The program's name if a shell finds it by that, else its path.
fn program() -> String {
    let Ok(path) = env::current_exe() else { return NAME.to_owned() };
    let folders = env::var_os("PATH").unwrap_or_default();
    let is_found = env::split_paths(&folders).find_map(|folder| folder.join(NAME).canonicalize().ok());
    if is_found == path.canonicalize().ok() { NAME.to_owned() } else { path.display().to_string() }
}

/// The address as it is found from any folder.
fn whole(address: &Address) -> String {
    match address {
        Address::Unix(path) => Address::Unix(whole_path(path)).to_string(),
        other => other.to_string(),
    }
}

fn whole_path(path: &Path) -> PathBuf {
    absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A word as a POSIX shell reads it back, in quotes only where it needs them.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,+@%=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

const NAME: &str = "sb-chat";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_each_word_as_it_was() {
        for (word, shown) in [
            ("tcp://127.0.0.1:9000", "tcp://127.0.0.1:9000"),
            ("tcp://[::1]:9000", "'tcp://[::1]:9000'"),
            ("/my keys/it's", "'/my keys/it'\\''s'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), shown);
        }
    }

    #[test]
    fn an_invitation_has_the_address_and_the_key_file() {
        let session = SessionArgs::default().with_key_file("/data/chat.key".into());
        let line = Invitation::new(&Address::Tcp("[::1]:9".parse().unwrap()), &session).to_string();
        assert!(line.ends_with(" join 'tcp://[::1]:9' --key-file /data/chat.key"), "{line}");
    }

    #[test]
    fn a_relative_path_is_made_whole() {
        let line = Invitation::new(&Address::Unix("hub".into()), &SessionArgs::default()).to_string();
        let here = env::current_dir().unwrap().join("hub");
        assert!(line.contains(&quoted(&format!("unix:{}", here.display()))), "{line}");
    }
}
