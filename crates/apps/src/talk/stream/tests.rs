//! Listeners on the simulated network, with strangers at the door: who is talked to, who waits, and for how long.

use std::sync::Arc;

use auth::{Dialect, Key, Keyring, Policy};
use reactor::sim::{Faults, SimNet, World};
use reactor::{Closed, Context, Handler, Limits, Origin, PostError, Reactor};

use super::super::conversation::{Boundaries, Then};
use super::*;
use crate::cli::kept::Kept;
use crate::cli::notes::{Notes, Volume};
use crate::cli::output::{Audience, Format, Output};
use crate::door;
use crate::session::{Profile, Session};

const PROVING: [Dialect; 4] = [Dialect::Tutorial, Dialect::Python, Dialect::Mutual, Dialect::Noise];

/// Nobody waits for so long who should not wait: a stranger may take five of them.
const SOON: Duration = Duration::from_millis(500);

fn profile(dialect: Dialect, key: u8) -> Profile {
    let mut keys = Keyring::new();
    keys.add("alice", Key::from_bytes(&[key; 32])).unwrap();
    let policy = Policy::new(dialect, Arc::new(keys)).unwrap().with_service("talk");
    Profile::new("lines".parse().unwrap(), policy)
}

struct Listener {
    reactor: Reactor<Session<StreamTalk>, SimNet>,
    address: Address,
    printed: Kept,
    noted: Kept,
}

impl Listener {
    fn new(world: &World, then: Then, dialect: Dialect) -> Self {
        let (printed, noted) = (Kept::default(), Kept::default());
        let said = Notes::over(noted.clone(), Volume::Normal);
        let output = Output::over(printed.clone(), Format::Text, Audience::Pipe);
        let quit: QuitWord = "q".parse().unwrap_or_else(|never| match never {});
        let conversations = Conversations::new(then, quit.clone(), Boundaries::Kept);
        let screen = Screen::new(output, said.clone(), said);
        let talk = StreamTalk::new(conversations, screen, quit, Duration::ZERO);
        let limits = Limits { newcomers_max: door::NEWCOMERS_MAX, ..Limits::default() };
        let mut reactor = Reactor::with_net(world.host(), Session::new(talk, profile(dialect, 7)), limits);
        let any = "tcp://10.0.0.1:0".parse().unwrap();
        let (_, address) = reactor.listen(&any, &door::options(dialect)).unwrap();
        Self { reactor, address, printed, noted }
    }

    fn outcome(self) -> Result<()> {
        self.reactor.handle().shutdown();
        self.reactor.run().unwrap().into_service().outcome()
    }
}

/// Calls, and never says a word.
#[derive(Default)]
struct Stranger {
    ends: usize,
}

impl Handler for Stranger {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
    }

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {
        self.ends += 1;
    }
}

/// Proves who it is, says its lines, and leaves when it is told to.
struct Friend {
    lines: Vec<&'static str>,
    ends: Vec<String>,
    connection: Option<ConnId>,
}

impl Service for Friend {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        self.connection = Some(id);
        for line in &self.lines {
            link.send(id, line.as_bytes()).unwrap();
        }
    }

    fn message(&mut self, _: &mut Link<'_, '_>, _: ConnId, _: &[u8]) {}

    fn close(&mut self, _: &mut Link<'_, '_>, _: ConnId, ended: &Ended) {
        self.ends.push(ended.to_string());
    }

    fn turned_away(&mut self, _: &mut Link<'_, '_>, _: &Address, _: Via, ended: &Ended) {
        self.ends.push(ended.to_string());
    }

    /// To be told to leave.
    fn command(&mut self, _: &mut Link<'_, '_>, (): ()) {}
}

fn strangers(world: &World, listener: &Listener, count: usize) -> Reactor<Stranger, SimNet> {
    let mut strangers = Reactor::with_net(world.host(), Stranger::default(), Limits::default());
    strangers.with_context(|_, cx| (0..count).for_each(|_| cx.connect(listener.address.clone(), Tag(0))));
    strangers
}

fn friend(
    world: &World,
    listener: &Listener,
    dialect: Dialect,
    lines: &[&'static str],
) -> Reactor<Session<Friend>, SimNet> {
    let friend = Friend { lines: lines.to_vec(), ends: Vec::new(), connection: None };
    let session = Session::new(friend, profile(dialect, 7));
    let mut friend = Reactor::with_net(world.host(), session, Limits::default());
    let address = listener.address.clone();
    friend.with_context(|session, cx| session.with_link(cx, |_, link| link.call(address, Tag(0))));
    friend
}

fn leave(friend: &mut Reactor<Session<Friend>, SimNet>) {
    friend.with_context(|session, cx| {
        session.with_link(cx, |friend, link| link.hang_up(friend.connection.unwrap()));
    });
}

#[test]
fn silent_strangers_delay_nobody_however_many_they_are() {
    for dialect in PROVING {
        for count in [1, 20, door::NEWCOMERS_MAX, door::NEWCOMERS_MAX + door::WAITING_MAX + 100] {
            let world = World::new(1, Faults::none());
            let mut ours = Listener::new(&world, Then::Next, dialect);
            let mut strangers = strangers(&world, &ours, count);
            world.run(&mut [&mut ours.reactor, &mut strangers], SOON).unwrap();
            assert_eq!(ours.reactor.stats().newcomers, count.min(door::NEWCOMERS_MAX), "{dialect}");

            let mut honest = friend(&world, &ours, dialect, &["here I am"]);
            world.run(&mut [&mut ours.reactor, &mut strangers, &mut honest], SOON).unwrap();
            assert_eq!(ours.printed.text(), "here I am\n", "{dialect}, {count} strangers");
            // The oldest had to leave for it where there was no place; the others are still at the door.
            let evicted = (count + 1).saturating_sub(door::NEWCOMERS_MAX);
            assert_eq!(strangers.handler().ends, evicted, "{dialect}, {count} strangers");
            ours.outcome().unwrap();
        }
    }
}

#[test]
fn whoever_has_proved_itself_meanwhile_waits_for_its_turn_and_is_heard_then() {
    for dialect in PROVING {
        let world = World::new(2, Faults::none());
        let mut ours = Listener::new(&world, Then::Next, dialect);
        let mut first = friend(&world, &ours, dialect, &["one", "two"]);
        world.run(&mut [&mut ours.reactor, &mut first], SOON).unwrap();
        let mut second = friend(&world, &ours, dialect, &["three", "four"]);
        world.run(&mut [&mut ours.reactor, &mut first, &mut second], SOON).unwrap();
        let mut third = friend(&world, &ours, dialect, &["five"]);
        world.run(&mut [&mut ours.reactor, &mut first, &mut second, &mut third], SOON).unwrap();
        assert_eq!(ours.printed.text(), "one\ntwo\n", "{dialect}");
        assert_eq!(ours.noted.text().matches(" is waiting\n").count(), 2, "{}", ours.noted.text());

        // One that gives up is heard all the same: it cannot be told from one that has said all it had to say.
        leave(&mut second);
        world.run(&mut [&mut ours.reactor, &mut first, &mut second, &mut third], SOON).unwrap();
        assert_eq!(ours.printed.text(), "one\ntwo\n", "{dialect}");

        leave(&mut first);
        let soon = SOON * 10; // hanging up may take a second
        world.run(&mut [&mut ours.reactor, &mut first, &mut second, &mut third], soon).unwrap();
        assert_eq!(ours.printed.text(), "one\ntwo\nthree\nfour\nfive\n", "{dialect}");
        ours.outcome().unwrap();
    }
}

#[test]
fn what_is_kept_of_a_caller_who_waits_is_no_more_than_a_turn_reads() {
    let flood: &'static str = "x".repeat(60_000).leak();
    for dialect in PROVING {
        let world = World::new(6, Faults::none());
        let mut ours = Listener::new(&world, Then::Next, dialect);
        let mut first = friend(&world, &ours, dialect, &["hello"]);
        world.run(&mut [&mut ours.reactor, &mut first], SOON).unwrap();
        let mut flooding = friend(&world, &ours, dialect, &[flood; 100]);
        world.run(&mut [&mut ours.reactor, &mut first, &mut flooding], SOON * 10).unwrap();
        let kept = ours.reactor.handler().service().room.bytes();
        let limits = Limits::default();
        assert!(kept <= limits.reads_per_turn * limits.read_bytes, "{dialect}: {kept} bytes");

        leave(&mut first);
        world.run(&mut [&mut ours.reactor, &mut first, &mut flooding], SOON * 100).unwrap();
        let lines = ours.printed.text().matches(flood).count();
        assert_eq!(lines, 100, "{dialect}");
    }
}

#[test]
fn once_is_over_after_the_one_that_proved_itself_and_who_waits_is_cut_off() {
    for dialect in PROVING {
        let world = World::new(3, Faults::none());
        let mut ours = Listener::new(&world, Then::End, dialect);
        let mut strangers = strangers(&world, &ours, 3);
        world.run(&mut [&mut ours.reactor, &mut strangers], SOON).unwrap();
        let mut first = friend(&world, &ours, dialect, &["hello"]);
        world.run(&mut [&mut ours.reactor, &mut strangers, &mut first], SOON).unwrap();
        let mut late = friend(&world, &ours, dialect, &["too late"]);
        world.run(&mut [&mut ours.reactor, &mut strangers, &mut first, &mut late], SOON).unwrap();
        assert!(late.handler().service().ends.is_empty(), "it waits");

        leave(&mut first);
        world.run(&mut [&mut ours.reactor, &mut strangers, &mut first, &mut late], SOON * 10).unwrap();
        assert_eq!(ours.printed.text(), "hello\n", "{dialect}");
        assert_eq!(strangers.handler().ends, 3, "{dialect}");
        let ends = &late.handler().service().ends;
        assert_eq!(ends.len(), 1, "{dialect}");
        // Where an end can be told from a loss, this is none: what it said was not heard.
        assert!(dialect != Dialect::Noise || ends[0].starts_with("connection lost"), "{ends:?}");
        let is_over = matches!(ours.reactor.handle().post(Input::End), Err(PostError::Stopped(_)));
        assert!(is_over, "{dialect}");
        ours.outcome().unwrap();
    }
}

#[test]
fn strangers_are_counted_during_a_conversation_and_told_of_after_it() {
    let world = World::new(4, Faults::none());
    let mut ours = Listener::new(&world, Then::Next, Dialect::Mutual);
    let mut first = friend(&world, &ours, Dialect::Mutual, &["hello"]);
    world.run(&mut [&mut ours.reactor, &mut first], SOON).unwrap();
    let mut strangers = strangers(&world, &ours, 3);
    world.run(&mut [&mut ours.reactor, &mut first, &mut strangers], Duration::from_secs(10)).unwrap();
    assert_eq!(ours.noted.text().lines().count(), 1, "{}", ours.noted.text());
    leave(&mut first);
    world.run(&mut [&mut ours.reactor, &mut first, &mut strangers], SOON * 10).unwrap();
    assert!(ours.noted.text().ends_with("\ncallers turned away meanwhile: 3\n"), "{}", ours.noted.text());
}

#[test]
fn where_nothing_is_proved_the_next_caller_stays_outside() {
    let world = World::new(5, Faults::none());
    let mut ours = Listener::new(&world, Then::Next, Dialect::None);
    let mut first = friend(&world, &ours, Dialect::None, &["hello"]);
    let mut second = friend(&world, &ours, Dialect::None, &["hello too"]);
    world.run(&mut [&mut ours.reactor, &mut first, &mut second], SOON).unwrap();
    assert_eq!(ours.reactor.stats().connections, 1);
}
