//! Opening sockets of the operating system with the options that the loop needs, before anybody can reach them.
//! Watching them is left to `MioNet`, opening datagram sockets to `open_datagram`.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net as std_unix;
use std::path::{Path, PathBuf};

use mio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::address::Address;
use crate::mio_net::{DatagramSocket, Listener, MioNet, Stream};
use crate::net::{Adopted, ListenOptions};

/// Opens a listener; nobody can reach it before all its options are set.
pub(crate) fn listen(address: &Address, options: &ListenOptions) -> io::Result<(Listener, Address)> {
    match address {
        Address::Tcp(address) => listen_tcp(*address, options),
        Address::Unix(path) => listen_unix(path, options),
        other => Err(invalid(format!("{other} is not something to listen on for streams"))),
    }
}

fn listen_tcp(address: SocketAddr, options: &ListenOptions) -> io::Result<(Listener, Address)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), None)?;
    // A restarted server gets its port back although old connections linger in TIME_WAIT.
    socket.set_reuse_address(true)?;
    if options.reuse_port {
        socket.set_reuse_port(true)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(!options.dual_stack)?;
    }
    socket.bind(&address.into())?;
    socket.listen(backlog(options))?;
    let listener = std::net::TcpListener::from(socket);
    let address = listener.local_addr()?;
    Ok((Listener::Tcp(TcpListener::from_std(listener)), Address::Tcp(address)))
}

fn listen_unix(path: &Path, options: &ListenOptions) -> io::Result<(Listener, Address)> {
    remove_stale(path, |path| std_unix::UnixStream::connect(path).map(drop))?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let guard = UnixPath::of(path)?;
    // Between bind and listen nobody can connect, so nobody slips in under the umask's mode.
    fs::set_permissions(path, fs::Permissions::from_mode(options.unix_mode))?;
    socket.listen(backlog(options))?;
    let listener = UnixListener::from_std(std_unix::UnixListener::from(OwnedFd::from(socket)));
    Ok((Listener::Unix(listener, guard), Address::Unix(path.into())))
}

fn backlog(options: &ListenOptions) -> i32 {
    i32::try_from(options.backlog).unwrap_or(i32::MAX)
}

/// Removes the path of a server that is gone. One that answers keeps it, and so does whatever is no socket.
pub(crate) fn remove_stale(path: &Path, probe: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the path exists and is no socket"));
    }
    match probe(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        _ => Err(io::ErrorKind::AddrInUse.into()),
    }
}

/// The path of a bound Unix socket: removed with the socket, unless somebody else has taken its place.
#[derive(Debug)]
pub struct UnixPath(Option<(PathBuf, u64, u64)>);

impl UnixPath {
    pub(crate) fn of(path: &Path) -> io::Result<UnixPath> {
        let made = fs::symlink_metadata(path)?;
        Ok(UnixPath(Some((path.into(), made.dev(), made.ino()))))
    }

    pub(crate) fn none() -> UnixPath {
        UnixPath(None)
    }
}

impl Drop for UnixPath {
    fn drop(&mut self) {
        let Some((path, device, inode)) = &self.0 else { return };
        let is_ours = fs::symlink_metadata(path).is_ok_and(|at| (at.dev(), at.ino()) == (*device, *inode));
        if is_ours {
            // Whoever removed it first has done our work.
            let _ = fs::remove_file(path);
        }
    }
}

/// Sorts an open descriptor by what it is.
pub(crate) fn sort(descriptor: OwnedFd) -> io::Result<Adopted<MioNet>> {
    let socket = Socket::from(descriptor);
    let kind = socket.r#type().map_err(|_| invalid("the descriptor is no socket".into()))?;
    let domain = socket.domain()?;
    socket.set_nonblocking(true)?;
    let is_ip = domain == Domain::IPV4 || domain == Domain::IPV6;
    if !is_ip && domain != Domain::UNIX {
        return Err(invalid("the socket is neither TCP, UDP nor Unix".into()));
    }
    match kind {
        Type::STREAM if socket.is_listener()? => sort_listener(socket, is_ip),
        Type::STREAM => sort_stream(socket, is_ip),
        Type::DGRAM => sort_datagram(socket, is_ip),
        _ => Err(invalid("the socket carries neither a stream nor datagrams".into())),
    }
}

fn sort_listener(socket: Socket, is_ip: bool) -> io::Result<Adopted<MioNet>> {
    let address = local_address(&socket, Address::Tcp, Address::Unix)?;
    // Who opened the path is who removes it.
    Ok(Adopted::Listener(
        if is_ip {
            Listener::Tcp(TcpListener::from_std(socket.into()))
        } else {
            Listener::Unix(UnixListener::from_std(OwnedFd::from(socket).into()), UnixPath::none())
        },
        address,
    ))
}

fn sort_stream(socket: Socket, is_ip: bool) -> io::Result<Adopted<MioNet>> {
    let peer = match socket.peer_addr() {
        Ok(peer) => address_of(&peer, Address::Tcp, Address::Unix),
        Err(_) => return Err(invalid("the stream socket is neither connected nor listening".into())),
    };
    let stream = if is_ip {
        // A stream without it is slower, not wrong.
        let _ = socket.set_tcp_nodelay(true);
        Stream::Tcp(TcpStream::from_std(socket.into()))
    } else {
        Stream::Unix(UnixStream::from_std(OwnedFd::from(socket).into()))
    };
    Ok(Adopted::Stream(stream, peer))
}

fn sort_datagram(socket: Socket, is_ip: bool) -> io::Result<Adopted<MioNet>> {
    let address = local_address(&socket, Address::Udp, Address::UnixDatagram)?;
    // An adopted socket may be connected.
    let peer = socket.peer_addr().ok().map(|peer| address_of(&peer, Address::Udp, Address::UnixDatagram));
    let socket = if is_ip {
        DatagramSocket::Udp { socket: UdpSocket::from_std(socket.into()), peer }
    } else {
        let socket = UnixDatagram::from_std(OwnedFd::from(socket).into());
        DatagramSocket::Unix { socket, guard: UnixPath::none(), peer }
    };
    Ok(Adopted::Datagram(socket, address))
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

pub(crate) fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}
