//! Where a socket is: family and kind together, as the loop needs them to make one.
//! Host names, and the endpoints that people type, belong to whoever resolves them.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// An address with the kind of its socket. Shown as the endpoint it is: `tcp://127.0.0.1:9000`, `unix:/run/hub`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A TCP socket, IPv4 or IPv6.
    Tcp(SocketAddr),
    /// A UDP socket, IPv4 or IPv6.
    Udp(SocketAddr),
    /// A Unix stream socket at a path.
    Unix(PathBuf),
    /// A Unix datagram socket at a path.
    UnixDatagram(PathBuf),
    /// A Unix socket without a name: the usual calling side.
    Unnamed,
}

impl Address {
    /// The internet address, where there is one.
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            Address::Tcp(address) | Address::Udp(address) => Some(*address),
            Address::Unix(_) | Address::UnixDatagram(_) | Address::Unnamed => None,
        }
    }

    /// Whether a socket of this address carries datagrams.
    pub fn is_datagram(&self) -> bool {
        matches!(self, Address::Udp(_) | Address::UnixDatagram(_))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => write!(f, "tcp://{address}"),
            Address::Udp(address) => write!(f, "udp://{address}"),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
            Address::UnixDatagram(path) => write!(f, "unix-dgram:{}", path.display()),
            Address::Unnamed => f.write_str("unix:(unnamed)"),
        }
    }
}

impl FromStr for Address {
    type Err = ParseAddressError;

    /// Reads what `Display` writes: an IP address and a port, or a path. Names are resolved elsewhere.
    fn from_str(text: &str) -> Result<Address, ParseAddressError> {
        let fault = || ParseAddressError { text: text.to_owned() };
        let ip = |place: &str| place.parse::<SocketAddr>().map_err(|_| fault());
        let path = |place: &str| if place.is_empty() { Err(fault()) } else { Ok(PathBuf::from(place)) };
        match text.split_once(':').ok_or_else(fault)? {
            ("tcp", place) => ip(place.strip_prefix("//").ok_or_else(fault)?).map(Address::Tcp),
            ("udp", place) => ip(place.strip_prefix("//").ok_or_else(fault)?).map(Address::Udp),
            ("unix", place) => path(place).map(Address::Unix),
            ("unix-dgram", place) => path(place).map(Address::UnixDatagram),
            _ => Err(fault()),
        }
    }
}

/// What was given is no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseAddressError {
    text: String,
}

impl fmt::Display for ParseAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is none of tcp://IP:PORT, udp://IP:PORT, unix:PATH and unix-dgram:PATH", self.text)
    }
}

impl std::error::Error for ParseAddressError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_as_an_endpoint() {
        let ipv6 = Address::Tcp("[::1]:9000".parse().unwrap());
        assert_eq!(ipv6.to_string(), "tcp://[::1]:9000");
        assert_eq!(Address::UnixDatagram("/tmp/x".into()).to_string(), "unix-dgram:/tmp/x");
    }

    #[test]
    fn what_is_shown_is_read_back() {
        for text in ["tcp://127.0.0.1:9000", "udp://[::1]:9", "unix:/run/hub", "unix-dgram:hub"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_would_be() {
        for text in
            ["", "tcp", "tcp:127.0.0.1:9", "tcp://localhost:9", "tcp://127.0.0.1", "unix:", "ftp://1.2.3.4:5"]
        {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is none of tcp://")), "{error}");
        }
    }
}
