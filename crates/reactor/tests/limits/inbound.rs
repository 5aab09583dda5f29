//! What is received and not taken.

use std::time::Duration;

use switchboard_reactor::Limits;
use switchboard_reactor::sim::{Faults, World};

use super::recorder::{Event, Recorder};
use super::{HOUR, pair, quiet_world, run};

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
