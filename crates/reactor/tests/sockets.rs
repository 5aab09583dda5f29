//! The loop on the operating system's sockets: every kind of them, shutdown from everywhere, and an `accept` that
//! has no descriptors left. Laws that need no real socket are in `simulation` and `limits`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use switchboard_reactor::{
    Address, Closed, ConnId, Context, Datagram, Handle, Handler, Kept, Limits, ListenOptions, MioNet, Origin,
    Pressure, Reactor, SocketId, Stats, Tag,
};

const DEADLINE: Duration = Duration::from_secs(10);

/// Says back what it hears, on streams and on datagram sockets.
#[derive(Default)]
struct Echo {
    set_up: usize,
    finished: Vec<String>,
}

impl Handler for Echo {
    type Command = Order;

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
        self.set_up += 1;
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        if input == b"stop" {
            cx.stop();
        }
        cx.send(id, input);
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, why: Closed) {
        self.finished.push(why.to_string());
    }

    fn datagram(&mut self, cx: &mut Context<'_>, socket: SocketId, datagram: Datagram<'_>) {
        cx.send_datagram(socket, datagram.from.clone(), datagram.payload);
    }

    fn command(&mut self, _: &mut Context<'_>, order: Order) {
        order.0(self);
    }
}

/// Something to do on the loop's thread.
struct Order(Box<dyn FnOnce(&mut Echo) + Send>);

/// A loop on a thread of its own; stopped when dropped.
struct Running {
    handle: Handle<Order>,
    thread: Option<JoinHandle<(Echo, Stats)>>,
}

impl Running {
    fn start(limits: Limits, open: impl FnOnce(&mut Reactor<Echo>) + Send + 'static) -> Running {
        let (tell, told) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let mut reactor = Reactor::new(Echo::default(), limits).unwrap();
            open(&mut reactor);
            tell.send(reactor.handle()).unwrap();
            while reactor.turn().unwrap() == switchboard_reactor::Flow::Continue {}
            let stats = reactor.stats();
            (reactor.run().unwrap(), stats)
        });
        Running { handle: told.recv_timeout(DEADLINE).unwrap(), thread: Some(thread) }
    }

    fn listen(address: Address) -> (Running, Address) {
        let (tell, told) = std::sync::mpsc::channel();
        let running = Running::start(Limits::default(), move |reactor| {
            tell.send(reactor.listen(&address, &ListenOptions::default()).unwrap().1).unwrap();
        });
        (running, told.recv_timeout(DEADLINE).unwrap())
    }

    fn stop(mut self) -> (Echo, Stats) {
        self.handle.shutdown();
        self.thread.take().unwrap().join().unwrap()
    }

    /// How connections have ended so far.
    fn finished(&self) -> Vec<String> {
        let (tell, told) = std::sync::mpsc::channel();
        let order = Order(Box::new(move |echo| tell.send(echo.finished.clone()).unwrap()));
        assert!(self.handle.post(order).is_ok());
        told.recv_timeout(DEADLINE).unwrap()
    }

    fn join(mut self) -> (Echo, Stats) {
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.shutdown();
        if let Some(thread) = self.thread.take() {
            // A panic on the loop's thread is reported by the test that joins it.
            let _ = thread.join();
        }
    }
}

fn tcp(text: &str) -> Address {
    Address::Tcp(text.parse().unwrap())
}

fn call(address: &Address) -> TcpStream {
    let stream = TcpStream::connect(address.ip().unwrap()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

fn echoes(stream: &mut (impl Read + Write), bytes: &[u8]) {
    stream.write_all(bytes).unwrap();
    let mut back = vec![0; bytes.len()];
    stream.read_exact(&mut back).unwrap();
    assert!(back == bytes, "the echo differs");
}

#[test]
fn tcp_is_served_over_ipv4_and_ipv6() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let (running, address) = Running::listen(tcp(address));
        let mut caller = call(&address);
        echoes(&mut caller, b"hello");
        caller.shutdown(Shutdown::Write).unwrap();
        assert_eq!(caller.read(&mut [0; 9]).unwrap(), 0, "the loop hangs up after us");
        let (echo, _) = running.stop();
        assert_eq!(echo.finished, ["closed"]);
    }
}

#[test]
fn megabytes_through_full_buffers_arrive_whole_and_in_order() {
    let (running, address) = Running::listen(tcp("127.0.0.1:0"));
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
    let (running, _) = Running::listen(Address::Unix(path.clone()));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut caller = UnixStream::connect(&path).unwrap();
    caller.set_read_timeout(Some(DEADLINE)).unwrap();
    echoes(&mut caller, b"hello");
    running.stop();
    assert!(!path.exists());
}

fn listen_once(path: &Path) -> io::Result<()> {
    let mut reactor = Reactor::new(Echo::default(), Limits::default())?;
    reactor.listen(&Address::Unix(path.into()), &ListenOptions::default()).map(drop)
}

#[test]
fn a_stale_path_is_taken_over_and_a_live_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "std leaves the path behind");
    let (running, _) = Running::listen(Address::Unix(path.clone()));
    assert_eq!(listen_once(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    echoes(&mut UnixStream::connect(&path).unwrap(), b"still there");
    running.stop();

    std::fs::write(&path, "a file").unwrap();
    assert_eq!(listen_once(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&path).unwrap(), b"a file", "what is no socket is left alone");
}

#[test]
fn a_port_in_use_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut reactor = Reactor::new(Echo::default(), Limits::default()).unwrap();
    let address = Address::Tcp(taken.local_addr().unwrap());
    let error = reactor.listen(&address, &ListenOptions::default()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}

fn bound(address: Address) -> (Running, Address) {
    let (tell, told) = std::sync::mpsc::channel();
    let running = Running::start(Limits::default(), move |reactor| {
        tell.send(reactor.bind(&address).unwrap().1).unwrap();
    });
    (running, told.recv_timeout(DEADLINE).unwrap())
}

#[test]
fn datagrams_are_answered_to_their_sender() {
    for (server, caller) in [("127.0.0.1:0", "127.0.0.1:0"), ("[::1]:0", "[::1]:0")] {
        let (running, address) = bound(Address::Udp(server.parse().unwrap()));
        let socket = UdpSocket::bind(caller).unwrap();
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
}

#[test]
fn unix_datagrams_are_answered_too() {
    let folder = tempfile::tempdir().unwrap();
    let (server, caller) = (folder.path().join("server"), folder.path().join("caller"));
    let (running, _) = bound(Address::UnixDatagram(server.clone()));
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

    fn setup(&mut self, _: &mut Context<'_>, _: ConnId, _: Origin<'_>) {}

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}

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
        while reactor.turn().unwrap() == switchboard_reactor::Flow::Continue {}
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

#[test]
fn open_sockets_are_taken_over_as_what_they_are() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap());
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    let datagrams_at = datagrams.local_addr().unwrap();
    let running = Running::start(Limits::default(), move |reactor| {
        let mut adopt = |fd: OwnedFd| reactor.adopt(MioNet::sort(fd).unwrap(), usize::MAX).unwrap();
        assert!(matches!(adopt(theirs.into()), Kept::Stream(_)));
        assert!(matches!(adopt(listener.into()), Kept::Listener(_)));
        assert!(matches!(adopt(datagrams.into()), Kept::Datagram(_)));
    });
    let mut ours = ours;
    ours.set_read_timeout(Some(DEADLINE)).unwrap();
    echoes(&mut ours, b"stream");
    echoes(&mut call(&address), b"listener");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket.send_to(b"datagram", datagrams_at).unwrap();
    assert_eq!(socket.recv(&mut [0; 99]).unwrap(), 8);
    running.stop();
}

#[test]
fn what_is_no_socket_is_not_taken_over() {
    let file: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
    assert_eq!(MioNet::sort(file).unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn shutdown_from_another_thread_does_not_wait_for_an_event() {
    let (running, address) = Running::listen(tcp("127.0.0.1:0"));
    let mut caller = call(&address);
    echoes(&mut caller, b"here");
    let asked = Instant::now();
    let (echo, _) = running.stop();
    assert!(asked.elapsed() < DEADLINE / 10, "{:?}", asked.elapsed());
    assert_eq!(echo.finished, ["stopped"]);
}

#[test]
fn a_handler_stops_its_own_loop() {
    let (running, address) = Running::listen(tcp("127.0.0.1:0"));
    let mut caller = call(&address);
    caller.write_all(b"stop").unwrap();
    let (echo, _) = running.join();
    assert_eq!(echo.finished, ["stopped"]);
}

#[test]
fn a_handler_shuts_its_own_loop_down_through_a_handle() {
    let (running, _) = Running::listen(tcp("127.0.0.1:0"));
    let handle = running.handle.clone();
    assert!(running.handle.post(Order(Box::new(move |_| handle.shutdown()))).is_ok());
    running.join();
}

#[test]
fn a_drained_loop_writes_what_is_queued_and_takes_no_new_calls() {
    let (running, address) = Running::listen(tcp("127.0.0.1:0"));
    let mut caller = call(&address);
    echoes(&mut caller, b"here");
    running.handle.drain(DEADLINE);
    let mut rest = Vec::new();
    caller.read_to_end(&mut rest).unwrap();
    drop(caller);
    let (echo, _) = running.join();
    assert_eq!(echo.finished, ["closed"]);
    assert!(TcpStream::connect(address.ip().unwrap()).is_err(), "nobody listens any more");
}

#[test]
fn a_peer_that_resets_ends_its_own_call_only() {
    let (running, address) = Running::listen(tcp("127.0.0.1:0"));
    let mut steady = call(&address);
    echoes(&mut steady, b"before");
    let rude = socket2::Socket::from(call(&address));
    rude.set_linger(Some(Duration::ZERO)).unwrap();
    drop(rude);
    let given_up = Instant::now() + DEADLINE;
    let finished = loop {
        echoes(&mut steady, b"after");
        let finished = running.finished();
        if !finished.is_empty() || Instant::now() > given_up {
            break finished;
        }
    };
    assert!(matches!(&finished[..], [why] if why.starts_with("connection lost")), "{finished:?}");
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

/// The limit of descriptors is a whole process's, so the server is this test again, in a child process.
#[test]
fn a_server_out_of_descriptors_neither_ends_nor_spins_and_serves_when_one_is_free() {
    let Ok(exe) = std::env::current_exe() else { return };
    if std::env::var_os("SWITCHBOARD_TEST_STARVED").is_some() {
        return starved_server();
    }
    let mut child = std::process::Command::new("prlimit")
        .args(["--nofile=32:32"])
        .arg(exe)
        .args(["--exact", "a_server_out_of_descriptors_neither_ends_nor_spins_and_serves_when_one_is_free"])
        .args(["--nocapture", "--test-threads=1"])
        .env("SWITCHBOARD_TEST_STARVED", "1")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let address = read_address(child.stdout.take().unwrap());
    let mut callers: Vec<TcpStream> = (0..60).map(|_| call(&address)).collect();
    // More callers than descriptors: the first are served, the last wait.
    echoes(&mut callers[0], b"first");
    let last = callers.last_mut().unwrap();
    last.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    last.write_all(b"last").unwrap();
    let waited = last.read(&mut [0; 4]).unwrap_err();
    assert!(matches!(waited.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{waited}");
    let cpu_before = cpu_ticks(child.id());
    let _ = last.read(&mut [0; 4]).unwrap_err();
    let spun = cpu_ticks(child.id()) - cpu_before;
    assert!(spun <= 10, "{spun} ticks of CPU while waiting 300 ms: the loop spins");

    let mut last = callers.pop().unwrap();
    last.set_read_timeout(Some(DEADLINE)).unwrap();
    callers.clear();
    let mut back = [0; 4];
    last.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"last");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

/// In the child: serves until its input ends.
fn starved_server() {
    let (running, address) = Running::listen(tcp("127.0.0.1:0"));
    println!("\nserving {}", address.ip().unwrap());
    let _ = io::stdin().read(&mut [0; 1]);
    let (_, stats) = running.stop();
    assert!(stats.accept_errors > 0, "descriptors never ran out");
}

fn read_address(output: impl Read + Send + 'static) -> Address {
    let mut lines = io::BufRead::lines(io::BufReader::new(output));
    let line = lines.find_map(|line| line.unwrap().strip_prefix("serving ").map(str::to_owned)).unwrap();
    // The child goes on printing; somebody has to take it.
    thread::spawn(move || lines.for_each(drop));
    Address::Tcp(line.parse::<SocketAddr>().unwrap())
}

/// User and system time of a process, in clock ticks: fields 14 and 15 of /proc/PID/stat, see proc(5).
fn cpu_ticks(id: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    after_name.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
}
