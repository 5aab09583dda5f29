//! Over many seeds: members on three workers hear each other in order and without gaps for as long as they are in,
//! nothing while they are out, and what is said to them alone keeps its place between publications.

use std::collections::BTreeMap;
use std::time::Duration;

use switchboard::auth::{Dialect, Entropy};
use switchboard::reactor::sim::{Faults, Rest, Rng, SimNet, Turn, World, each_seed, join_workers};
use switchboard::reactor::{Address, ConnId, Limits, ListenOptions, Reactor, Tag};
use switchboard::session::{Caller, Draw, Ended, Link, Service, Session};

use super::{ROOM, profile};

const WORKERS: usize = 3;
const MEMBERS: u64 = 5;
const LINES: u64 = 12;
const HOUR: Duration = Duration::from_hours(1);

/// Tells everybody what anybody says, and the speaker alone when that begins and ends.
#[derive(Default)]
struct Room {
    /// Messages sent to one and to all.
    said: u64,
}

impl Room {
    fn tell(&mut self, link: &mut Link<'_, '_>, id: ConnId, text: &str) {
        link.send(id, text.as_bytes()).unwrap();
        self.said += 1;
    }
}

impl Service for Room {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        link.join(id, ROOM);
        self.tell(link, id, "joined");
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        match message {
            b"leave" => {
                link.leave(id, ROOM);
                self.tell(link, id, "left");
            }
            b"join" => {
                self.tell(link, id, "joining");
                link.join(id, ROOM);
                self.tell(link, id, "joined");
            }
            said => {
                self.tell(link, id, "before");
                link.publish(ROOM, said).unwrap();
                self.said += 1;
                self.tell(link, id, "after");
            }
        }
    }
}

/// Says numbered lines; some members leave the group and come back meanwhile.
struct Member {
    name: u64,
    rng: Rng,
    conn: Option<ConnId>,
    lines: u64,
    is_restless: bool,
    /// What it asked for last, and whether it knows itself in the group.
    asked: Asked,
    standing: Standing,
    /// The last number heard from each, since it has been in.
    heard: BTreeMap<u64, u64>,
    /// What it has said and has not heard back whole, as the hub is to tell it.
    echo: Echo,
    ended: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Asked {
    In,
    Out,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Standing {
    In,
    Joining,
    Out,
}

/// How far the hub is with the line of ours that it is telling.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Echo {
    Nothing,
    Begun,
    Heard,
}

impl Member {
    fn new(seed: u64, name: u64) -> Member {
        Member {
            name,
            rng: Rng::new(seed ^ name << 32),
            conn: None,
            lines: 0,
            is_restless: name % 2 == 1,
            asked: Asked::In,
            standing: Standing::Out,
            heard: BTreeMap::new(),
            echo: Echo::Nothing,
            ended: None,
        }
    }

    fn act(&mut self, link: &mut Link<'_, '_>, id: ConnId) {
        let (word, asked) = match self.asked {
            _ if !self.is_restless || self.rng.chance(0.7) => {
                let said = format!("{} {}", self.name, self.lines);
                self.lines += 1;
                return link.send(id, said.as_bytes()).unwrap();
            }
            Asked::In => ("leave", Asked::Out),
            Asked::Out => ("join", Asked::In),
        };
        self.asked = asked;
        link.send(id, word.as_bytes()).unwrap();
    }

    fn hear_line(&mut self, line: &str) {
        assert_ne!(self.standing, Standing::Out, "{} heard {line:?} although it was out", self.name);
        let (name, number) = line.split_once(' ').expect("a line is a name and a number");
        let (name, number): (u64, u64) = (name.parse().unwrap(), number.parse().unwrap());
        if let Some(last) = self.heard.insert(name, number) {
            assert_eq!(number, last + 1, "{} missed something of {name}, or heard it twice", self.name);
        }
        if name == self.name {
            assert_eq!(self.echo, Echo::Begun, "our own line between `before` and `after`");
            self.echo = Echo::Heard;
        }
    }

    /// Whoever came late may not have met everybody, but of whom it has heard it must have heard all, if it stayed and
    /// no connection was lost.
    fn has_heard_the_end_of_everybody(&self, is_calm: bool) -> bool {
        let are_whole = self.heard.values().all(|last| *last == LINES - 1);
        let must_be = is_calm && !self.is_restless;
        let is_heard = self.heard.contains_key(&self.name) && are_whole;
        assert!(is_heard || !must_be, "{} heard {:?}, ended {:?}", self.name, self.heard, self.ended);
        are_whole && self.heard.len() as u64 == MEMBERS
    }

    fn hear_after(&mut self) {
        let expected = if self.standing == Standing::In { Echo::Heard } else { Echo::Begun };
        assert_eq!(self.echo, expected, "{} is {:?}", self.name, self.standing);
        self.echo = Echo::Nothing;
    }
}

impl Service for Member {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        self.conn = Some(id);
        link.set_timer(Duration::from_millis(self.rng.below(50)), Tag(0));
    }

    fn timeout(&mut self, link: &mut Link<'_, '_>, _: Tag) {
        let Some(id) = self.conn else { return };
        if self.lines == LINES {
            return link.hang_up(id);
        }
        self.act(link, id);
        // After its last line it listens until the others have said theirs, however narrow their ways are.
        let pause = if self.lines == LINES { HOUR / 4 } else { Duration::from_millis(self.rng.below(50)) };
        link.set_timer(pause, Tag(0));
    }

    fn message(&mut self, _: &mut Link<'_, '_>, _: ConnId, message: &[u8]) {
        match std::str::from_utf8(message).unwrap() {
            "joined" => self.standing = Standing::In,
            "joining" => self.standing = Standing::Joining,
            "left" => {
                self.standing = Standing::Out;
                self.heard.clear();
            }
            "before" => {
                assert_eq!(self.echo, Echo::Nothing);
                self.echo = Echo::Begun;
            }
            "after" => self.hear_after(),
            line => self.hear_line(line),
        }
    }

    fn close(&mut self, _: &mut Link<'_, '_>, _: ConnId, ended: &Ended) {
        self.conn = None;
        self.ended = Some(ended.to_string());
    }
}

/// Nonces from the seed, so that a run can be repeated.
fn draw(seed: u64) -> Draw {
    let mut rng = Rng::new(seed);
    Box::new(move || {
        let mut bytes = [0; Entropy::BYTES];
        rng.fill(&mut bytes);
        Ok(Entropy::from(bytes))
    })
}

fn workers(
    world: &World,
    seed: u64,
    dialect: Dialect,
) -> (Vec<Reactor<Session<Room>, SimNet>>, Vec<Address>) {
    let limits = Limits { stall_timeout: HOUR / 2, partial_timeout: HOUR / 2, ..Limits::default() };
    let session = |number: u64| Session::with_draw(Room::default(), profile(dialect), draw(seed ^ number));
    let mut workers: Vec<_> = (0..WORKERS as u64)
        .map(|number| Reactor::with_net(world.host(), session(number), limits.clone()))
        .collect();
    join_workers(&mut workers);
    let listen = |worker: &mut Reactor<_, _>| {
        worker.listen(&"tcp://10.0.0.1:0".parse().unwrap(), &ListenOptions::default()).unwrap().1
    };
    let addresses = workers.iter_mut().map(listen).collect();
    (workers, addresses)
}

/// One run; gives how many members heard everybody's last line.
fn talk_once(seed: u64, dialect: Dialect) -> usize {
    // Half of the runs lose no connection, and then nobody may miss the end.
    let is_calm = seed.is_multiple_of(2);
    let calm = Faults { resets: 0.0, refusals: 0.0, accept_errors: 0.0, ..Faults::rough() };
    let world = World::new(seed, if is_calm { calm } else { Faults::rough() });
    let (mut workers, addresses) = workers(&world, seed, dialect);
    let mut members: Vec<_> = (0..MEMBERS)
        .map(|name| {
            let session = Session::with_draw(Member::new(seed, name), profile(dialect), draw(!seed ^ name));
            Reactor::with_net(world.host(), session, Limits::default())
        })
        .collect();
    for (member, address) in members.iter_mut().zip(addresses.iter().cycle()) {
        member.with_context(|session, cx| {
            session.with_link(cx, |_, link| link.call(address.clone(), Tag(0)));
        });
    }
    let mut loops: Vec<&mut dyn Turn> = Vec::new();
    loops.extend(workers.iter_mut().map(|worker| worker as &mut dyn Turn));
    loops.extend(members.iter_mut().map(|member| member as &mut dyn Turn));
    assert_eq!(world.run(&mut loops, HOUR).unwrap(), Rest::Quiet);
    assert_eq!(world.open_ends(), 0);

    let said: u64 = workers.iter().map(|worker| worker.handler().service().said).sum();
    let framings: u64 = workers.iter().map(|worker| worker.handler().counts().messages_out).sum();
    assert_eq!(framings, said, "each message is framed once, however many hear it");
    assert!(workers.iter().all(|worker| worker.stats().publications_lost == 0));
    let members = members.iter().map(|member| member.handler().service());
    members.filter(|member| member.has_heard_the_end_of_everybody(is_calm)).count()
}

fn talk(test: &str, dialect: Dialect, seeds: u64) {
    let replay = format!("cargo test -p switchboard --test groups {test}");
    let mut whole = 0;
    each_seed(&replay, 0..seeds, |seed| whole += talk_once(seed, dialect));
    if std::env::var_os("SWITCHBOARD_SEED").is_none() {
        assert!(whole as u64 > seeds, "only {whole} heard everybody to the end: the faults drown the test");
    }
}

#[test]
fn members_hear_each_other_in_order_for_as_long_as_they_are_in() {
    talk("members_hear_each_other_in_order_for_as_long_as_they_are_in", Dialect::None, 500);
}

#[test]
fn members_who_proved_themselves_hear_the_same() {
    talk("members_who_proved_themselves_hear_the_same", Dialect::Mutual, 200);
}

#[test]
fn sealed_members_hear_the_same_in_records_of_their_own() {
    talk("sealed_members_hear_the_same_in_records_of_their_own", Dialect::Noise, 200);
}
