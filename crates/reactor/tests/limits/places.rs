//! Who may be here: connections, calls of a listener, of a source, of those who have not shown who they are.

use std::time::Duration;

use switchboard_reactor::sim::Rest;
use switchboard_reactor::{Closed, Limits, ListenOptions, Tag};

use super::recorder::{Event, Recorder};
use super::{HOUR, pair, pair_with, quiet_world, run};

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
fn the_place_of_a_call_of_our_own_that_failed_is_given_to_the_one_that_waits() {
    let world = quiet_world();
    let limits = Limits { connections_max: 1, ..Limits::default() };
    let (mut server, caller) = pair(&world, Recorder::idle(), limits, Recorder::idle(), 1);
    server.with_context(|_, cx| cx.connect("tcp://10.0.0.9:9".parse().unwrap(), Tag(9)));
    let (server, _, _) = run(&world, (server, caller), HOUR);
    assert_eq!((server.stats().connect_errors, server.handler().set_ups()), (1, 1));
}

#[test]
fn a_listener_serves_calls_max_at_once_and_the_next_one_waits() {
    for (calls, set_up, deferred) in [(1, 1, 0), (2, 2, 1), (3, 2, 1)] {
        let world = quiet_world();
        let options = ListenOptions { calls_max: 2, ..ListenOptions::default() };
        let loops = pair_with(&world, Recorder::idle(), Limits::default(), &options, Recorder::idle(), calls);
        let (server, _, _) = run(&world, loops, Duration::from_secs(1));
        let stats = server.stats();
        assert_eq!(
            (server.handler().set_ups(), stats.listeners_filled, stats.accepts_deferred),
            (set_up, deferred, 0)
        );
    }
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
