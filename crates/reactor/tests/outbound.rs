//! Connections of our own: several addresses in order, calling again after a while, and names that are looked up
//! while the loop goes on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use support::{DEADLINE, Hooks, Running, Told, hooks};
use switchboard_reactor::sim::{Faults, Rest, World, each_seed};
use switchboard_reactor::{Address, Limits, ListenOptions, PostError, Reactor, Resolver, Tag};

const HOUR: Duration = Duration::from_hours(1);

fn tcp(text: &str) -> Address {
    Address::Tcp(text.parse().unwrap())
}

/// A server at so many addresses, the last of which it listens at, and a caller of all of them.
fn call_all(world: &World, addresses: &[Address], limits: Limits) -> (Vec<String>, Rest) {
    let ((server, _), (caller, told)) = (hooks(), hooks());
    let mut server = Reactor::with_net(world.host(), server, Limits::default());
    let mut caller = Reactor::with_net(world.host(), caller, limits);
    if let Some(last) = addresses.last() {
        server.listen(last, &ListenOptions::default()).unwrap();
    }
    caller.with_context(|_, cx| cx.connect_any(addresses.iter().cloned(), Tag(7)));
    let rest = world.run(&mut [&mut server, &mut caller], HOUR).unwrap();
    assert_eq!(caller.stats().connections as u64, caller.stats().connected, "each attempt is given up");
    (told.so_far(), rest)
}

#[test]
fn addresses_are_tried_in_order_until_one_answers() {
    let addresses = ["10.0.0.1:1", "10.0.0.2:2", "10.0.0.3:3"].map(tcp);
    let (told, rest) = call_all(&World::new(1, Faults::none()), &addresses, Limits::default());
    assert_eq!((told, rest), (vec!["setup tcp://10.0.0.3:3".to_owned()], Rest::Quiet));
}

#[test]
fn nobody_anywhere_is_told_once_with_the_last_address() {
    let world = World::new(1, Faults { refusals: 1.1, ..Faults::none() });
    let addresses = ["10.0.0.1:1", "10.0.0.2:2"].map(tcp);
    let (told, _) = call_all(&world, &addresses, Limits::default());
    assert_eq!(told, ["unreachable 7 tcp://10.0.0.2:2 ConnectionRefused"]);
    let (told, _) = call_all(&World::new(1, Faults::none()), &[], Limits::default());
    assert!(told.is_empty(), "no address, no connection: {told:?}");
}

#[test]
fn a_connection_that_is_never_made_is_given_up_at_its_deadline_and_not_before() {
    // Everything takes up to ten hours, so no answer comes in time.
    let world = World::new(3, Faults { delay_max: HOUR * 10, ..Faults::none() });
    let (handler, told) = hooks();
    let limits = Limits { connect_timeout: Duration::from_secs(10), ..Limits::default() };
    let mut caller = Reactor::with_net(world.host(), handler, limits);
    caller.with_context(|_, cx| cx.connect(tcp("10.0.0.1:1"), Tag(0)));
    world.run(&mut [&mut caller], Duration::from_secs(9)).unwrap();
    assert!(told.so_far().is_empty(), "not before");
    world.run(&mut [&mut caller], Duration::from_secs(2)).unwrap();
    assert_eq!(told.so_far(), ["unreachable 0 tcp://10.0.0.1:1 TimedOut"]);
    assert_eq!((caller.stats().connections, caller.stats().connect_errors), (0, 1));
}

#[test]
fn every_address_has_its_own_deadline_and_the_answer_comes_once() {
    let (mut made, mut failed) = (0, 0);
    each_seed("cargo test -p switchboard-reactor --test outbound every_address", 0..200, |seed| {
        let world = World::new(seed, Faults { delay_max: Duration::from_secs(2), ..Faults::none() });
        let addresses = ["10.0.0.1:1", "10.0.0.2:2", "10.0.0.3:3"].map(tcp);
        let limits = Limits { connect_timeout: Duration::from_secs(1), ..Limits::default() };
        let (told, _) = call_all(&world, &addresses, limits);
        let answers = told.iter().filter(|what| what.starts_with("setup") || what.starts_with("unreachable"));
        assert_eq!(answers.count(), 1, "{told:?}");
        made += usize::from(told[0].starts_with("setup"));
        failed += usize::from(told[0].ends_with("TimedOut"));
    });
    if std::env::var_os("SWITCHBOARD_SEED").is_none() {
        assert!(made > 10 && failed > 10, "{made} made and {failed} timed out: too few of one kind");
    }
}

/// Looks up `slow` when it is allowed to, and anything else at once.
fn gated() -> (Resolver, mpsc::Sender<()>) {
    let (open, gate) = mpsc::channel();
    let gate = Mutex::new(gate);
    let resolver = Resolver::asking(move |host, port| match host {
        "slow" => {
            let _ = gate.lock().unwrap().recv_timeout(DEADLINE);
            Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
        }
        "nowhere" => Ok(Vec::new()),
        other => Err(io::Error::new(io::ErrorKind::NotFound, other.to_owned())),
    });
    (resolver.unwrap(), open)
}

fn looking_up() -> (Running<Hooks>, Told) {
    let (handler, told) = hooks();
    (Running::start(handler, Limits::default(), |_| ()).0, told)
}

/// An order that calls whoever was found, and tells what was not.
fn call_what_is_found(answer: io::Result<Vec<SocketAddr>>) -> support::Order {
    Box::new(move |cx| match answer {
        Ok(found) => cx.connect_any(found.into_iter().map(Address::Tcp), Tag(1)),
        Err(_) => drop(cx.set_timer(Duration::ZERO, Tag(404))),
    })
}

#[test]
fn a_slow_name_server_holds_up_neither_the_loop_nor_other_names() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (running, told) = looking_up();
    let (resolver, open) = gated();
    resolver.resolve("slow", port, &running.handle, call_what_is_found).unwrap();
    for name in ["unknown", "nowhere"] {
        resolver.resolve(name, port, &running.handle, call_what_is_found).unwrap();
        assert_eq!(told.wait_for(""), "timeout 404", "{name} is answered while the first is not");
    }
    open.send(()).unwrap();
    told.wait_for("setup");
}

#[test]
fn an_answer_waits_for_room_in_the_mailbox() {
    let (handler, told) = hooks();
    let limits = Limits { commands_max: 1, ..Limits::default() };
    let reactor = Reactor::new(handler, limits).unwrap();
    let handle = reactor.handle();
    assert!(handle.post(Box::new(|cx| _ = cx.set_timer(Duration::ZERO, Tag(1)))).is_ok());
    let (resolver, _open) = gated();
    resolver.resolve("nowhere", 1, &handle, call_what_is_found).unwrap();
    assert!(matches!(handle.post(Box::new(|_| ())), Err(PostError::Full(_))), "one may wait");
    let _running = Running::of(reactor);
    told.wait_for("timeout 1");
    told.wait_for("timeout 404");
}

#[test]
fn the_systems_own_resolver_knows_this_host() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (running, told) = looking_up();
    let resolver = Resolver::start().unwrap();
    // Perhaps `[::1]` first, where nobody listens: the next address is tried.
    resolver.resolve("localhost", port, &running.handle, call_what_is_found).unwrap();
    told.wait_for("setup");
}

#[test]
fn questions_wait_up_to_a_limit_and_the_next_is_refused() {
    let (running, _) = looking_up();
    let (resolver, open) = gated();
    let ask = || resolver.resolve("slow", 1, &running.handle, |_| Box::new(|_| ()));
    // Two are being answered and 256 wait, whether or not their threads have begun.
    for _ in 0..258 {
        ask().unwrap();
    }
    assert_eq!(ask().unwrap_err().kind(), io::ErrorKind::ResourceBusy);
    assert_eq!(resolver.stats().refused, 1);
    drop(open);
}
