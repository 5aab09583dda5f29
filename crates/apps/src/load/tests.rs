//! Whole runs in a simulated world: an honest server is never called a liar, whatever the network does, and a liar is
//! always found, by the name of what it did. What single messages look like is tested beside them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use auth::{Dialect, Entropy, Key, Keyring, Policy};
use reactor::sim::{Faults, Rest, Rng, SimNet, World, each_seed};
use reactor::{Address, ConnId, ConnMap, Datagram, Limits, ListenOptions, Reactor, SocketId};
use serde_json::Value;

use super::connects::{Calls, ConnectLoad};
use super::course::{Carrier, Course};
use super::datagrams::{DatagramLoad, Sockets};
use super::meter::Meter;
use super::plan::{Extent, Mode, Plan, Sizes};
use super::report::{Reporter, Setting};
use super::stream::{StreamLoad, Streams};
use crate::cli::exit::{Fault, Result};
use crate::cli::kept::Kept;
use crate::cli::notes::{Notes, Volume};
use crate::cli::output::{Audience, Format, Output};
use crate::session::{Caller, Draw, Ended, Link, Profile, Service, Session};

const SEEDS: u64 = 60;
/// Longer than a stream is ever held up.
const TIMEOUT: Duration = Duration::from_mins(2);

/// Longer than a datagram is ever on its way, there and back.
const LOSS_TIMEOUT: Duration = Duration::from_millis(200);
const MESSAGES: u64 = 60;

/// What a server does to one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    Nothing,
    Altered,
    Lost,
    Duplicated,
    Reordered,
    Strayed,
}

/// Sends back what it hears, but for one message. It is one that others of the same caller follow, as the last of all
/// could not be told from one that is still to come.
struct Server {
    lie: Lie,
    /// Which message of a caller.
    at: usize,
    rng: Rng,
    /// One that is said after the next.
    held: Option<(ConnId, Vec<u8>)>,
    /// How many messages each has sent.
    callers: ConnMap<usize>,
}

impl Server {
    fn honest(seed: u64) -> Server {
        Server { lie: Lie::Nothing, at: 0, rng: Rng::new(seed), held: None, callers: ConnMap::new() }
    }

    /// Lies once to whom sends so many messages at once.
    fn lying(seed: u64, lie: Lie, depth: usize) -> Server {
        let mut rng = Rng::new(seed);
        Server { lie, at: rng.index(depth - 1), rng, held: None, callers: ConnMap::new() }
    }

    /// Says something else than it should have, if it can.
    fn lie(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        let mut message = message.to_vec();
        match std::mem::replace(&mut self.lie, Lie::Nothing) {
            Lie::Altered => {
                let byte = self.rng.index(message.len());
                message[byte] ^= 1 << self.rng.below(3); // a letter stays one, which the framing does not notice
                link.send(id, &message).unwrap();
            }
            Lie::Lost => {}
            Lie::Duplicated => (0..2).for_each(|_| link.send(id, &message).unwrap()),
            Lie::Reordered => self.held = Some((id, message)),
            Lie::Strayed => {
                let other = self.callers.iter().map(|(other, _)| other).find(|other| *other != id);
                if other.is_none() {
                    self.lie = Lie::Strayed; // nobody else is there yet: the next caller's message strays
                }
                link.send(other.unwrap_or(id), &message).unwrap();
            }
            Lie::Nothing => link.send(id, &message).unwrap(),
        }
    }
}

impl Service for Server {
    type Command = ();

    fn open(&mut self, _: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        self.callers.insert(id, 0);
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        let number = self.callers.get_mut(id).unwrap();
        *number += 1;
        if *number == self.at + 1 {
            return self.lie(link, id, message);
        }
        link.send(id, message).unwrap();
        if let Some((_, held)) = self.held.take_if(|(whose, _)| *whose == id) {
            link.send(id, &held).unwrap();
        }
    }

    fn close(&mut self, _: &mut Link<'_, '_>, id: ConnId, _: &Ended) {
        self.callers.remove(id);
    }

    fn datagram(&mut self, link: &mut Link<'_, '_>, socket: SocketId, datagram: Datagram<'_>) {
        link.send_datagram(socket, datagram.from.clone(), datagram.payload);
    }
}

/// A run in a world, drawn from its seed.
struct Run {
    seed: u64,
    connections: u16,
    depth: usize,
    sizes: Sizes,
    framing: &'static str,
    dialect: Dialect,
    timeout: Duration,
}

impl Run {
    fn drawn(seed: u64, bytes_min: usize) -> Run {
        let mut rng = Rng::new(seed ^ 0x10ad);
        let mut one_of = |count| rng.index(count);
        let framing = ["u32be", "lines", "netstring", "varint", "python,max=1KiB", "raw"][one_of(6)];
        let bytes_min = bytes_min + one_of(100);
        Run {
            seed,
            connections: 2 + u16::try_from(one_of(3)).unwrap(),
            depth: 2 + one_of(14),
            sizes: Sizes { bytes_min, bytes_max: bytes_min + one_of(2) * 500 },
            framing,
            dialect: [Dialect::None, Dialect::Mutual, Dialect::Noise][one_of(3)],
            timeout: TIMEOUT,
        }
    }

    fn profile(&self) -> Profile {
        let mut keys = Keyring::new();
        keys.add("alice", Key::from_bytes(&[7; 32])).unwrap();
        let auth = Policy::new(self.dialect, Arc::new(keys)).unwrap().with_service("echo");
        Profile::new(self.framing.parse().unwrap(), auth)
    }

    fn course<C: Carrier>(&self, carrier: C, printed: &Kept) -> Course<C> {
        let plan = Plan {
            depth: self.depth,
            sizes: self.sizes,
            extent: Extent::Count(MESSAGES),
            rate: None,
            warmup: Duration::ZERO,
            timeout: self.timeout,
            hold: Duration::ZERO,
            seed: self.seed,
        };
        let setting = Setting {
            mode: Mode::Echo,
            endpoint: String::new(),
            framing: self.framing.to_owned(),
            auth: self.dialect.to_string(),
            connections: self.connections,
            depth: plan.depth,
            bytes_min: plan.sizes.bytes_min,
            bytes_max: plan.sizes.bytes_max,
            rate: None,
            seed: self.seed,
        };
        let output = Output::over(printed.clone(), Format::Json, Audience::Pipe);
        let reporter = Reporter { output, notes: Notes::over(std::io::sink(), Volume::Quiet) };
        Course::new(carrier, plan, setting, reporter, Meter::new(None).unwrap()).on_the_loops_clock()
    }

    /// Many messages on connections that stand.
    fn on_streams(&self, server: Server, faults: Faults) -> Told {
        let spec = self.framing.parse().unwrap();
        let load = |printed: &Kept| {
            StreamLoad::new(self.course(Streams::default(), printed), self.connections, &spec)
        };
        self.in_a_world(server, faults, load, |server, load| {
            let address = listens(server);
            tell(load, |load, link| load.route().begin(link, vec![address]));
        })
    }

    /// A connection for each message.
    fn on_connects(&self, server: Server, faults: Faults) -> Told {
        let calls = Calls::new(self.connections, &self.framing.parse().unwrap());
        let load = |printed: &Kept| ConnectLoad::new(self.course(calls, printed));
        self.in_a_world(server, faults, load, |server, load| {
            let address = listens(server);
            tell(load, |load, link| load.route().begin(link, vec![address]));
        })
    }

    fn on_datagrams(&self, server: Server, faults: Faults) -> Told {
        let place = |port| Address::Udp(SocketAddr::from(([10, 0, 0, 1], port)));
        let load = |printed: &Kept| DatagramLoad::new(self.course(Sockets::new(place(7)), printed));
        self.in_a_world(server, faults, load, |server, load| {
            server.bind(&place(7)).unwrap();
            let sockets = (0..self.connections).map(|at| load.bind(&place(1_000 + at)).unwrap().0).collect();
            tell(load, |load, link| load.begin(link, sockets));
        })
    }

    /// What is told when all is quiet.
    fn in_a_world<L: Load>(
        &self,
        server: Server,
        faults: Faults,
        load: impl FnOnce(&Kept) -> L,
        open: impl FnOnce(&mut Simulated<Server>, &mut Simulated<L>),
    ) -> Told {
        let world = World::new(self.seed, faults);
        let printed = Kept::default();
        let limits = Limits { stall_timeout: TIMEOUT, partial_timeout: TIMEOUT, ..Limits::default() };
        let limits = Limits { handshake_timeout: TIMEOUT, ..limits };
        let server = Session::with_draw(server, self.profile(), draw(self.seed));
        let load = Session::with_draw(load(&printed), self.profile(), draw(!self.seed));
        let mut server = Reactor::with_net(world.host(), server, limits.clone());
        let mut load = Reactor::with_net(world.host(), load, limits);
        open(&mut server, &mut load);
        assert_eq!(world.run(&mut [&mut server, &mut load], 100 * TIMEOUT).unwrap(), Rest::Quiet);
        load.handle().shutdown(); // it has stopped long ago, or else there is no summary
        let outcome = load.run().unwrap().into_service().outcome();
        (printed.text().lines().last().map(|line| serde_json::from_str(line).unwrap()), outcome)
    }
}

/// The summary, if there is one, and how the run ends.
type Told = (Option<Value>, Result<()>);

type Simulated<S> = Reactor<Session<S>, SimNet>;

trait Load: Service<Command = ()> {
    fn outcome(self) -> Result<()>;
}

impl Load for StreamLoad {
    fn outcome(self) -> Result<()> {
        self.outcome()
    }
}

impl Load for ConnectLoad {
    fn outcome(self) -> Result<()> {
        self.outcome()
    }
}

impl Load for DatagramLoad {
    fn outcome(self) -> Result<()> {
        self.outcome()
    }
}

fn listens(server: &mut Simulated<Server>) -> Address {
    let address = Address::Tcp(SocketAddr::from(([10, 0, 0, 1], 0)));
    server.listen(&address, &ListenOptions::default()).unwrap().1
}

fn tell<S: Service>(reactor: &mut Simulated<S>, what: impl FnOnce(&mut S, &mut Link<'_, '_>)) {
    reactor.with_context(|session, cx| session.with_link(cx, what));
}

fn draw(seed: u64) -> Draw {
    let mut rng = Rng::new(seed);
    Box::new(move || {
        let mut bytes = [0; Entropy::BYTES];
        rng.fill(&mut bytes);
        Ok(Entropy::from(bytes))
    })
}

/// Everything but what ends connections.
fn unbroken() -> Faults {
    Faults { resets: 0.0, refusals: 0.0, accept_errors: 0.0, ..Faults::rough() }
}

fn each(test: &str, run: impl FnMut(u64)) {
    each_seed(&format!("cargo test -p switchboard --lib load::tests::{test}"), 0..SEEDS, run);
}

#[test]
fn an_honest_server_is_found_honest_however_the_bytes_are_cut() {
    each("an_honest_server_is_found_honest_however_the_bytes_are_cut", |seed| {
        let run = Run::drawn(seed, 1);
        expect_all(run.on_streams(Server::honest(seed), unbroken()));
        let once = Run { depth: 1, ..run };
        expect_all(once.on_connects(Server::honest(seed), unbroken()));
    });
}

fn expect_all((summary, outcome): Told) {
    let summary = summary.expect("it has run");
    outcome.unwrap_or_else(|failure| panic!("{}: {summary}", failure.message()));
    assert_eq!((count(&summary, "messages"), count(&summary, "unanswered")), (MESSAGES, 0), "{summary}");
}

fn count(summary: &Value, field: &str) -> u64 {
    summary[field].as_u64().unwrap()
}

#[test]
fn a_bad_network_makes_no_liars() {
    each("a_bad_network_makes_no_liars", |seed| {
        let run = Run::drawn(seed, 1);
        expect_no_liar(run.on_streams(Server::honest(seed), Faults::rough()));
        let once = Run { depth: 1, ..run };
        expect_no_liar(once.on_connects(Server::honest(seed), Faults::rough()));
    });
}

/// Connections may break, and then not all is answered.
fn expect_no_liar((summary, outcome): Told) {
    let fault = outcome.err().map(|failure| failure.fault());
    let is_harmless = matches!(fault, None | Some(Fault::Connection | Fault::Authentication));
    assert!(is_harmless, "{fault:?}: {summary:?}");
    let Some(summary) = summary else { return assert!(fault.is_some(), "it is over before it began") };
    for (what, count) in summary["wrong"].as_object().unwrap() {
        assert_eq!(count, 0, "{what}: {summary}");
    }
    assert!(count(&summary, "messages") + count(&summary, "unanswered") <= MESSAGES);
    assert!(fault.is_some() || count(&summary, "messages") == MESSAGES, "{summary}");
}

#[test]
fn every_datagram_comes_back_or_is_counted_as_lost() {
    each("every_datagram_comes_back_or_is_counted_as_lost", |seed| {
        // A machine that was suspended takes for lost what is only waiting to be read.
        let unhurried = Faults { clock_steps: 0.0, ..Faults::rough() };
        let run = Run { dialect: Dialect::None, timeout: LOSS_TIMEOUT, ..Run::drawn(seed, 16) };
        let (summary, outcome) = run.on_datagrams(Server::honest(seed), unhurried);
        let summary = summary.expect("it has run");
        outcome.unwrap_or_else(|failure| panic!("{}: {summary}", failure.message()));
        let wrong = &summary["wrong"];
        assert_eq!(count(&summary, "messages") + count(wrong, "lost"), MESSAGES, "{summary}");
        assert_eq!((count(wrong, "altered"), count(wrong, "strayed")), (0, 0), "{summary}");
    });
}

#[test]
fn a_liar_is_found_by_the_name_of_the_lie() {
    each("a_liar_is_found_by_the_name_of_the_lie", |seed| {
        for lie in [Lie::Altered, Lie::Lost, Lie::Duplicated, Lie::Reordered, Lie::Strayed] {
            let run = match Run::drawn(seed, 16) {
                run if run.framing == "raw" => Run { framing: "u32be", ..run }, // there it is not messages that it hears
                run => run,
            };
            let server = Server::lying(seed, lie, run.depth);
            let (summary, outcome) = run.on_streams(server, unbroken());
            let summary = summary.expect("it has run");
            assert_eq!(outcome.unwrap_err().fault(), Fault::Integrity, "{lie:?}: {summary}");
            assert_eq!(summary["wrong"], found(lie), "{lie:?}");
        }
    });
}

/// What is counted.
fn found(lie: Lie) -> Value {
    let count = |of: &[Lie]| u64::from(of.contains(&lie));
    serde_json::json!({
        "altered": count(&[Lie::Altered]),
        "lost": count(&[Lie::Lost, Lie::Strayed]), // what went astray never came to where it belongs
        "duplicated": count(&[Lie::Duplicated]),
        "reordered": count(&[Lie::Reordered]),
        "strayed": count(&[Lie::Strayed]),
    })
}
