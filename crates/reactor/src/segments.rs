//! A whole series of UDP datagrams in one call: Linux cuts what it is given (`UDP_SEGMENT`), and its way down to the
//! network is gone once. What goes together is `series`'s, sending one datagram `MioNet`'s.

use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket as StdUdpSocket};

use mio::net::UdpSocket;
use socket2::{MsgHdr, SockAddr, SockRef};

use crate::series::Series;

/// What is known of one socket's ways.
#[derive(Debug)]
pub struct Segments {
    /// Whether the system does it at all.
    is_known: bool,
    /// Those that refused, the latest one last: no two to one place, and at most `NARROW_MAX`.
    narrow: Vec<Narrow>,
}

/// A way that does not take everything.
#[derive(Debug)]
struct Narrow {
    /// The host that it leads to: none for whom the socket is connected to.
    to: Option<IpAddr>,
    /// Datagrams of so many bytes and more go there one by one.
    refused_from: usize,
}

impl Segments {
    /// For a new socket: nothing is refused where the system knows how.
    pub(crate) fn probe() -> Segments {
        let is_linux = cfg!(any(target_os = "linux", target_os = "android"));
        Segments { is_known: is_linux && is_known(), narrow: Vec::new() }
    }

    /// Whether it is worth a try.
    pub(crate) fn takes(&self, to: Option<SocketAddr>, series: Series<'_>) -> bool {
        let host = to.map(|to| to.ip());
        let is_refused = |way: &Narrow| way.to == host && way.refused_from <= series.each();
        self.is_known && series.count() > 1 && !self.narrow.iter().any(is_refused)
    }

    /// A series was refused whose first datagram went by itself: they are too long for the way's packets, or its
    /// interface cannot do it. Shorter ones will be tried again, as long ones may be refused for their length only;
    /// and so will other places, to which another way may lead.
    pub(crate) fn refuse(&mut self, to: Option<SocketAddr>, series: Series<'_>) {
        let host = to.map(|to| to.ip());
        self.narrow.retain(|way| way.to != host);
        if self.narrow.len() == NARROW_MAX {
            self.narrow.remove(0);
        }
        self.narrow.push(Narrow { to: host, refused_from: series.each() });
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

/// Whether an error may be about their being several. What is about the place, or says that there is no room or that a
/// signal came, would be said of each of them.
pub(crate) fn is_about_series(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionRefused, HostUnreachable, Interrupted, NetworkUnreachable, PermissionDenied, WouldBlock,
    };
    !matches!(
        error.kind(),
        ConnectionRefused
            | HostUnreachable
            | Interrupted
            | NetworkUnreachable
            | PermissionDenied
            | WouldBlock
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

/// Narrow ways that a socket remembers. With more of them in turn, a series costs one refused call, which is little
/// beside sending it; each is a comparison for every series.
const NARROW_MAX: usize = 16;

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
            assert!(Segments::probe().takes(peer, series), "every Linux that this suite runs on knows how");
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

    fn nothing_refused() -> Segments {
        Segments { is_known: true, narrow: Vec::new() }
    }

    /// A host, by its number.
    fn host(number: usize) -> Option<SocketAddr> {
        format!("10.0.0.{number}:9").parse().ok()
    }

    #[test]
    fn what_was_refused_for_its_length_is_not_tried_again_and_shorter_ones_are() {
        for to in [host(1), None] {
            let mut segments = nothing_refused();
            segments.refuse(to, Series::new(b"aabb", 2));
            assert!(!segments.takes(to, Series::new(b"aabb", 2)));
            assert!(!segments.takes(to, Series::new(b"aaabbb", 3)));
            assert!(segments.takes(to, Series::new(b"ab", 1)));
            assert!(!segments.takes(to, Series::of_one(b"a")), "one by itself needs no such call");
            segments.refuse(to, Series::new(b"ab", 1));
            assert!(!segments.takes(to, Series::new(b"ab", 1)), "an interface that cannot do it at all");
        }
    }

    #[test]
    fn a_way_leads_to_a_host_and_not_to_a_port() {
        let mut segments = nothing_refused();
        let series = Series::new(b"ab", 1);
        segments.refuse(host(1), series);
        let another_port = host(1).map(|place| SocketAddr::new(place.ip(), 10));
        assert!(!segments.takes(another_port, series) && segments.takes(host(2), series));
    }

    #[test]
    fn so_many_narrow_ways_are_remembered_and_then_the_oldest_is_forgotten() {
        let (mut segments, series) = (nothing_refused(), Series::new(b"ab", 1));
        for number in (0..NARROW_MAX).chain([0]) {
            segments.refuse(host(number), series);
        }
        assert!((0..NARROW_MAX).all(|number| !segments.takes(host(number), series)), "{segments:?}");
        segments.refuse(host(NARROW_MAX), series);
        assert_eq!(segments.narrow.len(), NARROW_MAX);
        assert!(segments.takes(host(1), series) && !segments.takes(host(0), series), "{segments:?}");
    }

    #[test]
    fn a_system_that_does_not_know_is_never_asked() {
        let segments = Segments { is_known: false, narrow: Vec::new() };
        assert!(!segments.takes(host(1), Series::new(b"ab", 1)));
    }

    #[test]
    fn only_what_no_single_datagram_meets_is_about_the_series() {
        let of_series = [5, 22, 90].map(|number| (number, true));
        let of_each = [4, 11, 111, 113].map(|number| (number, false));
        for (number, expected) in of_series.into_iter().chain(of_each) {
            let error = io::Error::from_raw_os_error(number);
            assert_eq!(is_about_series(&error), expected, "{error}");
        }
    }
}
