//! Datagram sockets of the operating system: who sends is answered, and who minds the pressure loses nothing. Groups,
//! broadcast and connected sockets are in `datagrams`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/no_connections.rs"]
mod no_connections;
mod support;

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::thread;
use std::time::Duration;

use no_connections::no_connections;
use support::{DEADLINE, bound_at, has_ipv6};
use switchboard_reactor::{Address, Context, Flow, Handler, Limits, Pressure, Reactor, SocketId, Tag};

fn are_answered_at(host: &str) {
    let (running, address, _) = bound_at(&Address::Udp(host.parse().unwrap()));
    let socket = UdpSocket::bind(host).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    for payload in [&b""[..], b"hello", &vec![7; 60_000]] {
        socket.send_to(payload, address.ip().unwrap()).unwrap();
        let mut back = vec![1; 65_536];
        let (bytes, from) = socket.recv_from(&mut back).unwrap();
        assert_eq!((&back[..bytes], Some(from)), (payload, address.ip()));
    }
    let (_, stats) = running.stop();
    assert_eq!((stats.datagrams_in, stats.datagrams_out, stats.datagrams_truncated), (3, 3, 0));
}

#[test]
fn datagrams_are_answered_to_their_sender_over_ipv4() {
    are_answered_at("127.0.0.1:0");
}

#[test]
fn datagrams_are_answered_to_their_sender_over_ipv6() {
    if has_ipv6() {
        are_answered_at("[::1]:0");
    }
}

#[test]
fn unix_datagrams_are_answered_too() {
    let folder = tempfile::tempdir().unwrap();
    let (server, caller) = (folder.path().join("server"), folder.path().join("caller"));
    let (running, ..) = bound_at(&Address::UnixDatagram(server.clone()));
    let socket = UnixDatagram::bind(&caller).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket.send_to(b"hello", &server).unwrap();
    let mut back = [0; 9];
    let bytes = socket.recv(&mut back).unwrap();
    assert_eq!(&back[..bytes], b"hello");
    running.stop();
    assert!(!server.exists());
}

/// Sends numbered datagrams whenever it may, to a reader that sleeps first.
struct Flood {
    to: Address,
    sent: u32,
    socket: Option<SocketId>,
    held: bool,
}

impl Flood {
    const DATAGRAMS: u32 = 5_000;

    fn send_some(&mut self, cx: &mut Context<'_>) {
        for _ in 0..32 {
            if self.held || self.sent == Flood::DATAGRAMS {
                return;
            }
            cx.send_datagram(self.socket.unwrap(), self.to.clone(), &self.sent.to_be_bytes());
            self.sent += 1;
        }
        cx.set_timer(Duration::ZERO, Tag(0));
    }
}

impl Handler for Flood {
    type Command = ();

    no_connections!();

    fn timeout(&mut self, cx: &mut Context<'_>, _: Tag) {
        self.send_some(cx);
    }

    fn datagram_pressure(&mut self, cx: &mut Context<'_>, _: SocketId, pressure: Pressure) {
        self.held = pressure == Pressure::High;
        self.send_some(cx);
    }

    fn service_actions(&mut self, cx: &mut Context<'_>) {
        if self.sent == Flood::DATAGRAMS {
            cx.drain(DEADLINE);
        }
    }
}

#[test]
fn a_sender_that_minds_the_pressure_loses_no_datagram_to_a_slow_reader() {
    let folder = tempfile::tempdir().unwrap();
    let reader = UnixDatagram::bind(folder.path().join("reader")).unwrap();
    reader.set_read_timeout(Some(DEADLINE)).unwrap();
    let to = Address::UnixDatagram(folder.path().join("reader"));
    let flood = Flood { to, sent: 0, socket: None, held: false };
    let sending = thread::spawn(move || {
        let mut reactor = Reactor::new(flood, Limits::default()).unwrap();
        let (socket, _) = reactor.bind(&Address::Unnamed).unwrap();
        reactor.with_context(|flood, cx| {
            flood.socket = Some(socket);
            flood.send_some(cx);
        });
        while reactor.turn().unwrap() == Flow::Continue {}
        reactor.stats()
    });
    for number in 0..Flood::DATAGRAMS {
        let mut datagram = [0; 9];
        assert_eq!(reader.recv(&mut datagram).unwrap(), 4);
        assert_eq!(datagram[..4], number.to_be_bytes());
    }
    let stats = sending.join().unwrap();
    assert_eq!((stats.datagrams_dropped, stats.datagrams_queued), (0, 0));
}
