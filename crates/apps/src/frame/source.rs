//! Where the bytes are, as it is typed: the same rule for `pack`, `unpack`, `show` and `guess`.
//!
//! Leaves reading them to `input`.

use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use clap::Args;

use super::input::Input;
use super::live::{Live, Tapped};
use crate::cli::args::AuthArgs;
use crate::cli::exit::{Failure, Fault, Result};
use crate::cli::notes::Notes;
use crate::endpoint::Endpoint;

/// What was typed about the input.
#[derive(Args, Debug)]
pub(super) struct SourceArgs {
    /// Where the bytes are: a file, a live endpoint to connect to (HOST:PORT, tcp://HOST:PORT, unix:PATH or fd:N), or
    /// `-` for stdin, which is meant if nothing is given. What exists as a file is one; ./NAME is never an endpoint
    #[arg(value_name = "FILE|ENDPOINT")]
    from: Option<PathBuf>,
    /// Listen on the endpoint, and read what the first caller sends
    #[arg(long, help_heading = HEADING)]
    listen: bool,
    #[command(flatten, next_help_heading = HEADING)]
    auth: AuthArgs,
}

impl SourceArgs {
    /// Opens it. A live endpoint is called, or listened on, and never spoken to but for its handshake.
    pub(super) fn open(&self, tapped: Tapped, notes: &Notes) -> Result<Input> {
        match Source::of(self.from.as_deref(), self.listen)? {
            Source::Called(endpoint) => Ok(Input::of_live(Live::call(&endpoint, &self.auth, tapped, notes)?)),
            Source::Listening(endpoint) => {
                Ok(Input::of_live(Live::listen(&endpoint, &self.auth, tapped, notes)?))
            }
            _ if !self.auth.is_empty() => {
                Err(Failure::new(Fault::Usage, "--auth and what belongs to it is for live endpoints"))
            }
            Source::File(path) => Input::of_file(&path),
            Source::Stdin => Ok(Input::of_stdin()),
        }
    }
}

/// What the options stand under. To be the last of a command's arguments, as it lasts.
pub(super) const HEADING: &str = "Live endpoints";

/// Where the bytes are.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    Stdin,
    File(PathBuf),
    Called(Endpoint),
    Listening(Endpoint),
}

impl Source {
    /// A file that exists is a file, whatever its name reads as.
    fn of(typed: Option<&Path>, is_listening: bool) -> Result<Self> {
        let text = typed.and_then(Path::to_str).unwrap_or_default();
        match typed {
            Some(_) if is_listening => Ok(Self::Listening(text.parse()?)),
            None if is_listening => {
                Err(Failure::new(Fault::Usage, "--listen needs an endpoint to listen on"))
            }
            None => Ok(Self::Stdin),
            Some(path) if path == "-" => Ok(Self::Stdin),
            Some(path) if is_socket(path) => Ok(Self::Called(Endpoint::Unix(path.to_owned()))),
            Some(path) if path.exists() => Ok(Self::File(path.to_owned())),
            Some(_) if text.contains("://") => Ok(Self::Called(text.parse()?)),
            Some(path) => Ok(text.parse().map_or_else(|_| Self::File(path.to_owned()), Self::Called)),
        }
    }
}

/// Nothing can be read from a socket but through a connection.
fn is_socket(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.file_type().is_socket())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn of(text: &str) -> Source {
        Source::of(Some(Path::new(text)), false).unwrap_or_else(|failure| panic!("{}", failure.message()))
    }

    #[test]
    fn what_is_typed_is_stdin_a_file_or_an_endpoint() {
        assert_eq!(Source::of(None, false).unwrap(), Source::Stdin);
        assert_eq!(of("-"), Source::Stdin);
        for text in ["localhost:9000", "tcp://127.0.0.1:9", "unix:/run/x", "fd:3", "[::1]:9"] {
            assert_eq!(of(text), Source::Called(text.parse().unwrap()), "{text}");
        }
        for text in ["capture", "./localhost:9000", "/dev/null", "host:", "a b:1"] {
            assert_eq!(of(text), Source::File(text.into()), "{text}");
        }
        assert_eq!(Source::of(Some(Path::new("tcp://nowhere")), false).unwrap_err().fault(), Fault::Usage);
    }

    #[test]
    fn what_exists_as_a_file_is_one_and_a_socket_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("host:9000"), "").unwrap();
        let _listener = UnixListener::bind(path("socket")).unwrap();
        let source = |name: &str| Source::of(Some(&path(name)), false).unwrap();
        assert_eq!(source("host:9000"), Source::File(path("host:9000")));
        assert_eq!(source("socket"), Source::Called(Endpoint::Unix(path("socket"))));
    }

    #[test]
    fn only_an_endpoint_is_listened_on() {
        let listened = |text| Source::of(text, true);
        let endpoint = Path::new("127.0.0.1:0");
        assert_eq!(listened(Some(endpoint)).unwrap(), Source::Listening("127.0.0.1:0".parse().unwrap()));
        for text in [None, Some(Path::new("-")), Some(Path::new("file"))] {
            assert_eq!(listened(text).unwrap_err().fault(), Fault::Usage);
        }
    }
}
