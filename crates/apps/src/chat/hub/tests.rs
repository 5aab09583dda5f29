//! The rules of the hub, one by one, each with the limits that it has.

use std::time::Duration;

use super::*;
use crate::chat::schema::{Answer, Message, write_notice};

/// A hub with a clock of its own and one numbered request after another.
struct Bench {
    hub: Hub,
    now: Now,
    refs: u64,
}

impl Bench {
    fn new(limits: HubLimits) -> Bench {
        Bench { hub: Hub::new(limits), now: Now { elapsed: Duration::ZERO, unix_ms: 1000 }, refs: 0 }
    }

    fn event(&mut self, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        self.hub.handle(event, self.now, &mut actions);
        actions
    }

    /// Opens a member with the key of this name.
    fn open(&mut self, member: u64, key: &str) -> Vec<Action> {
        self.event(Event::Opened { member: MemberId(member), key: Some(key.to_owned()) })
    }

    fn close(&mut self, member: u64) -> Vec<Action> {
        self.event(Event::Closed { member: MemberId(member) })
    }

    fn rooms(&mut self, member: u64) -> Vec<String> {
        let Notice::Rooms { rooms } = self.ask(member, Request::Rooms).0 else { panic!("a list") };
        rooms.into_iter().map(|line| line.room).collect()
    }

    /// Asks as a member; gives the answer and what else comes of it.
    fn ask(&mut self, member: u64, request: Request) -> (Notice, Vec<Action>) {
        self.refs += 1;
        let reference = Some(Ref(self.refs));
        let asked = Asked { request, reference };
        let mut actions = self.event(Event::Asked { member: MemberId(member), asked });
        match actions.remove(0) {
            Action::Tell { to, reference: answered, notice } => {
                assert_eq!((to, answered), (MemberId(member), reference));
                (notice, actions)
            }
            other => panic!("the answer comes first, not {other:?}"),
        }
    }

    fn refused(&mut self, member: u64, request: Request) -> String {
        match self.ask(member, request) {
            (Notice::Error { code, .. }, rest) if rest.is_empty() => code,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// Opens a member that goes by a nick and is in a room.
    fn seat(&mut self, member: u64, nick: &str, room: &str) {
        self.open(member, nick);
        assert_eq!(self.ask(member, nick_request(nick)).0, presence::GRANTED);
        assert!(matches!(self.ask(member, join(room)).0, Notice::Room { .. }));
    }
}

fn nick_request(nick: &str) -> Request {
    Request::Nick { nick: nick.to_owned() }
}

fn join(room: &str) -> Request {
    Request::Join { room: room.to_owned(), after: None }
}

fn say(room: &str, text: &str) -> Request {
    Request::Say { room: room.to_owned(), text: text.to_owned() }
}

fn part(room: &str) -> Request {
    Request::Part { room: room.to_owned() }
}

fn names(room: &str) -> Request {
    Request::Names { room: room.to_owned() }
}

fn spread_to(to: &[u64], notice: Notice) -> Action {
    Action::Spread { to: to.iter().copied().map(MemberId).collect(), notice }
}

fn bench() -> Bench {
    Bench::new(HubLimits::default())
}

#[test]
fn what_is_said_is_accepted_with_its_number_and_heard_by_all_others() {
    let mut bench = bench();
    for (member, nick) in [(1, "ann"), (2, "bob"), (3, "cem")] {
        bench.seat(member, nick, "lobby");
    }
    for id in 1..=2 {
        let (answer, rest) = bench.ask(2, say("lobby", "hi"));
        assert_eq!(answer, Notice::Accepted { id: Some(id), ms: Some(1000) });
        let (room, nick, text) = ("lobby".to_owned(), "bob".to_owned(), "hi".to_owned());
        let message = Message { room, id, ms: 1000, nick, text, me: false };
        assert_eq!(rest, [spread_to(&[1, 3], Notice::Message(message))]);
    }
}

#[test]
fn nobody_speaks_without_a_nick_or_outside_a_room() {
    let mut bench = bench();
    bench.open(1, "a");
    assert_eq!(bench.refused(1, join("lobby")), "nick_first");
    assert_eq!(bench.refused(1, say("lobby", "hi")), "nick_first");
    bench.ask(1, nick_request("ann"));
    for request in [say("lobby", "hi"), names("lobby"), part("lobby")] {
        assert_eq!(bench.refused(1, request), "not_in_room");
    }
}

#[test]
fn a_nick_belongs_to_the_key_that_took_it_first() {
    let mut bench = bench();
    bench.seat(1, "ann", "lobby");
    bench.open(2, "other");
    assert_eq!(bench.refused(2, nick_request("Ann")), "nick_taken");
    bench.close(1);
    assert_eq!(bench.refused(2, nick_request("ann")), "nick_taken");
    bench.open(3, "ann");
    assert_eq!(bench.ask(3, nick_request("ann")).0, presence::GRANTED);
}

#[test]
fn a_nick_that_no_key_holds_is_free_again_when_its_member_goes() {
    let mut bench = bench();
    for member in 1..=2 {
        bench.event(Event::Opened { member: MemberId(member), key: None });
    }
    assert_eq!(bench.ask(1, nick_request("ann")).0, presence::GRANTED);
    assert_eq!(bench.refused(2, nick_request("ann")), "nick_taken");
    bench.close(1);
    assert_eq!(bench.ask(2, nick_request("ann")).0, presence::GRANTED);
}

#[test]
fn whoever_has_gone_is_told_nothing_in_private() {
    let mut bench = bench();
    bench.seat(1, "ann", "lobby");
    bench.seat(2, "bob", "lobby");
    bench.close(2);
    let to_bob = Request::Msg { to: "bob".to_owned(), text: "psst".to_owned() };
    assert_eq!(bench.refused(1, to_bob), "no_such_nick");
}

#[test]
fn a_second_connection_of_a_nick_is_no_news_and_hears_the_first() {
    let mut bench = bench();
    bench.seat(1, "ann", "lobby");
    bench.seat(2, "bob", "lobby");
    bench.open(3, "ann");
    bench.ask(3, nick_request("ann"));
    let (_, rest) = bench.ask(3, join("lobby"));
    assert_eq!(rest, []);
    let (_, rest) = bench.ask(1, say("lobby", "hi"));
    assert!(matches!(&rest[..], [Action::Spread { to, .. }] if *to == [MemberId(2), MemberId(3)]));
    assert_eq!(bench.close(1), []);
    let gone = Notice::Left { room: "lobby".to_owned(), nick: "ann".to_owned() };
    assert_eq!(bench.close(3), [spread_to(&[2], gone)]);
}

#[test]
fn whoever_goes_is_gone_once() {
    let mut bench = bench();
    bench.seat(1, "ann", "lobby");
    bench.seat(2, "bob", "lobby");
    assert_eq!(bench.close(2).len(), 1);
    assert_eq!(bench.close(2), []);
    let asked = Asked { reference: None, request: say("lobby", "late") };
    assert_eq!(bench.event(Event::Asked { member: MemberId(2), asked }), []);
}

#[test]
fn a_new_nick_is_told_in_every_room() {
    let mut bench = bench();
    bench.seat(1, "ann", "a");
    bench.ask(1, join("b"));
    bench.seat(2, "bob", "a");
    bench.seat(3, "cem", "b");
    let (_, rest) = bench.ask(1, nick_request("eve"));
    let renamed =
        |room: &str| Notice::Renamed { room: room.to_owned(), from: "ann".to_owned(), to: "eve".to_owned() };
    assert_eq!(rest, [spread_to(&[2], renamed("a")), spread_to(&[3], renamed("b"))]);
}

#[test]
fn joining_shows_the_last_messages_or_those_after_the_last_seen() {
    let mut bench = bench();
    bench.seat(1, "ann", "lobby");
    for _ in 0..25 {
        bench.ask(1, say("lobby", "x"));
    }
    bench.seat(2, "bob", "elsewhere");
    let mut shown = |after| match bench.ask(2, Request::Join { room: "Lobby".to_owned(), after }).0 {
        Notice::Room { messages, last: 25, .. } => {
            messages.iter().map(|message| message.id).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(shown(None), (6..=25).collect::<Vec<_>>());
    assert_eq!(shown(Some(23)), [24, 25], "joining again is no fault");
}

#[test]
fn a_private_message_reaches_every_connection_of_its_nick_and_nobody_else() {
    let mut bench = bench();
    for (member, nick) in [(1, "ann"), (2, "bob"), (4, "cem")] {
        bench.seat(member, nick, "lobby");
    }
    bench.open(3, "bob");
    bench.ask(3, nick_request("bob"));
    let to_bob = Request::Msg { to: "Bob".to_owned(), text: "psst".to_owned() };
    let (answer, rest) = bench.ask(1, to_bob);
    assert_eq!(answer, Notice::Accepted { id: None, ms: Some(1000) });
    assert!(matches!(&rest[..], [Action::Spread { to, .. }] if *to == [MemberId(2), MemberId(3)]));
    let to_nobody = Request::Msg { to: "zoe".to_owned(), text: "psst".to_owned() };
    assert_eq!(bench.refused(1, to_nobody), "no_such_nick");
}

#[test]
fn a_topic_is_told_to_those_inside_and_to_those_who_ask() {
    let mut bench = bench();
    bench.seat(1, "ann", "lobby");
    bench.seat(2, "bob", "lobby");
    let set = Request::Topic { room: "lobby".to_owned(), topic: Some("tea".to_owned()) };
    let topic =
        Notice::Topic { room: "lobby".to_owned(), topic: "tea".to_owned(), nick: Some("ann".to_owned()) };
    assert_eq!(bench.ask(1, set), (presence::GRANTED, vec![spread_to(&[2], topic.clone())]));
    let hear = Request::Topic { room: "lobby".to_owned(), topic: None };
    assert_eq!(bench.ask(2, hear), (topic, vec![]));
}

#[test]
fn texts_of_the_limit_pass_and_one_byte_more_does_not() {
    let mut bench = bench();
    bench.seat(1, "ann", "lobby");
    let limits = HubLimits::default();
    let text = |bytes| say("lobby", &"x".repeat(bytes));
    assert!(matches!(bench.ask(1, text(limits.text_bytes_max)).0, Notice::Accepted { .. }));
    assert_eq!(bench.refused(1, text(limits.text_bytes_max + 1)), "text_too_long");
    assert!(matches!(bench.ask(1, text(1)).0, Notice::Accepted { id: Some(2), .. }), "no number is lost");
    assert_eq!(bench.refused(1, text(0)), "text_empty");

    let topic = |bytes| Request::Topic { room: "lobby".to_owned(), topic: Some("x".repeat(bytes)) };
    assert_eq!(bench.ask(1, topic(limits.topic_bytes_max)).0, presence::GRANTED);
    assert_eq!(bench.refused(1, topic(limits.topic_bytes_max + 1)), "text_too_long");
}

#[test]
fn the_last_place_is_given_and_not_one_more() {
    let mut bench = Bench::new(HubLimits { members_max: 2, ..HubLimits::default() });
    for member in 1..=2 {
        let opened = bench.open(member, "a");
        assert!(matches!(&opened[..], [Action::Tell { notice: Notice::Welcome { .. }, .. }]));
    }
    let opened = bench.open(3, "a");
    let [Action::Tell { notice: Notice::Error { code, .. }, .. }, Action::HangUp(MemberId(3))] = &opened[..]
    else {
        panic!("{opened:?}")
    };
    assert_eq!(code, "full");
    bench.close(3);
    bench.close(1);
    assert_eq!(bench.open(4, "a").len(), 1);
}

#[test]
fn a_member_is_in_its_limit_of_rooms_and_not_one_more() {
    let mut bench = Bench::new(HubLimits { rooms_per_member_max: 2, ..HubLimits::default() });
    bench.seat(1, "ann", "a");
    bench.ask(1, join("b"));
    assert_eq!(bench.refused(1, join("c")), "in_too_many_rooms");
    assert!(matches!(bench.ask(1, join("b")).0, Notice::Room { .. }), "where it is already, it may be");
    bench.ask(1, part("a"));
    assert!(matches!(bench.ask(1, join("c")).0, Notice::Room { .. }));
}

#[test]
fn at_the_limit_of_rooms_the_longest_empty_one_gives_way() {
    let mut bench = Bench::new(HubLimits { rooms_max: 2, ..HubLimits::default() });
    bench.seat(1, "ann", "a");
    bench.seat(2, "bob", "b");
    assert_eq!(bench.refused(2, join("c")), "too_many_rooms");
    bench.ask(1, part("a"));
    assert!(matches!(bench.ask(2, join("c")).0, Notice::Room { .. }));
    assert_eq!(bench.rooms(1), ["b", "c"]);
}

#[test]
fn of_several_empty_rooms_the_longest_empty_one_gives_way() {
    let mut bench = Bench::new(HubLimits { rooms_max: 3, ..HubLimits::default() });
    bench.seat(1, "ann", "b");
    bench.ask(1, join("a"));
    bench.ask(1, join("c"));
    for room in ["b", "a", "c"] {
        bench.now.elapsed += Duration::from_secs(1);
        bench.ask(1, part(room));
    }
    bench.ask(1, join("d"));
    assert_eq!(bench.rooms(1), ["a", "c", "d"]);
    bench.ask(1, join("e"));
    assert_eq!(bench.rooms(1), ["c", "d", "e"]);
}

/// A hub whose rooms are `a`, `b`, `c`, all of them left, and in that order; in `c` nothing was said.
fn bench_of_left_rooms(displaced_per_hour_max: u32) -> Bench {
    let mut bench = Bench::new(HubLimits { rooms_max: 3, displaced_per_hour_max, ..HubLimits::default() });
    bench.seat(1, "ann", "a");
    for room in ["a", "b", "c"] {
        bench.now.elapsed += Duration::from_secs(1);
        bench.ask(1, join(room));
        if room != "c" {
            bench.ask(1, say(room, "hi"));
        }
        bench.ask(1, part(room));
    }
    bench
}

#[test]
fn whoever_only_makes_rooms_displaces_no_history() {
    let mut bench = bench_of_left_rooms(8);
    for number in 0..256 {
        let room = format!("r{number}");
        assert!(matches!(bench.ask(1, join(&room)).0, Notice::Room { .. }));
        bench.ask(1, part(&room));
        bench.now.elapsed += Duration::from_secs(1);
    }
    assert_eq!(bench.rooms(1), ["a", "b", "r255"]);
}

#[test]
fn a_key_displaces_its_limit_of_histories_in_an_hour_and_not_one_more() {
    for key in [Some("mallory".to_owned()), None] {
        let mut bench = bench_of_left_rooms(1);
        for member in 2..=3 {
            bench.event(Event::Opened { member: MemberId(member), key: key.clone() });
            bench.ask(member, nick_request(&format!("m{member}")));
        }
        bench.ask(2, join("x"));
        assert_eq!(bench.rooms(1), ["a", "b", "x"], "there nothing was said");
        bench.ask(2, join("y"));
        assert_eq!(bench.rooms(1), ["b", "x", "y"]);
        for member in 2..=3 {
            assert_eq!(bench.refused(member, join("z")), "too_many_rooms", "also on another connection");
        }
        bench.now.elapsed += Duration::from_hours(1);
        bench.ask(3, join("z"));
        assert_eq!(bench.rooms(1), ["x", "y", "z"]);
    }
}

#[test]
fn another_key_still_displaces_its_own_share() {
    let mut bench = bench_of_left_rooms(1);
    bench.seat(2, "bob", "x");
    bench.ask(2, join("y"));
    assert_eq!(bench.refused(2, join("z")), "too_many_rooms");
    assert!(matches!(bench.ask(1, join("z")).0, Notice::Room { .. }));
}

#[test]
fn whoever_asks_too_often_is_told_when_it_will_be_heard() {
    let mut bench = Bench::new(HubLimits { rate: Rate { burst: 2, per_second: 10 }, ..HubLimits::default() });
    bench.open(1, "a");
    bench.open(2, "b");
    for _ in 0..2 {
        bench.ask(1, Request::Rooms);
    }
    let (Notice::Error { code, retry_ms: Some(retry_ms), .. }, _) = bench.ask(1, Request::Rooms) else {
        panic!("a third request at once is too many")
    };
    assert_eq!(code, "slow_down");
    assert!(matches!(bench.ask(2, Request::Rooms).0, Notice::Rooms { .. }), "others are heard");
    bench.now.elapsed += Duration::from_millis(retry_ms);
    assert!(matches!(bench.ask(1, Request::Rooms).0, Notice::Rooms { .. }));
}

#[test]
fn a_request_without_a_number_costs_as_much_as_one_with() {
    let mut bench = Bench::new(HubLimits { rate: Rate { burst: 2, per_second: 1 }, ..HubLimits::default() });
    bench.open(1, "a");
    let asked = || Asked { request: Request::Rooms, reference: None };
    for _ in 0..2 {
        bench.event(Event::Asked { member: MemberId(1), asked: asked() });
    }
    let answer = bench.event(Event::Asked { member: MemberId(1), asked: asked() });
    let [Action::Tell { reference: None, notice: Notice::Error { code, .. }, .. }] = &answer[..] else {
        panic!("{answer:?}")
    };
    assert_eq!(code, "slow_down");
}

/// How many bytes a member is answered that asks for the same as often as it is heard, and 100 times at most.
fn bytes_answered(bench: &mut Bench, member: u64, request: &Request) -> usize {
    let mut bytes = 0;
    for _ in 0..100 {
        let (notice, _) = bench.ask(member, request.clone());
        if matches!(&notice, Notice::Error { code, .. } if code == "slow_down") {
            break;
        }
        bytes += write_notice(&Answer { notice, reference: None }).len();
    }
    bytes
}

/// A hub where everything that can be asked for is long, and anybody is heard at any rate.
fn wordy_bench() -> Bench {
    let rate = Rate { burst: 1_000_000, per_second: 1 };
    let mut bench = Bench::new(HubLimits { rate, rooms_per_member_max: 256, ..HubLimits::default() });
    bench.seat(1, "ann", "r0");
    for number in 0..256 {
        let room = format!("r{number}");
        bench.ask(1, join(&room));
        bench.ask(1, Request::Topic { room, topic: Some("\0".repeat(300)) });
    }
    for _ in 0..100 {
        bench.ask(1, say("r0", &"\0".repeat(4000)));
    }
    for member in 1_000..2_000 {
        bench.open(member, "team");
        bench.ask(member, nick_request(&format!("{:a>32}", member % 256)));
        bench.ask(member, Request::Join { room: "r0".to_owned(), after: Some(u64::MAX) });
    }
    bench
}

#[test]
fn whoever_asks_for_much_at_once_is_given_no_more_than_two_mebibytes() {
    let mut bench = wordy_bench();
    bench.hub.limits.rate = HubLimits::default().rate;
    let room = || "r0".to_owned();
    let history = Request::History { room: room(), after: Some(0), before: None, limit: Some(100) };
    let again = Request::Join { room: room(), after: Some(0) };
    for (member, request) in (2..).zip([history, again, names("r0"), Request::Rooms]) {
        bench.seat(member, &format!("bob{member}"), "r0");
        bench.now.elapsed += Duration::from_mins(1);
        let bytes = bytes_answered(&mut bench, member, &request);
        assert!((400_000..2 << 20).contains(&bytes), "{request:?}: {bytes} bytes");
        bench.now.elapsed += Duration::from_mins(1);
        assert!(bytes_answered(&mut bench, member, &request) > 0, "whoever waits is heard again");
    }
}

#[test]
fn what_cannot_be_read_costs_a_request_and_ends_nothing() {
    let mut bench = Bench::new(HubLimits { rate: Rate { burst: 1, per_second: 1 }, ..HubLimits::default() });
    bench.open(1, "a");
    let mut code = || {
        let (member, reference) = (MemberId(1), Some(Ref(5)));
        match &bench.event(Event::Misread { member, reference, reason: "why".to_owned() })[..] {
            [Action::Tell { notice: Notice::Error { code, .. }, reference: Some(Ref(5)), .. }] => {
                code.clone()
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(code(), "bad_request");
    assert_eq!(code(), "slow_down");
}
