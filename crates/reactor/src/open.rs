//! Opening sockets of the operating system with the options that the loop needs, before anybody can reach them.
//! Watching them is left to `MioNet`, opening datagram sockets to `open_datagram`,
//! and those that somebody else opened to `inherited`.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net as std_unix;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mio::net::{TcpListener, TcpStream, UnixListener};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::address::Address;
use crate::mio_net::Listener;
use crate::net::ListenOptions;

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
    Ok((Listener::Unix(listener, Arc::new(guard)), Address::Unix(path.into())))
}

/// Starts a connection from this address of ours, at a port that the system chooses.
pub(crate) fn connect_from(source: IpAddr, address: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), None)?;
    socket.bind(&SocketAddr::new(source, 0).into())?;
    match socket.connect(&address.into()) {
        Err(error) if !is_on_its_way(&error) => Err(error),
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}

/// As a connection that does not wait says when it is started.
fn is_on_its_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(EINPROGRESS)
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

pub(crate) fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// errno.h; no crate that the loop uses names it.
const EINPROGRESS: i32 = if cfg!(any(target_os = "linux", target_os = "android")) { 115 } else { 36 };
