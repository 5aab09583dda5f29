//! Signals as events of a loop: on the simulated network, where they come at any moment, and from the real kernel.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/recorder.rs"]
#[allow(dead_code, reason = "each test file uses its part of it")]
mod recorder;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use recorder::Recorder;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::low_level::raise;
use switchboard_reactor::sim::{Faults, Rest, Rng, SimNet, SimSignals, World, each_seed};
use switchboard_reactor::{
    Address, Closed, ConnId, Context, Handler, Limits, ListenOptions, Origin, Reactor, Signal, Signals, Tag,
    Time, Workers,
};

const HOUR: Duration = Duration::from_hours(1);
const DRAIN: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(20);

fn at(duration: Duration) -> Time {
    Time::ZERO + duration
}

/// A server that obeys, with a caller that never hangs up and takes nothing of what it is sent.
fn held(world: &World) -> (Reactor<Recorder, SimNet>, Reactor<Recorder, SimNet>) {
    let greets = Recorder::new(|cx, event| {
        if let recorder::Event::SetUp(id) = event {
            cx.send(*id, &vec![7; 1_000_000]);
        }
    });
    let limits = Limits { flush_timeout: HOUR, stall_timeout: HOUR, ..Limits::default() };
    let mut server = Reactor::with_net(world.host(), greets, limits);
    server.obey(SimSignals, DRAIN).unwrap();
    let pauses = Recorder::new(|cx, event| {
        if let recorder::Event::SetUp(id) = event {
            cx.pause_reading(*id);
        }
    });
    let mut caller = Reactor::with_net(world.host(), pauses, Limits::default());
    let (_, address) =
        server.listen(&Address::Tcp("10.0.0.1:0".parse().unwrap()), &ListenOptions::default()).unwrap();
    caller.with_context(|_, cx| cx.connect(address, Tag(0)));
    (server, caller)
}

const SERVER: usize = 0;

#[test]
fn the_first_signal_drains_until_its_deadline() {
    for signal in [Signal::Interrupt, Signal::Terminate] {
        let world = World::new(1, Faults::none());
        let (mut server, mut caller) = held(&world);
        world.run(&mut [&mut server, &mut caller], Duration::from_secs(1)).unwrap();
        world.signal(SERVER, signal);
        world.run(&mut [&mut server, &mut caller], HOUR).unwrap();
        assert_eq!(server.handler().end(), (at(Duration::from_secs(1) + DRAIN), Closed::Stopped.to_string()));
    }
}

#[test]
fn the_second_signal_stops_at_once_even_if_it_came_with_the_first() {
    for wait in [Duration::from_secs(2), Duration::ZERO] {
        let world = World::new(1, Faults::none());
        let (mut server, mut caller) = held(&world);
        world.run(&mut [&mut server, &mut caller], Duration::from_secs(1)).unwrap();
        world.signal(SERVER, Signal::Interrupt);
        if wait > Duration::ZERO {
            world.run(&mut [&mut server, &mut caller], wait).unwrap();
        }
        world.signal(SERVER, Signal::Terminate);
        world.run(&mut [&mut server, &mut caller], HOUR).unwrap();
        assert_eq!(server.handler().end(), (at(Duration::from_secs(1) + wait), Closed::Stopped.to_string()));
    }
}

#[test]
fn a_signal_that_came_before_the_loop_ran_is_obeyed() {
    let world = World::new(1, Faults::none());
    let mut server = Reactor::with_net(world.host(), Recorder::idle(), Limits::default());
    world.signal(SERVER, Signal::Terminate);
    server.obey(SimSignals, DRAIN).unwrap();
    assert_eq!(world.run(&mut [&mut server], HOUR).unwrap(), Rest::Stopped);
}

#[test]
fn conversations_end_well_whenever_the_signal_comes() {
    let replay = "cargo test -p switchboard-reactor --test signals conversations_end_well";
    each_seed(replay, 0..200, |seed| {
        let world = World::new(seed, Faults { resets: 0.0, refusals: 0.0, ..Faults::rough() });
        let mut server = Reactor::with_net(world.host(), Recorder::idle(), Limits::default());
        server.obey(SimSignals, HOUR).unwrap();
        let mut caller = Reactor::with_net(world.host(), Recorder::idle(), Limits::default());
        let (_, address) =
            server.listen(&Address::Tcp("10.0.0.1:0".parse().unwrap()), &ListenOptions::default()).unwrap();
        caller.with_context(|_, cx| (0..5).for_each(|tag| cx.connect(address.clone(), Tag(tag))));
        let before = Duration::from_millis(Rng::new(seed).below(100));
        world.run(&mut [&mut server, &mut caller], before).unwrap();
        world.signal(SERVER, Signal::Terminate);
        world.run(&mut [&mut server, &mut caller], HOUR).unwrap();
        let stats = server.stats();
        assert_eq!((stats.connections, stats.finished), (0, stats.accepted), "{stats:?}");
        assert_eq!(world.open_ends(), 0);
    });
}

/// Tells the test what it hears, and does what it is told with the bytes `busy`.
struct Server {
    told: Sender<String>,
    orders: Receiver<()>,
}

impl Handler for Server {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        if input == b"busy" {
            self.told.send("busy".to_owned()).unwrap();
            self.orders.recv_timeout(DEADLINE).unwrap();
        }
        cx.send(id, input);
        input.len()
    }

    fn signal(&mut self, _: &mut Context<'_>, signal: Signal) {
        self.told.send(signal.to_string()).unwrap();
    }

    fn draining(&mut self, _: &mut Context<'_>) {
        self.told.send("draining".to_owned()).unwrap();
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, why: Closed) {
        self.told.send(why.to_string()).unwrap();
    }
}

/// Signals are the process's: tests that raise them take turns.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server on a real loop that hears all signals, what it tells, and the orders it waits for.
struct Serving {
    reactor: Reactor<Server>,
    address: Address,
    told: Receiver<String>,
    order: Sender<()>,
}

fn serving() -> Serving {
    let (told, hears) = mpsc::channel();
    let (order, orders) = mpsc::channel();
    let mut reactor = Reactor::new(Server { told, orders }, patient()).unwrap();
    let all = [Signal::Interrupt, Signal::Terminate, Signal::Hangup, Signal::User1];
    reactor.obey(Signals::catch(&all).unwrap(), DEADLINE).unwrap();
    let (_, address) =
        reactor.listen(&Address::Tcp("127.0.0.1:0".parse().unwrap()), &ListenOptions::default()).unwrap();
    Serving { reactor, address, told: hears, order }
}

/// Only a second signal ends a call whose caller holds on.
fn patient() -> Limits {
    Limits { linger_timeout: HOUR, ..Limits::default() }
}

/// Runs loops on a thread of their own; how they end is told.
fn begin(run: impl FnOnce() -> io::Result<()> + Send + 'static) -> Receiver<io::Result<()>> {
    let (tell, ended) = mpsc::channel();
    thread::spawn(move || tell.send(run()));
    ended
}

fn call(address: &Address) -> TcpStream {
    let stream = TcpStream::connect(address.ip().unwrap()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

#[test]
fn real_signals_reach_the_handler_and_end_the_loop() {
    let _alone = alone();
    let Serving { reactor, address, told, .. } = serving();
    raise(SIGHUP).unwrap(); // before it runs
    let ended = begin(|| reactor.run().map(drop));
    assert_eq!(told.recv_timeout(DEADLINE).unwrap(), "SIGHUP");
    for _ in 0..3 {
        raise(SIGUSR1).unwrap();
        assert_eq!(told.recv_timeout(DEADLINE).unwrap(), "SIGUSR1");
    }
    let mut caller = call(&address);
    caller.write_all(b"x").unwrap();
    caller.read_exact(&mut [0]).unwrap();
    raise(SIGTERM).unwrap();
    assert_eq!(told.recv_timeout(DEADLINE).unwrap(), "draining");
    assert_eq!(caller.read(&mut [0]).unwrap(), 0, "a drain ends our side");
    raise(SIGINT).unwrap();
    assert_eq!(told.recv_timeout(DEADLINE).unwrap(), Closed::Stopped.to_string());
    ended.recv_timeout(DEADLINE).unwrap().unwrap();
}

#[test]
fn two_signals_that_come_while_the_loop_is_busy_are_two() {
    let _alone = alone();
    let Serving { reactor, address, told, order } = serving();
    let ended = begin(|| reactor.run().map(drop));
    let mut caller = call(&address);
    caller.write_all(b"busy").unwrap();
    assert_eq!(told.recv_timeout(DEADLINE).unwrap(), "busy");
    raise(SIGINT).unwrap();
    raise(SIGINT).unwrap();
    order.send(()).unwrap();
    let mut heard = Vec::new();
    while let Ok(what) = told.recv_timeout(DEADLINE) {
        heard.push(what);
    }
    assert_eq!(heard, ["draining".to_owned(), Closed::Stopped.to_string()], "the caller holds on");
    ended.recv_timeout(DEADLINE).unwrap().unwrap();
    drop(caller);
}

/// Tells of the signals that its loop hears.
struct Worker(Sender<String>, usize);

impl Handler for Worker {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
        self.0.send(format!("{} is called", self.1)).unwrap();
    }

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }

    fn signal(&mut self, _: &mut Context<'_>, signal: Signal) {
        self.0.send(format!("{} hears {signal}", self.1)).unwrap();
    }

    fn draining(&mut self, _: &mut Context<'_>) {
        self.0.send(format!("{} drains", self.1)).unwrap();
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
}

#[test]
fn all_workers_end_by_a_signal_and_one_answers_any_other() {
    let _alone = alone();
    let (tell, told) = mpsc::channel();
    let three = NonZeroUsize::new(3).unwrap();
    let mut workers = Workers::new(three, &patient(), |number| Worker(tell.clone(), number)).unwrap();
    workers.obey(&[Signal::Terminate, Signal::Hangup], HOUR).unwrap();
    let place = Address::Tcp("127.0.0.1:0".parse().unwrap());
    let address = workers.listen(&place, &ListenOptions::default()).unwrap();
    let ended = begin(|| workers.run().map(drop));
    let hear = || told.recv_timeout(DEADLINE).unwrap();

    raise(SIGHUP).unwrap();
    assert_eq!(hear(), "0 hears SIGHUP");
    // One worker has a caller that holds it; the others are gone after the first signal.
    let held = call(&address);
    assert!(hear().ends_with(" is called"));
    raise(SIGTERM).unwrap();
    let mut drained = [hear(), hear(), hear()];
    drained.sort_unstable();
    assert_eq!(drained, ["0 drains", "1 drains", "2 drains"]);
    raise(SIGTERM).unwrap();
    ended.recv_timeout(DEADLINE).unwrap().unwrap();
    drop(held);
}
