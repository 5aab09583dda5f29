//! A connection that is to stand: whatever happens to its server it comes back, there are never two of them, and
//! nobody is called in a loop. On the simulated network.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use support::{Hooks, hooks};
use switchboard_reactor::sim::{Faults, Rng, SimNet, Turn, World, each_seed};
use switchboard_reactor::{
    Address, BackoffLimits, Closed, ConnId, Context, Dialer, Handler, Limits, ListenOptions, Origin, Reactor,
    Step, Tag, Time,
};

/// Where the server is, for whoever looks it up; nowhere while it is away.
type Directory = Rc<RefCell<Vec<Address>>>;

/// Keeps one connection standing, and holds its dialer to its laws.
struct Client {
    dialer: Dialer,
    directory: Directory,
    rng: Rng,
    /// The connection that stands, and since when.
    standing: Option<(ConnId, Time)>,
    is_wanted: bool,
    is_calling: bool,
    is_asking: bool,
    stood: usize,
    attempts: Vec<Time>,
    waits: Vec<Duration>,
}

const ANSWER: Tag = Tag(1);
const CALL: Tag = Tag(2);

impl Client {
    fn new(directory: &Directory, seed: u64) -> Client {
        Client {
            dialer: Dialer::new(BackoffLimits::default(), seed),
            directory: Rc::clone(directory),
            rng: Rng::new(seed ^ 0xd1a1),
            standing: None,
            is_wanted: true,
            is_calling: false,
            is_asking: false,
            stood: 0,
            attempts: Vec::new(),
            waits: Vec::new(),
        }
    }

    fn follow(&mut self, cx: &mut Context<'_>, step: Option<Step>) {
        let is_end = matches!(step, None | Some(Step::HangUp(_)));
        assert!(self.is_wanted || is_end, "{step:?} although it has given up");
        match &step {
            Some(Step::LookUp) => {
                assert!(!std::mem::replace(&mut self.is_asking, true), "two questions at once");
                cx.set_timer(Duration::from_millis(self.rng.below(200)), ANSWER);
            }
            Some(Step::Connect(_)) => {
                assert!(self.standing.is_none(), "called although a connection stands");
                assert!(!std::mem::replace(&mut self.is_calling, true), "two calls at once");
                self.attempts.push(cx.now());
            }
            Some(Step::Wait(wait)) => {
                let due = due(self.dialer.failures());
                assert!(*wait <= due, "{wait:?} of {due:?}");
                self.waits.push(*wait);
            }
            Some(Step::HangUp(_)) | None => {}
        }
        cx.follow(step, CALL);
    }
}

/// The longest that a wait may be after so many failures in a row.
fn due(failures: u32) -> Duration {
    let BackoffLimits { first, longest, .. } = BackoffLimits::default();
    longest.min(first * (1 << (failures - 1).min(10)))
}

impl Handler for Client {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
        assert!(self.standing.replace((id, cx.now())).is_none(), "two connections at once");
        self.is_calling = false;
        self.stood += 1;
        let step = self.dialer.handle_connected(cx.now(), id);
        self.follow(cx, step);
    }

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }

    fn finish(&mut self, cx: &mut Context<'_>, id: ConnId, _: Closed) {
        let (_, since) = self.standing.take().expect("it stood");
        let failures = self.dialer.failures();
        let step = self.dialer.handle_lost(cx.now(), id);
        let has_lasted = cx.now().since(since) >= BackoffLimits::default().lasting;
        if step.is_some() {
            assert_eq!(self.dialer.failures(), if has_lasted { 1 } else { failures + 1 });
        }
        self.follow(cx, step);
    }

    fn unreachable(&mut self, cx: &mut Context<'_>, _: Tag, _: &Address, _: &io::Error) {
        self.is_calling = false;
        let step = self.dialer.handle_unreachable(cx.now());
        self.follow(cx, step);
    }

    fn timeout(&mut self, cx: &mut Context<'_>, tag: Tag) {
        let step = match tag {
            ANSWER => {
                self.is_asking = false;
                let found = self.directory.borrow().clone();
                self.dialer.handle_found(cx.now(), found)
            }
            _ => self.dialer.handle_timeout(cx.now()),
        };
        self.follow(cx, step);
    }
}

fn dialing(world: &World, directory: &Directory, seed: u64) -> Reactor<Client, SimNet> {
    let mut client = Reactor::with_net(world.host(), Client::new(directory, seed), Limits::default());
    client.with_context(|client, cx| {
        let step = client.dialer.dial();
        client.follow(cx, step);
    });
    client
}

fn replay(test: &str) -> String {
    format!("cargo test -p switchboard-reactor --test dialer {test}")
}

/// A server at an address of its own, known to the directory.
fn serving(world: &World, directory: &Directory) -> Reactor<Hooks, SimNet> {
    let mut server = Reactor::with_net(world.host(), hooks().0, Limits::default());
    let (_, address) =
        server.listen(&"tcp://10.0.0.1:0".parse().unwrap(), &ListenOptions::default()).unwrap();
    *directory.borrow_mut() = vec![address];
    server
}

/// Longer than any wait with everything that follows it.
const PATIENCE: Duration = Duration::from_secs(45);

#[test]
fn a_server_that_goes_away_again_and_again_is_found_each_time_wherever_it_is() {
    let mut returns = 0;
    each_seed(
        &replay("a_server_that_goes_away_again_and_again_is_found_each_time_wherever_it_is"),
        0..300,
        |seed| {
            let mut rng = Rng::new(seed ^ 0x90e5);
            let world = World::new(
                seed,
                Faults { resets: 0.0, refusals: 0.0, accept_errors: 0.0, ..Faults::rough() },
            );
            let directory = Directory::default();
            let mut client = dialing(&world, &directory, seed);
            for _ in 0..=rng.below(6) {
                world.run(&mut [&mut client], Duration::from_millis(rng.below(180_000))).unwrap();
                let stood = client.handler().stood;
                let mut server = serving(&world, &directory);
                world.run(&mut [&mut server, &mut client], PATIENCE).unwrap();
                assert_eq!(client.handler().stood, stood + 1, "found once, and kept");
                assert_eq!(client.handler().dialer.connection(), client.handler().standing.map(|(id, _)| id));
                // For a moment, or for longer than a failure is remembered.
                world.run(&mut [&mut server, &mut client], Duration::from_millis(rng.below(20_000))).unwrap();
                server.handle().shutdown();
                world.run(&mut [&mut server, &mut client], Duration::from_secs(1)).unwrap();
                assert!(client.handler().standing.is_none(), "the server is gone");
                directory.borrow_mut().clear();
                returns += 1;
            }
        },
    );
    println!("{returns} returns");
}

#[test]
fn on_a_bad_day_there_are_never_two_connections_and_one_in_the_end() {
    let mut stood = 0;
    each_seed(&replay("on_a_bad_day_there_are_never_two_connections_and_one_in_the_end"), 0..300, |seed| {
        let world = World::new(seed, Faults { resets: 0.05, refusals: 0.3, ..Faults::rough() });
        let directory = Directory::default();
        let mut client = dialing(&world, &directory, seed);
        let mut server = serving(&world, &directory);
        for _ in 0..20 {
            world.run(&mut [&mut server, &mut client], Duration::from_secs(10)).unwrap();
            if let Some((id, _)) = client.handler().standing {
                // Every write may meet a reset.
                client.with_context(|_, cx| cx.send(id, b"hello"));
            }
        }
        world.calm();
        world.run(&mut [&mut server, &mut client], PATIENCE).unwrap();
        assert!(client.handler().dialer.connection().is_some(), "{:?}", client.handler().waits);
        stood += client.handler().stood;
    });
    if std::env::var_os("SWITCHBOARD_SEED").is_none() {
        assert!(stood > 600, "only {stood} connections in all: hardly any was lost");
    }
}

#[test]
fn who_is_away_is_called_less_and_less_and_at_moments_of_ones_own() {
    const CROWD: u32 = 200;
    let world = World::new(1, Faults::none());
    let directory = Directory::default();
    let mut crowd: Vec<_> = (0..u64::from(CROWD)).map(|seed| dialing(&world, &directory, seed)).collect();
    let mut loops: Vec<&mut dyn Turn> = Vec::new();
    loops.extend(crowd.iter_mut().map(|client| client as &mut dyn Turn));
    world.run(&mut loops, Duration::from_mins(6)).unwrap();
    for failures in 1..=9 {
        let waits = crowd.iter().map(|client| client.handler().waits[failures - 1]);
        let due = due(u32::try_from(failures).unwrap());
        let mean = waits.clone().sum::<Duration>() / CROWD;
        assert!(mean > due * 2 / 5 && mean < due * 3 / 5, "{mean:?} of {due:?} on average");
        let (least, most) = (waits.clone().min().unwrap(), waits.max().unwrap());
        assert!(least < due / 10 && most > due * 9 / 10, "from {least:?} to {most:?} of {due:?}");
    }
}

#[test]
fn who_gives_up_hangs_up_and_calls_nobody() {
    each_seed(&replay("who_gives_up_hangs_up_and_calls_nobody"), 0..300, |seed| {
        let mut rng = Rng::new(seed ^ 0x9175);
        let world = World::new(seed, Faults { delay_max: Duration::from_secs(2), ..Faults::rough() });
        let directory = Directory::default();
        let mut client = dialing(&world, &directory, seed);
        let mut server = serving(&world, &directory);
        let mut calls = 0;
        for _ in 0..4 {
            world.run(&mut [&mut server, &mut client], Duration::from_millis(rng.below(10_000))).unwrap();
            client.with_context(|client, cx| {
                client.is_wanted = false;
                let step = client.dialer.give_up();
                client.follow(cx, step);
            });
            if rng.chance(0.5) {
                // What is under way is hung up.
                world.run(&mut [&mut server, &mut client], Duration::from_mins(2)).unwrap();
                assert!(client.handler().standing.is_none() && !client.handler().is_calling);
                calls = client.handler().attempts.len();
                world.run(&mut [&mut server, &mut client], Duration::from_mins(2)).unwrap();
                assert_eq!(client.handler().attempts.len(), calls);
            }
            client.with_context(|client, cx| {
                client.is_wanted = true;
                let step = client.dialer.dial();
                client.follow(cx, step);
            });
        }
        world.calm();
        world.run(&mut [&mut server, &mut client], Duration::from_mins(2)).unwrap();
        assert!(client.handler().dialer.connection().is_some() && client.handler().attempts.len() > calls);
    });
}

#[test]
fn a_name_that_cannot_be_looked_up_is_asked_for_again() {
    let mut dialer = Dialer::new(BackoffLimits::default(), 1);
    assert_eq!(dialer.dial(), Some(Step::LookUp));
    assert_eq!(dialer.dial(), None, "it is under way");
    for failures in 1..9 {
        let Some(Step::Wait(wait)) = dialer.handle_found(Time::ZERO, Vec::new()) else { panic!("a failure") };
        assert!(wait <= due(failures));
        let early = Time::ZERO + wait.saturating_sub(Duration::from_nanos(1));
        assert_eq!(dialer.handle_timeout(early), None, "not before its time");
        assert_eq!(dialer.handle_timeout(Time::ZERO + wait), Some(Step::LookUp));
    }
}
