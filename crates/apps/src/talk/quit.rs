//! The word by which either side hangs up: `q`, as in the tutorial's chat, another one, or none.
//! What hanging up means is left to `conversation` and `letters`.

use std::convert::Infallible;
use std::str::FromStr;

/// A word that, said alone, ends a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct QuitWord(Vec<u8>);

impl QuitWord {
    /// Whether a message is the word and nothing else. The end of a line does not count: `nc` sends one.
    pub(super) fn is_said_by(&self, message: &[u8]) -> bool {
        let line = message.strip_suffix(b"\n").unwrap_or(message);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        !self.0.is_empty() && line == self.0
    }

    /// The word as it is sent.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for QuitWord {
    type Err = Infallible;

    fn from_str(word: &str) -> Result<Self, Infallible> {
        Ok(Self(word.as_bytes().to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_alone_is_the_word() {
        let Ok(word) = QuitWord::from_str("q");
        for said in [&b"q"[..], b"q\n", b"q\r\n"] {
            assert!(word.is_said_by(said), "{said:?}");
        }
        for said in [&b""[..], b"\n", b"qq", b" q", b"q\n\n", b"Q", b"quit"] {
            assert!(!word.is_said_by(said), "{said:?}");
        }
    }

    #[test]
    fn no_word_is_said_by_nothing() {
        let Ok(none) = QuitWord::from_str("");
        for said in [&b""[..], b"\n", b"q"] {
            assert!(!none.is_said_by(said), "{said:?}");
        }
    }
}
