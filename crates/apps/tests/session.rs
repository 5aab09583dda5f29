//! Laws of the session, over many seeds on the simulated network: callers prove themselves, and every message
//! comes back whole, in order and once, or there is an error; each conversation that was opened is closed once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod simulated;

use std::io;
use std::time::Duration;

use switchboard::auth::Dialect;
use switchboard::framing::FrameSpec;
use switchboard::reactor::sim::{Faults, Rest, Rng, SimNet, World, each_seed};
use switchboard::reactor::{Address, ConnId, ConnMap, Handler, Limits, ListenOptions, Reactor, Tag};
use switchboard::session::{Broadcast, Caller, Ended, Link, Profile, Service, Session, Via};

use simulated::draw;

const SEEDS: u64 = 1_000;
const HOUR: Duration = Duration::from_hours(1);

fn profile(framing: &str, dialect: Dialect, key: u8) -> Profile {
    simulated::profile(framing, dialect, key, "echo")
}

/// Conversations that are open, and how others ended.
#[derive(Default)]
struct Ledger {
    open: ConnMap<()>,
    ends: Vec<String>,
    turned_away: Vec<String>,
}

impl Ledger {
    fn opens(&mut self, id: ConnId) {
        assert!(self.open.insert(id, ()).is_none(), "{id:?} was opened twice");
    }

    fn closes(&mut self, id: ConnId, ended: &Ended) {
        assert!(self.open.remove(id).is_some(), "{id:?} was closed twice, or never opened");
        self.ends.push(ended.to_string());
    }
}

#[derive(Default)]
struct Echo {
    ledger: Ledger,
    callers: Vec<String>,
}

impl Service for Echo {
    type Command = ();

    fn open(&mut self, _: &mut Link<'_, '_>, id: ConnId, caller: Caller) {
        self.ledger.opens(id);
        self.callers.push(caller.proof.caller().unwrap_or("nobody").to_owned());
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        assert!(self.ledger.open.get(id).is_some(), "a message before the conversation");
        link.send(id, message).unwrap();
    }

    fn close(&mut self, _: &mut Link<'_, '_>, id: ConnId, ended: &Ended) {
        self.ledger.closes(id, ended);
    }

    fn turned_away(&mut self, _: &mut Link<'_, '_>, _: &Address, _: Via, ended: &Ended) {
        self.ledger.turned_away.push(ended.to_string());
    }
}

/// Says so many messages of a seeded length, and hangs up when it has heard the last one back.
struct Talker {
    ledger: Ledger,
    rng: Rng,
    longest: usize,
    expected: ConnMap<Vec<Vec<u8>>>,
    unreachable: usize,
    whole: usize,
}

impl Talker {
    fn new(seed: u64, longest: usize) -> Talker {
        Talker {
            ledger: Ledger::default(),
            rng: Rng::new(seed ^ 0x7a1c),
            longest,
            expected: ConnMap::new(),
            unreachable: 0,
            whole: 0,
        }
    }

    /// Letters only: a message that any framing can carry.
    fn message(&mut self) -> Vec<u8> {
        let length = 1 + self.rng.index(self.longest);
        (0..length).map(|_| b'a' + u8::try_from(self.rng.below(26)).unwrap()).collect()
    }
}

impl Service for Talker {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        self.ledger.opens(id);
        let count = 1 + self.rng.index(20);
        let mut messages: Vec<_> = (0..count).map(|_| self.message()).collect();
        for message in &messages {
            if self.rng.chance(0.5) {
                link.send(id, message).unwrap();
            } else {
                link.send_shared(id, &mut Broadcast::new(message.clone())).unwrap();
            }
        }
        messages.reverse();
        self.expected.insert(id, messages);
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        let expected = self.expected.get_mut(id).expect("opened before it is heard");
        assert_eq!(expected.pop().as_deref(), Some(message), "not the next message");
        if expected.is_empty() {
            self.whole += 1;
            link.hang_up(id);
        }
    }

    fn close(&mut self, _: &mut Link<'_, '_>, id: ConnId, ended: &Ended) {
        self.ledger.closes(id, ended);
    }

    fn turned_away(&mut self, _: &mut Link<'_, '_>, _: &Address, _: Via, ended: &Ended) {
        self.ledger.turned_away.push(ended.to_string());
    }

    fn unreachable(&mut self, _: &mut Link<'_, '_>, _: Tag, _: &Address, _: &io::Error) {
        self.unreachable += 1;
    }
}

struct Outcome {
    server: Echo,
    talker: Talker,
}

fn converse(seed: u64, faults: Faults, server: Profile, caller: Profile) -> Outcome {
    const CALLS: usize = 4;
    let world = World::new(seed, faults);
    let longest = if server.framing.payload_bytes_max() < 256 { 200 } else { 3_000 };
    let server = Session::with_draw(Echo::default(), server, draw(seed));
    let caller = Session::with_draw(Talker::new(seed, longest), caller, draw(!seed));
    let limits = Limits { stall_timeout: HOUR / 2, partial_timeout: HOUR / 2, ..Limits::default() };
    let mut server = Reactor::with_net(world.host(), server, limits.clone());
    let mut caller = Reactor::with_net(world.host(), caller, limits);
    let listen = Address::Tcp("10.0.0.1:0".parse().unwrap());
    let (_, address) = server.listen(&listen, &ListenOptions::default()).unwrap();
    caller.with_context(|session, cx| {
        session.with_link(cx, |_, link| (0..4).for_each(|tag| link.call(address.clone(), Tag(tag))));
    });
    let rest = world.run(&mut [&mut server, &mut caller], HOUR).unwrap();
    assert_eq!((rest, world.open_ends()), (Rest::Quiet, 0));
    let outcome =
        Outcome { server: server.run_to_end().into_service(), talker: caller.run_to_end().into_service() };
    for ledger in [&outcome.server.ledger, &outcome.talker.ledger] {
        assert!(ledger.open.is_empty(), "conversations were never closed");
    }
    let Talker { ledger, unreachable, .. } = &outcome.talker;
    assert_eq!(ledger.ends.len() + ledger.turned_away.len() + unreachable, CALLS);
    outcome
}

/// Takes the handler back out of a loop that has come to rest.
trait RunToEnd<H> {
    fn run_to_end(self) -> H;
}

impl<H: Handler> RunToEnd<H> for Reactor<H, SimNet> {
    fn run_to_end(self) -> H {
        self.handle().shutdown();
        self.run().unwrap()
    }
}

fn replay(test: &str) -> String {
    format!("cargo test -p switchboard --test session {test}")
}

#[test]
fn authenticated_messages_come_back_whole_or_there_is_an_error() {
    whole_or_an_error("authenticated_messages_come_back_whole_or_there_is_an_error", Dialect::Mutual);
}

#[test]
fn sealed_messages_come_back_whole_or_there_is_an_error() {
    whole_or_an_error("sealed_messages_come_back_whole_or_there_is_an_error", Dialect::Noise);
}

fn whole_or_an_error(test: &str, dialect: Dialect) {
    let mut whole = 0;
    each_seed(&replay(test), 0..SEEDS, |seed| {
        let profile = profile("u32be,max=64KiB", dialect, 7);
        let outcome = converse(seed, Faults::rough(), profile.clone(), profile);
        assert!(outcome.server.callers.iter().all(|name| name == "alice"));
        whole += outcome.talker.whole;
    });
    if std::env::var_os("SWITCHBOARD_SEED").is_none() {
        assert!(whole > 1_000, "only {whole} of 4,000 conversations were whole: the faults drown the test");
    }
}

#[test]
fn every_framing_carries_a_conversation() {
    every_framing_carries_one("every_framing_carries_a_conversation", Dialect::Tutorial);
}

#[test]
fn every_framing_carries_a_sealed_conversation() {
    every_framing_carries_one("every_framing_carries_a_sealed_conversation", Dialect::Noise);
}

fn every_framing_carries_one(test: &str, dialect: Dialect) {
    let framings = ["u8", "u16le", "u24be", "u32be", "u64le", "i32be", "i32", "varint", "python", "lines"];
    each_seed(&replay(test), 0..100, |seed| {
        let framing: FrameSpec = framings[usize::try_from(seed).unwrap() % framings.len()].parse().unwrap();
        let faults = Faults { resets: 0.0, refusals: 0.0, accept_errors: 0.0, ..Faults::rough() };
        let profile = profile(&framing.to_string(), dialect, 7);
        let outcome = converse(seed, faults, profile.clone(), profile);
        assert_eq!(outcome.talker.whole, 4, "{framing}: {:?}", outcome.talker.ledger.ends);
    });
}

#[test]
fn a_wrong_key_opens_no_conversation_on_either_side() {
    each_seed(&replay("a_wrong_key_opens_no_conversation_on_either_side"), 0..100, |seed| {
        let dialect = [Dialect::Mutual, Dialect::Noise][usize::from(seed % 2 == 1)];
        let (right, wrong) = (profile("u32be", dialect, 7), profile("u32be", dialect, 8));
        let faults = Faults { resets: 0.0, refusals: 0.0, accept_errors: 0.0, ..Faults::rough() };
        let outcome = converse(seed, faults, right, wrong);
        assert_eq!((outcome.server.callers.len(), outcome.talker.ledger.ends.len()), (0, 0));
        assert_eq!(
            (outcome.server.ledger.turned_away.len(), outcome.talker.ledger.turned_away.len()),
            (4, 4)
        );
    });
}

#[test]
fn a_framing_that_the_peer_breaks_ends_its_conversation_only() {
    // The caller's frames say their length with the other end first: 200 bytes become gigabytes.
    for dialect in [Dialect::Mutual, Dialect::Noise] {
        let (server, caller) = ("u32be,max=64KiB", "u32le,max=64KiB");
        let outcome = converse(1, Faults::none(), profile(server, dialect, 7), profile(caller, dialect, 7));
        assert_eq!(outcome.server.ledger.ends.len(), 4);
        for end in &outcome.server.ledger.ends {
            assert!(end.starts_with("framing broken by the peer"), "{end}");
        }
    }
}
