//! What the loop counts, as laws over many seeds: every byte that was to be sent, and every byte that was read, is
//! found again in one of the counters, and whoever asks from outside hears the same numbers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/no_connections.rs"]
mod no_connections;

use std::io;
use std::sync::mpsc;
use std::time::Duration;

use no_connections::no_connections;
use switchboard_reactor::sim::{Faults, Rng, SimNet, Turn, World, each_seed};
use switchboard_reactor::{
    Address, Closed, ConnId, Context, Handler, Limits, ListenOptions, Measure, Origin, Reactor, SlowPeer,
    SocketId, Tag,
};

const SEEDS: u64 = 300;
const HOUR: Duration = Duration::from_hours(1);

/// Says and takes random amounts, hangs up at random, and keeps the books that the loop's are compared with.
struct Gambler {
    rng: Rng,
    said: u64,
    heard: u64,
}

impl Gambler {
    fn new(seed: u64) -> Gambler {
        Gambler { rng: Rng::new(seed), said: 0, heard: 0 }
    }

    fn say(&mut self, cx: &mut Context<'_>, id: ConnId) {
        let bytes = self.rng.index(5_000);
        self.said += bytes as u64;
        cx.send(id, &vec![7; bytes]);
    }
}

impl Handler for Gambler {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
        self.say(cx, id);
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        let taken = self.rng.index(input.len() + 1);
        self.heard += taken as u64;
        self.say(cx, id);
        match self.rng.below(30) {
            0 => cx.close(id),
            1 => cx.abort(id),
            2 => cx.end_writing(id),
            _ => {}
        }
        taken
    }

    fn end_of_input(&mut self, cx: &mut Context<'_>, id: ConnId, rest: &[u8]) {
        self.heard += rest.len() as u64;
        cx.close(id);
    }

    fn finish(&mut self, cx: &mut Context<'_>, id: ConnId, _: Closed) {
        self.say(cx, id); // too late
    }

    fn measure(&self, into: &mut Vec<Measure>) {
        into.push(Measure::counter("said", "Bytes said", self.said).bytes());
    }
}

type Loop = Reactor<Gambler, SimNet>;

/// Two loops that talk over a few connections, with limits that are met.
fn pair(world: &World, seed: u64) -> io::Result<(Loop, Loop)> {
    let limits = Limits {
        outbound_high: 1_000,
        outbound_low: 100,
        outbound_hard: 10_000,
        slow_peer: if seed.is_multiple_of(2) { SlowPeer::Close } else { SlowPeer::DropOldest },
        ..Limits::default()
    };
    let mut server = Reactor::with_net(world.host(), Gambler::new(seed ^ 0x5e), limits.clone());
    let mut caller = Reactor::with_net(world.host(), Gambler::new(seed ^ 0xca), limits);
    let address = Address::Tcp("10.0.0.1:0".parse().unwrap());
    let (_, address) = server.listen(&address, &ListenOptions::default())?;
    caller.with_context(|_, cx| (0..4).for_each(|tag| cx.connect(address.clone(), Tag(tag))));
    Ok((server, caller))
}

fn check_books(one: &Loop) {
    let (stats, books) = (one.stats(), one.handler());
    let sent = stats.bytes_out + stats.outbound_bytes as u64 + stats.bytes_lost + stats.bytes_dropped;
    assert_eq!(sent, books.said, "what was said: {stats:?}");
    if stats.connections == 0 {
        assert_eq!(stats.bytes_in - stats.bytes_unheard, books.heard, "what was read: {stats:?}");
    }
    assert_eq!(stats.timed_out, stats.deadlines_passed.total());
}

#[test]
fn every_byte_is_found_in_a_counter() {
    let (mut lost, mut dropped, mut unheard) = (0, 0, 0);
    let replay = "cargo test -p switchboard-reactor --test counted every_byte";
    each_seed(replay, 0..SEEDS, |seed| {
        let world = World::new(seed, Faults::rough());
        let (mut server, mut caller) = pair(&world, seed).unwrap();
        for time in [Duration::from_millis(100), HOUR] {
            world.run(&mut [&mut server, &mut caller], time).unwrap();
            check_books(&server);
            check_books(&caller);
        }
        for stats in [server.stats(), caller.stats()] {
            lost += stats.bytes_lost;
            dropped += stats.bytes_dropped;
            unheard += stats.bytes_unheard;
        }
    });
    if std::env::var_os("SWITCHBOARD_SEED").is_none() {
        assert!(lost > 0 && dropped > 0 && unheard > 0, "the law was not put to the test");
    }
}

#[test]
fn whoever_asks_is_told_what_the_loop_and_its_handler_have_counted() {
    let world = World::new(1, Faults::none());
    let (mut server, mut caller) = pair(&world, 1).unwrap();
    world.run(&mut [&mut server, &mut caller], HOUR).unwrap();
    let (tell, told) = mpsc::channel();
    server.handle().measure(move |measures| tell.send(measures).unwrap()).unwrap();
    assert!(told.try_recv().is_err(), "it is answered by the loop, in a turn");
    world.run(&mut [&mut server, &mut caller], HOUR).unwrap();
    let measures = told.try_recv().unwrap();
    let value = |name: &str| measures.iter().find(|measure| measure.name == name).map(|found| found.value);
    assert_eq!(value("loop_accepted"), Some(4));
    assert_eq!(value("loop_connections_max"), Some(Limits::default().connections_max as u64));
    assert_eq!(value("said"), Some(server.handler().said));
}

#[test]
fn a_loop_that_has_stopped_answers_nobody() {
    let world = World::new(1, Faults::none());
    let (mut server, mut caller) = pair(&world, 1).unwrap();
    let handle = server.handle();
    handle.shutdown();
    world.run(&mut [&mut server, &mut caller], HOUR).unwrap();
    assert!(handle.measure(|_| panic!("it has stopped")).is_err());
}

/// Answers everything it is told at once, and hangs up, as often as it is told something.
struct Hasty;

impl Handler for Hasty {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
        cx.established(id);
        if let Origin::Connected { .. } = origin {
            cx.send(id, &[1; 1_000]);
        }
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        cx.send(id, b"bye");
        cx.close(id);
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
}

#[test]
fn a_send_that_comes_after_the_close_does_not_hold_up_the_one_before_it() {
    let world = World::new(1, Faults::none());
    let small_reads = Limits { read_bytes: 500, ..Limits::default() };
    let mut server = Reactor::with_net(world.host(), Hasty, small_reads);
    let mut caller = Reactor::with_net(world.host(), Hasty, Limits::default());
    let address = Address::Tcp("10.0.0.1:0".parse().unwrap());
    let (_, address) = server.listen(&address, &ListenOptions::default()).unwrap();
    caller.with_context(|_, cx| cx.connect(address, Tag(0)));
    world.run(&mut [&mut server, &mut caller], Duration::from_millis(1)).unwrap();
    let stats = server.stats();
    assert_eq!((stats.bytes_out, stats.outbound_bytes), (3, 0), "{stats:?}");
}

/// Sends datagrams of all sizes, to itself, to others and to nobody.
struct Scatterer {
    rng: Rng,
    socket: Option<SocketId>,
    places: Vec<Address>,
    said: u64,
    left: u32,
}

impl Scatterer {
    fn new(seed: u64) -> Scatterer {
        Scatterer { rng: Rng::new(seed), socket: None, places: Vec::new(), said: 0, left: 40 }
    }

    fn say(&mut self, cx: &mut Context<'_>) {
        let (Some(socket), 1..) = (self.socket, self.left) else { return };
        self.left -= 1;
        for _ in 0..self.rng.index(8) {
            let place = self.places[self.rng.index(self.places.len())].clone();
            self.said += 1;
            cx.send_datagram(socket, place, &vec![7; self.rng.index(3_000)]);
        }
        cx.set_timer(Duration::from_millis(self.rng.below(20)), Tag(0));
    }
}

impl Handler for Scatterer {
    type Command = ();

    no_connections!();

    fn timeout(&mut self, cx: &mut Context<'_>, _: Tag) {
        self.say(cx);
    }
}

#[test]
fn every_datagram_is_found_in_a_counter() {
    let mut dropped = 0;
    let replay = "cargo test -p switchboard-reactor --test counted every_datagram";
    each_seed(replay, 0..SEEDS, |seed| {
        let world = World::new(seed, Faults::rough());
        let limits = Limits { datagrams_queued_max: 3, ..Limits::default() };
        let mut loops: Vec<_> = (0..2)
            .map(|number| Reactor::with_net(world.host(), Scatterer::new(seed ^ number), limits.clone()))
            .collect();
        let places: Vec<(SocketId, Address)> = loops
            .iter_mut()
            .map(|one| one.bind(&Address::Udp("10.0.0.1:0".parse().unwrap())).unwrap())
            .collect();
        let nobody = Address::Udp("10.0.0.9:9".parse().unwrap());
        for (one, (socket, _)) in loops.iter_mut().zip(&places) {
            let everybody = places.iter().map(|(_, place)| place.clone()).chain([nobody.clone()]);
            one.with_context(|handler, cx| {
                (handler.socket, handler.places) = (Some(*socket), everybody.collect());
                handler.say(cx);
            });
        }
        for time in [Duration::from_millis(200), HOUR] {
            let mut turned: Vec<&mut dyn Turn> = loops.iter_mut().map(|one| one as &mut dyn Turn).collect();
            world.run(&mut turned, time).unwrap();
            for one in &loops {
                let stats = one.stats();
                let found = stats.datagrams_out
                    + stats.datagrams_queued as u64
                    + stats.datagrams_dropped
                    + stats.datagrams_lost;
                assert_eq!(found, one.handler().said, "{stats:?}");
                dropped += stats.datagrams_dropped;
            }
        }
    });
    if std::env::var_os("SWITCHBOARD_SEED").is_none() {
        assert!(dropped > 0, "the law was not put to the test");
    }
}

#[test]
fn a_datagram_that_the_system_refuses_is_lost_and_counted() {
    let mut one = Reactor::new(Scatterer::new(1), Limits::default()).unwrap();
    let (socket, address) = one.bind(&Address::Udp("127.0.0.1:0".parse().unwrap())).unwrap();
    for bytes in [100, 70_000] {
        one.with_context(|_, cx| cx.send_datagram(socket, address.clone(), &vec![7; bytes]));
    }
    one.run_once(Duration::from_secs(10)).unwrap();
    let stats = one.stats();
    assert_eq!((stats.datagrams_out, stats.datagrams_lost, stats.datagram_errors), (1, 1, 1), "{stats:?}");
}
