//! Clients and a hub, both pure, joined by hand: what one asks the other hears at once, unless a connection is cut.

use std::time::Duration;

use super::*;
use crate::chat::hub::{Action, Event, Hub, HubLimits, MemberId, Now, Rate};

/// A client at its hub, and what it was told to do meanwhile.
struct Seat {
    client: Client,
    key: &'static str,
    member: Option<MemberId>,
    /// Requests on their way to the hub.
    asked: Vec<Asked>,
    shown: Vec<String>,
    waits: Vec<Duration>,
    /// How many lines may come.
    credit: usize,
    failure: Option<(Fault, String)>,
    is_gone: bool,
}

struct World {
    hub: Hub,
    now: Now,
    seats: Vec<Seat>,
    next_member: u64,
}

impl World {
    fn new(limits: HubLimits) -> World {
        World { hub: Hub::new(limits), now: Now::default(), seats: Vec::new(), next_member: 0 }
    }

    /// Seats a client and lets it come in.
    fn seat(&mut self, nick: &str, key: &'static str, choice: Choice) -> usize {
        let client = Client::new(Nick::parse(nick).unwrap(), choice, &RoomName::parse("lobby").unwrap());
        self.seats.push(Seat {
            client,
            key,
            member: None,
            asked: Vec::new(),
            shown: Vec::new(),
            waits: Vec::new(),
            credit: 0,
            failure: None,
            is_gone: false,
        });
        let seat = self.seats.len() - 1;
        self.connect(seat);
        seat
    }

    fn connect(&mut self, seat: usize) {
        let member = MemberId(self.next_member);
        self.next_member += 1;
        self.seats[seat].member = Some(member);
        self.event(Event::Opened { member, key: Some(self.seats[seat].key.to_owned()) });
        self.run();
    }

    /// Cuts a connection; what was on its way to the hub is lost.
    fn cut(&mut self, seat: usize) {
        let member = self.seats[seat].member.take().unwrap();
        self.seats[seat].asked.clear();
        self.seats[seat].client.handle_loss();
        self.event(Event::Closed { member });
    }

    /// Types a line, for which there must be credit, without letting the hub hear it yet.
    fn typed(&mut self, seat: usize, line: &str) {
        assert_eq!(self.seats[seat].credit, 1, "one line at a time");
        self.seats[seat].credit = 0;
        self.advance(seat, |client, steps| client.handle_line(line.as_bytes(), steps));
    }

    /// Types a line and lets everybody hear what comes of it.
    fn say(&mut self, seat: usize, line: &str) {
        self.typed(seat, line);
        self.run();
    }

    /// Lets the hub hear everything that is on its way.
    fn run(&mut self) {
        while let Some(seat) = (0..self.seats.len()).find(|seat| !self.seats[*seat].asked.is_empty()) {
            let asked = self.seats[seat].asked.remove(0);
            let member = self.seats[seat].member.expect("a cut connection carries nothing");
            self.event(Event::Asked { member, asked });
        }
    }

    fn event(&mut self, event: Event) {
        let mut actions = Vec::new();
        self.now.elapsed += Duration::from_millis(1);
        self.hub.handle(event, self.now, &mut actions);
        for action in actions {
            match action {
                Action::Tell { to, reference, notice } => self.deliver(to, &Answer { notice, reference }),
                Action::Spread { to, notice } => {
                    let answer = Answer { notice, reference: None };
                    for member in to {
                        self.deliver(member, &answer);
                    }
                }
                Action::HangUp(_) => {}
            }
        }
    }

    fn deliver(&mut self, member: MemberId, answer: &Answer) {
        let seat = self.seats.iter().position(|seat| seat.member == Some(member)).unwrap();
        self.advance(seat, |client, steps| client.handle(answer.clone(), steps));
    }

    fn advance(&mut self, seat: usize, decide: impl FnOnce(&mut Client, &mut Vec<Step>)) {
        let seat = &mut self.seats[seat];
        let mut steps = Vec::new();
        decide(&mut seat.client, &mut steps);
        for step in steps {
            match step {
                Step::Ask(asked) => seat.asked.push(asked),
                Step::AskLater(after) => seat.waits.push(after),
                Step::Show(shown) => seat.shown.push(in_short(&shown)),
                Step::NextLine => seat.credit += 1,
                Step::Leave => seat.is_gone = true,
                Step::Fail(fault, message) => seat.failure = Some((fault, message)),
            }
        }
    }

    /// What was shown since the last time.
    fn shown(&mut self, seat: usize) -> Vec<String> {
        std::mem::take(&mut self.seats[seat].shown)
    }
}

fn in_short(shown: &Shown) -> String {
    match shown {
        Shown::Message { message, regard, .. } => {
            let mark = if *regard == Regard::Us { "!" } else { "" };
            format!("{mark}{}: {}", message.nick, message.text)
        }
        Shown::Private { from, text, .. } => format!("{from}> {text}"),
        Shown::Note(text) => format!("({text})"),
        Shown::Alarm(text) => format!("error: {text}"),
    }
}

fn world() -> World {
    World::new(HubLimits::default())
}

/// Ann and Bob in the lobby, with nothing shown to either yet.
fn two() -> (World, usize, usize) {
    let mut world = world();
    let ann = world.seat("ann", "a", Choice::Typed);
    let bob = world.seat("bob", "b", Choice::Typed);
    world.shown(ann);
    world.shown(bob);
    (world, ann, bob)
}

#[test]
fn a_line_is_heard_by_the_others_and_then_the_next_is_taken() {
    let (mut world, ann, bob) = two();
    world.typed(ann, "hello");
    assert_eq!(world.seats[ann].credit, 0, "not before it is accepted");
    world.run();
    assert_eq!((world.seats[ann].credit, world.shown(ann)), (1, vec![]));
    assert_eq!(world.shown(bob), ["ann: hello"]);
}

#[test]
fn a_nick_that_nobody_chose_gets_a_digit_when_it_is_taken() {
    let mut world = world();
    world.seat("ann", "a", Choice::Typed);
    let second = world.seat("ann", "b", Choice::Default);
    assert_eq!(world.shown(second), ["(you are ann2 in lobby, 2 here)"]);
    let third = world.seat("Ann", "c", Choice::Typed);
    let refused = (Fault::Usage, "the nick Ann belongs to another key".to_owned());
    assert_eq!(world.seats[third].failure, Some(refused));
}

#[test]
fn joining_a_room_shows_what_was_said_and_takes_text_there() {
    let (mut world, ann, bob) = two();
    world.say(ann, "/join Tea");
    world.say(ann, "milk?");
    assert_eq!(world.shown(ann), ["(you are ann in tea, 1 here)"]);
    world.say(bob, "/join #tea");
    assert_eq!(world.shown(bob), ["(you are bob in tea, 2 here)", "ann: milk?"]);
    assert_eq!(world.shown(ann), ["(bob joined tea)"]);
    world.say(ann, "/part");
    assert_eq!(world.shown(ann), ["(you left tea)", "(you talk in lobby now)"]);
    world.say(ann, "/part");
    world.say(ann, "anybody?");
    assert_eq!(
        world.shown(ann)[1..],
        ["(you are in no room now; /join ROOM)", "error: join a room first: /join ROOM"]
    );
    assert_eq!(world.seats[ann].client.refused, 1);
}

#[test]
fn what_is_asked_to_be_read_is_shown() {
    let (mut world, ann, bob) = two();
    for line in ["/topic tea", "/topic", "/names", "/rooms", "/me waves", "/msg bob psst", "/nick eve"] {
        world.say(ann, line);
    }
    assert_eq!(
        world.shown(ann),
        [
            "(topic of lobby: tea (set by ann))",
            "(topic of lobby: tea (set by ann))",
            "(in lobby: ann bob)",
            "(lobby (2 here) tea)",
            "(you are now eve)"
        ]
    );
    assert_eq!(
        world.shown(bob),
        ["(topic of lobby: tea (set by ann))", "ann: waves", "ann> psst", "(ann is now eve in lobby)"]
    );
    world.say(bob, "/history 1");
    assert_eq!(world.shown(bob), ["ann: waves"]);
    assert_eq!(world.seats[ann].client.refused, 0);
}

#[test]
fn a_message_that_names_us_stands_out() {
    let (mut world, ann, bob) = two();
    for line in ["Ann, tea?", "anna, tea?", "tea for ann."] {
        world.say(bob, line);
    }
    assert_eq!(world.shown(ann), ["!bob: Ann, tea?", "bob: anna, tea?", "!bob: tea for ann."]);
}

#[test]
fn whoever_is_ignored_is_not_shown_and_quiet_hides_who_comes_and_goes() {
    let (mut world, ann, bob) = two();
    world.say(ann, "/ignore BOB");
    world.say(ann, "/quiet");
    assert_eq!(world.shown(ann), ["(BOB is ignored now)", "(who comes and goes is hidden now)"]);
    world.say(bob, "hello?");
    world.say(bob, "/msg ann hello?");
    world.say(bob, "/nick rob");
    assert_eq!(world.shown(ann), [""; 0]);
    world.say(bob, "/nick bob");
    world.say(ann, "/ignore bob");
    world.say(bob, "hello!");
    assert_eq!(world.shown(ann), ["(bob is heard again)", "bob: hello!"]);
}

#[test]
fn mistakes_take_no_more_than_their_line() {
    let (mut world, ann, _) = two();
    for line in ["/dance", "/join a b", "/join ../etc", "/nick \u{3164}", "/msg zoe hi"] {
        world.say(ann, line);
    }
    let shown = world.shown(ann);
    assert!(shown.iter().all(|line| line.starts_with("error: ")), "{shown:?}");
    assert_eq!((shown.len(), world.seats[ann].client.refused, world.seats[ann].credit), (5, 5, 1));
    world.advance(ann, |client, steps| client.handle_line(b"\xff", steps));
    assert_eq!(world.shown(ann), ["error: a line that is no UTF-8 cannot be said"]);
    world.advance(ann, |client, steps| client.handle_line(b"/quit", steps));
    assert!(world.seats[ann].is_gone);
}

#[test]
fn a_client_that_is_too_fast_waits_and_says_it_then() {
    let mut world = World::new(HubLimits { rate: Rate { burst: 3, per_second: 1 }, ..HubLimits::default() });
    let ann = world.seat("ann", "a", Choice::Typed);
    world.say(ann, "one");
    world.say(ann, "two");
    let wait = world.seats[ann].waits.pop().expect("the fourth request at once is too many");
    assert_eq!(world.seats[ann].credit, 0, "the next line waits behind it");
    world.now.elapsed += wait;
    world.advance(ann, Client::ask_again);
    world.run();
    assert_eq!(world.seats[ann].credit, 1);
    world.now.elapsed += Duration::from_mins(1);
    world.say(ann, "/history");
    assert_eq!(world.shown(ann)[1..], ["ann: one", "ann: two"]);
}

#[test]
fn after_a_lost_connection_nothing_is_missed_or_shown_twice() {
    let limits = HubLimits { answer_messages_max: 3, ..HubLimits::default() };
    let mut world = World::new(limits);
    let ann = world.seat("ann", "a", Choice::Typed);
    let bob = world.seat("bob", "b", Choice::Typed);
    world.say(bob, "before");
    world.shown(ann);
    world.cut(ann);
    for number in 0..10 {
        world.say(bob, &number.to_string());
    }
    world.connect(ann);
    world.say(bob, "after");
    let mut all: Vec<String> = (0..10).map(|number| format!("bob: {number}")).collect();
    all.push("bob: after".to_owned());
    assert_eq!(world.shown(ann)[1..], all);
    assert_eq!(world.seats[ann].credit, 1, "no more and no fewer than before");
}

#[test]
fn a_message_that_comes_again_is_not_shown_again() {
    let (mut world, ann, bob) = two();
    world.say(bob, "one");
    world.say(bob, "two");
    assert_eq!(world.shown(ann), ["bob: one", "bob: two"]);
    for id in [2, 1, 3] {
        let (room, nick, text) = ("lobby".to_owned(), "bob".to_owned(), id.to_string());
        let notice = Notice::Message(Message { room, id, ms: 0, nick, text, me: false });
        world.deliver(world.seats[ann].member.unwrap(), &Answer { notice, reference: None });
    }
    assert_eq!(world.shown(ann), ["bob: 3"]);
}

#[test]
fn a_line_that_was_under_way_is_said_once() {
    let (mut world, ann, bob) = two();
    // Lost before the hub heard it.
    world.typed(ann, "one");
    world.cut(ann);
    world.connect(ann);
    // Lost after the hub heard it, and before its answer came.
    world.typed(ann, "two");
    let asked = world.seats[ann].asked.pop().unwrap();
    let member = world.seats[ann].member.take().unwrap();
    let mut lost = Vec::new();
    world.hub.handle(Event::Asked { member, asked }, world.now, &mut lost);
    world.hub.handle(Event::Closed { member }, world.now, &mut lost);
    world.seats[ann].client.handle_loss();
    world.connect(ann);

    world.shown(bob);
    world.say(bob, "/history");
    assert_eq!(world.shown(bob), ["ann: one", "ann: two"]);
    assert_eq!(world.seats[ann].credit, 1);
}

#[test]
fn what_is_typed_without_a_connection_is_said_when_there_is_one() {
    let (mut world, ann, bob) = two();
    world.cut(ann);
    world.typed(ann, "still here");
    assert_eq!((world.seats[ann].asked.len(), world.seats[ann].credit), (0, 0));
    world.shown(bob);
    world.connect(ann);
    assert_eq!(world.shown(bob), ["(ann joined lobby)", "ann: still here"]);
    assert_eq!(world.seats[ann].credit, 1);
}

#[test]
fn a_private_message_is_never_sent_twice() {
    let (mut world, ann, bob) = two();
    world.typed(ann, "/msg bob psst");
    world.cut(ann);
    world.connect(ann);
    assert!(
        world
            .shown(ann)
            .contains(&"error: the connection was lost: your message to bob may not have arrived".to_owned())
    );
    assert!(!world.shown(bob).contains(&"ann> psst".to_owned()));
}

#[test]
fn a_hub_that_begins_anew_is_read_from_its_beginning() {
    let (mut world, ann, bob) = two();
    for _ in 0..3 {
        world.say(bob, "old");
    }
    world.cut(ann);
    world.cut(bob);
    world.hub = Hub::new(HubLimits::default());
    world.connect(bob);
    world.say(bob, "new");
    world.shown(ann);
    world.connect(ann);
    assert_eq!(
        world.shown(ann),
        ["(you are ann in lobby, 2 here)", "(the hub has forgotten what was said in lobby)", "bob: new"]
    );
}

#[test]
fn messages_that_are_no_longer_kept_are_counted() {
    let limits = HubLimits { history_messages_max: 2, ..HubLimits::default() };
    let mut world = World::new(limits);
    let ann = world.seat("ann", "a", Choice::Typed);
    let bob = world.seat("bob", "b", Choice::Typed);
    world.cut(ann);
    world.say(bob, "0");
    world.connect(ann);
    world.cut(ann);
    for number in 1..6 {
        world.say(bob, &number.to_string());
    }
    world.shown(ann);
    world.connect(ann);
    assert_eq!(world.shown(ann)[1..], ["(3 messages in lobby are no longer kept)", "bob: 4", "bob: 5"]);
}

#[test]
fn another_version_of_the_schema_is_not_guessed_at() {
    let mut client = Client::new(Nick::parse("ann").unwrap(), Choice::Typed, &RoomName::parse("a").unwrap());
    let mut steps = Vec::new();
    let notice = Notice::Welcome { v: VERSION + 1, key: None };
    client.handle(Answer { notice, reference: None }, &mut steps);
    assert!(matches!(&steps[..], [Step::Fail(Fault::Protocol, _)]), "{steps:?}");
}
