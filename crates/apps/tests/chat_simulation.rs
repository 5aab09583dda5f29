//! The chat over many seeds on the simulated network: no member misses or sees twice what was said while it was
//! there, whatever was accepted is in the history, and whoever is lost is gone exactly once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod simulated;

use std::collections::BTreeMap;
use std::time::Duration;

use switchboard::auth::Dialect;
use switchboard::chat::hub::{Hub, HubLimits};
use switchboard::chat::schema::{self, Asked, Message, Notice, Ref, Request};
use switchboard::chat::server::Server;
use switchboard::cli::notes::{Notes, Volume};
use switchboard::reactor::sim::{Faults, Rest, Rng, SimNet, Turn, World, each_seed};
use switchboard::reactor::{Address, ConnId, Limits, ListenOptions, Reactor, Tag};
use switchboard::session::{Caller, Ended, Link, Profile, Service, Session};

use simulated::draw;

const SEEDS: u64 = 1_000;
const MEMBERS: u64 = 3;
const LINES: u64 = 10;
const ROOM: &str = "lobby";

fn profile() -> Profile {
    simulated::profile("u32be,max=1MiB", Dialect::Mutual, 7, "chat")
}

/// Joins, says numbered lines, waits until the others have had time to say theirs, and leaves.
struct Member {
    name: u64,
    rng: Rng,
    conn: Option<ConnId>,
    said: u64,
    /// The number of the last message before it joined.
    joined_at: Option<u64>,
    /// What it knows was said in the room since: by the others, or by itself once accepted.
    seen: BTreeMap<u64, String>,
    /// Its own lines that were accepted, by the hub's number.
    accepted: Vec<u64>,
    closed: usize,
}

impl Member {
    fn new(seed: u64, name: u64) -> Member {
        Member {
            name,
            rng: Rng::new(seed ^ (name + 1) << 40),
            conn: None,
            said: 0,
            joined_at: None,
            seen: BTreeMap::new(),
            accepted: Vec::new(),
            closed: 0,
        }
    }

    fn ask(link: &mut Link<'_, '_>, id: ConnId, request: Request, reference: u64) {
        let asked = Asked { request, reference: Some(Ref(reference)) };
        link.send(id, &schema::write_request(&asked)).unwrap();
    }

    fn line(&self, number: u64) -> String {
        format!("line {number} of {}", self.name)
    }

    fn saw(&mut self, id: u64, text: String) {
        let before = self.seen.insert(id, text);
        assert_eq!(before, None, "member {} saw message {id} twice", self.name);
    }

    /// Messages are seen in order and none is missing, from the first after joining on.
    fn check_no_gaps(&self) {
        let Some(joined_at) = self.joined_at else { return assert!(self.seen.is_empty()) };
        let last = self.seen.keys().next_back().copied().unwrap_or(joined_at);
        let expected: Vec<u64> = (joined_at + 1..=last).collect();
        let seen: Vec<u64> = self.seen.keys().copied().collect();
        assert_eq!(seen, expected, "member {} missed something", self.name);
    }
}

impl Service for Member {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        self.conn = Some(id);
        Member::ask(link, id, Request::Nick { nick: format!("member{}", self.name) }, 1_000);
        Member::ask(link, id, Request::Join { room: ROOM.to_owned(), after: None }, 1_001);
        link.set_timer(Duration::from_millis(self.rng.below(200)), Tag(0));
    }

    fn timeout(&mut self, link: &mut Link<'_, '_>, _: Tag) {
        let Some(id) = self.conn else { return };
        if self.said == LINES {
            link.hang_up(id);
            return;
        }
        let text = self.line(self.said);
        Member::ask(link, id, Request::Say { room: ROOM.to_owned(), text }, self.said);
        self.said += 1;
        // After the last line it listens for a while.
        let pause = if self.said == LINES { 30_000 } else { self.rng.below(200) };
        link.set_timer(Duration::from_millis(pause), Tag(0));
    }

    fn message(&mut self, _: &mut Link<'_, '_>, _: ConnId, message: &[u8]) {
        let answer = schema::read_notice(message).expect("the hub speaks its own schema");
        match (answer.notice, answer.reference) {
            (Notice::Room { last, .. }, _) => self.joined_at = Some(last),
            (Notice::Message(Message { id, text, .. }), _) => self.saw(id, text),
            (Notice::Accepted { id: Some(id), .. }, Some(Ref(reference))) => {
                self.accepted.push(id);
                let text = self.line(reference);
                self.saw(id, text);
            }
            (Notice::Error { code, text, .. }, _) => panic!("{code}: {text}"),
            (Notice::Unknown, _) => panic!("the hub says what the schema does not know"),
            _ => {}
        }
    }

    fn close(&mut self, _: &mut Link<'_, '_>, _: ConnId, _: &Ended) {
        self.conn = None;
        self.closed += 1;
    }
}

/// Comes when all others are gone, and asks what the hub still knows.
#[derive(Default)]
struct Auditor {
    names: Vec<String>,
    history: Vec<Message>,
}

impl Service for Auditor {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        let room = || ROOM.to_owned();
        for request in [
            Request::Nick { nick: "auditor".to_owned() },
            Request::Join { room: room(), after: Some(0) },
            Request::Names { room: room() },
            Request::History { room: room(), after: Some(0), before: None, limit: Some(100) },
        ] {
            link.send(id, &schema::write_request(&Asked { request, reference: None })).unwrap();
        }
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        match schema::read_notice(message).unwrap().notice {
            Notice::Names { names, .. } => self.names = names,
            Notice::History { messages, .. } => {
                self.history = messages;
                link.hang_up(id);
            }
            _ => {}
        }
    }
}

type Loop<S> = Reactor<Session<S>, SimNet>;

fn caller<S: Service>(world: &World, service: S, seed: u64, to: &Address) -> Loop<S> {
    let session = Session::with_draw(service, profile(), draw(seed));
    let mut caller = Reactor::with_net(world.host(), session, Limits::default());
    caller.with_context(|session, cx| session.with_link(cx, |_, link| link.call(to.clone(), Tag(0))));
    caller
}

/// One chat from the first call to the last; says how many lines were accepted.
fn chat_once(seed: u64) -> usize {
    let world = World::new(seed, Faults { window_max: 16 * 1024, ..Faults::rough() });
    let server = Server::new(Hub::new(HubLimits::default()), Notes::over(std::io::sink(), Volume::Quiet))
        .with_calendar(|| 7);
    let server = Session::with_draw(server, profile(), draw(!seed));
    let mut server = Reactor::with_net(world.host(), server, Limits::default());
    let listen = "tcp://10.0.0.1:0".parse().unwrap();
    let (_, address) = server.listen(&listen, &ListenOptions::default()).unwrap();
    let mut members: Vec<_> =
        (0..MEMBERS).map(|name| caller(&world, Member::new(seed, name), seed ^ name, &address)).collect();
    let mut loops: Vec<&mut dyn Turn> = vec![&mut server];
    loops.extend(members.iter_mut().map(|member| member as &mut dyn Turn));
    assert_eq!(world.run(&mut loops, Duration::from_hours(1)).unwrap(), Rest::Quiet);
    assert_eq!((world.open_ends(), server.stats().connections), (0, 0));

    world.calm();
    let mut auditor = caller(&world, Auditor::default(), seed.rotate_left(7), &address);
    world.run(&mut [&mut server, &mut auditor], Duration::from_hours(1)).unwrap();
    let audit = auditor.handler().service();
    assert_eq!(audit.names, ["auditor"], "somebody who is lost is still among the members");
    let history: BTreeMap<u64, &str> =
        audit.history.iter().map(|message| (message.id, message.text.as_str())).collect();
    let mut accepted = 0;
    for member in &members {
        let member = member.handler().service();
        member.check_no_gaps();
        assert!(member.closed <= 1);
        for (id, text) in &member.seen {
            assert_eq!(history.get(id), Some(&text.as_str()), "message {id} is not what the hub keeps");
        }
        accepted += member.accepted.len();
    }
    assert!(accepted <= history.len());
    accepted
}

#[test]
fn nobody_misses_or_sees_twice_what_was_said() {
    let replay = "cargo test -p switchboard --test chat_simulation nobody_misses_or_sees_twice_what_was_said";
    let mut accepted = 0;
    each_seed(replay, 0..SEEDS, |seed| accepted += chat_once(seed));
    if std::env::var_os("SWITCHBOARD_SEED").is_none() {
        assert!(
            accepted > 10_000,
            "only {accepted} of 30,000 lines were accepted: the faults drown the test"
        );
    }
}
