//! What is received and not taken. That it comes again unchanged is in `passed_on`.

use std::time::Duration;

use switchboard_reactor::{Limits, Tag};

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

/// What a server hears of a caller that says five bytes, and perhaps hangs up at once.
fn hearings(server: Recorder, hangs_up: bool) -> Vec<String> {
    let world = quiet_world();
    let caller = Recorder::new(move |cx, event| {
        if let Event::SetUp(id) = event {
            cx.send(*id, b"a lot");
            if hangs_up {
                cx.end_writing(*id);
            }
        }
    });
    let (server, _, _) = run(&world, pair(&world, server, Limits::default(), caller, 1), HOUR);
    let events = server.handler().events.borrow();
    let hearings = events.iter().filter_map(|event| match event {
        Event::Heard(bytes) => Some(bytes.to_string()),
        Event::Ended => Some("ended".to_owned()),
        Event::Timer => Some("later".to_owned()),
        _ => None,
    });
    hearings.collect()
}

#[test]
fn what_a_handler_could_not_act_on_is_offered_again_and_that_before_the_end() {
    let choices = [false, true];
    for (takes, fills, hangs_up) in
        choices.iter().flat_map(|a| choices.iter().flat_map(|b| choices.map(|c| (*a, *b, c))))
    {
        let (mut id, mut is_first) = (None, true);
        let server = Recorder::new(move |cx, event| match event {
            Event::SetUp(new) => id = Some(*new),
            Event::Heard(_) if std::mem::take(&mut is_first) => {
                if fills {
                    cx.send(id.unwrap(), &vec![7; 300_000]);
                }
                cx.offer_again(id.unwrap());
            }
            _ => {}
        });
        let heard = hearings(Recorder { takes, ..server }, hangs_up);
        let expected = ["5", if takes { "0" } else { "5" }, "ended"];
        let expected = &expected[..2 + usize::from(hangs_up)];
        assert_eq!(heard, expected, "took all: {takes}, filled the output: {fills}");
    }
}

#[test]
fn what_is_closed_is_not_offered_again() {
    for (closes_first, hangs_up) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut id = None;
        let server = Recorder::new(move |cx, event| match event {
            Event::SetUp(new) => id = Some(*new),
            Event::Heard(_) if closes_first => {
                cx.close(id.unwrap());
                cx.offer_again(id.unwrap());
            }
            Event::Heard(_) => {
                cx.offer_again(id.unwrap());
                cx.close(id.unwrap());
            }
            _ => {}
        });
        assert_eq!(hearings(server, hangs_up), ["5"]);
    }
}

#[test]
fn who_pauses_over_bytes_is_shown_them_again_before_it_hears_of_the_end() {
    for hangs_up in [false, true] {
        let (mut id, mut is_first) = (None, true);
        let server = Recorder::new(move |cx, event| match event {
            Event::SetUp(new) => id = Some(*new),
            Event::Heard(_) if std::mem::take(&mut is_first) => {
                cx.pause_reading(id.unwrap());
                cx.set_timer(Duration::from_secs(1), Tag(0));
            }
            Event::Timer => cx.resume_reading(id.unwrap()),
            _ => {}
        });
        let heard = hearings(Recorder { takes: false, ..server }, hangs_up);
        assert_eq!(heard, ["5", "later", "5", "ended"][..3 + usize::from(hangs_up)]);
    }
}
