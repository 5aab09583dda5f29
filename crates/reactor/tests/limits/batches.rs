//! What hooks record in one turn: it is carried out as soon as a batch is full, whichever hooks they are, so that only a
//! batch and what one hook adds to it is ever held.

use std::time::Duration;

use switchboard_reactor::sim::{Faults, World};
use switchboard_reactor::{Limits, Reactor, Tag};

use super::recorder::{Event, Recorder};
use super::{HOUR, pair, quiet_world, run, server_address};

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

#[test]
fn what_many_ends_record_at_once_leaves_in_batches() {
    const CALLS: u64 = 100;
    let world = World::new(1, Faults { window_max: 1 << 30, ..Faults::none() });
    let mut present = Vec::new();
    let server = Recorder::new(move |cx, event| match event {
        Event::SetUp(id) => {
            present.push(*id);
            // All but the first leave in one turn.
            if present.len() as u64 == CALLS {
                present.drain(1..).for_each(|id| cx.abort(id));
            }
        }
        Event::Finished(..) => {
            assert!(!cx.is_full(), "more than a batch is held");
            cx.send(present[0], &[7; 10_000]);
        }
        _ => {}
    });
    let loops = pair(&world, server, Limits::default(), Recorder::idle(), CALLS);
    let (server, _, _) = run(&world, loops, Duration::from_secs(1));
    assert_eq!(server.stats().bytes_out, 10_000 * (CALLS - 1), "{:?}", server.stats());
}

/// More than a batch holds.
static LONG: [u8; 300_000] = [7; 300_000];

#[test]
fn an_end_that_comes_of_another_is_told_without_waiting_for_anything_else() {
    const CALLS: usize = 12;
    let world = World::new(1, Faults { window_max: 1 << 30, ..Faults::none() });
    let mut present = Vec::new();
    let server = Recorder::new(move |cx, event| {
        match event {
            Event::SetUp(id) => present.push(*id),
            Event::Finished(..) => cx.send(present[0], &LONG),
            _ => return,
        }
        // Each end brings the next one with it, and what it says fills a batch.
        if present.len() == CALLS || matches!(event, Event::Finished(..)) && present.len() > 1 {
            cx.abort(present.pop().unwrap());
        }
    });
    let loops = pair(&world, server, Limits::default(), Recorder::idle(), CALLS as u64);
    let (server, _, _) = run(&world, loops, Duration::from_secs(1));
    assert_eq!((server.stats().finished, server.stats().connections), (CALLS as u64 - 1, 1));
}

#[test]
fn what_is_asked_when_the_loop_has_stopped_is_not_done() {
    let mut last = None;
    let server = Recorder::new(move |cx, event| match event {
        Event::SetUp(id) => {
            last = Some(*id);
            cx.stop();
        }
        Event::Finished(..) => {
            cx.connect(server_address(), Tag(0));
            cx.send(last.unwrap(), &LONG);
        }
        _ => {}
    });
    let world = quiet_world();
    let loops = pair(&world, server, Limits::default(), Recorder::idle(), 2);
    let (server, _, _) = run(&world, loops, HOUR);
    assert_eq!((server.stats().finished, server.stats().connections), (2, 0));
}
