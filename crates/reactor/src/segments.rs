//! A whole series of UDP datagrams in one call: Linux cuts what it is given (`UDP_SEGMENT`), and its way down to the
//! network is gone once. What goes together is `series`'s, sending one datagram `MioNet`'s.

use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket as StdUdpSocket};

use mio::net::UdpSocket;
use socket2::{MsgHdr, SockAddr, SockRef};

use crate::series::Series;

/// What is known of one socket's ways.
#[derive(Debug)]
pub struct Segments {
    /// Datagrams of so many bytes and more go one by one.
    refused_from: usize,
}

impl Segments {
    /// For a new socket: nothing is refused where the system knows how.
    pub(crate) fn probe() -> Segments {
        let knows = cfg!(any(target_os = "linux", target_os = "android")) && is_known();
        Segments { refused_from: if knows { usize::MAX } else { 0 } }
    }

    /// Whether it is worth a try.
    pub(crate) fn takes(&self, series: Series<'_>) -> bool {
        series.count() > 1 && series.each() < self.refused_from
    }

    /// A series was refused whose first datagram went by itself: they are too long for the way's packets, or its
    /// interface cannot do it. Shorter ones will be tried again, as long ones may be refused for their length only.
    pub(crate) fn refuse(&mut self, series: Series<'_>) {
        self.refused_from = series.each();
    }
}

/// Sends all of a series, or nothing.
pub(crate) fn send(socket: &UdpSocket, to: Option<SocketAddr>, series: Series<'_>) -> io::Result<()> {
    // No series is longer than one datagram.
    let each = u16::try_from(series.each()).unwrap_or(u16::MAX);
    let control = control(&each.to_ne_bytes());
    let parts = [IoSlice::new(series.bytes())];
    let to = to.map(SockAddr::from);
    let message = MsgHdr::new().with_buffers(&parts).with_control(&control);
    let message = match &to {
        Some(to) => message.with_addr(to),
        None => message,
    };
    SockRef::from(socket).sendmsg(&message, 0).map(drop)
}

/// Whether an error may be about their being several. What is about the place, or says that there is no room, would be
/// said of each of them.
pub(crate) fn is_about_series(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionRefused, HostUnreachable, NetworkUnreachable, PermissionDenied, WouldBlock,
    };
    !matches!(
        error.kind(),
        ConnectionRefused | HostUnreachable | NetworkUnreachable | PermissionDenied | WouldBlock
    )
}

/// Whether the kernel knows what it is asked: a size of one byte is a mistake, which only who knows can see. An older
/// one (before 4.18) sends the datagram, and would send a whole series as one.
fn is_known() -> bool {
    ask_for_a_mistake().is_err_and(|error| error.kind() == io::ErrorKind::InvalidInput)
}

/// Sends nothing to a socket of its own, wrongly.
fn ask_for_a_mistake() -> io::Result<usize> {
    let socket = StdUdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let here = SockAddr::from(socket.local_addr()?);
    let control = control(&[0]);
    let message = MsgHdr::new().with_addr(&here).with_control(&control);
    SockRef::from(&socket).sendmsg(&message, 0)
}

/// The kernel's `struct cmsghdr` with the datagrams' length behind it: how long both are, as a word; whose message it
/// is and which, 32 bits each; the length; and what is missing to whole words.
fn control(length: &[u8]) -> [u8; CONTROL_BYTES] {
    let mut control = [0; CONTROL_BYTES];
    control[..WORD].copy_from_slice(&(HEADER_BYTES + length.len()).to_ne_bytes());
    control[WORD..WORD + 4].copy_from_slice(&SOL_UDP.to_ne_bytes());
    control[WORD + 4..HEADER_BYTES].copy_from_slice(&UDP_SEGMENT.to_ne_bytes());
    control[HEADER_BYTES..HEADER_BYTES + length.len()].copy_from_slice(length);
    control
}

const WORD: usize = size_of::<usize>();
const HEADER_BYTES: usize = WORD + 8;
const CONTROL_BYTES: usize = HEADER_BYTES + WORD;

// linux/socket.h and linux/udp.h.
const SOL_UDP: i32 = 17;
const UDP_SEGMENT: i32 = 103;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A socket of ours, and one that hears what it sends there.
    fn pair() -> (UdpSocket, StdUdpSocket) {
        let ours = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let theirs = StdUdpSocket::bind("127.0.0.1:0").unwrap();
        theirs.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        (ours, theirs)
    }

    #[test]
    fn one_call_sends_them_all_and_each_comes_by_itself() {
        let (ours, theirs) = pair();
        let to = theirs.local_addr().unwrap();
        for peer in [Some(to), None] {
            if peer.is_none() {
                ours.connect(to).unwrap();
            }
            let series = Series::new(b"aabbc", 2);
            assert!(Segments::probe().takes(series), "every Linux that this suite runs on knows how");
            send(&ours, peer, series).unwrap();
            let mut heard = [0; 9];
            for expected in series.datagrams() {
                let bytes = theirs.recv(&mut heard).unwrap();
                assert_eq!(&heard[..bytes], expected);
            }
        }
    }

    #[test]
    fn a_probe_sends_nothing_where_they_are_known() {
        assert!(is_known());
    }

    #[test]
    fn what_was_refused_for_its_length_is_not_tried_again_and_shorter_ones_are() {
        let mut segments = Segments { refused_from: usize::MAX };
        segments.refuse(Series::new(b"aabb", 2));
        assert!(!segments.takes(Series::new(b"aabb", 2)) && !segments.takes(Series::new(b"aaabbb", 3)));
        assert!(segments.takes(Series::new(b"ab", 1)));
        assert!(!segments.takes(Series::of_one(b"a")), "one by itself needs no such call");
        segments.refuse(Series::new(b"ab", 1));
        assert!(!segments.takes(Series::new(b"ab", 1)), "an interface that cannot do it at all");
    }

    #[test]
    fn only_what_no_single_datagram_meets_is_about_the_series() {
        for (number, expected) in [(5, true), (22, true), (90, true), (11, false), (111, false), (113, false)]
        {
            let error = io::Error::from_raw_os_error(number);
            assert_eq!(is_about_series(&error), expected, "{error}");
        }
    }
}
