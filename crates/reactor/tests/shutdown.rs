//! How long a shutdown takes, from anywhere and whatever the loop is doing: under 20 ms. Each time is taken several
//! times and the median counts, so that one slice lost to another process is not taken for the loop's.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use support::{DEADLINE, Hooks, Running, hooks};
use switchboard_reactor::blocking::{Blocking, Threads};
use switchboard_reactor::{Address, Handler, Limits, ListenOptions, PostError, Reactor};

const SHUTDOWN_MAX: Duration = Duration::from_millis(20);
const RUNS: usize = 9;

fn median(mut one: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS).map(|_| one()).collect();
    times.sort();
    println!("{times:?}");
    times[RUNS / 2]
}

fn listening<H>(mut reactor: Reactor<H>) -> (Running<H>, Address)
where
    H: Handler + Send + 'static,
    H::Command: 'static,
{
    let (_, address) =
        reactor.listen(&"tcp://127.0.0.1:0".parse().unwrap(), &ListenOptions::default()).unwrap();
    (Running::of(reactor), address)
}

fn with_hooks() -> (Running<Hooks>, Address) {
    // What its hooks tell is heard by nobody.
    listening(Reactor::new(hooks().0, Limits::default()).unwrap())
}

fn call(address: &Address) -> TcpStream {
    let stream = TcpStream::connect(address.ip().unwrap()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

fn talk(stream: &mut TcpStream) {
    stream.write_all(b"hello").unwrap();
    stream.read_exact(&mut [0; 5]).unwrap();
}

/// From asking until the loop's thread has ended.
fn time_of_stop<H>(running: Running<H>) -> Duration
where
    H: Handler + Send + 'static,
    H::Command: 'static,
{
    let asked = Instant::now();
    running.stop();
    asked.elapsed()
}

#[test]
fn an_idle_loop_stops_at_once() {
    let time = median(|| {
        let (running, address) = with_hooks();
        talk(&mut call(&address));
        time_of_stop(running)
    });
    assert!(time < SHUTDOWN_MAX, "{time:?}");
}

#[test]
fn a_loop_with_five_hundred_calls_stops_at_once() {
    let time = median(|| {
        let (running, address) = with_hooks();
        let mut callers: Vec<TcpStream> = (0..500).map(|_| call(&address)).collect();
        callers.iter_mut().for_each(talk);
        time_of_stop(running)
    });
    assert!(time < SHUTDOWN_MAX, "{time:?}");
}

#[test]
fn a_loop_in_the_middle_of_a_flood_stops_at_once() {
    let time = median(|| {
        let (running, address) = with_hooks();
        let mut caller = call(&address);
        talk(&mut caller);
        let is_over = Arc::new(AtomicBool::new(false));
        let flood = thread::spawn({
            let (mut caller, is_over) = (caller.try_clone().unwrap(), Arc::clone(&is_over));
            move || while !is_over.load(Ordering::Relaxed) && caller.write_all(&[7; 10_000]).is_ok() {}
        });
        // The answers are read for a while, then left to pile up.
        let mut heard = vec![0; 1_000_000];
        caller.read_exact(&mut heard).unwrap();
        let time = time_of_stop(running);
        is_over.store(true, Ordering::Relaxed);
        flood.join().unwrap();
        time
    });
    assert!(time < SHUTDOWN_MAX, "{time:?}");
}

#[test]
fn a_handler_stops_its_own_loop_at_once() {
    let time = median(|| {
        let (running, address) = with_hooks();
        talk(&mut call(&address));
        let handle = running.handle.clone();
        let asked = Instant::now();
        assert!(running.handle.post(Box::new(move |_| handle.shutdown())).is_ok());
        running.join();
        asked.elapsed()
    });
    assert!(time < SHUTDOWN_MAX, "{time:?}");
}

#[test]
fn a_loop_that_is_dropped_takes_no_more_commands() {
    let reactor = Reactor::new(hooks().0, Limits::default()).unwrap();
    let handle = reactor.handle();
    drop(reactor);
    assert!(matches!(handle.post(Box::new(|_| ())), Err(PostError::Stopped(_))));
    assert!(matches!(handle.post_blocking(Box::new(|_| ())), Err(PostError::Stopped(_))));
}

#[test]
fn calls_that_block_hold_no_shutdown_up() {
    let time = median(|| {
        let echo = |call: &mut switchboard_reactor::blocking::Call| {
            while let Some(heard) = call.recv()? {
                call.send(heard)?;
            }
            Ok(())
        };
        let reactor = Blocking::reactor(echo, Threads::default(), Limits::default()).unwrap();
        let (running, address) = listening(reactor);
        let mut callers: Vec<TcpStream> = (0..32).map(|_| call(&address)).collect();
        callers.iter_mut().for_each(talk);
        time_of_stop(running)
    });
    assert!(time < SHUTDOWN_MAX, "{time:?}");
}

#[test]
fn a_drain_of_calls_that_hang_up_ends_with_the_last_of_them() {
    let time = median(|| {
        let (running, address) = with_hooks();
        let mut callers: Vec<TcpStream> = (0..20).map(|_| call(&address)).collect();
        callers.iter_mut().for_each(talk);
        let asked = Instant::now();
        running.handle.drain(DEADLINE);
        for mut caller in callers {
            assert_eq!(caller.read(&mut [0; 1]).unwrap(), 0);
        }
        running.join();
        asked.elapsed()
    });
    assert!(time < 5 * SHUTDOWN_MAX, "{time:?}");
}
