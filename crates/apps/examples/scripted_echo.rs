//! `scripted_echo SCRIPT`: conversations with an echo server on the simulated network, the same ones in every run, so
//! that callgrind can count what they cost the server. Counting and judging is left to `cargo xtask instructions`.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use switchboard::attach::limits_for;
use switchboard::auth::{Dialect, Entropy, Key, Keyring, Policy};
use switchboard::reactor::sim::{Faults, Rest, SimNet, Turn, World};
use switchboard::reactor::{ConnId, ConnMap, Flow, Limits, ListenOptions, Reactor, Tag};
use switchboard::session::{Caller, Link, Profile, Service, Session};

fn main() -> Result<(), Box<dyn Error>> {
    play(&std::env::args().nth(1).unwrap_or_default())
}

/// Plays the script of this name to its end.
pub(crate) fn play(name: &str) -> Result<(), Box<dyn Error>> {
    let script = SCRIPTS.iter().find(|script| script.name == name).ok_or("which script?")?;
    let profile = profile(script.dialect)?;
    let world = World::new(SEED, Faults { delay_max: Duration::from_millis(1), ..Faults::none() });
    let limits = Limits { idle_timeout: Some(MINUTE), ..limits_for(&profile.framing) };
    let mut server =
        Reactor::with_net(world.host(), session(Echo::new(script.answer), &profile, 1), limits.clone());
    let (_, address) = server.listen(&"tcp://10.0.0.1:0".parse()?, &ListenOptions::default())?;
    let mut callers =
        Reactor::with_net(world.host(), session(Talker::new(script), &profile, 2), limits.clone());
    for number in 0..script.callers {
        callers.with_context(|_, cx| cx.connect(address.clone(), Tag(number)));
    }
    // Long enough for the last idle deadline to come up and find its connection gone.
    let rest = world.run(&mut [&mut Counted(&mut server), &mut callers], 2 * MINUTE)?;
    let echoed = callers.handler().service().echoed;
    assert_eq!((rest, echoed), (Rest::Quiet, script.messages()), "the script was not played to its end");
    println!("{echoed}");
    Ok(())
}

/// What every caller does.
pub(crate) struct Script {
    pub(crate) name: &'static str,
    dialect: Dialect,
    answer: Answer,
    callers: u64,
    /// How often it sends.
    rounds: u64,
    /// How many messages at once, before it waits for them all.
    batch: u64,
    message_bytes: usize,
}

/// What the server answers with.
#[derive(Clone, Copy)]
enum Answer {
    /// The message where it lies: it leaves from there.
    Itself,
    /// Bytes of its own, which have to be framed.
    Copy,
}

pub(crate) const SCRIPTS: &[Script] = &[
    // Many small messages in a read: what each of them costs.
    Script {
        name: "batch",
        dialect: Dialect::None,
        answer: Answer::Itself,
        callers: 16,
        rounds: 20,
        batch: 64,
        message_bytes: 64,
    },
    // The same from a server that says something else than it heard.
    Script {
        name: "reply",
        dialect: Dialect::None,
        answer: Answer::Copy,
        callers: 16,
        rounds: 20,
        batch: 64,
        message_bytes: 64,
    },
    // One in a read: what a turn costs.
    Script {
        name: "ping",
        dialect: Dialect::None,
        answer: Answer::Itself,
        callers: 64,
        rounds: 50,
        batch: 1,
        message_bytes: 64,
    },
    // Messages that come in pieces: what is copied.
    Script {
        name: "large",
        dialect: Dialect::None,
        answer: Answer::Itself,
        callers: 4,
        rounds: 5,
        batch: 4,
        message_bytes: 40 << 10,
    },
    // One message and good-bye: what a connection and its handshake cost.
    Script {
        name: "call",
        dialect: Dialect::Mutual,
        answer: Answer::Itself,
        callers: 64,
        rounds: 1,
        batch: 1,
        message_bytes: 64,
    },
];

impl Script {
    fn messages(&self) -> u64 {
        self.callers * self.rounds * self.batch
    }
}

/// The server's turns, and nothing else, are what is counted.
struct Counted<'a>(&'a mut Reactor<Session<Echo>, SimNet>);

impl Turn for Counted<'_> {
    #[inline(never)]
    fn turn(&mut self) -> io::Result<Flow> {
        counted_turn(self.0)
    }

    fn timeout(&self) -> Option<Duration> {
        Turn::timeout(self.0)
    }

    fn host(&self) -> usize {
        Turn::host(self.0)
    }
}

/// Callgrind is told this name.
#[inline(never)]
fn counted_turn(server: &mut Reactor<Session<Echo>, SimNet>) -> io::Result<Flow> {
    server.turn()
}

struct Echo {
    answer: Answer,
    copy: Vec<u8>,
}

impl Echo {
    fn new(answer: Answer) -> Echo {
        Echo { answer, copy: Vec::new() }
    }
}

impl Service for Echo {
    type Command = ();

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        let answer = match self.answer {
            Answer::Itself => message,
            Answer::Copy => {
                self.copy.clear();
                self.copy.extend_from_slice(message);
                &self.copy
            }
        };
        link.send(id, answer).expect("what fitted the way in fits the way back");
    }
}

/// All callers.
struct Talker {
    script: &'static Script,
    message: Vec<u8>,
    /// How many answers each one still waits for.
    awaited: ConnMap<u64>,
    echoed: u64,
}

impl Talker {
    fn new(script: &'static Script) -> Talker {
        Talker { script, message: vec![b'x'; script.message_bytes], awaited: ConnMap::new(), echoed: 0 }
    }

    fn send_batch(&self, link: &mut Link<'_, '_>, id: ConnId) {
        for _ in 0..self.script.batch {
            link.send(id, &self.message).expect("the message fits the framing");
        }
    }
}

impl Service for Talker {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        self.awaited.insert(id, self.script.rounds * self.script.batch);
        self.send_batch(link, id);
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        assert_eq!(message.len(), self.message.len(), "a message came back changed");
        let awaited = self.awaited.get_mut(id).expect("it was opened before");
        *awaited -= 1;
        self.echoed += 1;
        match *awaited {
            0 => link.hang_up(id),
            left if left.is_multiple_of(self.script.batch) => self.send_batch(link, id),
            _ => {}
        }
    }
}

fn session<S: Service>(service: S, profile: &Profile, nonce: u8) -> Session<S> {
    let draw = Box::new(move || Ok(Entropy::from([nonce; Entropy::BYTES])));
    Session::with_draw(service, profile.clone(), draw)
}

fn profile(dialect: Dialect) -> Result<Profile, Box<dyn Error>> {
    let mut keys = Keyring::new();
    keys.add("alice", Key::from_bytes(&[7; 32]))?;
    let policy = Policy::new(dialect, Arc::new(keys))?.with_service("echo");
    Ok(Profile::new("u32be".parse()?, policy))
}

const SEED: u64 = 1;
const MINUTE: Duration = Duration::from_mins(1);
