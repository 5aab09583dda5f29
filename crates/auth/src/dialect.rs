//! The names of the handshakes, as they are written on a command line; what each of them says is
//! its own module's matter.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use thiserror::Error;

/// Which handshake is spoken. One listener speaks one dialect; nothing is negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// No handshake at all: whoever connects is welcome.
    None,
    /// The Python tutorial's: one HMAC-MD5 answer. It proves the client to the server only.
    Tutorial,
    /// What `multiprocessing.connection` speaks.
    Python,
    /// Our own: three messages, HMAC-SHA-256, each side proves itself.
    Mutual,
    /// The Noise protocol with a pre-shared key, which also encrypts what follows.
    Noise,
}

impl Dialect {
    /// Every dialect, in the order of the documentation.
    pub const ALL: [Dialect; 5] =
        [Dialect::None, Dialect::Tutorial, Dialect::Python, Dialect::Mutual, Dialect::Noise];

    /// Whether the dialect leaves what follows open to whoever sits on the path, so that it is only
    /// to be spoken on loopback or a Unix socket, unless somebody insists.
    pub const fn is_confined_to_host(self) -> bool {
        matches!(self, Dialect::Tutorial | Dialect::Python | Dialect::Mutual)
    }

    /// Whether each side proves itself to the other.
    pub const fn is_mutual(self) -> bool {
        matches!(self, Dialect::Python | Dialect::Mutual | Dialect::Noise)
    }

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Dialect::None => "none",
            Dialect::Tutorial => "tutorial",
            Dialect::Python => "python",
            Dialect::Mutual => "mutual",
            Dialect::Noise => "noise",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(given: &str) -> Result<Self, UnknownDialect> {
        let known = Dialect::ALL.into_iter().find(|dialect| dialect.name() == given);
        known.ok_or_else(|| UnknownDialect { given: given.into() })
    }
}

/// A name that is no dialect's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{given}` is no dialect: expected none, tutorial, python, mutual or noise")]
pub struct UnknownDialect {
    /// What was written.
    pub given: String,
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn every_name_reads_back_as_its_dialect() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.to_string().parse(), Ok(dialect));
        }
    }

    #[test]
    fn an_unknown_name_is_named_in_the_error() {
        let error = "Mutual".parse::<Dialect>().unwrap_err();
        assert!(error.to_string().contains("`Mutual`"), "{error}");
    }
}
