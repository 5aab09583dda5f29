//! Limits and deadlines of the loop, each met exactly and passed by one, on the simulated network without faults or on a
//! scripted one. The table in the documentation of `Limits` names the test of each, and is held to that here.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod batches;
mod budgets;
mod deadlines;
mod inbound;
#[path = "../support/no_connections.rs"]
mod no_connections;
mod outbound;
mod peak;
mod places;
#[path = "../support/recorder.rs"]
mod recorder;
#[path = "../support/scripted.rs"]
mod scripted;
mod table;
mod zeros;

use std::time::Duration;

use recorder::{Event, Recorder};
use switchboard_reactor::sim::{Faults, Rest, SimNet, World};
use switchboard_reactor::{Address, Limits, ListenOptions, Reactor, Tag, Time};

const HOUR: Duration = Duration::from_hours(1);

type Loop = Reactor<Recorder, SimNet>;

/// A server and a caller with so many connections to it.
fn pair(world: &World, server: Recorder, limits: Limits, caller: Recorder, calls: u64) -> (Loop, Loop) {
    pair_with(world, server, limits, &ListenOptions::default(), caller, calls)
}

fn pair_with(
    world: &World,
    server: Recorder,
    limits: Limits,
    options: &ListenOptions,
    caller: Recorder,
    calls: u64,
) -> (Loop, Loop) {
    let mut server = Reactor::with_net(world.host(), server, limits);
    let mut caller = Reactor::with_net(world.host(), caller, Limits::default());
    let (_, address) = server.listen(&Address::Tcp("10.0.0.1:0".parse().unwrap()), options).unwrap();
    caller.with_context(|_, cx| (0..calls).for_each(|tag| cx.connect(address.clone(), Tag(tag))));
    (server, caller)
}

fn run(world: &World, (mut server, mut caller): (Loop, Loop), time: Duration) -> (Loop, Loop, Rest) {
    let rest = world.run(&mut [&mut server, &mut caller], time).unwrap();
    (server, caller, rest)
}

fn quiet_world() -> World {
    World::new(1, Faults::none())
}

fn at(duration: Duration) -> Time {
    Time::ZERO + duration
}

/// The first address that a simulated listener gets when it asks for any port.
fn server_address() -> Address {
    "tcp://10.0.0.1:1".parse().unwrap()
}

/// A server that sends so many bytes to a caller that does not read and whose window holds one byte.
fn send_to_a_deaf_caller(bytes: usize, limits: Limits) -> Loop {
    let world = World::new(1, Faults { window_max: 1, ..Faults::none() });
    let server = Recorder::new(move |cx, event| {
        if let Event::SetUp(id) = event {
            cx.send(*id, &vec![7; bytes]);
        }
    });
    let caller = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.pause_reading(*id);
        }
    });
    run(&world, pair(&world, server, limits, caller, 1), Duration::from_secs(10)).0
}
