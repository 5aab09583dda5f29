//! What hooks record in one turn: it is carried out as soon as a batch is full, whichever hooks they are, so that only a
//! batch and what one hook adds to it is ever held.

use std::time::Duration;

use switchboard_reactor::sim::{Faults, World};
use switchboard_reactor::{Limits, Reactor, Tag};

use super::recorder::{Event, Recorder};
use super::{HOUR, pair, quiet_world, run};

#[test]
fn what_many_timers_record_at_once_leaves_in_batches() {
    let world = World::new(1, Faults { window_max: 1 << 30, ..Faults::none() });
    let mut to = None;
    let server = Recorder::new(move |cx, event| match event {
        Event::SetUp(id) => {
            to = Some(*id);
            (0..400).for_each(|_| _ = cx.set_timer(Duration::from_secs(1), Tag(0)));
        }
        Event::Timer => cx.send(to.unwrap(), &[7; 10_000]),
        _ => {}
    });
    let loops = pair(&world, server, Limits::default(), Recorder::idle(), 1);
    let (server, _, _) = run(&world, loops, HOUR);
    let stats = server.stats();
    assert_eq!(stats.bytes_out, 4_000_000);
    assert!((14..=16).contains(&stats.writes), "{} writes of 256 KiB and a little more", stats.writes);
}

#[test]
fn what_many_datagrams_record_at_once_leaves_in_batches() {
    let world = World::new(1, Faults { window_max: 1 << 30, ..Faults::none() });
    let mut to = None;
    let server = Recorder::new(move |cx, event| match event {
        Event::SetUp(id) => to = Some(*id),
        Event::Datagram => {
            assert!(!cx.is_full(), "more than a batch is held");
            cx.send(to.unwrap(), &[7; 10_000]);
        }
        _ => {}
    });
    let (mut server, mut caller) = pair(&world, server, Limits::default(), Recorder::idle(), 1);
    let (_, place) = server.bind(&"udp://10.0.0.1:0".parse().unwrap()).unwrap();
    let mut sender = Reactor::with_net(world.host(), Recorder::idle(), Limits::default());
    let (socket, _) = sender.bind(&"udp://10.0.0.2:0".parse().unwrap()).unwrap();
    world.run(&mut [&mut server, &mut caller], Duration::from_secs(1)).unwrap();
    sender.with_context(|_, cx| {
        (0..Limits::default().datagrams_per_turn).for_each(|_| cx.send_datagram(socket, place.clone(), b"x"));
    });
    world.run(&mut [&mut server, &mut caller, &mut sender], HOUR).unwrap();
    let stats = server.stats();
    // Twenty-seven of them fill a batch.
    assert_eq!((stats.datagrams_in, stats.bytes_out, stats.writes), (64, 640_000, 3), "{stats:?}");
}

#[test]
fn what_many_calls_record_at_once_leaves_in_batches() {
    let server = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            assert!(!cx.is_full(), "more than a batch is held");
            cx.send(*id, &[7; 10_000]);
        }
    });
    let calls = Limits::default().accepts_per_turn as u64;
    let world = quiet_world();
    let loops = pair(&world, server, Limits::default(), Recorder::idle(), calls);
    let (server, _, _) = run(&world, loops, HOUR);
    assert_eq!((server.stats().accepted, server.stats().bytes_out), (calls, calls * 10_000));
}
