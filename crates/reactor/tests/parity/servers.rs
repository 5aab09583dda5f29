//! Servers: how they are made, where they are reached, and what is left of them.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::support::{DEADLINE, Hooks, Running, call, echoes, has_ipv6, hooks, listening, tcp};
use switchboard_reactor::sim::{Faults, World};
use switchboard_reactor::{
    Address, Closed, ConnId, ConnMap, Context, Handler, Kept, Limits, ListenOptions, MioNet, Origin, Reactor,
    Tag,
};

#[test]
fn tcp_server_is_a_loop_that_listens() {
    let (_running, address, _) = listening();
    echoes(&mut call(&address), b"hello");
}

#[test]
fn udp_server_is_a_loop_with_a_bound_socket() {
    let (handler, _) = hooks();
    let (_running, address) = Running::start(handler, Limits::default(), |reactor| {
        reactor.bind(&"udp://127.0.0.1:0".parse().unwrap()).unwrap().1
    });
    let caller = UdpSocket::bind("127.0.0.1:0").unwrap();
    caller.set_read_timeout(Some(DEADLINE)).unwrap();
    caller.send_to(b"hello", address.ip().unwrap()).unwrap();
    let mut back = [0; 9];
    assert_eq!(caller.recv_from(&mut back).unwrap(), (5, address.ip().unwrap()));
}

fn mode_of(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn unix_stream_server_removes_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server");
    drop(UnixListener::bind(&path).unwrap());
    let (handler, _) = hooks();
    let (running, _) = Running::start(handler, Limits::default(), |reactor| {
        reactor.listen(&Address::Unix(path.clone()), &ListenOptions::default()).unwrap()
    });
    assert_eq!(mode_of(&path), 0o600);
    echoes(&mut UnixStream::connect(&path).unwrap(), b"over the stale path");
    running.stop();
    assert!(!path.exists());
}

#[test]
fn unix_datagram_server_removes_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server");
    drop(UnixDatagram::bind(&path).unwrap());
    let (handler, told) = hooks();
    let (running, _) = Running::start(handler, Limits::default(), |reactor| {
        reactor.bind(&Address::UnixDatagram(path.clone())).unwrap()
    });
    assert_eq!(mode_of(&path), 0o600);
    UnixDatagram::unbound().unwrap().send_to(b"over the stale path", &path).unwrap();
    told.wait_for("datagram whole");
    running.stop();
    assert!(!path.exists());
}

/// Answers with how many bytes this call has said, and all calls together.
#[derive(Default)]
struct Counting {
    calls: ConnMap<u8>,
    all: u8,
}

impl Handler for Counting {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
        self.calls.insert(id, 0);
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        let call = self.calls.get_mut(id).unwrap();
        let more = u8::try_from(input.len()).unwrap();
        (*call, self.all) = (*call + more, self.all + more);
        cx.send(id, &[*call, self.all]);
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
}

#[test]
fn base_server_has_one_handler_for_all_calls() {
    let (running, addresses) = Running::start(Counting::default(), Limits::default(), |reactor| {
        [tcp(), tcp()].map(|address| reactor.listen(&address, &ListenOptions::default()).unwrap().1)
    });
    let mut calls = [0, 1, 1].map(|at: usize| call(&addresses[at]));
    let mut says = |number: usize| {
        calls[number].write_all(b"x").unwrap();
        let mut counted = [0; 2];
        calls[number].read_exact(&mut counted).unwrap();
        counted
    };
    assert_eq!([says(0), says(1), says(0), says(2), says(0)], [[1, 1], [1, 2], [2, 3], [1, 4], [3, 5]]);
    assert_eq!(running.stop().0.all, 5);
}

#[test]
fn address_family_and_socket_type_are_the_address() {
    let (handler, _) = hooks();
    let mut reactor = Reactor::new(handler, Limits::default()).unwrap();
    for stream in ["tcp://127.0.0.1:0", "tcp://[::1]:0"] {
        if stream.contains("::") && !has_ipv6() {
            return;
        }
        let address: Address = stream.parse().unwrap();
        assert!(!address.is_datagram());
        let (_, real) = reactor.listen(&address, &ListenOptions::default()).unwrap();
        assert_eq!(real.ip().unwrap().is_ipv6(), stream.contains("::"));
        assert!(reactor.bind(&address).is_err(), "the address says that it is no datagram socket");
    }
}

#[test]
fn server_address_is_given_back() {
    let (_running, address, _) = listening();
    assert_ne!(address.ip().unwrap().port(), 0);
    let mut caller = call(&address);
    echoes(&mut caller, b"hello");
    assert_eq!(Some(caller.peer_addr().unwrap()), address.ip());
}

#[test]
fn server_activate_is_part_of_listening() {
    let (handler, _) = hooks();
    let mut reactor = Reactor::new(handler, Limits::default()).unwrap();
    let (_, address) = reactor.listen(&tcp(), &ListenOptions::default()).unwrap();
    let mut early = call(&address);
    let _running = Running::of(reactor);
    echoes(&mut early, b"before the loop ran");
}

/// How many calls Linux lets wait: one more than it was told.
fn waiting_max(backlog: u32) -> usize {
    usize::try_from(backlog).unwrap() + 1
}

/// A loop that listens and never turns, so that nobody is taken out of its backlog.
fn deaf(address: &Address, backlog: u32) -> (Reactor<Hooks>, Address) {
    let mut reactor = Reactor::new(hooks().0, Limits::default()).unwrap();
    let options = ListenOptions { backlog, ..ListenOptions::default() };
    let (_, address) = reactor.listen(address, &options).unwrap();
    (reactor, address)
}

#[test]
fn request_queue_size_is_the_backlog() {
    assert_eq!(ListenOptions::default().backlog, 1_024);
    let folder = tempfile::tempdir().unwrap();
    for backlog in [0, 1, 5, 128] {
        let path = folder.path().join(backlog.to_string());
        let (_deaf, _) = deaf(&Address::Unix(path.clone()), backlog);
        // One who finds no place on a path is told at once, if it does not want to wait.
        let call = || {
            let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None).unwrap();
            socket.connect(&SockAddr::unix(&path).unwrap()).map(|()| socket)
        };
        let waiting: Vec<Socket> = (0..waiting_max(backlog)).map(|_| call().unwrap()).collect();
        assert_eq!(call().unwrap_err().kind(), io::ErrorKind::WouldBlock, "{} wait", waiting.len());
    }
    let (_deaf, address) = deaf(&tcp(), 2);
    let _waiting: Vec<TcpStream> = (0..waiting_max(2)).map(|_| call(&address)).collect();
    // Over TCP it hears nothing, and asks again in a second.
    let patience = Duration::from_millis(200);
    let next = TcpStream::connect_timeout(&address.ip().unwrap(), patience);
    assert_eq!(next.unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[test]
fn allow_reuse_address_is_the_rule() {
    let (running, address, _) = listening();
    let mut caller = call(&address);
    echoes(&mut caller, b"hello");
    // The server hangs up first, so its side is the one that waits for late segments.
    running.handle.drain(DEADLINE);
    assert_eq!(caller.read(&mut [0; 1]).unwrap(), 0);
    drop(caller);
    running.join();
    let (handler, _) = hooks();
    let mut next = Reactor::new(handler, Limits::default()).unwrap();
    assert!(next.listen(&address, &ListenOptions::default()).is_ok());
}

#[test]
fn allow_reuse_port_shares_a_port() {
    let shared = ListenOptions { reuse_port: true, ..ListenOptions::default() };
    for (options, is_shared) in [(ListenOptions::default(), false), (shared, true)] {
        let (handler, _) = hooks();
        let mut reactor = Reactor::new(handler, Limits::default()).unwrap();
        let (_, address) = reactor.listen(&tcp(), &options).unwrap();
        assert_eq!(reactor.listen(&address, &options).is_ok(), is_shared);
    }
}

#[test]
fn socket_may_be_made_elsewhere() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap());
    let (handler, _) = hooks();
    let (_running, kept) = Running::start(handler, Limits::default(), |reactor| {
        reactor.adopt(MioNet::sort(OwnedFd::from(listener)).unwrap(), usize::MAX).unwrap()
    });
    assert!(matches!(kept, Kept::Listener(_)));
    echoes(&mut call(&address), b"hello");
}

#[test]
fn get_request_belongs_to_the_net() {
    // The same handler, on a network whose `accept` is another.
    let world = World::new(1, Faults::none());
    let ((server, told), (caller, _)) = (hooks(), hooks());
    let mut server = Reactor::with_net(world.host(), server, Limits::default());
    let mut caller = Reactor::with_net(world.host(), caller, Limits::default());
    let (_, address) = server.listen(&tcp(), &ListenOptions::default()).unwrap();
    caller.with_context(|_, cx| cx.connect(address, Tag(0)));
    world.run(&mut [&mut server, &mut caller], Duration::from_secs(1)).unwrap();
    told.wait_for("setup tcp://10.255.0.1");
}

#[test]
fn with_statement_is_a_scope() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server");
    let (address, mut caller) = {
        let mut reactor = Reactor::new(hooks().0, Limits::default()).unwrap();
        let (_, address) = reactor.listen(&tcp(), &ListenOptions::default()).unwrap();
        reactor.listen(&Address::Unix(path.clone()), &ListenOptions::default()).unwrap();
        let mut caller = call(&address);
        caller.write_all(b"x").unwrap();
        while reactor.stats().bytes_out == 0 {
            reactor.run_once(DEADLINE).unwrap();
        }
        caller.read_exact(&mut [0; 1]).unwrap();
        (address, caller)
    };
    assert!(matches!(caller.read(&mut [0; 1]), Ok(0) | Err(_)), "its calls are closed");
    assert!(TcpStream::connect(address.ip().unwrap()).is_err(), "nobody listens any more");
    assert!(!path.exists(), "its path has gone");
}
