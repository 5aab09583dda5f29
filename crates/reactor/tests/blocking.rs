//! Blocking handlers on real sockets: many calls on few threads, and what one call does wrong is its own affair.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use switchboard_reactor::blocking::{Blocking, Call, Order, PoolStats, Threads};
use switchboard_reactor::{Flow, Handle, Limits, ListenOptions};

const DEADLINE: Duration = Duration::from_secs(20);

struct Running {
    handle: Handle<Order>,
    address: String,
    thread: Option<JoinHandle<PoolStats>>,
}

impl Running {
    fn start(
        threads: Threads,
        handle_call: impl Fn(&mut Call) -> io::Result<()> + Send + Sync + 'static,
    ) -> Running {
        let mut reactor = Blocking::reactor(handle_call, threads, Limits::default()).unwrap();
        let (_, address) =
            reactor.listen(&"tcp://127.0.0.1:0".parse().unwrap(), &ListenOptions::default()).unwrap();
        let handle = reactor.handle();
        let thread = thread::spawn(move || {
            while reactor.turn().unwrap() == Flow::Continue {}
            reactor.handler().pool_stats()
        });
        Running { handle, address: address.ip().unwrap().to_string(), thread: Some(thread) }
    }

    fn call(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    fn stop(mut self) -> PoolStats {
        self.handle.shutdown();
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

fn echo(call: &mut Call) -> io::Result<()> {
    while let Some(heard) = call.recv()? {
        call.send(heard)?;
    }
    Ok(())
}

fn said_and_heard(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    let mut back = vec![0; bytes.len()];
    stream.write_all(bytes).is_ok() && stream.read_exact(&mut back).is_ok() && back == bytes
}

#[test]
fn a_thousand_calls_are_handled_on_a_handful_of_threads() {
    let running = Running::start(Threads { running_max: 4, waiting_max: 2_000 }, echo);
    let callers: Vec<_> = (0..1_000)
        .map(|number: u32| {
            let mut stream = running.call();
            stream.write_all(&number.to_be_bytes()).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            stream
        })
        .collect();
    for (number, mut stream) in callers.into_iter().enumerate() {
        let mut back = Vec::new();
        stream.read_to_end(&mut back).unwrap();
        assert_eq!(back, u32::try_from(number).unwrap().to_be_bytes());
    }
    let stats = running.stop();
    assert!(stats.threads <= 4 && stats.refused == 0, "{stats:?}");
}

#[test]
fn a_call_that_finds_no_thread_and_no_place_to_wait_is_cut() {
    let running = Running::start(Threads { running_max: 1, waiting_max: 1 }, echo);
    let mut first = running.call();
    assert!(said_and_heard(&mut first, b"the only thread"));
    let _waits = running.call();
    let mut third = running.call();
    assert!(matches!(third.read(&mut [0; 1]), Ok(0) | Err(_)), "the third call is turned away");
    assert!(said_and_heard(&mut first, b"undisturbed"));
    assert_eq!(running.stop().refused, 1);
}

#[test]
fn an_error_or_a_panic_ends_that_call_only() {
    let running = Running::start(Threads::default(), |call| {
        while let Some(heard) = call.recv()? {
            match &heard[..] {
                b"error" => return Err(io::Error::other("on purpose")),
                b"panic" => panic!("on purpose"),
                _ => call.send(heard)?,
            }
        }
        Ok(())
    });
    let mut steady = running.call();
    assert!(said_and_heard(&mut steady, b"before"));
    for word in [b"error", b"panic"] {
        let mut bad = running.call();
        bad.write_all(word).unwrap();
        assert!(matches!(bad.read(&mut [0; 1]), Ok(0) | Err(_)), "the call is cut");
    }
    assert!(said_and_heard(&mut steady, b"after"));
    running.stop();
}

#[test]
fn reading_and_writing_are_those_of_the_standard_library() {
    let running = Running::start(Threads::default(), |call| {
        let mut head = [0; 4];
        call.read_exact(&mut head)?;
        let length = u64::from(u32::from_be_bytes(head));
        let mut body = Vec::new();
        Read::by_ref(call).take(length).read_to_end(&mut body)?;
        write!(call, "{} bytes", body.len())
    });
    let mut stream = running.call();
    stream.write_all(&[0, 0, 0, 5]).unwrap();
    stream.write_all(b"hello and more").unwrap();
    let mut back = String::new();
    stream.read_to_string(&mut back).unwrap();
    assert_eq!(back, "5 bytes");
    running.stop();
}

#[test]
fn a_flood_waits_in_the_kernel_and_arrives_whole() {
    const BYTES: usize = 20_000_000;
    let (release, gate) = mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let running = Running::start(Threads::default(), move |call| {
        // Nothing is taken until the whole flood has been tried.
        let _ = gate.lock().unwrap().recv_timeout(Duration::from_millis(200));
        let mut sum = 0_u64;
        let mut bytes = 0_u64;
        while let Some(heard) = call.recv()? {
            sum += heard.iter().map(|byte| u64::from(*byte)).sum::<u64>();
            bytes += heard.len() as u64;
        }
        call.send(format!("{bytes} {sum}"))
    });
    let mut stream = running.call();
    let flood: Vec<u8> = (0..BYTES).map(|n| (n % 251).to_le_bytes()[0]).collect();
    stream.write_all(&flood).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let _ = release.send(());
    let mut back = String::new();
    stream.read_to_string(&mut back).unwrap();
    let sum: u64 = flood.iter().map(|byte| u64::from(*byte)).sum();
    assert_eq!(back, format!("{BYTES} {sum}"));
    running.stop();
}

#[test]
fn a_reader_that_sleeps_holds_its_sender_back_and_loses_nothing() {
    const BYTES: usize = 40_000_000;
    let running = Running::start(Threads::default(), |call| {
        let piece = vec![7_u8; 100_000];
        for _ in 0..BYTES / piece.len() {
            call.send(piece.clone())?;
        }
        Ok(())
    });
    let mut stream = running.call();
    let mut total = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            bytes => total += bytes,
        }
    }
    assert_eq!(total, BYTES);
    running.stop();
}

#[test]
fn shutdown_does_not_wait_for_a_thread_that_waits_for_its_peer() {
    let running = Running::start(Threads::default(), echo);
    let mut stream = running.call();
    assert!(said_and_heard(&mut stream, b"here"));
    let asked = std::time::Instant::now();
    running.stop();
    assert!(asked.elapsed() < DEADLINE / 10, "{:?}", asked.elapsed());
}
