//! Everybody on a network at once: a multicast group or a broadcast address, where whoever hears one hears all. Finds
//! out as whom and through which interface we speak there, and opens the two sockets that it takes.
//!
//! One socket hears, on the port that everybody shares; another one speaks, from a port of its own, so that several on
//! one host are told apart, and we from all of them. What is said is `letters`'.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use anyhow::Context;
use clap::Args;
use reactor::{Address, BindOptions, Handler, Interface, Membership, MembershipChange, Reactor, SocketId};
use socket2::{Domain, Socket, Type};

use crate::cli::exit::{Blame, Failure, Fault, Result};
use crate::cli::notes::Notes;
use crate::endpoint::{Endpoint, Resolved, interface_number};

/// What was typed about it.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Groups and broadcast")]
pub(super) struct LanArgs {
    /// By which interface everybody is heard and spoken to: over IPv4 the address that it has, over IPv6 its name; else
    /// the system chooses
    #[arg(long, value_name = "ADDR|NAME")]
    interface: Option<String>,
    /// How far what is said to a group goes: 0 is this host, 1 (the default) this network, and one more for each router
    #[arg(long, value_name = "HOPS")]
    ttl: Option<u8>,
    /// Take the endpoint for the broadcast address of a network, as 192.0.2.255 may be; 255.255.255.255 always is one
    #[arg(long)]
    broadcast: bool,
}

/// Where everybody is, and where we are among them.
#[derive(Debug)]
pub(super) struct Lan {
    /// What everybody listens to, and speaks to.
    place: SocketAddr,
    crowd: Crowd,
    own: Own,
    ttl: u8,
}

/// Who everybody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crowd {
    /// Who has joined a multicast group.
    Group,
    /// Each host of an IPv4 network.
    Network,
}

/// As whom we speak.
#[derive(Debug)]
struct Own {
    /// Our address there, with any port: what is sent from it leaves through its interface.
    address: SocketAddr,
    interface: Interface,
}

/// Opened sockets.
#[derive(Debug)]
pub(super) struct Seat {
    /// The one that speaks; the other only hears.
    pub(super) mouth: SocketId,
    /// Whom it speaks to.
    pub(super) everybody: Address,
    /// What is seen as the sender.
    pub(super) own: Address,
}

impl Lan {
    /// What an endpoint means, if it means everybody.
    pub(super) fn of(endpoint: &Endpoint, typed: &LanArgs) -> Result<Option<Lan>> {
        let Some((place, crowd)) = everybody_at(endpoint, typed)? else {
            return if typed.is_empty() { Ok(None) } else { Err(not_everybody(endpoint)) };
        };
        if crowd == Crowd::Network && typed.ttl.is_some() {
            return Err(usage("--ttl is for multicast groups; broadcast stays on its network anyhow"));
        }
        let interface = typed.interface.as_deref();
        let (place, own) = match place {
            SocketAddr::V4(place) => (place.into(), own_v4(place, interface)?),
            SocketAddr::V6(place) => {
                let place = with_scope(place, interface)?;
                (place.into(), own_v6(place)?)
            }
        };
        Ok(Some(Lan { place, crowd, own, ttl: typed.ttl.unwrap_or(1) }))
    }

    /// Takes a seat, and says where everybody is and who we are.
    pub(super) fn open<H: Handler>(&self, reactor: &mut Reactor<H>, notes: &Notes) -> Result<Seat> {
        let (mouth, own) = reactor
            .bind_with(&Address::Udp(self.own.address), &self.mouth_options())
            .with_context(|| format!("cannot speak from {}", self.own.address.ip()))
            .blame(Fault::Connection)?;
        let (ear, heard) = reactor
            .bind_with(&self.ear(), &Lan::ear_options())
            .with_context(|| format!("cannot listen on udp://{}", self.place))
            .blame(Fault::Connection)?;
        self.join(reactor, ear)?;
        let everybody = Address::Udp(self.place_at(heard.ip().map_or(0, |heard| heard.port())));
        notes.listening(&everybody);
        notes.note(format_args!("you are {own}"));
        Ok(Seat { mouth, everybody, own })
    }

    fn join<H: Handler>(&self, reactor: &mut Reactor<H>, ear: SocketId) -> Result<()> {
        if self.crowd == Crowd::Network {
            return Ok(());
        }
        let membership = Membership { group: self.place.ip(), interface: self.own.interface };
        reactor
            .change_membership(ear, &membership, MembershipChange::Join)
            .with_context(|| format!("cannot join the group {membership}"))
            .blame(Fault::Connection)
    }

    /// Where everybody is heard. On a group's own address comes nothing but what was sent to the group.
    fn ear(&self) -> Address {
        match self.crowd {
            Crowd::Group => Address::Udp(self.place),
            Crowd::Network => Address::Udp((Ipv4Addr::UNSPECIFIED, self.place.port()).into()),
        }
    }

    /// Several on one host share the port. Not by `reuse_port`: with that Linux hands what comes for one of them to
    /// another now and then, be it on another interface.
    fn ear_options() -> BindOptions {
        BindOptions { reuse_address: true, ..BindOptions::default() }
    }

    fn mouth_options(&self) -> BindOptions {
        BindOptions {
            broadcast: self.crowd == Crowd::Network,
            multicast_ttl: self.ttl,
            multicast_interface: self.own.interface,
            ..BindOptions::default()
        }
    }

    fn place_at(&self, port: u16) -> SocketAddr {
        let mut place = self.place;
        place.set_port(port);
        place
    }
}

impl LanArgs {
    fn is_empty(&self) -> bool {
        self.interface.is_none() && self.ttl.is_none() && !self.broadcast
    }
}

/// The address of everybody that an endpoint names, if it does.
fn everybody_at(endpoint: &Endpoint, typed: &LanArgs) -> Result<Option<(SocketAddr, Crowd)>> {
    let Endpoint::Udp(_) = endpoint else { return Ok(None) };
    let Resolved::Udp(addresses) = endpoint.resolve()? else { return Ok(None) };
    Ok(addresses.first().and_then(|place| match place.ip() {
        ip if ip.is_multicast() => Some((*place, Crowd::Group)),
        IpAddr::V4(ip) if ip.is_broadcast() || typed.broadcast => Some((*place, Crowd::Network)),
        _ => None,
    }))
}

fn not_everybody(endpoint: &Endpoint) -> Failure {
    usage(format!(
        "{endpoint} is no multicast group and no broadcast address of IPv4: --interface, --ttl and --broadcast are for those"
    ))
}

fn usage(message: impl Into<String>) -> Failure {
    Failure::new(Fault::Usage, message)
}

/// Over IPv4 an interface is known by our address on it.
fn own_v4(everybody: SocketAddrV4, interface: Option<&str>) -> Result<Own> {
    let address = match interface {
        Some(typed) => typed.parse().map_err(|_| {
            usage(format!("`{typed}` is no IPv4 address, by which an interface is known to {everybody}"))
        })?,
        None => source_v4(everybody)
            .with_context(|| format!("there is no way to {everybody}"))
            .blame(Fault::Connection)?,
    };
    Ok(Own { address: (address, 0).into(), interface: Interface::Address(address) })
}

/// Our address in what the system would send there. Without a network it is the one within this host.
fn source_v4(everybody: SocketAddrV4) -> io::Result<Ipv4Addr> {
    match source(everybody.into()) {
        Ok(IpAddr::V4(ip)) if !ip.is_unspecified() => Ok(ip),
        Err(error) if error.kind() != io::ErrorKind::NetworkUnreachable => Err(error),
        _ => Ok(Ipv4Addr::LOCALHOST),
    }
}

/// Over IPv6 an interface is known by its number, which stands in the address.
fn with_scope(mut everybody: SocketAddrV6, interface: Option<&str>) -> Result<SocketAddrV6> {
    if let Some(name) = interface {
        let number =
            interface_number(name).ok_or_else(|| usage(format!("there is no interface `{name}`")))?;
        everybody.set_scope_id(number);
    }
    let ip = everybody.ip();
    // Interface-local and link-local groups (RFC 4291, 2.7) are others on each interface.
    let is_of_an_interface = ip.segments()[0] & 0xf <= 2;
    if is_of_an_interface && everybody.scope_id() == 0 {
        let port = everybody.port();
        return Err(usage(format!(
            "which interface? udp://[{ip}%eth0]:{port}, for one, or --interface eth0"
        )));
    }
    Ok(everybody)
}

fn own_v6(everybody: SocketAddrV6) -> Result<Own> {
    let way = source(everybody.into()).with_context(|| format!("there is no way to {everybody}"));
    let IpAddr::V6(ip) = way.blame(Fault::Connection)? else {
        return Err(usage(format!("{everybody} cannot be reached over IPv6")));
    };
    let scope = everybody.scope_id();
    let interface = if scope == 0 { Interface::Any } else { Interface::Index(scope) };
    Ok(Own { address: SocketAddrV6::new(ip, 0, 0, scope).into(), interface })
}

/// The address that the system would give as the sender of what is sent there. Nothing is sent.
fn source(everybody: SocketAddr) -> io::Result<IpAddr> {
    let socket = Socket::new(Domain::for_address(everybody), Type::DGRAM, None)?;
    if let SocketAddr::V6(everybody) = everybody {
        socket.set_multicast_if_v6(everybody.scope_id())?;
    }
    socket.set_broadcast(true)?;
    socket.connect(&everybody.into())?;
    let address = socket.local_addr()?.as_socket();
    address.map(|address| address.ip()).ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Typed {
        endpoint: Endpoint,
        #[command(flatten)]
        lan: LanArgs,
    }

    fn lan(line: &str) -> Result<Option<Lan>> {
        let typed = Typed::try_parse_from(["talk"].into_iter().chain(line.split_whitespace())).unwrap();
        Lan::of(&typed.endpoint, &typed.lan)
    }

    #[test]
    fn groups_and_broadcast_are_everybody_and_nothing_else_is() {
        for (line, crowd) in [
            ("udp://239.1.2.3:5000 --interface 127.0.0.1", Crowd::Group),
            ("udp://255.255.255.255:5000 --interface 127.0.0.1", Crowd::Network),
            ("udp://127.255.255.255:5000 --interface 127.0.0.1 --broadcast", Crowd::Network),
        ] {
            let lan = lan(line).unwrap().expect(line);
            assert_eq!((lan.crowd, lan.ttl), (crowd, 1), "{line}");
            assert_eq!(lan.own.interface, Interface::Address(Ipv4Addr::LOCALHOST), "{line}");
        }
        for line in ["udp://127.0.0.1:5000", "tcp://239.1.2.3:5000", "unix-dgram:/run/x", "udp://[::1]:5000"]
        {
            assert!(lan(line).unwrap().is_none(), "{line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_one_line() {
        for line in [
            "udp://127.0.0.1:5000 --ttl 3",
            "tcp://127.0.0.1:5000 --interface lo",
            "udp://[::1]:5000 --broadcast",
            "udp://255.255.255.255:5000 --ttl 3",
            "udp://239.1.2.3:5000 --interface lo",
            "udp://[ff02::1234]:5000",
            "udp://[ff12::1234]:5000 --interface nowhere",
        ] {
            let failure = lan(line).unwrap_err();
            assert_eq!(failure.fault(), Fault::Usage, "{line}: {}", failure.message());
            assert!(!failure.message().contains('\n'), "{line}: {}", failure.message());
        }
    }
}
