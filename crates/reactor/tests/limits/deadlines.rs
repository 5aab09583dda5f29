//! How long anything may take, to the nanosecond of the simulated clock.

use std::time::Duration;

use switchboard_reactor::sim::{Faults, World};
use switchboard_reactor::{
    Address, Closed, ConnId, Context, Deadline, Handler, Limits, ListenOptions, Origin, Reactor, Tag, Time,
};

use super::recorder::{Event, Recorder};
use super::{HOUR, at, pair, quiet_world, run, send_to_a_deaf_caller, server_address};

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

/// Passes on what it is shown from where it lies, and takes none of it.
struct Parrot(Option<Time>);

impl Handler for Parrot {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        cx.send(id, input);
        0
    }

    fn finish(&mut self, cx: &mut Context<'_>, _: ConnId, why: Closed) {
        assert!(matches!(why, Closed::TimedOut(Deadline::Partial)), "{why}");
        self.0 = Some(cx.now());
    }
}

#[test]
fn half_a_message_that_is_passed_on_meanwhile_leaves_at_its_deadline_too() {
    const SECOND: Duration = Duration::from_secs(1);
    let world = quiet_world();
    let limits = Limits { partial_timeout: 20 * SECOND, ..Limits::default() };
    let mut server = Reactor::with_net(world.host(), Parrot(None), limits);
    server.listen(&server_address(), &ListenOptions::default()).unwrap();
    let mut to = None;
    let caller = Recorder::new(move |cx, event| match event {
        Event::SetUp(id) => {
            to = Some(*id);
            cx.send(*id, &[7; 2_000]);
            cx.set_timer(15 * SECOND, Tag(0));
        }
        // Less than what lies there, which it joins.
        Event::Timer => cx.send(to.unwrap(), &[7; 1_000]),
        _ => {}
    });
    let mut caller = Reactor::with_net(world.host(), caller, Limits::default());
    caller.with_context(|_, cx| cx.connect(server_address(), Tag(0)));
    world.run(&mut [&mut server, &mut caller], HOUR).unwrap();
    assert_eq!(server.handler().0, Some(at(20 * SECOND)));
    assert_eq!(caller.stats().bytes_in, 5_000, "what was passed on");
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
    assert_eq!(server.stats().lingered, 1);
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
fn an_address_that_does_not_answer_is_given_up_at_its_deadline() {
    let world = World::new(1, Faults { delay_max: 1_000 * HOUR, ..Faults::none() });
    let limits = Limits { connect_timeout: Duration::from_secs(10), ..Limits::default() };
    let mut caller = Reactor::with_net(world.host(), Recorder::idle(), limits);
    let nobody = ["tcp://10.0.0.8:1", "tcp://10.0.0.9:1"].map(|address| address.parse::<Address>().unwrap());
    caller.with_context(|_, cx| cx.connect_any(nobody, Tag(0)));
    for (waited, given_up) in [(9_999, 0), (2, 1), (9_998, 1), (2, 2)] {
        world.run(&mut [&mut caller], Duration::from_millis(waited)).unwrap();
        let stats = caller.stats();
        assert_eq!((stats.connect_timeouts, stats.connect_errors), (given_up, given_up / 2));
    }
}

#[test]
fn a_peer_that_trickles_has_its_time_to_take_what_was_queued() {
    let world = World::new(1, Faults { window_max: 1, ..Faults::none() });
    let server = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.send(*id, &[7; 1_000]);
            cx.close(*id);
        }
    });
    // Takes a byte a second, which is progress.
    let mut hears = None;
    let caller = Recorder::new(move |cx, event| match event {
        Event::SetUp(id) => {
            hears = Some(*id);
            cx.pause_reading(*id);
            cx.set_timer(Duration::from_secs(1), Tag(0));
        }
        Event::Timer => {
            cx.resume_reading(hears.expect("set up before"));
            cx.set_timer(Duration::from_secs(1), Tag(0));
        }
        Event::Heard(_) => cx.pause_reading(hears.expect("set up before")),
        _ => {}
    });
    let limits = Limits { flush_timeout: Duration::from_secs(30), ..Limits::default() };
    let (server, caller, _) = run(&world, pair(&world, server, limits, caller, 1), HOUR);
    let end = (at(Duration::from_secs(30)), Closed::TimedOut(Deadline::Slow).to_string());
    assert_eq!((server.handler().end(), server.stats().deadlines_passed.slow), (end, 1));
    assert!(caller.stats().bytes_in >= 28, "it was not idle");
}

#[test]
fn deadlines_of_connections_that_have_ended_hold_no_memory() {
    let world = quiet_world();
    let limits = Limits { idle_timeout: Some(HOUR), ..Limits::default() };
    let caller = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.close(*id);
        }
    });
    let (mut server, mut caller) = pair(&world, Recorder::idle(), limits, caller, 0);
    for crowd in 1..=100 {
        caller.with_context(|_, cx| (0..100).for_each(|tag| cx.connect(server_address(), Tag(tag))));
        world.run(&mut [&mut server, &mut caller], Duration::from_secs(1)).unwrap();
        let stats = server.stats();
        assert_eq!((stats.accepted, stats.connections), (crowd * 100, 0));
        assert!(stats.timers <= 64 + 1, "{} timers for nobody", stats.timers);
        assert!(caller.stats().timers <= 64, "{}", caller.stats().timers);
    }
}
