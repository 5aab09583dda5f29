//! Hooks of the server: who is let in, in which order a call is served, how it ends.

use std::io::{self, Read, Write};
use std::net::Ipv4Addr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use super::support::{Hooks, Running, call, echoes, hooks, listening, tcp};
use switchboard_reactor::blocking::{Blocking, Threads};
use switchboard_reactor::{Address, Limits, ListenOptions, Membership};

/// Turns every second call away.
fn every_second(_: &Address) -> bool {
    static LETS_IN: AtomicBool = AtomicBool::new(false);
    LETS_IN.fetch_xor(true, Ordering::SeqCst)
}

#[test]
fn verify_request_turns_one_call_away() {
    let (handler, told) = hooks();
    let handler = Hooks { verifies: every_second, ..handler };
    let (running, address) = Running::start(handler, Limits::default(), |reactor| {
        reactor.listen(&tcp(), &ListenOptions::default()).unwrap().1
    });
    let mut refused = call(&address);
    assert!(matches!(refused.read(&mut [0; 1]), Ok(0) | Err(_)));
    echoes(&mut call(&address), b"the next one");
    assert_eq!(running.stop().1.refused, 1);
    assert_eq!(told.so_far()[..2], ["verify", "verify"], "it is asked before anything is set up");
}

#[test]
fn process_request_interleaves_calls() {
    let (_running, address, _) = listening();
    let mut calls: Vec<_> = (0..10).map(|_| call(&address)).collect();
    // Python's plain server would still be with the first.
    for caller in calls.iter_mut().rev() {
        echoes(caller, b"hello");
    }
}

#[test]
fn finish_request_is_setup_handle_finish() {
    let (_running, address, told) = listening();
    let mut caller = call(&address);
    echoes(&mut caller, b"hello");
    drop(caller);
    told.wait_for("setup");
    assert_eq!(told.wait_for(""), "handle hello");
    assert_eq!(told.wait_for(""), "finish closed");
}

#[test]
fn shutdown_request_lets_the_last_bytes_arrive() {
    let mut reactor = Blocking::reactor(
        |call| {
            // Returns with the caller's bytes unread, which makes a plain close send a reset.
            call.recv()?;
            call.send(vec![7; 100_000])
        },
        Threads::default(),
        Limits::default(),
    )
    .unwrap();
    let (_, address) = reactor.listen(&tcp(), &ListenOptions::default()).unwrap();
    let running = Running::of(reactor);
    let mut caller = call(&address);
    caller.write_all(b"go").unwrap();
    let mut heard = Vec::new();
    let mut piece = [0; 1_000];
    while let Ok(bytes @ 1..) = caller.read(&mut piece) {
        heard.extend_from_slice(&piece[..bytes]);
        // Still talking while the server has hung up.
        let _ = caller.write(b"and more");
    }
    assert_eq!(heard.len(), 100_000);
    drop(running);
}

#[test]
fn handle_error_of_a_call_ends_that_call_only() {
    let mut reactor = Blocking::reactor(
        |call| match call.recv()?.as_deref() {
            Some(b"error") => Err(io::Error::other("on purpose")),
            Some(b"panic") => panic!("on purpose"),
            heard => call.send(heard.unwrap_or_default().to_vec()),
        },
        Threads::default(),
        Limits::default(),
    )
    .unwrap();
    let (_, address) = reactor.listen(&tcp(), &ListenOptions::default()).unwrap();
    let _running = Running::of(reactor);
    for word in [b"error", b"panic"] {
        let mut bad = call(&address);
        bad.write_all(word).unwrap();
        assert!(matches!(bad.read(&mut [0; 1]), Ok(0) | Err(_)));
    }
    echoes(&mut call(&address), b"the next one");

    let (handler, told) = hooks();
    let (running, socket) = Running::start(handler, Limits::default(), |reactor| {
        reactor.bind(&"udp://127.0.0.1:0".parse().unwrap()).unwrap().0
    });
    let no_group = Membership::of(Ipv4Addr::LOCALHOST);
    assert!(running.handle.post(Box::new(move |cx| cx.join_multicast(socket, no_group))).is_ok());
    told.wait_for("error InvalidInput");
    // The hook has told, and the loop goes on until a hook panics.
    running.value("loop_turns");
    assert!(running.handle.post(Box::new(|_| panic!("on purpose"))).is_ok());
    assert!(catch_unwind(AssertUnwindSafe(|| running.join())).is_err());
}
