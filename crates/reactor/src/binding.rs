//! How a datagram socket is opened, and the multicast groups that it may belong to.
//! Doing it is left to each `Net`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use crate::address::Address;

/// How a datagram socket is opened. Everything about multicast and broadcast matters to UDP only, the mode to Unix only.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is one option of the socket")]
pub struct BindOptions {
    /// The only address to talk with. A socket with a peer hears nobody else, and is told by
    /// [`Handler::handle_error`](crate::Handler::handle_error) when nobody is there (`ConnectionRefused`). Default none.
    pub peer: Option<Address>,
    /// Whether several sockets may have the address (`SO_REUSEADDR`): each of them hears what is sent to a multicast
    /// group, one of them what is sent to itself. Default no.
    pub reuse_address: bool,
    /// Whether several sockets may share what comes to the address (`SO_REUSEPORT`), each datagram for one of them. Not
    /// for multicast: Linux may choose one that has not joined where it came in. Default no.
    pub reuse_port: bool,
    /// Whether an IPv6 socket also speaks IPv4. Default no, as for listeners.
    pub dual_stack: bool,
    /// Whether it may send to a whole network. Default no: the system refuses.
    pub broadcast: bool,
    /// How many routers a multicast datagram passes. Default 1: it stays in this network.
    pub multicast_ttl: u8,
    /// Whether members on this host hear what is sent from here. Default yes. Linux and BSD ask the sender.
    pub multicast_loop: bool,
    /// Through which interface multicast datagrams leave. Default: the system chooses.
    pub multicast_interface: Interface,
    /// Permission bits of a Unix socket's path. Default 0o600: whoever opened it.
    pub unix_mode: u32,
}

impl Default for BindOptions {
    fn default() -> BindOptions {
        BindOptions {
            peer: None,
            reuse_address: false,
            reuse_port: false,
            dual_stack: false,
            broadcast: false,
            multicast_ttl: 1,
            multicast_loop: true,
            multicast_interface: Interface::Any,
            unix_mode: 0o600,
        }
    }
}

/// A network interface of this host, by what sockets call it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Interface {
    /// Whichever the system takes.
    #[default]
    Any,
    /// By number, as `ip link` shows it: IPv6, and joining over IPv4.
    Index(u32),
    /// By an address that it has: IPv4.
    Address(Ipv4Addr),
}

/// A multicast group, heard on one interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Membership {
    /// The group: `224.0.0.0/4` or `ff00::/8`.
    pub group: IpAddr,
    /// Where it is heard.
    pub interface: Interface,
}

impl Membership {
    /// A group on the interface that the system takes.
    pub fn of(group: impl Into<IpAddr>) -> Membership {
        Membership { group: group.into(), interface: Interface::Any }
    }
}

impl fmt::Display for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.interface {
            Interface::Any => write!(f, "{}", self.group),
            Interface::Index(index) => write!(f, "{} on interface {index}", self.group),
            Interface::Address(address) => write!(f, "{} on {address}", self.group),
        }
    }
}

/// What is to be done about a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MembershipChange {
    /// Hear the group from now on.
    Join,
    /// Hear it no more. Closing the socket does the same.
    Leave,
}
