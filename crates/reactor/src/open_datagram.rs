//! Opening datagram sockets of the operating system with their options, and their multicast groups.
//! Watching them is left to `MioNet`, stream sockets to `open`.

use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net as std_unix;
use std::path::Path;

use mio::net::{UdpSocket, UnixDatagram};
use socket2::{Domain, InterfaceIndexOrAddress, SockAddr, SockRef, Socket, Type};

use crate::address::Address;
use crate::binding::{BindOptions, Interface, Membership, MembershipChange};
use crate::mio_datagram::DatagramSocket;
use crate::open::{UnixPath, invalid, remove_stale};
use crate::segments::Segments;

/// Opens a datagram socket. `unix-dgram` sockets that only send are bound to no path.
pub(crate) fn bind(address: &Address, options: &BindOptions) -> io::Result<(DatagramSocket, Address)> {
    match address {
        Address::Udp(address) => bind_udp(*address, options),
        Address::UnixDatagram(path) => Ok((bind_unix(path, options)?, address.clone())),
        Address::Unnamed => {
            let socket = std_unix::UnixDatagram::unbound()?;
            Ok((unix_socket(socket, UnixPath::none(), options)?, Address::Unnamed))
        }
        other => Err(invalid(format!("{other} is not something to bind for datagrams"))),
    }
}

fn bind_unix(path: &Path, options: &BindOptions) -> io::Result<DatagramSocket> {
    remove_stale(path, |path| std_unix::UnixDatagram::unbound()?.connect(path))?;
    let mode = fs::Permissions::from_mode(options.unix_mode);
    let socket = File::from(OwnedFd::from(Socket::new(Domain::UNIX, Type::DGRAM, None)?));
    // Who is bound can be sent to. On Linux the path has its socket's mode from the first, less the umask; where a socket
    // has none, the umask alone holds until the next lines.
    let _ = socket.set_permissions(mode.clone());
    let socket = Socket::from(OwnedFd::from(socket));
    socket.bind(&SockAddr::unix(path)?)?;
    let guard = UnixPath::of(path)?;
    fs::set_permissions(path, mode)?;
    unix_socket(OwnedFd::from(socket).into(), guard, options)
}

fn unix_socket(
    socket: std_unix::UnixDatagram,
    guard: UnixPath,
    options: &BindOptions,
) -> io::Result<DatagramSocket> {
    socket.set_nonblocking(true)?;
    if let Some(peer) = &options.peer {
        socket.connect(unix_path(peer)?)?;
    }
    Ok(DatagramSocket::Unix { socket: UnixDatagram::from_std(socket), guard, peer: options.peer.clone() })
}

fn unix_path(peer: &Address) -> io::Result<&Path> {
    match peer {
        Address::UnixDatagram(path) => Ok(path),
        other => Err(invalid(format!("{other} is no peer of a Unix datagram socket"))),
    }
}

fn bind_udp(address: SocketAddr, options: &BindOptions) -> io::Result<(DatagramSocket, Address)> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM.nonblocking(), None)?;
    set_options(&socket, address, options)?;
    socket.bind(&address.into())?;
    match &options.peer {
        None => {}
        Some(Address::Udp(peer)) => socket.connect(&(*peer).into())?,
        Some(other) => return Err(invalid(format!("{other} is no peer of a UDP socket"))),
    }
    let socket = UdpSocket::from_std(socket.into());
    let address = Address::Udp(socket.local_addr()?);
    Ok((DatagramSocket::Udp { socket, peer: options.peer.clone(), segments: Segments::probe() }, address))
}

fn set_options(socket: &Socket, address: SocketAddr, options: &BindOptions) -> io::Result<()> {
    if options.reuse_address {
        socket.set_reuse_address(true)?;
    }
    if options.reuse_port {
        socket.set_reuse_port(true)?;
    }
    if options.broadcast {
        socket.set_broadcast(true)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(!options.dual_stack)?;
        socket.set_multicast_hops_v6(u32::from(options.multicast_ttl))?;
        socket.set_multicast_loop_v6(options.multicast_loop)?;
        hear_own_groups_only(socket, address);
        set_interface_v6(socket, options.multicast_interface)
    } else {
        socket.set_multicast_ttl_v4(u32::from(options.multicast_ttl))?;
        socket.set_multicast_loop_v4(options.multicast_loop)?;
        hear_own_groups_only(socket, address);
        set_interface_v4(socket, options.multicast_interface)
    }
}

/// Linux would also hand us what is sent to groups that other sockets of this host have joined. A kernel too old to be
/// told otherwise goes on doing so.
#[cfg(target_os = "linux")]
fn hear_own_groups_only(socket: &Socket, address: SocketAddr) {
    let _ = if address.is_ipv6() {
        socket.set_multicast_all_v6(false)
    } else {
        socket.set_multicast_all_v4(false)
    };
}

#[cfg(not(target_os = "linux"))]
fn hear_own_groups_only(_: &Socket, _: SocketAddr) {}

fn set_interface_v4(socket: &Socket, interface: Interface) -> io::Result<()> {
    match interface {
        Interface::Any => Ok(()),
        Interface::Address(address) => socket.set_multicast_if_v4(&address),
        Interface::Index(_) => {
            Err(invalid("IPv4 datagrams leave through an interface by its address".into()))
        }
    }
}

fn set_interface_v6(socket: &Socket, interface: Interface) -> io::Result<()> {
    match index_of(interface)? {
        0 => Ok(()),
        index => socket.set_multicast_if_v6(index),
    }
}

/// Joins or leaves a multicast group.
pub(crate) fn change_membership(
    socket: &DatagramSocket,
    membership: &Membership,
    change: MembershipChange,
) -> io::Result<()> {
    let DatagramSocket::Udp { socket, .. } = socket else {
        return Err(invalid(format!("a Unix socket cannot be in the group {}", membership.group)));
    };
    let socket = SockRef::from(socket);
    match (membership.group, change) {
        (IpAddr::V4(group), MembershipChange::Join) => {
            socket.join_multicast_v4_n(&group, &interface_v4(membership.interface))
        }
        (IpAddr::V4(group), MembershipChange::Leave) => {
            socket.leave_multicast_v4_n(&group, &interface_v4(membership.interface))
        }
        (IpAddr::V6(group), MembershipChange::Join) => {
            socket.join_multicast_v6(&group, index_of(membership.interface)?)
        }
        (IpAddr::V6(group), MembershipChange::Leave) => {
            socket.leave_multicast_v6(&group, index_of(membership.interface)?)
        }
    }
}

fn interface_v4(interface: Interface) -> InterfaceIndexOrAddress {
    match interface {
        Interface::Any => InterfaceIndexOrAddress::Address(Ipv4Addr::UNSPECIFIED),
        Interface::Index(index) => InterfaceIndexOrAddress::Index(index),
        Interface::Address(address) => InterfaceIndexOrAddress::Address(address),
    }
}

/// An interface's number; 0 lets the system choose.
fn index_of(interface: Interface) -> io::Result<u32> {
    match interface {
        Interface::Any => Ok(0),
        Interface::Index(index) => Ok(index),
        Interface::Address(address) => {
            Err(invalid(format!("{address} names no interface for IPv6, give its number")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(address: &str, options: &BindOptions) -> UdpSocket {
        match bind(&address.parse().unwrap(), options).unwrap() {
            (DatagramSocket::Udp { socket, .. }, _) => socket,
            (DatagramSocket::Unix { .. }, _) => panic!("a UDP address gives a UDP socket"),
        }
    }

    #[test]
    fn options_are_set_on_the_socket_and_defaults_are_modest() {
        let far = BindOptions {
            multicast_ttl: 7,
            multicast_loop: false,
            broadcast: true,
            reuse_address: true,
            reuse_port: true,
            ..BindOptions::default()
        };
        for (options, ttl, is_set) in [(BindOptions::default(), 1, false), (far, 7, true)] {
            let socket = opened("udp://127.0.0.1:0", &options);
            let socket = SockRef::from(&socket);
            assert_eq!(
                (socket.multicast_ttl_v4().unwrap(), socket.multicast_loop_v4().unwrap()),
                (ttl, !is_set)
            );
            assert_eq!((socket.broadcast().unwrap(), socket.reuse_address().unwrap()), (is_set, is_set));
            assert_eq!(socket.reuse_port().unwrap(), is_set);
            let socket = opened("udp://[::1]:0", &options);
            let socket = SockRef::from(&socket);
            assert_eq!(
                (socket.multicast_hops_v6().unwrap(), socket.multicast_loop_v6().unwrap()),
                (ttl, !is_set)
            );
            assert!(socket.only_v6().unwrap());
        }
    }

    #[test]
    fn an_interface_is_named_as_its_family_names_it() {
        let by_index = BindOptions { multicast_interface: Interface::Index(1), ..BindOptions::default() };
        assert!(bind(&"udp://127.0.0.1:0".parse().unwrap(), &by_index).is_err());
        assert!(bind(&"udp://[::1]:0".parse().unwrap(), &by_index).is_ok());
        let by_address = Interface::Address(Ipv4Addr::LOCALHOST);
        let by_address = BindOptions { multicast_interface: by_address, ..BindOptions::default() };
        assert!(bind(&"udp://127.0.0.1:0".parse().unwrap(), &by_address).is_ok());
        assert!(bind(&"udp://[::1]:0".parse().unwrap(), &by_address).is_err());
    }
}
