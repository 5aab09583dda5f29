//! Running a server, and stopping it.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::support::{DEADLINE, Running, call, echoes, hooks, listening, tcp};
use switchboard_reactor::{
    Address, Closed, ConnId, Context, Flow, Handle, Handler, Limits, ListenOptions, Origin, Reactor, Tag,
};

#[test]
fn serve_forever_is_run() {
    let (handler, _) = hooks();
    let mut reactor = Reactor::new(handler, Limits::default()).unwrap();
    let (_, address) = reactor.listen(&tcp(), &ListenOptions::default()).unwrap();
    let handle = reactor.handle();
    let serving = std::thread::spawn(move || reactor.run().map(drop));
    for _ in 0..3 {
        echoes(&mut call(&address), b"hello");
    }
    handle.shutdown();
    serving.join().unwrap().unwrap();
}

#[test]
fn poll_interval_is_not_needed() {
    let (running, address, _) = listening();
    // Who hung up now would wake the loop, too.
    let mut caller = call(&address);
    echoes(&mut caller, b"hello");
    // Python looks every half second.
    let took = running.time_to_end(Handle::shutdown).undisturbed;
    assert!(took < Duration::from_millis(250), "{took:?}");
}

#[test]
fn handle_request_is_run_once() {
    let (handler, told) = hooks();
    let mut reactor = Reactor::new(handler, Limits::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server");
    reactor.listen(&Address::Unix(path.clone()), &ListenOptions::default()).unwrap();
    // On a path, who has called waits to be taken.
    let mut callers = [(); 3].map(|()| UnixStream::connect(&path).unwrap());
    // Python would serve one of them, to its end.
    assert_eq!(reactor.run_once(DEADLINE).unwrap(), Flow::Continue);
    let told_of = |what: &str| told.so_far().iter().filter(|told| told.starts_with(what)).count();
    assert_eq!(told_of("setup"), 3);
    callers[2].write_all(b"hello").unwrap();
    let asked = Instant::now();
    while told_of("handle hello") == 0 {
        assert!(asked.elapsed() < DEADLINE);
        assert_eq!(reactor.run_once(DEADLINE).unwrap(), Flow::Continue);
    }
    callers[2].read_exact(&mut [0; 5]).unwrap();
}

#[test]
fn handle_timeout_is_told_when_nothing_came() {
    let (handler, told) = hooks();
    let mut reactor = Reactor::new(handler, Limits::default()).unwrap();
    reactor.listen(&tcp(), &ListenOptions::default()).unwrap();
    let patience = Duration::from_millis(30);
    let asked = Instant::now();
    assert_eq!(reactor.run_once(patience).unwrap(), Flow::Continue);
    assert!(asked.elapsed() >= patience, "{:?}", asked.elapsed());
    assert_eq!(told.so_far(), ["handle_timeout"]);

    reactor.with_context(|_, cx| cx.set_timer(patience / 3, Tag(7)));
    // The wish itself is something, and then so is the timer.
    while told.so_far() != ["timeout 7"] {
        assert!(asked.elapsed() < DEADLINE);
        reactor.run_once(DEADLINE).unwrap();
    }
}

/// Counts its turns.
struct Turns(u64);

impl Handler for Turns {
    type Command = ();

    fn setup(&mut self, _: &mut Context<'_>, _: ConnId, _: Origin<'_>) {}

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}

    fn service_actions(&mut self, _: &mut Context<'_>) {
        self.0 += 1;
    }
}

#[test]
fn service_actions_come_once_a_turn() {
    let mut reactor = Reactor::new(Turns(0), Limits::default()).unwrap();
    for turns in 1..=5 {
        reactor.handle().post(()).unwrap();
        reactor.turn().unwrap();
        assert_eq!((reactor.handler().0, reactor.stats().turns), (turns, turns));
    }
}

#[test]
fn shutdown_works_inside_a_handler() {
    let (handler, _) = hooks();
    let (running, ()) = Running::start(handler, Limits::default(), |_| ());
    let handle = running.handle.clone();
    assert!(running.handle.post(Box::new(move |_| handle.shutdown())).is_ok());
    running.join();
}

#[test]
fn server_close_has_a_deadline() {
    // The caller never hangs up, for which Python waits, and nothing else but the drain's own deadline ends its call.
    let limits = Limits { linger_timeout: DEADLINE * 2, ..Limits::default() };
    let (running, address) = Running::start(hooks().0, limits, |reactor| {
        reactor.listen(&tcp(), &ListenOptions::default()).unwrap().1
    });
    let mut idle = call(&address);
    echoes(&mut idle, b"here");
    let deadline = Duration::from_millis(50);
    let took = running.time_to_end(|handle| handle.drain(deadline));
    assert!(took.elapsed >= deadline, "{:?}", took.elapsed);
}
