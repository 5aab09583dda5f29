//! Limits and deadlines of the loop, each met exactly and passed by one, on the simulated network without faults.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/recorder.rs"]
mod recorder;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use recorder::{Event, Recorder};
use switchboard_reactor::sim::{Faults, Rest, SimNet, World};
use switchboard_reactor::{
    Address, Closed, ConnId, Context, Deadline, Handler, Limits, ListenOptions, Origin, Pressure, Reactor,
    SlowPeer, Tag, Time,
};

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

#[test]
fn connections_max_is_reached_and_the_next_one_waits() {
    for (calls, set_up) in [(2, 2), (3, 3), (4, 3)] {
        let world = quiet_world();
        let limits = Limits { connections_max: 3, ..Limits::default() };
        let loops = pair(&world, Recorder::idle(), limits, Recorder::idle(), calls);
        let (server, _, _) = run(&world, loops, Duration::from_secs(1));
        assert_eq!(
            (server.handler().set_ups(), server.stats().accepts_deferred),
            (set_up, (calls / 3).min(1))
        );
    }
}

#[test]
fn a_freed_place_is_given_to_the_one_that_waits() {
    let world = quiet_world();
    let limits = Limits { connections_max: 1, ..Limits::default() };
    // Each caller hangs up as soon as it stands, so all five get through one place.
    let caller = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.close(*id);
        }
    });
    let (server, _, rest) = run(&world, pair(&world, Recorder::idle(), limits, caller, 5), HOUR);
    assert_eq!((server.handler().set_ups(), rest), (5, Rest::Quiet));
}

#[test]
fn a_listener_serves_calls_max_at_once() {
    let world = quiet_world();
    let options = ListenOptions { calls_max: 2, ..ListenOptions::default() };
    let loops = pair_with(&world, Recorder::idle(), Limits::default(), &options, Recorder::idle(), 3);
    let (server, _, _) = run(&world, loops, Duration::from_secs(1));
    assert_eq!(server.handler().set_ups(), 2);
}

#[test]
fn a_silent_newcomer_leaves_at_the_handshake_deadline_and_not_before() {
    let world = quiet_world();
    let limits = Limits { handshake_timeout: Duration::from_secs(5), ..Limits::default() };
    let server = Recorder { establishes: false, ..Recorder::idle() };
    let (server, _, _) = run(&world, pair(&world, server, limits, Recorder::idle(), 1), HOUR);
    assert_eq!(
        server.handler().end(),
        (at(Duration::from_secs(5)), Closed::TimedOut(Deadline::Handshake).to_string())
    );
    assert_eq!(server.stats().timed_out, 1);
}

#[test]
fn an_established_connection_may_be_silent_unless_idle_is_limited() {
    let world = quiet_world();
    let (server, _, _) =
        run(&world, pair(&world, Recorder::idle(), Limits::default(), Recorder::idle(), 1), HOUR);
    assert_eq!(server.stats().connections, 1, "an hour of silence is fine");

    let world = quiet_world();
    let limits = Limits { idle_timeout: Some(Duration::from_secs(30)), ..Limits::default() };
    let (server, _, _) = run(&world, pair(&world, Recorder::idle(), limits, Recorder::idle(), 1), HOUR);
    assert_eq!(
        server.handler().end(),
        (at(Duration::from_secs(30)), Closed::TimedOut(Deadline::Idle).to_string())
    );
}

#[test]
fn half_a_message_leaves_at_its_deadline() {
    let world = quiet_world();
    let server = Recorder { takes: false, ..Recorder::idle() };
    let caller = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.send(*id, b"half a mess");
        }
    });
    let limits = Limits { partial_timeout: Duration::from_secs(20), ..Limits::default() };
    let (server, _, _) = run(&world, pair(&world, server, limits, caller, 1), HOUR);
    assert_eq!(
        server.handler().end(),
        (at(Duration::from_secs(20)), Closed::TimedOut(Deadline::Partial).to_string())
    );
}

#[test]
fn half_a_message_that_the_handler_keeps_leaves_at_its_deadline_too() {
    const SECOND: Duration = Duration::from_secs(1);
    // What it says when more has come: it still waits for the same message, or for none.
    for (later, timed_out) in [(Some(Time::ZERO), 1), (None, 0)] {
        let world = quiet_world();
        let (mut id, mut says) = (None, Some(Time::ZERO));
        let server = Recorder::new(move |cx, event| match event {
            Event::SetUp(new) => id = Some(*new),
            Event::Heard(_) => cx.waits_since(id.unwrap(), std::mem::replace(&mut says, later)),
            _ => {}
        });
        let mut to = None;
        let caller = Recorder::new(move |cx, event| match event {
            Event::SetUp(id) => {
                to = Some(*id);
                cx.send(*id, b"half");
                cx.set_timer(15 * SECOND, Tag(0));
            }
            Event::Timer => cx.send(to.unwrap(), b" a mess"),
            _ => {}
        });
        let limits = Limits { partial_timeout: 20 * SECOND, ..Limits::default() };
        let (server, _, _) = run(&world, pair(&world, server, limits, caller, 1), HOUR);
        assert_eq!(server.stats().timed_out, timed_out);
        if timed_out == 1 {
            let why = Closed::TimedOut(Deadline::Partial).to_string();
            assert_eq!(server.handler().end(), (at(20 * SECOND), why));
        }
    }
}

#[test]
fn what_a_handler_took_but_could_not_act_on_is_offered_again_even_if_it_left_nothing() {
    let world = quiet_world();
    let mut id = None;
    let server = Recorder::new(move |cx, event| match event {
        Event::SetUp(new) => id = Some(*new),
        Event::Heard(1..) => cx.offer_again(id.unwrap()),
        _ => {}
    });
    let caller = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.send(*id, b"a lot");
        }
    });
    let (server, _, _) = run(&world, pair(&world, server, Limits::default(), caller, 1), HOUR);
    let events = server.handler().events.borrow();
    let heard = events.iter().filter_map(|event| match event {
        Event::Heard(bytes) => Some(*bytes),
        _ => None,
    });
    assert_eq!(heard.collect::<Vec<_>>(), [5, 0]);
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

#[test]
fn the_hard_mark_holds_and_one_byte_more_gives_the_peer_up() {
    let limits = || Limits { outbound_hard: 1_000, ..Limits::default() };
    // One byte is in the caller's window; the rest waits.
    let server = send_to_a_deaf_caller(1_001, limits());
    assert_eq!((server.stats().outbound_bytes, server.stats().overflowed), (1_000, 0));
    let server = send_to_a_deaf_caller(1_002, limits());
    assert_eq!((server.stats().outbound_bytes, server.stats().overflowed), (0, 1));
    assert_eq!(server.handler().end().1, Closed::Overflowed { bytes: 1_001 }.to_string());
}

#[test]
fn the_high_mark_is_told_once_it_is_passed() {
    let limits = || Limits { outbound_high: 1_000, ..Limits::default() };
    let pressed = |server: &Loop| {
        let events = server.handler().events.borrow();
        events.iter().filter(|event| matches!(event, Event::Pressed(Pressure::High))).count()
    };
    assert_eq!(pressed(&send_to_a_deaf_caller(1_001, limits())), 0);
    assert_eq!(pressed(&send_to_a_deaf_caller(1_002, limits())), 1);
}

#[test]
fn a_peer_that_never_reads_leaves_at_the_stall_deadline() {
    let limits = Limits { stall_timeout: Duration::from_secs(7), ..Limits::default() };
    let server = send_to_a_deaf_caller(100, limits);
    assert_eq!(
        server.handler().end(),
        (at(Duration::from_secs(7)), Closed::TimedOut(Deadline::Stall).to_string())
    );
    assert_eq!(server.stats().outbound_bytes, 0);
}

#[test]
fn untaken_bytes_hold_at_their_limit_and_one_more_ends_the_connection() {
    for (bytes, untaken) in [(100, 0), (101, 1)] {
        let world = quiet_world();
        let server = Recorder { takes: false, ..Recorder::idle() };
        let limits = Limits { untaken_bytes_max: 100, ..Limits::default() };
        let caller = Recorder::new(move |cx, event| {
            if let Event::SetUp(id) = event {
                cx.send(*id, &vec![7; bytes]);
            }
        });
        let (server, _, _) = run(&world, pair(&world, server, limits, caller, 1), Duration::from_secs(1));
        assert_eq!(server.stats().untaken, untaken, "{bytes} bytes");
    }
}

#[test]
fn a_large_rest_is_shown_again_whole_with_what_follows() {
    // More than is copied in front of a read, so that the rest collects in the connection.
    const BYTES: usize = 100_000;
    let world = World::new(3, Faults { short_reads: 0.5, short_writes: 0.5, ..Faults::none() });
    let server = Recorder { takes: false, ..Recorder::idle() };
    let caller = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.send(*id, &vec![7; BYTES]);
        }
    });
    let (server, _, _) =
        run(&world, pair(&world, server, Limits::default(), caller, 1), Duration::from_secs(1));
    let events = server.handler().events.borrow();
    let heard: Vec<usize> = events
        .iter()
        .filter_map(|event| if let Event::Heard(bytes) = event { Some(*bytes) } else { None })
        .collect();
    assert!(heard.is_sorted() && heard.len() > 1, "{heard:?}");
    assert_eq!(heard.last(), Some(&BYTES));
}

#[test]
fn a_drain_ends_when_all_have_left() {
    let world = quiet_world();
    let server = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.send(*id, b"last words");
            cx.drain(Duration::from_secs(30));
        }
    });
    let (server, _, _) = run(&world, pair(&world, server, Limits::default(), Recorder::idle(), 1), HOUR);
    assert_eq!(server.handler().end(), (at(Duration::ZERO), Closed::ByUs.to_string()));
}

#[test]
fn a_drain_ends_at_its_deadline_although_a_peer_does_not_read() {
    let world = World::new(1, Faults { window_max: 1, ..Faults::none() });
    let server = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.send(*id, &[7; 100]);
            cx.drain(Duration::from_secs(3));
        }
    });
    let caller = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.pause_reading(*id);
        }
    });
    let (server, _, _) = run(&world, pair(&world, server, Limits::default(), caller, 1), HOUR);
    assert_eq!(server.handler().end(), (at(Duration::from_secs(3)), Closed::Stopped.to_string()));
}

#[test]
fn a_closed_connection_waits_for_the_peers_end_but_not_for_ever() {
    let world = quiet_world();
    let server = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.close(*id);
        }
    });
    // The caller reads nothing, so it never sees that it should hang up.
    let caller = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.pause_reading(*id);
        }
    });
    let limits = Limits { linger_timeout: Duration::from_secs(2), ..Limits::default() };
    let (server, _, _) = run(&world, pair(&world, server, limits, caller, 1), HOUR);
    assert_eq!(server.handler().end(), (at(Duration::from_secs(2)), Closed::ByUs.to_string()));
}

#[test]
fn what_is_sent_after_the_end_reaches_nobody_and_is_counted() {
    let world = quiet_world();
    let server = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.close(*id);
            cx.send(*id, b"too late");
        }
    });
    let (server, caller, _) = run(&world, pair(&world, server, Limits::default(), Recorder::idle(), 1), HOUR);
    assert_eq!(server.stats().sends_late, 1);
    assert!(!caller.handler().events.borrow().iter().any(|event| matches!(event, Event::Heard(_))));
}

#[test]
fn a_source_has_as_many_calls_as_it_may_and_the_next_is_closed() {
    // All simulated callers call from one address.
    for (calls, refused) in [(3, 0), (4, 1)] {
        let world = quiet_world();
        let limits = Limits { calls_per_source_max: 3, ..Limits::default() };
        let loops = pair(&world, Recorder::idle(), limits, Recorder::idle(), calls);
        let (server, _, _) = run(&world, loops, Duration::from_secs(1));
        assert_eq!((server.handler().set_ups(), server.stats().refused_by_source), (3, refused));
    }
}

#[test]
fn the_oldest_newcomer_makes_room_and_nobody_before_the_limit() {
    for (calls, evicted) in [(3, 0), (4, 1), (5, 2)] {
        let world = quiet_world();
        let limits = Limits { newcomers_max: 3, ..Limits::default() };
        let server = Recorder { establishes: false, ..Recorder::idle() };
        let loops = pair(&world, server, limits, Recorder::idle(), calls);
        let (server, _, _) = run(&world, loops, Duration::from_secs(1));
        let stats = server.stats();
        assert_eq!((stats.evicted, stats.newcomers), (evicted, 3));
        let events = server.handler().events.borrow();
        let order: Vec<_> =
            events.iter().filter(|event| matches!(event, Event::Finished(_, Closed::Evicted))).collect();
        assert_eq!(order.len() as u64, evicted);
    }
}

#[test]
fn who_has_shown_who_it_is_is_never_evicted() {
    let world = quiet_world();
    let limits = Limits { newcomers_max: 1, ..Limits::default() };
    let (server, _, _) =
        run(&world, pair(&world, Recorder::idle(), limits, Recorder::idle(), 9), Duration::from_secs(1));
    assert_eq!((server.stats().connections, server.stats().evicted), (9, 0));
}

#[test]
fn a_connection_ends_with_its_time() {
    let world = quiet_world();
    let limits = Limits { life_timeout: Some(Duration::from_secs(90)), ..Limits::default() };
    let (server, _, _) = run(&world, pair(&world, Recorder::idle(), limits, Recorder::idle(), 1), HOUR);
    assert_eq!(
        server.handler().end(),
        (at(Duration::from_secs(90)), Closed::TimedOut(Deadline::Life).to_string())
    );
}

#[test]
fn a_slow_peer_loses_the_oldest_sends_and_no_half_of_one() {
    let world = World::new(1, Faults { window_max: 1, ..Faults::none() });
    let server = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            (0..10).for_each(|number| cx.send_shared(*id, vec![b'0' + number; 100].into()));
        }
    });
    let hearing = Rc::new(RefCell::new(None));
    let caller = Recorder::new({
        let hearing = Rc::clone(&hearing);
        move |cx, event| {
            if let Event::SetUp(id) = event {
                cx.pause_reading(*id);
                *hearing.borrow_mut() = Some(*id);
                // Reads on when the server has dropped what it drops.
                cx.set_timer(Duration::from_secs(1), Tag(0));
            }
        }
    });
    let limits = Limits { outbound_hard: 500, slow_peer: SlowPeer::DropOldest, ..Limits::default() };
    let (mut server, mut caller) = pair(&world, server, limits, caller, 1);
    world.run(&mut [&mut server, &mut caller], Duration::from_millis(500)).unwrap();
    let stats = server.stats();
    assert_eq!((stats.sends_dropped, stats.bytes_dropped, stats.outbound_bytes), (5, 500, 499));
    let id = hearing.borrow().unwrap();
    caller.with_context(|_, cx| cx.resume_reading(id));
    world.run(&mut [&mut server, &mut caller], HOUR).unwrap();
    let events = caller.handler().events.borrow();
    let heard: usize =
        events.iter().map(|event| if let Event::Heard(bytes) = event { *bytes } else { 0 }).sum();
    assert_eq!((heard, server.stats().outbound_bytes), (500, 0));
}

#[test]
fn a_slow_peer_has_time_to_catch_up_and_no_more() {
    let policy = |hard| Limits {
        outbound_hard: hard,
        slow_peer: SlowPeer::CloseAfter(Duration::from_secs(3)),
        ..Limits::default()
    };
    let server = send_to_a_deaf_caller(1_001, policy(1_000));
    assert_eq!(server.stats().outbound_bytes, 1_000, "at the mark nothing happens");
    let server = send_to_a_deaf_caller(1_002, policy(1_000));
    assert_eq!(
        server.handler().end(),
        (at(Duration::from_secs(3)), Closed::TimedOut(Deadline::Slow).to_string())
    );
    let server = send_to_a_deaf_caller(2_002, policy(1_000));
    assert_eq!(server.handler().end(), (at(Duration::ZERO), Closed::Overflowed { bytes: 2_001 }.to_string()));
}

#[test]
fn one_dead_reader_among_fifty_harms_only_itself() {
    for slow_peer in [SlowPeer::Close, SlowPeer::DropOldest, SlowPeer::CloseAfter(Duration::from_secs(1))] {
        let world = World::new(5, Faults { window_max: 2_000, ..Faults::none() });
        let members = Rc::new(RefCell::new(Vec::new()));
        let server = Recorder::new(move |cx, event| match event {
            Event::SetUp(id) => members.borrow_mut().push(*id),
            Event::Heard(bytes) => {
                for id in members.borrow().iter() {
                    cx.send(*id, &vec![7; *bytes]);
                }
            }
            _ => {}
        });
        let limits = Limits { outbound_hard: 20_000, slow_peer, ..Limits::default() };
        let (mut server, mut live) = pair(&world, server, limits, Recorder::idle(), 50);
        let speaker = Rc::new(RefCell::new(None));
        let dead = Recorder::new({
            let speaker = Rc::clone(&speaker);
            move |cx, event| {
                if let Event::SetUp(id) = event {
                    cx.pause_reading(*id);
                    *speaker.borrow_mut() = Some(*id);
                }
            }
        });
        let mut dead = Reactor::with_net(world.host(), dead, Limits::default());
        let address = server_address();
        dead.with_context(|_, cx| cx.connect(address, Tag(0)));
        world.run(&mut [&mut server, &mut live, &mut dead], Duration::from_millis(100)).unwrap();
        // The dead reader talks all the same: 100 kB for everybody.
        for _ in 0..100 {
            dead.with_context(|_, cx| cx.send(speaker.borrow().unwrap(), &[7; 1_000]));
            world.run(&mut [&mut server, &mut live, &mut dead], Duration::from_millis(100)).unwrap();
        }
        let heard: usize = live
            .handler()
            .events
            .borrow()
            .iter()
            .map(|event| if let Event::Heard(bytes) = event { *bytes } else { 0 })
            .sum();
        let said = server.stats().bytes_in;
        assert_eq!(heard as u64, 50 * said, "{slow_peer:?}: the live ones missed something");
        assert!(said >= 20_000, "{slow_peer:?}: the test ended before the mark");
        assert!(server.stats().outbound_bytes <= 40_000);
    }
}

/// The first address that a simulated listener gets when it asks for any port.
fn server_address() -> Address {
    "tcp://10.0.0.1:1".parse().unwrap()
}

/// Answers each byte with a thousand, and takes no more than the output has room for.
struct Amplifier {
    gathered_most: usize,
}

impl Handler for Amplifier {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        for taken in 0..input.len() {
            if cx.is_full() {
                self.gathered_most = self.gathered_most.max(taken);
                return taken;
            }
            cx.send(id, &[7; 1_000]);
        }
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
}

#[test]
fn a_handler_that_minds_the_output_answers_everything_in_bounded_memory() {
    let world = World::new(1, Faults { window_max: 10_000, ..Faults::none() });
    let limits = Limits { outbound_hard: 2_000_000, ..Limits::default() };
    let mut server = Reactor::with_net(world.host(), Amplifier { gathered_most: 0 }, limits);
    let (_, address) = server.listen(&server_address(), &ListenOptions::default()).unwrap();
    let caller = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.send(*id, &[1; 10_000]);
        }
    });
    let mut caller = Reactor::with_net(world.host(), caller, Limits::default());
    caller.with_context(|_, cx| cx.connect(address, Tag(0)));
    world.run(&mut [&mut server, &mut caller], HOUR / 2).unwrap();
    let events = caller.handler().events.borrow();
    let heard: usize =
        events.iter().map(|event| if let Event::Heard(bytes) = event { *bytes } else { 0 }).sum();
    assert_eq!(heard, 10_000_000, "{:?}", server.stats());
    assert!(server.handler().gathered_most > 0, "the output was never full");
}

#[test]
fn a_place_in_a_listener_is_given_to_the_next_when_it_is_free() {
    let world = quiet_world();
    let options = ListenOptions { calls_max: 1, ..ListenOptions::default() };
    let caller = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.close(*id);
        }
    });
    let loops = pair_with(&world, Recorder::idle(), Limits::default(), &options, caller, 5);
    let (server, _, rest) = run(&world, loops, HOUR);
    assert_eq!((server.handler().set_ups(), rest), (5, Rest::Quiet));
}

#[test]
fn a_peer_that_vanished_is_noticed_by_writing_although_nobody_reads() {
    let world = quiet_world();
    let mut talks_to = None;
    let server = Recorder::new(move |cx, event| match event {
        Event::SetUp(id) => {
            talks_to = Some(*id);
            cx.pause_reading(*id);
            cx.set_timer(Duration::from_secs(1), Tag(0));
        }
        Event::Timer => {
            cx.send(talks_to.expect("set up before"), b"are you there?");
            cx.set_timer(Duration::from_secs(1), Tag(0));
        }
        _ => {}
    });
    let caller = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.abort(*id);
        }
    });
    let (server, _, _) =
        run(&world, pair(&world, server, Limits::default(), caller, 1), Duration::from_mins(1));
    assert!(server.handler().end().0 <= at(Duration::from_secs(4)), "{:?}", server.handler().end());
}
