//! Taking over a socket that whoever started us left open: `fd:N`, without unsafe code.
//!
//! The descriptor is duplicated; the number itself stays open until the program ends. So a connection
//! is ended by `shutdown`, not by dropping what `adopt` returned. Leaves non-blocking mode as it was.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

/// An inherited socket, told apart by what can be done with it.
#[derive(Debug)]
#[expect(missing_docs, reason = "the types say it")]
pub enum Adopted {
    TcpListener(TcpListener),
    UnixListener(UnixListener),
    TcpStream(TcpStream),
    UnixStream(UnixStream),
    UdpSocket(UdpSocket),
    UnixDatagram(UnixDatagram),
}

impl Adopted {
    /// Whether nothing said here leaves this host, judged by the addresses the socket has.
    pub fn is_local(&self) -> bool {
        let is_loopback = |address: io::Result<SocketAddr>| {
            address.is_ok_and(|address| address.ip().to_canonical().is_loopback())
        };
        match self {
            Self::UnixListener(_) | Self::UnixStream(_) | Self::UnixDatagram(_) => true,
            Self::TcpListener(listener) => is_loopback(listener.local_addr()),
            Self::TcpStream(stream) => is_loopback(stream.peer_addr()),
            Self::UdpSocket(socket) => is_loopback(socket.local_addr()),
        }
    }
}

impl From<Adopted> for OwnedFd {
    fn from(socket: Adopted) -> Self {
        match socket {
            Adopted::TcpListener(socket) => socket.into(),
            Adopted::UnixListener(socket) => socket.into(),
            Adopted::TcpStream(socket) => socket.into(),
            Adopted::UnixStream(socket) => socket.into(),
            Adopted::UdpSocket(socket) => socket.into(),
            Adopted::UnixDatagram(socket) => socket.into(),
        }
    }
}

/// Takes over descriptor `number` and finds out what it is.
pub fn adopt(number: u32) -> Result<Adopted, AdoptError> {
    let fault = |reason| AdoptError { number, reason };
    let socket = Socket::from(duplicate(number).map_err(|error| fault(Reason::of(error)))?);

    let kind = socket.r#type().map_err(|error| fault(Reason::of(error)))?;
    let domain = socket.domain().map_err(|error| fault(Reason::of(error)))?;
    let is_listening = socket.is_listener().unwrap_or(false);
    let is_connected = socket.peer_addr().is_ok();
    match (domain, kind) {
        (Domain::IPV4 | Domain::IPV6, Type::STREAM) if is_listening => {
            Ok(Adopted::TcpListener(socket.into()))
        }
        (Domain::IPV4 | Domain::IPV6, Type::STREAM) if is_connected => Ok(Adopted::TcpStream(socket.into())),
        (Domain::IPV4 | Domain::IPV6, Type::DGRAM) => Ok(Adopted::UdpSocket(socket.into())),
        (Domain::UNIX, Type::STREAM) if is_listening => Ok(Adopted::UnixListener(socket.into())),
        (Domain::UNIX, Type::STREAM) if is_connected => Ok(Adopted::UnixStream(socket.into())),
        (Domain::UNIX, Type::DGRAM) => Ok(Adopted::UnixDatagram(socket.into())),
        (Domain::IPV4 | Domain::IPV6 | Domain::UNIX, Type::STREAM) => Err(fault(Reason::Idle)),
        _ => Err(fault(Reason::Unspoken { kind: format!("{domain:?}, {kind:?}") })),
    }
}

/// Why a descriptor cannot be taken over.
#[derive(Debug)]
pub struct AdoptError {
    number: u32,
    reason: Reason,
}

impl std::error::Error for AdoptError {}

impl fmt::Display for AdoptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.number;
        match &self.reason {
            Reason::NotOpen => write!(f, "fd:{number} is not open; whoever starts this program opens it"),
            Reason::NotASocket => write!(f, "fd:{number} is open, but it is not a socket"),
            Reason::Idle => {
                write!(f, "fd:{number} is a stream socket that neither listens nor is connected")
            }
            Reason::Unspoken { kind } => {
                write!(f, "fd:{number} is a socket of a kind that Switchboard does not speak ({kind})")
            }
            Reason::System(error) => write!(f, "fd:{number} cannot be taken over: {error}"),
        }
    }
}

#[derive(Debug)]
enum Reason {
    NotOpen,
    NotASocket,
    Idle,
    Unspoken { kind: String },
    System(io::Error),
}

impl Reason {
    fn of(error: io::Error) -> Self {
        match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::BADF) => Self::NotOpen,
            Some(Errno::NOTSOCK) => Self::NotASocket,
            _ => Self::System(error),
        }
    }
}

/// A second descriptor for the same socket. The standard streams have safe handles in std; for any other
/// number we ask the kernel for our own descriptor as if we were another process.
fn duplicate(number: u32) -> io::Result<OwnedFd> {
    match number {
        0 => io::stdin().as_fd().try_clone_to_owned(),
        1 => io::stdout().as_fd().try_clone_to_owned(),
        2 => io::stderr().as_fd().try_clone_to_owned(),
        _ => duplicate_by_number(number),
    }
}

#[cfg(target_os = "linux")]
fn duplicate_by_number(number: u32) -> io::Result<OwnedFd> {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

    let number = i32::try_from(number).map_err(|_| Errno::BADF)?;
    let ourselves = pidfd_open(getpid(), PidfdFlags::empty())?;
    Ok(pidfd_getfd(ourselves, number, PidfdGetfdFlags::empty())?)
}

#[cfg(not(target_os = "linux"))]
fn duplicate_by_number(_number: u32) -> io::Result<OwnedFd> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "only fd:0, fd:1 and fd:2 work on this system"))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;

    use super::*;

    fn number(socket: &impl AsRawFd) -> u32 {
        u32::try_from(socket.as_raw_fd()).unwrap()
    }

    #[test]
    fn every_kind_of_socket_is_recognised() {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let caller = TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (stream, _other) = UnixStream::pair().unwrap();
        let (datagram, _other) = UnixDatagram::pair().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let unix = UnixListener::bind(folder.path().join("s")).unwrap();

        assert!(matches!(adopt(number(&tcp)), Ok(Adopted::TcpListener(_))));
        assert!(matches!(adopt(number(&caller)), Ok(Adopted::TcpStream(_))));
        assert!(matches!(adopt(number(&udp)), Ok(Adopted::UdpSocket(_))));
        assert!(matches!(adopt(number(&stream)), Ok(Adopted::UnixStream(_))));
        assert!(matches!(adopt(number(&datagram)), Ok(Adopted::UnixDatagram(_))));
        assert!(matches!(adopt(number(&unix)), Ok(Adopted::UnixListener(_))));
    }

    #[test]
    fn what_is_adopted_is_the_same_socket() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let Ok(Adopted::UnixStream(mut adopted)) = adopt(number(&theirs)) else { panic!("a Unix stream") };
        ours.write_all(b"x").unwrap();
        let mut got = [0];
        adopted.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"x");
    }

    #[test]
    fn only_what_stays_on_the_host_is_local() {
        let near = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = TcpListener::bind("0.0.0.0:0").unwrap();
        assert!(adopt(number(&near)).unwrap().is_local());
        assert!(!adopt(number(&far)).unwrap().is_local());
    }

    #[test]
    fn what_is_no_usable_socket_is_refused_with_its_number() {
        let file = File::open("/dev/null").unwrap();
        let error = adopt(number(&file)).unwrap_err().to_string();
        assert!(error.ends_with("it is not a socket"), "{error}");

        let idle = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let error = adopt(number(&idle)).unwrap_err().to_string();
        assert!(error.contains("neither listens nor is connected"), "{error}");

        // Far above any descriptor that a test could have open.
        let error = adopt(1_000_000).unwrap_err().to_string();
        assert_eq!(error, "fd:1000000 is not open; whoever starts this program opens it");
    }
}
