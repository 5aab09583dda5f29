//! What an endpoint means on this machine: names looked up, inherited descriptors taken over, families
//! that this kernel or Switchboard lacks refused.
//!
//! Leaves binding and connecting to whoever asked.

use std::io;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs};
use std::path::PathBuf;

use reactor::{Adopted, MioNet};
use socket2::{Domain, Protocol, Socket, Type};

use super::{AdoptError, Endpoint, HostPort, adopt};
use crate::systemd::{ActivationError, passed};

/// An endpoint that can be listened on or called.
#[derive(Debug)]
pub enum Resolved {
    /// TCP addresses, in the resolver's order; never empty.
    Tcp(Vec<SocketAddr>),
    /// UDP addresses, in the resolver's order; never empty.
    Udp(Vec<SocketAddr>),
    /// A Unix stream socket's path.
    Unix(PathBuf),
    /// A Unix datagram socket's path.
    UnixDatagram(PathBuf),
    /// A socket that was open before we were started.
    Inherited(Adopted<MioNet>),
}

impl Resolved {
    /// Whether nothing said here leaves this host: loopback addresses (all of them) and Unix sockets.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(addresses) | Self::Udp(addresses) => addresses.iter().all(is_loopback),
            Self::Unix(_) | Self::UnixDatagram(_) => true,
            Self::Inherited(socket) => socket.address().ip().as_ref().is_none_or(is_loopback),
        }
    }
}

impl Endpoint {
    /// Looks up what the endpoint names. Blocks while the system's resolver does.
    ///
    /// A name is looked up once: later calls, on clones too, give the same addresses, so that what was checked
    /// is what is used even if the name comes to mean something else in between.
    pub fn resolve(&self) -> Result<Resolved, ResolveError> {
        match self {
            Self::Tcp(place) => lookup(place).map(Resolved::Tcp),
            Self::Udp(place) => lookup(place).map(Resolved::Udp),
            Self::Unix(path) => Ok(Resolved::Unix(path.clone())),
            Self::UnixDatagram(path) => Ok(Resolved::UnixDatagram(path.clone())),
            Self::Fd(number) => Ok(Resolved::Inherited(adopt(*number)?)),
            Self::Systemd(name) => Ok(Resolved::Inherited(adopt(passed(name)?)?)),
            Self::Can(_) => Err(refuse(Family::Can)),
            Self::Rds(_) => Err(refuse(Family::Rds)),
        }
    }

    /// The same endpoint for whoever calls again much later: its name is looked up once more. What was checked about
    /// the addresses it had before says nothing about those that it has then.
    #[must_use]
    pub fn anew(&self) -> Self {
        match self {
            Self::Tcp(place) => Self::Tcp(place.anew()),
            Self::Udp(place) => Self::Udp(place.anew()),
            other => other.clone(),
        }
    }

    /// Whether nothing said here leaves this host. What cannot be resolved is not known to be local.
    pub fn is_local(&self) -> bool {
        self.resolve().is_ok_and(|resolved| resolved.is_local())
    }
}

fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// An address family that endpoints can name and Switchboard cannot speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Controller area network, `AF_CAN`.
    Can,
    /// Reliable datagram sockets, `AF_RDS`.
    Rds,
}

impl Family {
    fn name(self) -> &'static str {
        match self {
            Self::Can => "CAN",
            Self::Rds => "RDS",
        }
    }

    /// Asks the kernel for a socket of the family, the only reliable way to learn whether it has one.
    fn probe(self) -> io::Result<Socket> {
        match self {
            Self::Can => Socket::new(Domain::from(AF_CAN), Type::RAW, Some(Protocol::from(CAN_RAW))),
            Self::Rds => Socket::new(Domain::from(AF_RDS), Type::SEQPACKET, None),
        }
    }
}

/// Why an endpoint cannot be used here.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// No address for the name.
    #[error("unknown host `{host}`: {reason}")]
    UnknownHost {
        /// The name that was asked for.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// The kernel was built without the family.
    #[error("this kernel has no {} sockets ({reason})", family.name())]
    NoSuchFamily {
        /// What was asked for.
        family: Family,
        /// What the kernel said.
        reason: io::Error,
    },
    /// The kernel may have the family, Switchboard does not speak it.
    #[error("Switchboard does not speak {}; use tcp://, udp://, unix: or unix-dgram:", family.name())]
    NotSpoken {
        /// What was asked for.
        family: Family,
    },
    /// The descriptor cannot be taken over.
    #[error(transparent)]
    Adopt(#[from] AdoptError),
    /// The service manager passed no such socket.
    #[error(transparent)]
    Activation(#[from] ActivationError),
}

fn lookup(place: &HostPort) -> Result<Vec<SocketAddr>, ResolveError> {
    place.answer.or_ask(|| ask_system(place))
}

fn ask_system(place: &HostPort) -> Result<Vec<SocketAddr>, ResolveError> {
    let unknown = |reason: String| ResolveError::UnknownHost { host: place.host().to_owned(), reason };
    if let Some((ip, zone)) = zoned(place.host()) {
        let Some(scope) = interface_number(zone) else {
            return Err(unknown(format!("there is no interface `{zone}`")));
        };
        return Ok(vec![SocketAddrV6::new(ip, place.port(), 0, scope).into()]);
    }
    let found = (place.host(), place.port()).to_socket_addrs().map_err(|error| unknown(reason(&error)))?;

    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found {
        // A hosts file that lists a name twice must not make us bind twice.
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() { Err(unknown("it has no address".to_owned())) } else { Ok(addresses) }
}

/// An IPv6 address and the interface that it is on, as in `fe80::1%eth0`. The resolver takes names of interfaces for
/// some kinds of address only.
fn zoned(host: &str) -> Option<(Ipv6Addr, &str)> {
    let (address, zone) = host.split_once('%')?;
    Some((address.parse().ok()?, zone))
}

/// The system's number of an interface, given by its name or as that number.
pub(crate) fn interface_number(zone: &str) -> Option<u32> {
    let mut found = (format!("fe80::%{zone}"), 0).to_socket_addrs().ok()?;
    found.find_map(|address| match address {
        SocketAddr::V6(address) if address.scope_id() != 0 => Some(address.scope_id()),
        _ => None,
    })
}

/// The resolver's own words, without the preamble that std puts before them.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("failed to lookup address information: ").unwrap_or(&text).to_owned()
}

fn refuse(family: Family) -> ResolveError {
    match family.probe() {
        Err(reason) if reason.raw_os_error() == Some(EAFNOSUPPORT) => {
            ResolveError::NoSuchFamily { family, reason }
        }
        _ => ResolveError::NotSpoken { family },
    }
}

const EAFNOSUPPORT: i32 = rustix::io::Errno::AFNOSUPPORT.raw_os_error();

// linux/socket.h and linux/can.h; no crate that we use names them.
const AF_RDS: i32 = 21;
const AF_CAN: i32 = 29;
const CAN_RAW: i32 = 1;

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        text.parse().unwrap()
    }

    #[test]
    fn literal_addresses_resolve_to_themselves() {
        match endpoint("127.0.0.1:9000").resolve().unwrap() {
            Resolved::Tcp(addresses) => assert_eq!(addresses, ["127.0.0.1:9000".parse().unwrap()]),
            other => panic!("{other:?}"),
        }
        match endpoint("udp://[::1]:53").resolve().unwrap() {
            Resolved::Udp(addresses) => assert_eq!(addresses, ["[::1]:53".parse().unwrap()]),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn loopback_and_unix_are_local_and_nothing_else_is() {
        for local in
            ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "localhost:1", "unix:/x"]
        {
            assert!(endpoint(local).is_local(), "{local}");
        }
        for remote in ["0.0.0.0:1", "[::]:1", "192.0.2.1:1", "udp://192.0.2.1:1", "can:can0"] {
            assert!(!endpoint(remote).is_local(), "{remote}");
        }
    }

    #[test]
    fn an_inherited_socket_is_local_if_its_address_is() {
        for (place, is_local) in [("127.0.0.1:0", true), ("0.0.0.0:0", false)] {
            let listener = TcpListener::bind(place).unwrap();
            assert_eq!(endpoint(&format!("fd:{}", listener.as_raw_fd())).is_local(), is_local, "{place}");
        }
        let (stream, _other) = UnixStream::pair().unwrap();
        assert!(endpoint(&format!("fd:{}", stream.as_raw_fd())).is_local());
    }

    #[test]
    fn a_name_means_to_the_end_what_it_meant_when_it_was_checked() {
        let name = endpoint("no-such-host.invalid:1");
        let Endpoint::Tcp(place) = &name else { panic!("{name} is TCP") };
        let here: Vec<SocketAddr> = vec!["127.0.0.1:1".parse().unwrap()];
        place.answer.or_ask(|| Ok::<_, ResolveError>(here.clone())).unwrap();
        assert!(name.is_local());
        for later in [name.clone(), name.clone()] {
            assert!(matches!(later.resolve().unwrap(), Resolved::Tcp(found) if found == here));
        }
        assert!(name.anew().resolve().is_err(), "looked up again");
        assert_eq!(name, endpoint("no-such-host.invalid:1"), "what was found is no part of the endpoint");
        assert_eq!(name.to_string(), "tcp://no-such-host.invalid:1");
    }

    #[test]
    fn an_interface_is_named_with_any_address() {
        for text in ["udp://[fe80::1%lo]:9", "udp://[ff05::1%lo]:9", "udp://[ff05::1%1]:9"] {
            let Resolved::Udp(found) = endpoint(text).resolve().unwrap() else { panic!("{text} is UDP") };
            assert!(matches!(found[..], [SocketAddr::V6(one)] if one.scope_id() == 1), "{text}: {found:?}");
        }
        let error = endpoint("udp://[ff05::1%nowhere]:9").resolve().unwrap_err().to_string();
        assert_eq!(error, "unknown host `ff05::1%nowhere`: there is no interface `nowhere`");
    }

    #[test]
    fn unknown_host_is_said_by_name() {
        let error = endpoint("no-such-host.invalid:1").resolve().unwrap_err().to_string();
        assert!(error.starts_with("unknown host `no-such-host.invalid`: "), "{error}");
        assert!(!error.contains('\n'));
    }

    #[test]
    fn families_that_are_not_spoken_are_refused_by_name() {
        for (text, name) in [("can:can0", "CAN"), ("rds://127.0.0.1:1", "RDS")] {
            let error = endpoint(text).resolve().unwrap_err();
            assert!(matches!(error, ResolveError::NoSuchFamily { .. } | ResolveError::NotSpoken { .. }));
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
