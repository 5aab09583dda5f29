//! Taking over a socket that whoever started us left open: `fd:N`, without unsafe code.
//!
//! The descriptor is duplicated; the number itself stays open until the program ends. So a connection
//! is ended by `shutdown`, not by dropping what `adopt` returned. What it is, the loop's own `MioNet` finds out.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use reactor::{Adopted, MioNet};
use rustix::io::Errno;

/// Takes over descriptor `number`, as what it is.
pub fn adopt(number: u32) -> Result<Adopted<MioNet>, AdoptError> {
    duplicate(number).and_then(MioNet::sort).map_err(|error| AdoptError { number, error })
}

/// Why a descriptor cannot be taken over.
#[derive(Debug)]
pub struct AdoptError {
    number: u32,
    error: io::Error,
}

impl std::error::Error for AdoptError {}

impl fmt::Display for AdoptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AdoptError { number, error } = self;
        if error.raw_os_error() == Some(Errno::BADF.raw_os_error()) {
            return write!(f, "fd:{number} is not open; whoever starts this program opens it");
        }
        write!(f, "fd:{number} cannot be taken over: {error}")
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
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;

    use socket2::{Domain, Socket, Type};

    use super::*;

    fn number(socket: &impl AsRawFd) -> u32 {
        u32::try_from(socket.as_raw_fd()).unwrap()
    }

    #[test]
    fn what_is_adopted_is_the_same_socket_under_another_number() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let adopted = adopt(number(&listener)).unwrap();
        assert_eq!(*adopted.address(), reactor::Address::Tcp(listener.local_addr().unwrap()));
        drop(adopted);
        assert!(adopt(number(&listener)).is_ok(), "still open");
    }

    #[test]
    fn what_is_no_usable_socket_is_refused_with_its_number() {
        let file = File::open("/dev/null").unwrap();
        let error = adopt(number(&file)).unwrap_err().to_string();
        assert!(error.ends_with("cannot be taken over: it is not a socket"), "{error}");

        let idle = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let error = adopt(number(&idle)).unwrap_err().to_string();
        assert!(error.contains("neither listens nor is connected"), "{error}");

        // Far above any descriptor that a test could have open.
        let error = adopt(1_000_000).unwrap_err().to_string();
        assert_eq!(error, "fd:1000000 is not open; whoever starts this program opens it");
    }
}
