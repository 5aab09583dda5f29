//! Datagrams on the operating system's sockets: groups, networks, peers, and exactly what was cut off.
//! What flows under pressure is in `sockets`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use support::{DEADLINE, Hooks, Running, Told, hooks, skip};
use switchboard_reactor::{
    Address, BindOptions, Interface, Limits, Membership, MembershipChange, Reactor, SocketId,
};

const LOOPBACK: Interface = Interface::Address(Ipv4Addr::LOCALHOST);
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 42, 1);
const OTHER_GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 42, 2);

fn udp(text: &str) -> Address {
    Address::Udp(text.parse().unwrap())
}

fn bound(address: &Address, options: &BindOptions) -> (Running<Hooks>, SocketId, SocketAddr, Told) {
    let (handler, told) = hooks();
    let handler = Hooks { answers: false, ..handler };
    let mut reactor = Reactor::new(handler, Limits::default()).unwrap();
    let (socket, address) = reactor.bind_with(address, options).unwrap();
    (Running::of(reactor), socket, address.ip().unwrap(), told)
}

fn ask(running: &Running<Hooks>, order: impl FnOnce(&mut switchboard_reactor::Context<'_>) + Send + 'static) {
    assert!(running.handle.post(Box::new(order)).is_ok());
}

fn member_of(group: Ipv4Addr) -> Membership {
    Membership { group: IpAddr::V4(group), interface: LOOPBACK }
}

fn multicast() -> BindOptions {
    BindOptions { reuse_address: true, multicast_interface: LOOPBACK, ..BindOptions::default() }
}

#[test]
fn every_member_of_a_group_on_one_port_hears_it_and_others_do_not() {
    let (first, one, address, told_first) = bound(&udp("0.0.0.0:0"), &multicast());
    let everywhere = Address::Udp(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port()));
    let (second, two, _, told_second) = bound(&everywhere, &multicast());
    let (third, three, _, told_third) = bound(&everywhere, &multicast());
    ask(&first, move |cx| cx.join_multicast(one, member_of(GROUP)));
    ask(&second, move |cx| cx.join_multicast(two, member_of(GROUP)));
    ask(&third, move |cx| cx.join_multicast(three, member_of(OTHER_GROUP)));
    // Members are told by the loops: each has joined once a command after it has run.
    let (caller, socket, _, _) = bound(&udp("127.0.0.1:0"), &multicast());
    for running in [&first, &second, &third] {
        settled(running);
    }
    let to = |group: Ipv4Addr| Address::Udp(SocketAddr::new(group.into(), address.port()));
    let (here, there) = (to(GROUP), to(OTHER_GROUP));
    ask(&caller, move |cx| cx.send_datagram(socket, here, b"here"));
    ask(&caller, move |cx| cx.send_datagram(socket, there, b"there"));
    assert!(told_first.wait_for("datagram").ends_with("here"));
    assert!(told_second.wait_for("datagram").ends_with("here"));
    assert!(told_third.wait_for("datagram").ends_with("there"), "only its own group");
}

/// Waits until a loop has carried out what it was asked before.
fn settled(running: &Running<Hooks>) {
    for _ in 0..2 {
        let (tell, told) = std::sync::mpsc::channel();
        ask(running, move |_| tell.send(()).unwrap());
        told.recv_timeout(DEADLINE).unwrap();
    }
}

#[test]
fn who_has_left_a_group_hears_it_no_more() {
    let (running, socket, address, told) = bound(&udp("0.0.0.0:0"), &multicast());
    let (caller, from, _, _) = bound(&udp("127.0.0.1:0"), &multicast());
    let say = |word: &'static [u8], group: Ipv4Addr| {
        let to = Address::Udp(SocketAddr::new(group.into(), address.port()));
        ask(&caller, move |cx| cx.send_datagram(from, to, word));
    };
    ask(&running, move |cx| cx.join_multicast(socket, member_of(GROUP)));
    ask(&running, move |cx| cx.join_multicast(socket, member_of(OTHER_GROUP)));
    settled(&running);
    say(b"one", GROUP);
    assert!(told.wait_for("datagram").ends_with("one"));
    ask(&running, move |cx| cx.leave_multicast(socket, member_of(GROUP)));
    settled(&running);
    say(b"two", GROUP);
    say(b"three", OTHER_GROUP);
    assert!(told.wait_for("datagram").ends_with("three"), "what was said after it left is not heard");
}

#[test]
fn a_sender_may_keep_its_words_from_its_own_host() {
    let (_running, _, address, told) = {
        let (running, socket, address, told) = bound(&udp("0.0.0.0:0"), &multicast());
        ask(&running, move |cx| cx.join_multicast(socket, member_of(GROUP)));
        settled(&running);
        (running, socket, address, told)
    };
    let to = Address::Udp(SocketAddr::new(GROUP.into(), address.port()));
    let silent = BindOptions { multicast_loop: false, ..multicast() };
    let (unheard, from, _, _) = bound(&udp("127.0.0.1:0"), &silent);
    let unheard_to = to.clone();
    ask(&unheard, move |cx| cx.send_datagram(from, unheard_to, b"unheard"));
    settled(&unheard);
    let (heard, from, _, _) = bound(&udp("127.0.0.1:0"), &multicast());
    ask(&heard, move |cx| cx.send_datagram(from, to, b"heard"));
    assert!(told.wait_for("datagram").ends_with("heard"));
}

/// The loopback of a host routes no IPv6 groups, so this test runs again where it does: a namespace of its own.
#[test]
fn groups_of_ipv6_are_heard_too() {
    if std::env::var_os("SWITCHBOARD_TEST_NAMESPACE").is_some() {
        return hear_an_ipv6_group();
    }
    let Some(means) = MEANS.into_iter().find(|means| within(means, "true", &[]).is_ok()) else {
        return skip("namespaces");
    };
    if !Path::new("/proc/sys/net/ipv6").exists() {
        return skip("ipv6");
    }
    let exe = std::env::current_exe().unwrap();
    let again = [exe.to_str().unwrap(), "--exact", "groups_of_ipv6_are_heard_too", "--nocapture"];
    within(means, "ip -6 route add multicast ff01::/16 dev lo table local", &again).unwrap();
}

/// By what right a namespace is made: our own, or that of the root of a user namespace.
const MEANS: [&[&str]; 2] = [&["--net"], &["--map-root-user", "--net"]];

/// Runs a command in a namespace of its own that has its loopback, and was prepared so.
fn within(means: &[&str], prepare: &str, command: &[&str]) -> Result<(), String> {
    let script = format!("set -e; ip link set lo up; {prepare}; \"$@\"");
    let words = [means, &["sh", "-c", &script, "sh"], command].concat();
    let child = Command::new("unshare").args(words).env("SWITCHBOARD_TEST_NAMESPACE", "1").output();
    let child = child.map_err(|error| error.to_string())?;
    child.status.success().then_some(()).ok_or_else(|| String::from_utf8_lossy(&child.stderr).into_owned())
}

fn hear_an_ipv6_group() {
    let group = Ipv6Addr::new(0xff01, 0, 0, 0, 0, 0, 0, 0x4242);
    let on_loopback = BindOptions { multicast_interface: Interface::Index(1), ..BindOptions::default() };
    let (running, socket, address, told) = bound(&udp("[::]:0"), &on_loopback);
    let membership = Membership { group: group.into(), interface: Interface::Index(1) };
    ask(&running, move |cx| cx.join_multicast(socket, membership));
    settled(&running);
    let (caller, from, _, _) = bound(&udp("[::1]:0"), &on_loopback);
    let to = Address::Udp(SocketAddr::new(group.into(), address.port()));
    ask(&caller, move |cx| cx.send_datagram(from, to, b"six"));
    assert!(told.wait_for("datagram").ends_with("six"));
}

#[test]
fn what_is_no_group_is_an_error_and_ends_nothing() {
    let (running, socket, _, told) = bound(&udp("127.0.0.1:0"), &BindOptions::default());
    ask(&running, move |cx| cx.join_multicast(socket, Membership::of(Ipv4Addr::LOCALHOST)));
    told.wait_for("error InvalidInput");
    ask(&running, move |cx| cx.leave_multicast(socket, member_of(GROUP)));
    told.wait_for("error AddrNotAvailable");
    settled(&running);

    let (handler, _) = hooks();
    let mut reactor = Reactor::new(handler, Limits::default()).unwrap();
    let (unix, _) = reactor.bind(&Address::Unnamed).unwrap();
    let error = reactor.change_membership(unix, &member_of(GROUP), MembershipChange::Join).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn a_whole_network_is_reached_only_by_who_says_so() {
    let (_running, _, address, told) = bound(&udp("0.0.0.0:0"), &BindOptions::default());
    let everybody = Address::Udp(SocketAddr::new(Ipv4Addr::new(127, 255, 255, 255).into(), address.port()));
    for (broadcast, is_heard) in [(false, false), (true, true)] {
        let options = BindOptions { broadcast, ..BindOptions::default() };
        let (caller, from, _, refused) = bound(&udp("127.0.0.1:0"), &options);
        let to = everybody.clone();
        ask(&caller, move |cx| cx.send_datagram(from, to, b"everybody"));
        if is_heard {
            assert!(told.wait_for("datagram").ends_with("everybody"));
        } else {
            refused.wait_for("error PermissionDenied");
        }
    }
}

#[test]
fn a_connected_socket_learns_that_nobody_is_there_and_sends_on() {
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap();
    let place = nobody.local_addr().unwrap();
    drop(nobody);
    let peer = Address::Udp(place);
    let options = BindOptions { peer: Some(peer.clone()), ..BindOptions::default() };
    let (caller, socket, _, told) = bound(&udp("127.0.0.1:0"), &options);
    let to = peer.clone();
    ask(&caller, move |cx| cx.send_datagram(socket, to, b"anybody?"));
    told.wait_for("error ConnectionRefused");
    // Somebody comes: the next datagram is not eaten by the answer to one before.
    let somebody = UdpSocket::bind(place).unwrap();
    somebody.set_read_timeout(Some(DEADLINE)).unwrap();
    ask(&caller, move |cx| cx.send_datagram(socket, peer, b"hello"));
    let mut heard = [0; 99];
    let (bytes, from) = somebody.recv_from(&mut heard).unwrap();
    assert_eq!(&heard[..bytes], b"hello");
    somebody.send_to(b"welcome", from).unwrap();
    assert!(told.wait_for("datagram").ends_with("welcome"));
}

#[test]
fn a_connected_socket_hears_nobody_else_and_an_unconnected_one_never_learns() {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let options =
        BindOptions { peer: Some(Address::Udp(peer.local_addr().unwrap())), ..BindOptions::default() };
    let (_running, _, address, told) = bound(&udp("127.0.0.1:0"), &options);
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"stranger", address).unwrap();
    peer.send_to(b"peer", address).unwrap();
    assert!(told.wait_for("datagram").ends_with("peer"));

    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap();
    let place = Address::Udp(nobody.local_addr().unwrap());
    drop(nobody);
    let (caller, socket, own, told) = bound(&udp("127.0.0.1:0"), &BindOptions::default());
    ask(&caller, move |cx| cx.send_datagram(socket, place, b"anybody?"));
    settled(&caller);
    peer.send_to(b"later", own).unwrap();
    assert!(told.wait_for("").starts_with("datagram"), "no error came before it");
}

#[test]
fn a_datagram_is_cut_exactly_at_its_limit() {
    for address in ["udp", "unix"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut");
        let limits = Limits { datagram_bytes_max: 1_000, ..Limits::default() };
        let (handler, told) = hooks();
        let mut reactor = Reactor::new(handler, limits).unwrap();
        let wanted = if address == "udp" { udp("127.0.0.1:0") } else { Address::UnixDatagram(path.clone()) };
        let (_, real) = reactor.bind(&wanted).unwrap();
        let running = Running::of(reactor);
        for bytes in [999, 1_000, 1_001, 5_000] {
            let payload = vec![b'x'; bytes];
            match real.ip() {
                Some(to) => UdpSocket::bind("127.0.0.1:0").unwrap().send_to(&payload, to).unwrap(),
                None => UnixDatagram::unbound().unwrap().send_to(&payload, &path).unwrap(),
            };
            let cut = if bytes > 1_000 { "cut" } else { "whole" };
            told.wait_for(&format!("datagram {cut} {} ", bytes.min(1_000)));
        }
        assert_eq!(running.stop().1.datagrams_truncated, 2);
    }
}

#[test]
fn a_unix_peer_without_a_name_is_heard_and_cannot_be_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server");
    let (handler, told) = hooks();
    let mut reactor = Reactor::new(handler, Limits::default()).unwrap();
    let (socket, _) = reactor.bind(&Address::UnixDatagram(path.clone())).unwrap();
    let running = Running::of(reactor);
    UnixDatagram::unbound().unwrap().send_to(b"who am I?", &path).unwrap();
    assert!(told.wait_for("datagram").contains(&Address::Unnamed.to_string()));
    ask(&running, move |cx| cx.send_datagram(socket, Address::Unnamed, b"you"));
    told.wait_for("error InvalidInput");
}

#[test]
fn connected_unix_sockets_talk_with_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
    let peer = UnixDatagram::bind(&theirs).unwrap();
    peer.set_read_timeout(Some(DEADLINE)).unwrap();
    let options = BindOptions { peer: Some(Address::UnixDatagram(theirs.clone())), ..BindOptions::default() };
    let (handler, _) = hooks();
    let mut reactor = Reactor::new(handler, Limits::default()).unwrap();
    let (socket, _) = reactor.bind_with(&Address::UnixDatagram(ours), &options).unwrap();
    let running = Running::of(reactor);
    ask(&running, move |cx| cx.send_datagram(socket, Address::UnixDatagram(theirs), b"hello"));
    let mut heard = [0; 9];
    assert_eq!(peer.recv(&mut heard).unwrap(), 5);
    assert!(UnixDatagram::unbound().unwrap().send_to(b"x", folder.path().join("ours")).is_err());
}

/// A Unix socket that holds as much as it can, none of it from us.
fn full_reader(path: &Path) -> UnixDatagram {
    let reader = UnixDatagram::bind(path).unwrap();
    reader.set_read_timeout(Some(DEADLINE)).unwrap();
    // What one of them sends is bounded by its own buffer, too.
    while fill(path) {}
    reader
}

/// Whether a stranger gets rid of anything.
fn fill(path: &Path) -> bool {
    let stranger = UnixDatagram::unbound().unwrap();
    stranger.set_nonblocking(true).unwrap();
    let is_taken = || stranger.send_to(b"from a stranger", path).is_ok();
    let had_room = is_taken();
    while is_taken() {}
    had_room
}

/// A loop that can only send.
fn sender() -> (Reactor<Hooks>, SocketId) {
    let (handler, _) = hooks();
    let mut reactor = Reactor::new(handler, Limits::default()).unwrap();
    let (socket, _) = reactor.bind(&Address::Unnamed).unwrap();
    (reactor, socket)
}

fn hear(reader: &UnixDatagram) -> String {
    let mut datagram = [0; 99];
    let bytes = reader.recv(&mut datagram).unwrap();
    String::from_utf8_lossy(&datagram[..bytes]).into_owned()
}

#[test]
fn a_reader_that_others_filled_is_tried_again_and_not_all_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("full");
    let reader = full_reader(&path);
    let (mut reactor, socket) = sender();
    reactor.with_context(|_, cx| cx.send_datagram(socket, Address::UnixDatagram(path), b"ours"));
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(200) {
        reactor.turn().unwrap();
    }
    assert!(reactor.stats().turns < 50, "{:?}", reactor.stats());
    let running = Running::of(reactor);
    while hear(&reader) != "ours" {}
    drop(running);
}

#[test]
fn a_reader_that_is_full_holds_up_nobody_else() {
    const SENDS: usize = 1_000;
    let folder = tempfile::tempdir().unwrap();
    let (full, live) = (folder.path().join("full"), folder.path().join("live"));
    let dead = full_reader(&full);
    let reader = UnixDatagram::bind(&live).unwrap();
    reader.set_read_timeout(Some(DEADLINE)).unwrap();
    let (reactor, socket) = sender();
    let running = Running::of(reactor);
    for number in 0..SENDS {
        let (full, live) = (full.clone(), live.clone());
        ask(&running, move |cx| {
            cx.send_datagram(socket, Address::UnixDatagram(full), format!("dead {number}").as_bytes());
            cx.send_datagram(socket, Address::UnixDatagram(live), format!("live {number}").as_bytes());
        });
        assert_eq!(hear(&reader), format!("live {number}"));
    }
    // What the full one has missed is the oldest, and it is counted.
    let queued = Limits::default().datagrams_queued_max;
    for number in SENDS - queued..SENDS {
        let heard = std::iter::repeat_with(|| hear(&dead)).find(|heard| heard != "from a stranger");
        assert_eq!(heard, Some(format!("dead {number}")));
    }
    assert_eq!(running.stop().1.datagrams_dropped, (SENDS - queued) as u64);
}
