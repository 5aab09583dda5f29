//! Threads for calls that block, and several loops.

use std::io::{self, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::num::NonZeroUsize;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::support::{DEADLINE, Running, call, echoes, tcp};
use switchboard_reactor::blocking::{Blocking, Call, Pool, PoolStats, Threads};
use switchboard_reactor::{
    Address, Closed, ConnId, Context, Datagram, Handle, Handler, Limits, ListenOptions, Origin, SocketId,
    Workers,
};

fn echo(call: &mut Call) -> io::Result<()> {
    while let Some(heard) = call.recv()? {
        assert_ne!(&heard[..], b"panic", "on purpose");
        call.send(heard)?;
    }
    Ok(())
}

fn served(running_max: usize) -> (Running<Blocking>, Address) {
    let threads = Threads { running_max, ..Threads::default() };
    let mut reactor = Blocking::reactor(echo, threads, Limits::default()).unwrap();
    let (_, address) = reactor.listen(&tcp(), &ListenOptions::default()).unwrap();
    (Running::of(reactor), address)
}

fn stats_of(running: Running<Blocking>) -> PoolStats {
    running.stop().0.pool_stats()
}

#[test]
fn threading_mix_in_is_a_bounded_pool() {
    let (running, address) = served(3);
    let callers: Vec<TcpStream> = (0..30)
        .map(|_| {
            let mut caller = call(&address);
            caller.write_all(b"hello").unwrap();
            caller.shutdown(std::net::Shutdown::Write).unwrap();
            caller
        })
        .collect();
    for mut caller in callers {
        let mut back = String::new();
        caller.read_to_string(&mut back).unwrap();
        assert_eq!(back, "hello");
    }
    assert!(stats_of(running).threads <= 3);
}

#[test]
fn process_request_thread_outlives_a_panic() {
    let (running, address) = served(1);
    for _ in 0..3 {
        let mut bad = call(&address);
        bad.write_all(b"panic").unwrap();
        assert!(matches!(bad.read(&mut [0; 1]), Ok(0) | Err(_)));
    }
    echoes(&mut call(&address), b"on the same thread");
    assert_eq!(stats_of(running).threads, 1);
}

#[test]
fn daemon_threads_are_the_rule() {
    let (release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let mut reactor = Blocking::reactor(
        move |call| {
            let heard = call.recv()?.unwrap_or_default();
            call.send(heard)?;
            // Waits for something that neither the caller nor the loop can hurry.
            let _ = gate.lock().unwrap().recv_timeout(DEADLINE);
            Ok(())
        },
        Threads::default(),
        Limits::default(),
    )
    .unwrap();
    let (_, address) = reactor.listen(&tcp(), &ListenOptions::default()).unwrap();
    let running = Running::of(reactor);
    echoes(&mut call(&address), b"hello");
    let asked = Instant::now();
    drop(running.stop());
    assert!(asked.elapsed() < DEADLINE / 2, "the loop, or its pool, has waited for the thread");
    drop(release);
}

#[test]
fn block_on_close_has_a_deadline() {
    // The caller neither says anything more nor hangs up, and nothing else but the drain's own deadline ends its call.
    let limits = Limits { linger_timeout: DEADLINE * 2, ..Limits::default() };
    let mut reactor = Blocking::reactor(echo, Threads::default(), limits).unwrap();
    let (_, address) = reactor.listen(&tcp(), &ListenOptions::default()).unwrap();
    let running = Running::of(reactor);
    let mut waits = call(&address);
    echoes(&mut waits, b"hello");
    let deadline = Duration::from_millis(50);
    let took = running.time_to_end(|handle| handle.drain(deadline));
    assert!(took.elapsed >= deadline, "{:?}", took.elapsed);
}

/// Says which worker it is.
struct Numbered(usize);

impl Handler for Numbered {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.send(id, &[u8::try_from(self.0).unwrap()]);
        cx.close(id);
    }

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
}

#[test]
fn forking_mix_in_is_workers() {
    let mut workers = Workers::new(NonZeroUsize::new(2).unwrap(), &Limits::default(), Numbered).unwrap();
    let address = workers.listen(&tcp(), &ListenOptions::default()).unwrap();
    let handles = workers.handles();
    let running = thread::spawn(move || workers.run().map(|handlers| handlers.len()));
    let mut seen = [false; 2];
    for _ in 0..1_000 {
        let mut number = [0];
        call(&address).read_exact(&mut number).unwrap();
        seen[usize::from(number[0])] = true;
        if seen == [true, true] {
            break;
        }
    }
    assert_eq!(seen, [true, true]);
    handles.iter().for_each(Handle::shutdown);
    assert_eq!(running.join().unwrap().unwrap(), 2);
}

#[test]
fn max_children_is_kept_and_the_next_waits() {
    assert_eq!(Threads::default().running_max, 32);
    let (running, address) = served(2);
    let mut callers = [(); 3].map(|()| call(&address));
    echoes(&mut callers[0], b"first");
    echoes(&mut callers[1], b"second");
    callers[2].write_all(b"third").unwrap();
    // It has been heard, and both threads are taken: each goes on with its own call.
    running.wait_until("loop_read", |bytes| bytes == 16);
    assert_eq!(running.value("pool_waiting"), 1);
    echoes(&mut callers[0], b"first");
    echoes(&mut callers[1], b"second");
    let [first, _second, mut third] = callers;
    third.set_nonblocking(true).unwrap();
    assert_eq!(third.read(&mut [0; 5]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    third.set_nonblocking(false).unwrap();
    drop(first);
    let mut back = [0; 5];
    third.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"third");
    assert_eq!(stats_of(running).threads, 2);
}

#[test]
fn active_children_are_counted() {
    let pool = Pool::start(Threads { running_max: 1, waiting_max: 9 }).unwrap();
    let (release, gate) = mpsc::channel::<()>();
    let (start, begun) = mpsc::channel();
    assert!(pool.submit(move || {
        start.send(()).unwrap();
        let _ = gate.recv();
    }));
    assert!(pool.submit(|| ()));
    begun.recv_timeout(DEADLINE).unwrap();
    let stats = pool.stats();
    assert_eq!((stats.threads, stats.running, stats.waiting), (1, 1, 1));
    drop(release);
}

#[test]
fn threading_tcp_server_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls");
    let mut reactor = Blocking::reactor(echo, Threads::default(), Limits::default()).unwrap();
    let (_, address) = reactor.listen(&tcp(), &ListenOptions::default()).unwrap();
    reactor.listen(&Address::Unix(path.clone()), &ListenOptions::default()).unwrap();
    let _running = Running::of(reactor);
    echoes(&mut call(&address), b"over TCP");
    echoes(&mut std::os::unix::net::UnixStream::connect(&path).unwrap(), b"over a path");
}

/// Gives every datagram to a thread, which posts the answer.
struct Slow {
    pool: Pool,
    door: Option<Handle<Answer>>,
}

type Answer = (SocketId, Address, Vec<u8>);

impl Handler for Slow {
    type Command = Answer;

    fn setup(&mut self, _: &mut Context<'_>, _: ConnId, _: Origin<'_>) {}

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}

    fn datagram(&mut self, _: &mut Context<'_>, socket: SocketId, datagram: Datagram<'_>) {
        let (to, payload) = (datagram.from.clone(), datagram.payload.to_ascii_uppercase());
        let door = self.door.clone().unwrap();
        assert!(self.pool.submit(move || assert!(door.post((socket, to, payload)).is_ok())));
    }

    fn command(&mut self, cx: &mut Context<'_>, (socket, to, payload): Answer) {
        cx.send_datagram(socket, to, &payload);
    }
}

#[test]
fn threading_udp_server_is_a_pool_and_a_post() {
    let slow = Slow { pool: Pool::start(Threads::default()).unwrap(), door: None };
    let (_running, address) = Running::start(slow, Limits::default(), |reactor| {
        let door = reactor.handle();
        reactor.with_context(|slow, _| slow.door = Some(door));
        reactor.bind(&"udp://127.0.0.1:0".parse().unwrap()).unwrap().1
    });
    let caller = UdpSocket::bind("127.0.0.1:0").unwrap();
    caller.set_read_timeout(Some(DEADLINE)).unwrap();
    caller.send_to(b"hello", address.ip().unwrap()).unwrap();
    let mut back = [0; 5];
    caller.recv(&mut back).unwrap();
    assert_eq!(&back, b"HELLO");
}
