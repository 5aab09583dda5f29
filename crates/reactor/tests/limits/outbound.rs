//! What is queued for a peer, and what is done about one that does not read.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use switchboard_reactor::sim::{Faults, Rest, World};
use switchboard_reactor::{
    Closed, ConnId, Context, Deadline, Handler, Limits, ListenOptions, Origin, Pressure, Reactor, SlowPeer,
    Tag,
};

use super::recorder::{Event, Recorder};
use super::{HOUR, Loop, at, pair, quiet_world, run, send_to_a_deaf_caller, server_address};

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

/// What a send costs that waits behind another, as `Limits::outbound_hard` has it.
const SEND_COST: usize = 96;

#[test]
fn many_short_sends_count_for_what_they_hold_and_not_only_for_their_bytes() {
    // The first byte leaves, the second is queued, each further one behind it.
    for (sends, overflowed) in [(2 + 10, 0), (2 + 11, 1)] {
        let world = World::new(1, Faults { window_max: 1, ..Faults::none() });
        let server = Recorder::new(move |cx, event| {
            if let Event::SetUp(id) = event {
                (0..sends).for_each(|_| cx.send_shared(*id, Bytes::from_static(b"x")));
            }
        });
        let deaf = Recorder::new(|cx, event| {
            if let Event::SetUp(id) = event {
                cx.pause_reading(*id);
            }
        });
        let limits = Limits { outbound_hard: 1 + 10 * (1 + SEND_COST), ..Limits::default() };
        let (server, _, _) = run(&world, pair(&world, server, limits, deaf, 1), Duration::from_secs(1));
        assert_eq!(server.stats().overflowed, overflowed, "{sends} sends: {:?}", server.stats());
    }
}

#[test]
fn the_high_mark_is_told_once_it_is_passed() {
    let limits = || Limits { outbound_high: 1_000, ..Limits::default() };
    let pressed = |server: &Loop| {
        let events = server.handler().events.borrow();
        events.iter().filter(|event| matches!(event, Event::Pressed(Pressure::High))).count()
    };
    for (bytes, times) in [(1_001, 0), (1_002, 1)] {
        let server = send_to_a_deaf_caller(bytes, limits());
        assert_eq!((pressed(&server), server.stats().pressed), (times, times as u64));
    }
}

#[test]
fn the_low_mark_is_told_once_it_is_reached() {
    tell_the_low_mark(Limits { outbound_low: 100, ..five_hundred_high() }, 100);
}

#[test]
fn a_low_mark_above_the_high_one_is_taken_for_it() {
    tell_the_low_mark(Limits { outbound_low: 900, ..five_hundred_high() }, 500);
}

#[test]
fn a_high_mark_above_the_hard_one_is_taken_for_it() {
    let patient = |outbound_high| Limits {
        outbound_high,
        outbound_hard: 1_000,
        slow_peer: SlowPeer::CloseAfter(Duration::from_secs(3)),
        ..Limits::default()
    };
    for outbound_high in [1_000, 1_001, usize::MAX] {
        // One byte is in the caller's window.
        for (bytes, times) in [(1_001, 0), (1_002, 1)] {
            let server = send_to_a_deaf_caller(bytes, patient(outbound_high));
            assert_eq!(server.stats().pressed, times, "{outbound_high}");
        }
    }
}

#[test]
fn a_peer_that_comes_down_from_the_hard_mark_is_relieved_however_high_the_high_one_is() {
    for outbound_high in [500, 501, usize::MAX] {
        let limits = Limits {
            outbound_high,
            outbound_low: 100,
            outbound_hard: 500,
            slow_peer: SlowPeer::CloseAfter(HOUR),
            ..Limits::default()
        };
        tell_the_low_mark(limits.clone(), 100);
        tell_the_low_mark(Limits { outbound_low: usize::MAX, ..limits }, 500);
    }
}

fn five_hundred_high() -> Limits {
    Limits { outbound_high: 500, ..Limits::default() }
}

/// A caller comes down slowly from a queue of a thousand bytes.
fn tell_the_low_mark(limits: Limits, told_at: usize) {
    let world =
        World::new(1, Faults { window_max: 1, delay_max: Duration::from_millis(1), ..Faults::none() });
    let server = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.send(*id, &[7; 1_000]);
        }
    });
    let (mut server, mut caller) = pair(&world, server, limits, Recorder::idle(), 1);
    let is_told = |server: &Loop| {
        server.handler().events.borrow().iter().any(|event| matches!(event, Event::Pressed(Pressure::Low)))
    };
    let mut least = usize::MAX;
    while !is_told(&server) {
        let rest = world.run(&mut [&mut server, &mut caller], Duration::from_micros(100)).unwrap();
        assert!(rest == Rest::TimeUp || is_told(&server), "it is never told");
        let waiting = server.stats().outbound_bytes;
        let is_pressed = server.stats().pressed == 1;
        assert_eq!(is_told(&server), is_pressed && waiting <= told_at, "{waiting} bytes wait");
        if is_pressed {
            least = least.min(waiting);
        }
    }
    assert_eq!((least, server.stats().pressed), (told_at, 1));
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
    let outbound_hard = 500 + 4 * SEND_COST;
    let limits = Limits { outbound_hard, slow_peer: SlowPeer::DropOldest, ..Limits::default() };
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

/// A server that says something to whoever calls, on a network with these faults.
fn say_hello(faults: Faults) -> Loop {
    let world = World::new(1, faults);
    let server = Recorder::new(|cx, event| {
        if let Event::SetUp(id) = event {
            cx.send(*id, b"hello");
        }
    });
    let loops = pair(&world, server, Limits::default(), Recorder::idle(), 1);
    run(&world, loops, Duration::from_secs(10)).0
}

#[test]
fn a_write_that_fails_although_the_peer_is_there_ends_the_connection_with_its_error() {
    let server = say_hello(Faults { write_errors: 1.0, ..Faults::none() });
    let why = "connection lost: no memory for it (simulated)";
    assert_eq!(server.handler().end(), (at(Duration::ZERO), why.to_owned()));
    assert_eq!(server.stats().bytes_lost, 5);
}

#[test]
fn a_write_that_finds_the_peer_gone_ends_the_connection_although_no_read_tells() {
    let delay_max = Duration::from_millis(1);
    let server = say_hello(Faults { resets: 1.0, would_blocks: 1.0, delay_max, ..Faults::none() });
    assert!(server.handler().end().0 <= at(Duration::from_millis(10)), "{:?}", server.handler().end());
}
