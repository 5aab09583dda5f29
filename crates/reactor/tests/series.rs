//! Many datagrams to one place at once, on the operating system's sockets: they leave in few calls, and nobody can tell.
//! What is refused in their midst is in `simulation`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;

use support::{DEADLINE, Hooks, Running, Told, has_ipv6, hooks, skip};
use switchboard_reactor::{Address, BindOptions, Limits, Reactor, SocketId};

/// A loop with a socket there.
fn bound(host: &str, peer: Option<SocketAddr>) -> (Reactor<Hooks>, SocketId, Told) {
    let (handler, told) = hooks();
    let mut reactor = Reactor::new(handler, Limits::default()).unwrap();
    let options = BindOptions { peer: peer.map(Address::Udp), ..BindOptions::default() };
    let (socket, _) = reactor.bind_with(&Address::Udp(host.parse().unwrap()), &options).unwrap();
    (reactor, socket, told)
}

fn reader(host: &str) -> UdpSocket {
    let reader = UdpSocket::bind(host).unwrap();
    reader.set_read_timeout(Some(DEADLINE)).unwrap();
    reader
}

/// Has the loop send all of it within one turn.
fn send(reactor: &mut Reactor<Hooks>, socket: SocketId, to: SocketAddr, payloads: &[Vec<u8>]) {
    reactor.with_context(|_, cx| {
        for payload in payloads {
            cx.send_datagram(socket, Address::Udp(to), payload);
        }
    });
    reactor.turn().unwrap();
}

#[track_caller]
fn hears(reader: &UdpSocket, payloads: &[Vec<u8>]) {
    let mut heard = vec![0; 65_536];
    for (number, payload) in payloads.iter().enumerate() {
        let bytes = reader.recv(&mut heard).unwrap();
        assert!(
            heard[..bytes] == payload[..],
            "datagram {number} of {} bytes came as {bytes}",
            payload.len()
        );
    }
}

/// Payloads of these lengths, no two of them alike.
fn payloads(lengths: &[usize]) -> Vec<Vec<u8>> {
    lengths.iter().zip(1..).map(|(length, number)| vec![number; *length]).collect()
}

const NOBODY_KEEPS_MORE: &str = "a reader's buffer holds fewer than 256 of them";

#[test]
fn a_burst_comes_in_its_order_whatever_the_lengths() {
    let long = [1_200; 33];
    let mut lengths = vec![7; 130];
    lengths.extend([5, 7, 7, 0, 7, 7, 8, 8, 0, 0, 1]);
    for (host, lengths) in [("127.0.0.1:0", &lengths[..]), ("127.0.0.1:0", &long), ("[::1]:0", &lengths)] {
        if host.contains("::") && !has_ipv6() {
            return;
        }
        assert!(lengths.len() < 256, "{NOBODY_KEEPS_MORE}");
        let (mut reactor, socket, _told) = bound(host, None);
        let reader = reader(host);
        let payloads = payloads(lengths);
        send(&mut reactor, socket, reader.local_addr().unwrap(), &payloads);
        hears(&reader, &payloads);
        let stats = reactor.stats();
        assert_eq!((stats.datagrams_out, stats.datagrams_lost), (lengths.len() as u64, 0));
    }
}

#[test]
fn bursts_to_two_places_do_not_mix() {
    let (mut reactor, socket, _told) = bound("127.0.0.1:0", None);
    let readers = [reader("127.0.0.1:0"), reader("127.0.0.1:0")];
    let payloads = payloads(&[9; 24]);
    reactor.with_context(|_, cx| {
        for (number, payload) in payloads.iter().enumerate() {
            let to = readers[number / 4 % 2].local_addr().unwrap();
            cx.send_datagram(socket, Address::Udp(to), payload);
        }
    });
    reactor.turn().unwrap();
    for (place, reader) in readers.iter().enumerate() {
        let parts: Vec<_> = payloads.chunks(4).skip(place).step_by(2).flatten().cloned().collect();
        hears(reader, &parts);
    }
}

#[test]
fn the_answer_to_an_earlier_datagram_costs_no_burst() {
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap();
    let place = nobody.local_addr().unwrap();
    drop(nobody);
    let (mut reactor, socket, told) = bound("127.0.0.1:0", Some(place));
    // The second series meets the answer to the first one.
    send(&mut reactor, socket, place, &payloads(&[1, 1, 1, 2, 2, 2]));
    told.wait_for("error ConnectionRefused");
    let stats = reactor.stats();
    assert_eq!((stats.datagrams_out, stats.datagrams_lost), (6, 0), "all of them were sent");
    let somebody = UdpSocket::bind(place).unwrap();
    somebody.set_read_timeout(Some(DEADLINE)).unwrap();
    let payloads = payloads(&[3; 5]);
    send(&mut reactor, socket, place, &payloads);
    hears(&somebody, &payloads);
}

#[test]
fn each_of_a_burst_that_may_not_leave_is_lost_and_told() {
    let (mut reactor, socket, told) = bound("127.0.0.1:0", None);
    // A whole network, for which the socket was not opened.
    send(&mut reactor, socket, SocketAddr::from(([127, 255, 255, 255], 9)), &payloads(&[4; 3]));
    for _ in 0..3 {
        told.wait_for("error PermissionDenied");
    }
    let stats = reactor.stats();
    assert_eq!((stats.datagrams_out, stats.datagrams_lost), (0, 3));
}

#[test]
fn each_of_a_burst_is_cut_at_the_readers_limit() {
    let limits = Limits { datagram_bytes_max: 1_000, ..Limits::default() };
    let (handler, told) = hooks();
    let handler = Hooks { answers: false, ..handler };
    let mut listening = Reactor::new(handler, limits).unwrap();
    let (_, address) = listening.bind(&Address::Udp(([127, 0, 0, 1], 0).into())).unwrap();
    let running = Running::of(listening);
    let (mut reactor, socket, _told) = bound("127.0.0.1:0", None);
    send(&mut reactor, socket, address.ip().unwrap(), &payloads(&[1_001, 1_001, 1_000]));
    for cut in ["cut", "cut", "whole"] {
        told.wait_for(&format!("datagram {cut} 1000 "));
    }
    assert_eq!(running.stop().1.datagrams_truncated, 2);
}

/// The loopback takes whatever fits a datagram, so this test runs again where it takes as little as an Ethernet: in a
/// namespace of its own.
#[test]
fn what_is_longer_than_the_ways_packets_comes_all_the_same() {
    const PREPARE: &str = "ip link set lo mtu 1500 up && exec \"$@\"";
    if std::env::var_os("SWITCHBOARD_TEST_NAMESPACE").is_some() {
        return send_more_than_fits_a_packet();
    }
    let prepared = Command::new("unshare").args(["-n", "sh", "-c", PREPARE, "sh", "true"]).output();
    if !prepared.is_ok_and(|output| output.status.success()) {
        return skip("namespaces");
    }
    let child = Command::new("unshare")
        .args(["-n", "sh", "-c", PREPARE, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "what_is_longer_than_the_ways_packets_comes_all_the_same", "--nocapture"])
        .env("SWITCHBOARD_TEST_NAMESPACE", "1")
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

fn send_more_than_fits_a_packet() {
    let (mut reactor, socket, _told) = bound("127.0.0.1:0", None);
    let reader = reader("127.0.0.1:0");
    let to = reader.local_addr().unwrap();
    for length in [1_400, 2_000, 1_400, 1_473, 1_472] {
        let payloads = payloads(&[length; 7]);
        send(&mut reactor, socket, to, &payloads);
        hears(&reader, &payloads);
    }
    assert_eq!(reactor.stats().datagrams_lost, 0);
}
