//! What a service passes on is what the other end hears, over many seeds on the simulated network: the message itself,
//! pieces and copies of it, and nothing, to whoever said it and to others. Handshakes and ends are `session.rs`'s.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod simulated;

use std::collections::BTreeMap;
use std::time::Duration;

use switchboard::auth::{Dialect, Policy};
use switchboard::reactor::sim::{Faults, Rest, Rng, SimNet, World, each_seed};
use switchboard::reactor::{
    Address, Closed, ConnId, Context, Handler, Limits, ListenOptions, ListenerId, Origin, Reactor, Tag,
};
use switchboard::session::{Caller, Link, Service, Session, SharedPolicy};

use simulated::{draw, profile};

const SEEDS: u64 = 300;
const HOUR: Duration = Duration::from_hours(1);
/// So many that every one meets every dialect, with faults and without.
const FRAMINGS: [&str; 13] = [
    "u8",
    "u16le",
    "u16be,incl",
    "u32be",
    "u32be,crc32c",
    "u64be",
    "i32",
    "varint",
    "python",
    "lines",
    "crlf",
    "nul",
    "netstring",
];
/// Each caller begins its next conversation when one stands, so that some speak while others prove themselves.
const CALLS: u64 = 3;
const MESSAGES: usize = 12;
const KEY: u8 = 7;
const SERVICE: &str = "twist";

/// Messages, in the order in which they were said or heard, with the conversation.
type Messages = Vec<(ConnId, Vec<u8>)>;

/// Answers each message with some of it, or with nothing, to its sender or to anybody who ever connected.
struct Twister {
    rng: Rng,
    met: Vec<ConnId>,
    said: Messages,
    /// How often it spoke to somebody who was still in a handshake, and must hear nothing of it.
    too_early: usize,
}

impl Twister {
    fn new(seed: u64) -> Twister {
        Twister { rng: Rng::new(seed ^ 0x7157), met: Vec::new(), said: Vec::new(), too_early: 0 }
    }

    fn twist(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        let at = self.rng.index(message.len() + 1);
        let other = self.met[self.rng.index(self.met.len())];
        match self.rng.index(9) {
            0 | 1 => self.say(link, id, message),
            2 => self.say(link, id, &message[..at]),
            3 => self.say(link, id, &message[at..]),
            4 => self.say(link, id, &copy(message)),
            5 => self.say(link, id, &[]),
            6 => self.say(link, other, &message[..at]),
            7 => self.say(link, other, &message[at..]),
            _ => self.say(link, other, message),
        }
    }

    fn say(&mut self, link: &mut Link<'_, '_>, id: ConnId, what: &[u8]) {
        if link.is_talking(id) {
            self.said.push((id, what.to_vec()));
        } else {
            self.too_early += 1;
        }
        link.send(id, what).unwrap();
    }
}

impl Service for Twister {
    type Command = ();

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        for _ in 0..3 {
            self.twist(link, id, message);
        }
    }
}

/// Says messages that look like frames, keeps what it hears, and calls again.
struct Talker {
    rng: Rng,
    alphabet: &'static [u8],
    server: Address,
    calls_left: u64,
    heard: Messages,
}

impl Talker {
    fn new(seed: u64, framing: &str, server: Address) -> Talker {
        let is_text = ["lines", "crlf", "nul"].contains(&framing);
        let alphabet: &[u8] = if is_text { b"abc" } else { &[0, 0, 0, 1, 2, 3, 4, 255] };
        Talker { rng: Rng::new(seed ^ 0x7a1c), alphabet, server, calls_left: CALLS, heard: Vec::new() }
    }

    fn call(&mut self, link: &mut Link<'_, '_>) {
        if self.calls_left > 0 {
            self.calls_left -= 1;
            link.call(self.server.clone(), Tag(self.calls_left));
        }
    }

    fn thought(&mut self) -> Vec<u8> {
        let length = self.rng.index(40);
        (0..length).map(|_| self.alphabet[self.rng.index(self.alphabet.len())]).collect()
    }
}

impl Service for Talker {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        for _ in 0..MESSAGES {
            link.send(id, &self.thought()).unwrap();
        }
        self.call(link);
    }

    fn message(&mut self, _: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        self.heard.push((id, message.to_vec()));
    }
}

/// Stands between loop and session: each listener has a policy of its own, and the session is shown the input whole or
/// in two pieces, each of them as it lies there or as a copy.
struct Between {
    session: Session<Twister>,
    rng: Rng,
    policy: SharedPolicy,
    doors: Vec<(ListenerId, Policy)>,
}

impl Between {
    fn new(seed: u64, framing: &str) -> Between {
        let profile = profile(framing, Dialect::None, KEY, SERVICE);
        let policy = profile.auth.clone();
        let session = Session::with_draw(Twister::new(seed), profile, draw(seed));
        Between { session, rng: Rng::new(seed ^ 0xbe73), policy, doors: Vec::new() }
    }

    fn show(&mut self, cx: &mut Context<'_>, id: ConnId, piece: &[u8]) -> usize {
        if self.rng.chance(0.3) {
            self.session.handle(cx, id, &copy(piece))
        } else {
            self.session.handle(cx, id, piece)
        }
    }
}

impl Handler for Between {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
        let Origin::Accepted { listener, .. } = origin else { panic!("the server calls nobody") };
        let (_, policy) = self.doors.iter().find(|(door, _)| *door == listener).unwrap();
        self.policy.change(policy.clone());
        self.session.with_link(cx, |twister, _| twister.met.push(id));
        self.session.setup(cx, id, origin);
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        if self.rng.chance(0.5) {
            return self.show(cx, id, input);
        }
        let cut = self.rng.index(input.len() + 1);
        match self.show(cx, id, &input[..cut]) {
            used if used == input.len() => used,
            used => used + self.show(cx, id, &input[used..]),
        }
    }

    fn end_of_input(&mut self, cx: &mut Context<'_>, id: ConnId, rest: &[u8]) {
        self.session.end_of_input(cx, id, rest);
    }

    fn finish(&mut self, cx: &mut Context<'_>, id: ConnId, why: Closed) {
        self.session.finish(cx, id, why);
    }
}

/// The same bytes elsewhere: neither the loop nor the session can know them again.
fn copy(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

/// What was said to the callers of one server, what they heard, and how often one was spoken to too early.
struct Outcome {
    said: Vec<Vec<Vec<u8>>>,
    heard: Vec<Vec<Vec<u8>>>,
    too_early: usize,
}

/// One server, and a caller in each of two dialects.
fn converse(seed: u64, framing: &str, dialects: [Dialect; 2]) -> Outcome {
    let world = World::new(seed, faults(seed));
    let mut server = Reactor::with_net(world.host(), Between::new(seed, framing), Limits::default());
    let mut seeds = Rng::new(seed);
    let [mut one, mut two] = dialects.map(|dialect| {
        let address = open_door(&mut server, framing, dialect);
        caller(&world, seeds.below(1 << 32), framing, dialect, address)
    });
    assert_eq!(world.run(&mut [&mut server, &mut one, &mut two], HOUR).unwrap(), Rest::Quiet);
    let twister = server.handler().session.service();
    let callers = [&one, &two].map(|caller| by_conversation(&caller.handler().service().heard));
    let mut heard = callers.concat();
    heard.sort();
    Outcome { said: by_conversation(&twister.said), heard, too_early: twister.too_early }
}

/// Late, in pieces and out of step, or not: but nothing is lost.
fn faults(seed: u64) -> Faults {
    match seed % 3 {
        0 => Faults::none(),
        _ => Faults { resets: 0.0, refusals: 0.0, accept_errors: 0.0, ..Faults::rough() },
    }
}

fn open_door(server: &mut Reactor<Between, SimNet>, framing: &str, dialect: Dialect) -> Address {
    let anywhere = "tcp://10.0.0.1:0".parse().unwrap();
    let (door, address) = server.listen(&anywhere, &ListenOptions::default()).unwrap();
    let policy = profile(framing, dialect, KEY, SERVICE).auth.now();
    server.with_context(|between, _| between.doors.push((door, policy)));
    address
}

fn caller(
    world: &World,
    seed: u64,
    framing: &str,
    dialect: Dialect,
    server: Address,
) -> Reactor<Session<Talker>, SimNet> {
    let talker = Talker::new(seed, framing, server);
    let session = Session::with_draw(talker, profile(framing, dialect, KEY, SERVICE), draw(!seed));
    let mut caller = Reactor::with_net(world.host(), session, Limits::default());
    caller.with_context(|session, cx| session.with_link(cx, Talker::call));
    caller
}

/// The messages of each conversation, in order. Both ends have ids of their own: the conversations are sorted by what
/// was said in them.
fn by_conversation(messages: &Messages) -> Vec<Vec<Vec<u8>>> {
    let mut conversations: BTreeMap<ConnId, Vec<Vec<u8>>> = BTreeMap::new();
    for (id, message) in messages {
        conversations.entry(*id).or_default().push(message.clone());
    }
    let mut conversations: Vec<_> = conversations.into_values().collect();
    conversations.sort();
    conversations
}

#[test]
fn whatever_is_passed_on_is_what_is_heard() {
    let (mut heard, mut too_early) = (0, 0);
    each_seed(&replay("whatever_is_passed_on_is_what_is_heard"), 0..SEEDS, |seed| {
        let nth = usize::try_from(seed).unwrap();
        let framing = FRAMINGS[nth % FRAMINGS.len()];
        // One caller of every dialect in turn, and one that is sealed.
        let dialects = [Dialect::ALL[nth % Dialect::ALL.len()], Dialect::Noise];
        let outcome = converse(seed, framing, dialects);
        assert!(outcome.said == outcome.heard, "{framing}, {dialects:?}: not what was said");
        heard += outcome.heard.iter().map(Vec::len).sum::<usize>();
        too_early += outcome.too_early;
    });
    println!("{heard} messages heard, {too_early} said too early");
    if std::env::var_os("SWITCHBOARD_SEED").is_none() {
        assert!(heard > 10_000, "only {heard} messages were heard");
        assert!(too_early > 100, "only {too_early} messages were for somebody in a handshake");
    }
}

/// Passes back what it hears, and keeps it.
#[derive(Default)]
struct Echo {
    greeting: Option<&'static [u8]>,
    heard: Vec<Vec<u8>>,
}

impl Service for Echo {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        if let Some(greeting) = self.greeting {
            link.send(id, greeting).unwrap();
        }
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        self.heard.push(message.to_vec());
        if self.greeting.is_none() {
            link.send(id, message).unwrap();
        }
    }
}

#[test]
fn an_empty_message_is_passed_back_as_an_empty_message() {
    for framing in FRAMINGS {
        for dialect in Dialect::ALL {
            assert_eq!(echoed(framing, dialect, b""), [b""], "{framing}, {dialect}");
        }
    }
}

/// What comes back of one message from a server that passes back what it hears.
fn echoed(framing: &str, dialect: Dialect, message: &'static [u8]) -> Vec<Vec<u8>> {
    let world = World::new(0, Faults::none());
    let host = |service: Echo, seed: u64| {
        let session = Session::with_draw(service, profile(framing, dialect, KEY, SERVICE), draw(seed));
        Reactor::with_net(world.host(), session, Limits::default())
    };
    let mut server = host(Echo::default(), 1);
    let mut caller = host(Echo { greeting: Some(message), heard: Vec::new() }, 2);
    let anywhere = "tcp://10.0.0.1:0".parse().unwrap();
    let (_, address) = server.listen(&anywhere, &ListenOptions::default()).unwrap();
    caller.with_context(|session, cx| session.with_link(cx, |_, link| link.call(address, Tag(0))));
    assert_eq!(world.run(&mut [&mut server, &mut caller], HOUR).unwrap(), Rest::Quiet);
    assert_eq!(server.handler().service().heard, [message]);
    caller.handler().service().heard.clone()
}

fn replay(test: &str) -> String {
    format!("cargo test -p switchboard --test passed_back {test}")
}
