//! Where a socket is: family and kind together, as the loop needs them to make one.
//! Host names, and the endpoints that people type, belong to whoever resolves them.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_as_an_endpoint() {
        let ipv6 = Address::Tcp("[::1]:9000".parse().unwrap());
        assert_eq!(ipv6.to_string(), "tcp://[::1]:9000");
        assert_eq!(Address::UnixDatagram("/tmp/x".into()).to_string(), "unix-dgram:/tmp/x");
    }
}
