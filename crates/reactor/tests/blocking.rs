//! Blocking handlers on real sockets: many calls on few threads, and what one call does wrong is its own affair.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

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

#[test]
fn a_flood_waits_in_the_kernel_and_arrives_whole() {
    const BYTES: usize = 20_000_000;
    let (release, gate) = mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let (running, address) = start(Threads::default(), move |call| {
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
    let mut stream = call(&address);
    let flood: Vec<u8> = (0..BYTES).map(|n| (n % 251).to_le_bytes()[0]).collect();
    stream.write_all(&flood).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let _ = release.send(());
    let mut back = String::new();
    stream.read_to_string(&mut back).unwrap();
    let sum: u64 = flood.iter().map(|byte| u64::from(*byte)).sum();
    assert_eq!(back, format!("{BYTES} {sum}"));
    stop(running);
}

#[test]
fn a_reader_that_sleeps_holds_its_sender_back_and_loses_nothing() {
    const BYTES: usize = 40_000_000;
    let (running, address) = start(Threads::default(), |call| {
        let piece = vec![7_u8; 100_000];
        for _ in 0..BYTES / piece.len() {
            call.send(piece.clone())?;
        }
        Ok(())
    });
    let mut stream = call(&address);
    let mut total = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            bytes => total += bytes,
        }
    }
    assert_eq!(total, BYTES);
    stop(running);
}

#[test]
fn shutdown_does_not_wait_for_a_thread_that_waits_for_its_peer() {
    let (running, address) = start(Threads::default(), echo);
    let mut stream = call(&address);
    assert!(said_and_heard(&mut stream, b"here"));
    let asked = std::time::Instant::now();
    stop(running);
    assert!(asked.elapsed() < DEADLINE / 10, "{:?}", asked.elapsed());
}
