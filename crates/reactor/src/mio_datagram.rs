//! A datagram socket of the operating system: receiving, and sending one or several.
//! Opening it is `open_datagram`'s, watching it `MioNet`'s.

use std::io;
use std::net::SocketAddr;

use mio::net::{UdpSocket, UnixDatagram};

use crate::address::Address;
use crate::net::Received;
use crate::open::{self, invalid};
use crate::segments::{self, Segments};
use crate::series::Series;

/// A UDP or Unix datagram socket.
#[derive(Debug)]
pub enum DatagramSocket {
    /// UDP.
    Udp {
        /// The socket.
        socket: UdpSocket,
        /// Whom it is connected to.
        peer: Option<Address>,
        /// How it sends several at once.
        segments: Segments,
    },
    /// Unix.
    Unix {
        /// The socket.
        socket: UnixDatagram,
        /// The path that is removed when it closes.
        guard: open::UnixPath,
        /// Whom it is connected to.
        peer: Option<Address>,
    },
}

impl DatagramSocket {
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        let (bytes, from) = match self {
            DatagramSocket::Udp { socket, .. } => {
                let (bytes, from) = socket.recv_from(buffer)?;
                (bytes, Address::Udp(from))
            }
            DatagramSocket::Unix { socket, .. } => {
                let (bytes, from) = socket.recv_from(buffer)?;
                let from = from.as_pathname().map(|path| Address::UnixDatagram(path.into()));
                (bytes, from.unwrap_or(Address::Unnamed))
            }
        };
        Ok(Received { bytes, from })
    }

    pub(crate) fn send(&mut self, to: &Address, payload: &[u8]) -> io::Result<()> {
        match (self, to) {
            (DatagramSocket::Udp { socket, peer, .. }, to) => {
                send_alone(socket, place(peer.as_ref(), to)?, payload)
            }
            (DatagramSocket::Unix { socket, peer: Some(peer), .. }, to) if to == peer => {
                socket.send(payload).map(drop).map_err(no_room)
            }
            (DatagramSocket::Unix { socket, .. }, Address::UnixDatagram(to)) => {
                socket.send_to(payload, to).map(drop).map_err(no_room)
            }
            (DatagramSocket::Unix { .. }, to) => Err(unreachable_from_here(to)),
        }
    }

    /// Sends a whole series in one call where that can be done, else its first datagram.
    pub(crate) fn send_series(&mut self, to: &Address, series: Series<'_>) -> io::Result<usize> {
        match self {
            DatagramSocket::Udp { socket, peer, segments } => {
                send_several(socket, segments, place(peer.as_ref(), to)?, series)
            }
            DatagramSocket::Unix { .. } => self.send(to, series.first()).map(|()| 1),
        }
    }
}

/// The address that the system is to be told: none for a connected socket's peer, as some systems refuse even that one.
fn place(peer: Option<&Address>, to: &Address) -> io::Result<Option<SocketAddr>> {
    match to {
        to if peer == Some(to) => Ok(None),
        Address::Udp(to) => Ok(Some(*to)),
        _ => Err(unreachable_from_here(to)),
    }
}

fn unreachable_from_here(to: &Address) -> io::Error {
    invalid(format!("{to} cannot be reached from here"))
}

fn send_alone(socket: &UdpSocket, to: Option<SocketAddr>, payload: &[u8]) -> io::Result<()> {
    match to {
        Some(to) => socket.send_to(payload, to),
        None => socket.send(payload),
    }
    .map(drop)
    .map_err(no_room)
}

/// If they are refused and one of them is not, it is for their being several.
fn send_several(
    socket: &UdpSocket,
    segments: &mut Segments,
    to: Option<SocketAddr>,
    series: Series<'_>,
) -> io::Result<usize> {
    if !segments.takes(to, series) {
        return send_alone(socket, to, series.first()).map(|()| 1);
    }
    match segments::send(socket, to, series).map_err(no_room) {
        Err(error) if segments::is_about_series(&error) => {
            send_alone(socket, to, series.first())?;
            segments.refuse(to, series);
            Ok(1)
        }
        result => result.map(|()| series.count()),
    }
}

/// A network interface whose queue is full says `ENOBUFS`, which passes like `WouldBlock`; but no edge tells when.
fn no_room(error: io::Error) -> io::Error {
    if error.raw_os_error() == Some(ENOBUFS) { io::ErrorKind::WouldBlock.into() } else { error }
}

// errno.h; std has no name for it.
const ENOBUFS: i32 = if cfg!(any(target_os = "linux", target_os = "android")) { 105 } else { 55 };

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::binding::BindOptions;
    use crate::open_datagram;

    #[test]
    fn a_series_leaves_in_one_call_over_udp_and_one_by_one_over_unix() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reader");
        let (udp, there) = reader("127.0.0.1");
        let _unix = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
        for (from, to, taken) in [
            ("udp://127.0.0.1:0".parse().unwrap(), there, 3),
            (Address::Unnamed, Address::UnixDatagram(path.clone()), 1),
        ] {
            let (mut socket, _) = open_datagram::bind(&from, &BindOptions::default()).unwrap();
            assert_eq!(socket.send_series(&to, Series::new(b"aabbc", 2)).unwrap(), taken, "{to}");
        }
        let mut heard = [0; 9];
        assert_eq!([0; 3].map(|_: i32| udp.recv(&mut heard).unwrap()), [2, 2, 1]);
    }

    #[test]
    fn a_series_that_was_refused_is_not_tried_again_there_and_is_elsewhere() {
        // More datagrams than any kernel cuts; those that were cut would all be taken.
        let too_many = Series::new(&[b'x'; 4_096], 1);
        let several = Series::new(b"aab", 1);
        for is_connected in [false, true] {
            let [(near, there), (far, elsewhere)] = ["127.0.0.1", "127.0.0.2"].map(reader);
            let peer = is_connected.then(|| there.clone());
            let options = BindOptions { peer, ..BindOptions::default() };
            let (mut socket, _) =
                open_datagram::bind(&"udp://127.0.0.1:0".parse().unwrap(), &options).unwrap();
            for (to, series, taken) in
                [(&there, several, 3), (&there, too_many, 1), (&there, several, 1), (&elsewhere, several, 3)]
            {
                assert_eq!(socket.send_series(to, series).unwrap(), taken, "{to}, {}", series.count());
            }
            for (reader, expected) in [(&near, &b"aabxa"[..]), (&far, b"aab")] {
                let mut heard = [0; 9];
                for byte in expected {
                    assert_eq!(reader.recv(&mut heard).unwrap(), 1);
                    assert_eq!(heard[0], *byte);
                }
            }
        }
    }

    /// Somebody there who hears what is sent.
    fn reader(host: &str) -> (std::net::UdpSocket, Address) {
        let reader = std::net::UdpSocket::bind((host, 0)).unwrap();
        reader.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let there = Address::Udp(reader.local_addr().unwrap());
        (reader, there)
    }

    #[test]
    fn a_full_interface_is_waited_for() {
        let full = no_room(io::Error::from_raw_os_error(ENOBUFS));
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        assert_eq!(no_room(io::ErrorKind::PermissionDenied.into()).kind(), io::ErrorKind::PermissionDenied);
    }
}
