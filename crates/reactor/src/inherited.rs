//! Sockets of the operating system that somebody else opened: what they are, and what the loop needs of them.
//! How they got here, and who may use them, is left to whoever hands them over.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;

use mio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use crate::address::Address;
use crate::mio_datagram::DatagramSocket;
use crate::mio_net::{Listener, MioNet, Stream};
use crate::net::Adopted;
use crate::open::{UnixPath, invalid};
use crate::segments::Segments;

/// Sorts an open descriptor by what it is, and leaves it as it is until it is adopted.
pub(crate) fn sort(descriptor: OwnedFd) -> io::Result<Adopted<MioNet>> {
    let socket = Socket::from(descriptor);
    let kind = socket.r#type().map_err(|_| invalid("it is not a socket".into()))?;
    let family = Family::of(socket.domain()?)?;
    match kind {
        Type::STREAM if socket.is_listener()? => sort_listener(socket, family),
        Type::STREAM => sort_stream(socket, family),
        Type::DGRAM => sort_datagram(socket, family),
        _ => Err(invalid("it carries neither a stream nor datagrams".into())),
    }
}

/// The families that are spoken here.
#[derive(Clone, Copy)]
enum Family {
    Internet,
    Unix,
}

impl Family {
    fn of(domain: Domain) -> io::Result<Family> {
        match domain {
            Domain::IPV4 | Domain::IPV6 => Ok(Family::Internet),
            Domain::UNIX => Ok(Family::Unix),
            _ => Err(invalid("it is neither TCP, UDP nor a Unix socket".into())),
        }
    }
}

fn sort_listener(socket: Socket, family: Family) -> io::Result<Adopted<MioNet>> {
    let address = local_address(&socket, Address::Tcp, Address::Unix)?;
    let listener = match family {
        Family::Internet => Listener::Tcp(TcpListener::from_std(socket.into())),
        Family::Unix => {
            // Who opened the path is who removes it.
            Listener::Unix(UnixListener::from_std(OwnedFd::from(socket).into()), Arc::new(UnixPath::none()))
        }
    };
    Ok(Adopted::Listener(listener, address))
}

fn sort_stream(socket: Socket, family: Family) -> io::Result<Adopted<MioNet>> {
    let peer = match socket.peer_addr() {
        Ok(peer) => address_of(&peer, Address::Tcp, Address::Unix),
        Err(_) => return Err(invalid("it neither listens nor is connected".into())),
    };
    let stream = match family {
        Family::Internet => Stream::Tcp(TcpStream::from_std(socket.into())),
        Family::Unix => Stream::Unix(UnixStream::from_std(OwnedFd::from(socket).into())),
    };
    Ok(Adopted::Stream(stream, peer))
}

fn sort_datagram(socket: Socket, family: Family) -> io::Result<Adopted<MioNet>> {
    let address = local_address(&socket, Address::Udp, Address::UnixDatagram)?;
    // An adopted socket may be connected.
    let peer = socket.peer_addr().ok().map(|peer| address_of(&peer, Address::Udp, Address::UnixDatagram));
    let socket = match family {
        Family::Internet => {
            let socket = UdpSocket::from_std(socket.into());
            DatagramSocket::Udp { socket, peer, segments: Segments::probe() }
        }
        Family::Unix => {
            let socket = UnixDatagram::from_std(OwnedFd::from(socket).into());
            DatagramSocket::Unix { socket, guard: UnixPath::none(), peer }
        }
    };
    Ok(Adopted::Datagram(socket, address))
}

/// Gives an adopted socket what the loop needs, which whoever opened it need not have given it.
pub(crate) fn prepare(adopted: &Adopted<MioNet>) -> io::Result<()> {
    let descriptor = descriptor(adopted);
    let socket = SockRef::from(&descriptor);
    if let Adopted::Stream(Stream::Tcp(_), _) = adopted {
        // A stream without it is slower, not wrong.
        let _ = socket.set_tcp_nodelay(true);
    }
    socket.set_nonblocking(true)
}

fn descriptor(adopted: &Adopted<MioNet>) -> BorrowedFd<'_> {
    match adopted {
        Adopted::Stream(stream, _) => stream.descriptor(),
        Adopted::Listener(Listener::Tcp(socket), _) => socket.as_fd(),
        Adopted::Listener(Listener::Unix(socket, _), _) => socket.as_fd(),
        Adopted::Datagram(DatagramSocket::Udp { socket, .. }, _) => socket.as_fd(),
        Adopted::Datagram(DatagramSocket::Unix { socket, .. }, _) => socket.as_fd(),
    }
}

fn local_address(
    socket: &Socket,
    ip: fn(SocketAddr) -> Address,
    unix: fn(PathBuf) -> Address,
) -> io::Result<Address> {
    Ok(address_of(&socket.local_addr()?, ip, unix))
}

fn address_of(address: &SockAddr, ip: fn(SocketAddr) -> Address, unix: fn(PathBuf) -> Address) -> Address {
    match (address.as_socket(), address.as_pathname()) {
        (Some(address), _) => ip(address),
        (None, Some(path)) => unix(path.into()),
        (None, None) => Address::Unnamed,
    }
}
