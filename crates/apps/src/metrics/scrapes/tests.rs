//! Scrapers on the simulated network: prompt ones, stalled ones, crowds of them; and loops that answer or do not.

use std::sync::{Arc, Mutex};

use reactor::Reactor;
use reactor::sim::{Faults, SimNet, World};

use super::*;

const HOUR: Duration = Duration::from_hours(1);
const REQUEST: &str = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

/// Calls, says one thing on each connection, and keeps what it hears and when it ended.
#[derive(Default)]
struct Scraper {
    says: Vec<String>,
    ends_after: bool,
    heard: String,
    closed: Vec<(Duration, u64)>,
    tags: ConnMap<u64>,
}

impl Scraper {
    fn saying(words: impl IntoIterator<Item = impl Into<String>>) -> Scraper {
        Scraper { says: words.into_iter().map(Into::into).collect(), ..Scraper::default() }
    }
}

impl Handler for Scraper {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
        let Origin::Connected { tag: Tag(tag), .. } = origin else { panic!("a scraper is not called") };
        cx.established(id);
        self.tags.insert(id, tag);
        cx.send(id, self.says[usize::try_from(tag).unwrap()].as_bytes());
        if self.ends_after {
            cx.end_writing(id);
        }
    }

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        self.heard.push_str(std::str::from_utf8(input).unwrap());
        input.len()
    }

    fn finish(&mut self, cx: &mut Context<'_>, id: ConnId, _: Closed) {
        let tag = self.tags.remove(id).unwrap();
        self.closed.push((cx.now().since(reactor::Time::ZERO), tag));
    }
}

/// What a scraper finds at the place where these loops are shown.
fn scrape(loops: Vec<Loop>, scraper: Scraper) -> Scraper {
    let world = World::new(1, Faults::none());
    let (mut shown, mut scraper) = place(&world, loops, scraper);
    world.run(&mut [&mut shown, &mut scraper], HOUR).unwrap();
    assert_eq!(world.open_ends(), 0, "nobody is kept for ever");
    scraper.handle().shutdown();
    scraper.run().unwrap()
}

fn place(
    world: &World,
    loops: Vec<Loop>,
    scraper: Scraper,
) -> (Reactor<Scrapes, SimNet>, Reactor<Scraper, SimNet>) {
    let mut shown = Reactor::with_net(world.host(), Scrapes::new("sb-test"), limits());
    let door = shown.handle();
    shown.with_context(|scrapes, _| scrapes.begin(door, loops));
    let (_, address) =
        shown.listen(&"tcp://10.0.0.1:80".parse().unwrap(), &reactor::ListenOptions::default()).unwrap();
    let calls = scraper.says.len() as u64;
    let mut scraper = Reactor::with_net(world.host(), scraper, Limits::default());
    scraper.with_context(|_, cx| (0..calls).for_each(|tag| cx.connect(address.clone(), Tag(tag))));
    (shown, scraper)
}

/// A loop that answers at once.
fn prompt(value: u64) -> Loop {
    Loop::asked_by(move |answer| {
        answer(vec![Measure::counter("events", "Events", value)]);
        true
    })
}

type Held = Arc<Mutex<Vec<Answer>>>;

/// A loop that keeps every question.
fn stuck() -> (Loop, Held) {
    let held = Held::default();
    let keeps = Arc::clone(&held);
    (Loop::asked_by(move |answer| keeps.lock().map(|mut held| held.push(answer)).is_ok()), held)
}

fn gone() -> Loop {
    Loop::asked_by(|_| false)
}

#[track_caller]
fn assert_shows(heard: &str, lines: &[&str]) {
    for line in lines {
        assert!(heard.lines().any(|heard| heard == *line), "no {line:?} in {heard}");
    }
}

#[test]
fn the_loops_are_added_up() {
    let scraper = scrape(vec![prompt(1), prompt(20), prompt(300)], Scraper::saying([REQUEST]));
    assert!(scraper.heard.starts_with("HTTP/1.1 200 OK\r\n"), "{}", scraper.heard);
    assert_shows(
        &scraper.heard,
        &["switchboard_events_total 321", "switchboard_loops 3", "switchboard_loops_silent 0"],
    );
    assert!(scraper.heard.ends_with("# EOF\n"));
}

#[test]
fn a_loop_that_is_stuck_is_waited_for_a_while_and_then_said_to_be_silent() {
    let (stuck, held) = stuck();
    let scraper = scrape(vec![prompt(7), stuck], Scraper::saying([REQUEST]));
    assert_shows(&scraper.heard, &["switchboard_events_total 7", "switchboard_loops_silent 1"]);
    assert_eq!((scraper.closed, held.lock().unwrap().len()), (vec![(PATIENCE, 0)], 1));
}

#[test]
fn counters_of_a_loop_that_is_late_or_gone_do_not_fall() {
    let world = World::new(1, Faults::none());
    let (late, held) = stuck();
    let (mut shown, mut first) = place(&world, vec![late, gone()], Scraper::saying([REQUEST]));
    world.run(&mut [&mut shown, &mut first], Duration::from_millis(1)).unwrap();
    let answer = |value| {
        let answers = std::mem::take(&mut *held.lock().unwrap());
        assert_eq!(answers.len(), 1, "it is not asked again before it has answered");
        for answer in answers {
            answer(vec![Measure::counter("events", "Events", value)]);
        }
    };
    answer(40);
    world.run(&mut [&mut shown, &mut first], HOUR).unwrap();
    assert_shows(&first.handler().heard, &["switchboard_events_total 40", "switchboard_loops_silent 0"]);

    for _ in 0..3 {
        let mut other = Reactor::with_net(world.host(), Scraper::saying([REQUEST]), Limits::default());
        other.with_context(|_, cx| cx.connect("tcp://10.0.0.1:80".parse().unwrap(), Tag(0)));
        world.run(&mut [&mut shown, &mut other], HOUR).unwrap();
        assert_shows(&other.handler().heard, &["switchboard_events_total 40", "switchboard_loops_silent 1"]);
    }
    answer(41);
    world.run(&mut [&mut shown, &mut first], HOUR).unwrap();
    assert_eq!(shown.handler().loops[0].said[0].value, 41);
}

#[test]
fn who_stalls_is_given_up_at_the_deadline_and_harms_nobody() {
    for part in ["", "GET", &REQUEST[..REQUEST.len() - 1]] {
        let scraper = scrape(vec![prompt(1)], Scraper::saying([part, REQUEST]));
        assert_shows(&scraper.heard, &["switchboard_events_total 1"]);
        assert_eq!(scraper.closed, [(Duration::ZERO, 1), (DEADLINE, 0)], "{part:?}");
    }
}

#[test]
fn a_crowd_that_stalls_does_not_keep_a_scraper_out() {
    let mut words = vec!["GET /"; 200];
    words.push(REQUEST);
    let scraper = scrape(vec![prompt(1)], Scraper::saying(words));
    assert_shows(&scraper.heard, &["switchboard_events_total 1"]);
    assert!(scraper.closed.contains(&(Duration::ZERO, 200)), "{:?}", scraper.closed);
}

#[test]
fn whoever_asks_while_others_wait_hears_the_same_round() {
    let (stuck, held) = stuck();
    let scraper = scrape(vec![stuck], Scraper::saying([REQUEST; 5]));
    assert_eq!(scraper.heard.matches("200 OK").count(), 5);
    assert_eq!(held.lock().unwrap().len(), 1);
}

#[test]
fn who_ends_its_side_after_asking_is_answered() {
    let (stuck, _held) = stuck();
    let scraper = Scraper { ends_after: true, ..Scraper::saying([REQUEST]) };
    assert_shows(&scrape(vec![stuck], scraper).heard, &["switchboard_loops 1"]);
}

#[test]
fn a_bad_request_is_told_so_and_hung_up_on() {
    let long = format!("GET /metrics HTTP/1.1\r\nX: {}", "x".repeat(2 * HEAD_BYTES_MAX));
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        ("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody", "405"),
        ("\x16\x03\x01\x02 no HTTP at all", "400"),
        ("\0", "400"),
        (long.as_str(), "431"),
    ] {
        let scraper = scrape(vec![prompt(1)], Scraper::saying([request]));
        assert!(scraper.heard.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {}", scraper.heard);
        assert_eq!(scraper.closed.len(), 1);
        assert!(scraper.closed[0].0 < DEADLINE, "{:?}", scraper.closed);
    }
}
