//! The loop on the operating system's stream sockets, of every kind, and on those that somebody else opened. Laws that
//! need no real socket are in `simulation` and `limits`, stopping is in `shutdown`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use support::{DEADLINE, Running, call, echoes, has_ipv6, hooks, listening, listening_at};
use switchboard_reactor::{
    Address, Closed, ConnId, Context, Handler, Kept, Limits, ListenOptions, MioNet, Origin, Reactor, Tag,
};

fn is_served_at(address: &str) {
    let (_running, address, told) = listening_at(&address.parse().unwrap());
    let mut caller = call(&address);
    echoes(&mut caller, b"hello");
    caller.shutdown(Shutdown::Write).unwrap();
    assert_eq!(caller.read(&mut [0; 9]).unwrap(), 0, "the loop hangs up after us");
    assert_eq!(told.wait_for("finish"), "finish closed");
}

#[test]
fn tcp_is_served_over_ipv4() {
    is_served_at("tcp://127.0.0.1:0");
}

#[test]
fn tcp_is_served_over_ipv6() {
    if has_ipv6() {
        is_served_at("tcp://[::1]:0");
    }
}

#[test]
fn megabytes_through_full_buffers_arrive_whole_and_in_order() {
    let (running, address, _) = listening();
    let mut caller = call(&address);
    let sent: Vec<u8> = (0..8_000_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let mut writer = caller.try_clone().unwrap();
    let copy = sent.clone();
    let writing = thread::spawn(move || {
        writer.write_all(&copy).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut back = Vec::new();
    caller.read_to_end(&mut back).unwrap();
    writing.join().unwrap();
    assert!(back == sent, "{} of {} bytes came back", back.len(), sent.len());
    let (_, stats) = running.stop();
    assert_eq!((stats.bytes_in, stats.bytes_out), (8_000_000, 8_000_000));
}

#[test]
fn a_unix_socket_has_its_mode_before_anybody_calls_and_its_path_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let (running, ..) = listening_at(&Address::Unix(path.clone()));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut caller = UnixStream::connect(&path).unwrap();
    caller.set_read_timeout(Some(DEADLINE)).unwrap();
    echoes(&mut caller, b"hello");
    running.stop();
    assert!(!path.exists());
}

fn listen_once(address: &Address) -> io::Result<()> {
    let mut reactor = Reactor::new(hooks().0, Limits::default())?;
    reactor.listen(address, &ListenOptions::default()).map(drop)
}

fn listen_once_at(path: &Path) -> io::Result<()> {
    listen_once(&Address::Unix(path.into()))
}

#[test]
fn a_stale_path_is_taken_over_and_a_live_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "std leaves the path behind");
    let (running, ..) = listening_at(&Address::Unix(path.clone()));
    assert_eq!(listen_once_at(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    echoes(&mut UnixStream::connect(&path).unwrap(), b"still there");
    running.stop();

    std::fs::write(&path, "a file").unwrap();
    assert_eq!(listen_once_at(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&path).unwrap(), b"a file", "what is no socket is left alone");
}

#[test]
fn a_port_in_use_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = listen_once(&Address::Tcp(taken.local_addr().unwrap())).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}

#[test]
fn open_sockets_are_taken_over_as_what_they_are() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap());
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    let datagrams_at = datagrams.local_addr().unwrap();
    let (_running, ()) = Running::start(hooks().0, Limits::default(), |reactor| {
        let mut adopt = |fd: OwnedFd| reactor.adopt(MioNet::sort(fd).unwrap(), usize::MAX).unwrap();
        assert!(matches!(adopt(theirs.into()), Kept::Stream(_)));
        assert!(matches!(adopt(listener.into()), Kept::Listener(_)));
        assert!(matches!(adopt(datagrams.into()), Kept::Datagram(_)));
    });
    ours.set_read_timeout(Some(DEADLINE)).unwrap();
    echoes(&mut ours, b"stream");
    echoes(&mut call(&address), b"listener");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket.send_to(b"datagram", datagrams_at).unwrap();
    assert_eq!(socket.recv(&mut [0; 99]).unwrap(), 8);
}

#[test]
fn what_is_no_socket_is_not_taken_over() {
    let file: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
    assert_eq!(MioNet::sort(file).unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn a_peer_that_resets_ends_its_own_call_only() {
    let (_running, address, told) = listening();
    let mut steady = call(&address);
    echoes(&mut steady, b"before");
    let rude = socket2::Socket::from(call(&address));
    rude.set_linger(Some(Duration::ZERO)).unwrap();
    drop(rude);
    assert!(told.wait_for("finish").starts_with("finish connection lost"));
    echoes(&mut steady, b"after");
}

/// Calls one address from several of ours, and keeps who could be reached and who not.
#[derive(Default)]
struct Caller {
    stand: Vec<ConnId>,
    failed: Vec<(Tag, io::ErrorKind)>,
}

impl Handler for Caller {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
        self.stand.push(id);
    }

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}

    fn unreachable(&mut self, _: &mut Context<'_>, tag: Tag, _: &Address, error: &io::Error) {
        self.failed.push((tag, error.kind()));
    }
}

#[test]
fn a_call_comes_from_the_address_that_it_was_to_come_from() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Tcp(server.local_addr().unwrap());
    let sources: [IpAddr; 2] = ["127.0.0.2", "127.0.0.3"].map(|source| source.parse().unwrap());
    let mut caller = Reactor::new(Caller::default(), Limits::default()).unwrap();
    caller.with_context(|_, cx| {
        for source in sources {
            cx.connect_from(source, address.clone(), Tag(0));
        }
        cx.connect_from("192.0.2.1".parse().unwrap(), address.clone(), Tag(1)); // nobody's, by RFC 5737
        cx.connect_from(sources[0], Address::Unix("/run/nobody".into()), Tag(2));
    });
    let given_up = Instant::now() + DEADLINE;
    while caller.handler().stand.len() + caller.handler().failed.len() < 4 && Instant::now() < given_up {
        caller.run_once(DEADLINE).unwrap();
    }
    assert_eq!(caller.handler().stand.len(), 2, "{:?}", caller.handler().failed);
    let mut callers = [server.accept(), server.accept()].map(|accepted| accepted.unwrap().1.ip());
    callers.sort_unstable();
    assert_eq!(callers, sources);
    let failed = [(Tag(1), io::ErrorKind::AddrNotAvailable), (Tag(2), io::ErrorKind::InvalidInput)];
    assert_eq!(caller.handler().failed, failed);
}
