//! Where a conversation takes place, as it is typed: `Endpoint` and its text form, both ways.
//!
//! Reading the text is `parse`, looking up names and kernel families is `resolve`, keeping to what was found `answer`, taking over an inherited descriptor is `adopt`;
//! binding and connecting are left to the session.
//!
//! | text | meaning |
//! |---|---|
//! | `tcp://HOST:PORT`, `HOST:PORT` | TCP over IPv4 or IPv6; `[::1]:9000` for a literal IPv6 address |
//! | `udp://HOST:PORT` | UDP |
//! | `unix:PATH`, `unix-dgram:PATH` | a Unix stream or datagram socket |
//! | `fd:N` | a socket that whoever started us left open as descriptor `N` |
//! | `systemd:NAME` | a socket that the service manager passed under that name; `systemd:` if it passed one alone |
//! | `can:IFACE`, `rds://HOST:PORT` | understood, so that the refusal can say what is missing |
//!
//! ```
//! use switchboard::endpoint::Endpoint;
//!
//! let endpoint: Endpoint = "[::1]:9000".parse()?;
//! assert_eq!(endpoint.to_string(), "tcp://[::1]:9000");
//! assert!(endpoint.is_local());
//! # Ok::<(), switchboard::endpoint::ParseEndpointError>(())
//! ```

mod adopt;
mod answer;
mod parse;
mod resolve;

use std::fmt;
use std::path::PathBuf;

use answer::Answer;

pub use adopt::{AdoptError, adopt};
pub use parse::ParseEndpointError;
pub(crate) use resolve::interface_number;
pub use resolve::{Family, ResolveError, Resolved};

/// Where to listen or whom to call. `Display` gives the text that `FromStr` takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `tcp://HOST:PORT`
    Tcp(HostPort),
    /// `udp://HOST:PORT`
    Udp(HostPort),
    /// `unix:PATH`
    Unix(PathBuf),
    /// `unix-dgram:PATH`
    UnixDatagram(PathBuf),
    /// `fd:N`
    Fd(u32),
    /// `systemd:NAME`
    Systemd(String),
    /// `can:IFACE`, which Switchboard does not speak
    Can(String),
    /// `rds://HOST:PORT`, which Switchboard does not speak
    Rds(HostPort),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(place) => write!(f, "tcp://{place}"),
            Self::Udp(place) => write!(f, "udp://{place}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::UnixDatagram(path) => write!(f, "unix-dgram:{}", path.display()),
            Self::Fd(number) => write!(f, "fd:{number}"),
            Self::Systemd(name) => write!(f, "systemd:{name}"),
            Self::Can(interface) => write!(f, "can:{interface}"),
            Self::Rds(place) => write!(f, "rds://{place}"),
        }
    }
}

/// A host (a name, an IPv4 address, or an IPv6 address in brackets) and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    host: String, // never empty; an IPv6 address stands here without its brackets
    port: u16,
    answer: Answer,
}

impl HostPort {
    fn new(host: String, port: u16) -> Self {
        Self { host, port, answer: Answer::default() }
    }

    /// The same place, with nothing known about its name.
    fn anew(&self) -> Self {
        Self::new(self.host.clone(), self.port)
    }

    /// The name or address, an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port; 0 asks the kernel for a free one.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_ipv6 = self.host.contains(':');
        if is_ipv6 {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
