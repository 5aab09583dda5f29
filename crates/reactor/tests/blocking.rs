//! Blocking handlers on real sockets: many calls on few threads, and what one call does wrong is its own affair.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use support::{DEADLINE, Running, call, tcp};
use switchboard_reactor::blocking::{Blocking, Call, PoolStats, Threads};
use switchboard_reactor::{Address, Limits, ListenOptions};

fn start(
    threads: Threads,
    handle_call: impl Fn(&mut Call) -> io::Result<()> + Send + Sync + 'static,
) -> (Running<Blocking>, Address) {
    let mut reactor = Blocking::reactor(handle_call, threads, Limits::default()).unwrap();
    let (_, address) = reactor.listen(&tcp(), &ListenOptions::default()).unwrap();
    (Running::of(reactor), address)
}

/// Stops the loop; what its pool has done by then.
fn stop(running: Running<Blocking>) -> PoolStats {
    running.stop().0.pool_stats()
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
    let (running, address) = start(Threads { running_max: 4, waiting_max: 2_000 }, echo);
    let callers: Vec<_> = (0..1_000)
        .map(|number: u32| {
            let mut stream = call(&address);
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
    let stats = stop(running);
    assert!(stats.threads <= 4 && stats.refused == 0, "{stats:?}");
}

#[test]
fn a_call_that_finds_no_thread_and_no_place_to_wait_is_cut() {
    let (running, address) = start(Threads { running_max: 1, waiting_max: 1 }, echo);
    let mut first = call(&address);
    assert!(said_and_heard(&mut first, b"the only thread"));
    let _waits = call(&address);
    let mut third = call(&address);
    assert!(matches!(third.read(&mut [0; 1]), Ok(0) | Err(_)), "the third call is turned away");
    assert!(said_and_heard(&mut first, b"undisturbed"));
    assert_eq!(stop(running).refused, 1);
}

#[test]
fn an_error_or_a_panic_ends_that_call_only() {
    let (running, address) = start(Threads::default(), |call| {
        while let Some(heard) = call.recv()? {
            match &heard[..] {
                b"error" => return Err(io::Error::other("on purpose")),
                b"panic" => panic!("on purpose"),
                _ => call.send(heard)?,
            }
        }
        Ok(())
    });
    let mut steady = call(&address);
    assert!(said_and_heard(&mut steady, b"before"));
    for word in [b"error", b"panic"] {
        let mut bad = call(&address);
        bad.write_all(word).unwrap();
        assert!(matches!(bad.read(&mut [0; 1]), Ok(0) | Err(_)), "the call is cut");
    }
    assert!(said_and_heard(&mut steady, b"after"));
    stop(running);
}

#[test]
fn reading_and_writing_are_those_of_the_standard_library() {
    let (running, address) = start(Threads::default(), |call| {
        let mut head = [0; 4];
        call.read_exact(&mut head)?;
        let length = u64::from(u32::from_be_bytes(head));
        let mut body = Vec::new();
        Read::by_ref(call).take(length).read_to_end(&mut body)?;
        write!(call, "{} bytes", body.len())
    });
    let mut stream = call(&address);
    stream.write_all(&[0, 0, 0, 5]).unwrap();
    stream.write_all(b"hello and more").unwrap();
    let mut back = String::new();
    stream.read_to_string(&mut back).unwrap();
    assert_eq!(back, "5 bytes");
    stop(running);
}

/// More than any kernel keeps for one connection.
const FLOOD: usize = 40_000_000;
const PIECE: usize = 100_000;

fn piece(number: usize) -> Vec<u8> {
    (number * PIECE..(number + 1) * PIECE).map(|place| (place % 251).to_le_bytes()[0]).collect()
}

/// Waits until a count stays as it is for a while, in which many turns pass: then whoever counts is held back.
fn held_back(running: &Running<Blocking>, count: &AtomicUsize) -> usize {
    let (mut since, mut last) = (Instant::now(), 0);
    let given_up = since + DEADLINE;
    while last == 0 || since.elapsed() < Duration::from_millis(100) {
        running.value("loop_turns");
        let now = count.load(Ordering::SeqCst);
        since = if now == last { since } else { Instant::now() };
        last = now;
        assert!(Instant::now() < given_up, "it never stands still, at {now}");
    }
    last
}

#[test]
fn a_flood_waits_in_the_kernel_and_arrives_whole() {
    let (release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let (running, address) = start(Threads::default(), move |call| {
        gate.lock().unwrap().recv_timeout(DEADLINE).unwrap();
        let (mut bytes, mut wanted) = (0_usize, (0..FLOOD / PIECE).flat_map(piece));
        while let Some(heard) = call.recv()? {
            bytes += heard.len();
            assert!(heard.iter().copied().eq(wanted.by_ref().take(heard.len())));
        }
        call.send(bytes.to_string())
    });
    let mut stream = call(&address);
    let (mut writer, written) = (stream.try_clone().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&written);
    let writing = thread::spawn(move || {
        for number in 0..FLOOD / PIECE {
            writer.write_all(&piece(number)).unwrap();
            counter.fetch_add(1, Ordering::SeqCst);
        }
        writer.shutdown(Shutdown::Write).unwrap();
    });
    // Nothing is taken yet, so the loop stops reading when the line is full.
    held_back(&running, &written);
    let read = running.value("loop_read");
    assert!(read < 4 * 1024 * 1024, "{read} bytes were read for a thread that takes nothing");
    release.send(()).unwrap();
    let mut back = String::new();
    stream.read_to_string(&mut back).unwrap();
    writing.join().unwrap();
    assert_eq!(back, FLOOD.to_string());
    stop(running);
}

#[test]
fn a_peer_that_does_not_read_holds_its_sender_back_and_loses_nothing() {
    let sent = Arc::new(AtomicUsize::new(0));
    let (counter, limits) = (Arc::clone(&sent), Limits { outbound_hard: 4_000_000, ..Limits::default() });
    let send_all = move |call: &mut Call| {
        (0..FLOOD / PIECE).try_for_each(|number| {
            call.send(piece(number))?;
            counter.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
    };
    let mut reactor = Blocking::reactor(send_all, Threads::default(), limits).unwrap();
    let (_, address) = reactor.listen(&tcp(), &ListenOptions::default()).unwrap();
    let running = Running::of(reactor);
    let mut stream = call(&address);
    let sent = held_back(&running, &sent);
    assert!(sent < FLOOD / PIECE, "everything was sent to a peer that reads nothing");
    let mut heard = vec![0; PIECE];
    for number in 0..FLOOD / PIECE {
        stream.read_exact(&mut heard).unwrap();
        assert!(heard == piece(number), "piece {number}");
    }
    assert_eq!(stream.read(&mut heard).unwrap(), 0);
    stop(running);
}

#[test]
fn shutdown_does_not_wait_for_a_thread_that_waits_for_its_peer() {
    let (running, address) = start(Threads::default(), echo);
    let mut stream = call(&address);
    assert!(said_and_heard(&mut stream, b"here"));
    // The peer says nothing more, so who waited for the thread would wait for ever. How long it takes is in `shutdown`.
    stop(running);
}
