//! Everybody hears everybody: what a member heard is the beginning of what the hub sent it, all of it if its connection
//! ended well; and when the faults are over, everybody who is still there says and hears everything to the end.

use std::collections::HashMap;
use std::panic::catch_unwind;
use std::time::Duration;

use bytes::Bytes;
use switchboard_reactor::sim::{Faults, Rest, Rng, SimNet, Turn, World, each_seed};
use switchboard_reactor::{
    Address, Closed, ConnId, ConnMap, Context, Handler, Limits, ListenOptions, Origin, Reactor, Tag,
};

use super::callers::{Caller, whole_lines};
use super::{HOUR, Ledger, SEEDS, listen_address, replay};

/// Sends every line that it hears to everybody, once encoded.
struct Hub {
    ledger: Ledger,
    present: ConnMap<Told>,
    /// What it sent to those who have left, by their names.
    told: HashMap<u64, Vec<u8>>,
    /// A mistake, for a test of the test: one member is not sent one line, of so many.
    forgets: Option<usize>,
    lines: usize,
}

/// Who a member is, once it has said something, and everything that it was sent.
#[derive(Default)]
struct Told {
    name: Option<u64>,
    bytes: Vec<u8>,
}

impl Hub {
    fn new(forgets: Option<usize>) -> Hub {
        let (ledger, present, told) = (Ledger::default(), ConnMap::new(), HashMap::new());
        Hub { ledger, present, told, forgets, lines: 0 }
    }

    fn send_to_all(&mut self, cx: &mut Context<'_>, line: &Bytes) {
        self.lines += 1;
        let mut forgets = self.forgets == Some(self.lines);
        let members: Vec<ConnId> = self.present.iter().map(|(member, _)| member).collect();
        for member in members {
            self.present.get_mut(member).expect("just listed").bytes.extend_from_slice(line);
            if !std::mem::take(&mut forgets) {
                cx.send_shared(member, line.clone());
            }
        }
    }

    fn goes(&mut self, id: ConnId) {
        if let Some(Told { name: Some(name), bytes }) = self.present.remove(id) {
            self.told.insert(name, bytes);
        }
    }
}

impl Handler for Hub {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        self.ledger.set_up(id);
        self.present.insert(id, Told::default());
        cx.established(id);
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        let lines = whole_lines(input);
        for line in lines.split_inclusive('\n') {
            let told = self.present.get_mut(id).expect("who speaks is present");
            told.name = Some(parsed(line).0);
            self.send_to_all(cx, &Bytes::copy_from_slice(line.as_bytes()));
        }
        lines.len()
    }

    fn end_of_input(&mut self, cx: &mut Context<'_>, id: ConnId, _: &[u8]) {
        self.goes(id);
        cx.close(id);
    }

    fn finish(&mut self, _: &mut Context<'_>, id: ConnId, _: Closed) {
        self.ledger.finish(id);
        self.goes(id);
    }
}

/// The name and the number of which a line consists.
fn parsed(line: &str) -> (u64, u64) {
    let (name, number) = line.trim_end().split_once(' ').expect("a line is a name and a number");
    (name.parse().unwrap(), number.parse().unwrap())
}

/// Says numbered lines on one connection, listens for a while longer, and keeps what it hears.
struct Member {
    caller: Caller,
    rng: Rng,
    said: u64,
}

const LINES: u64 = 60;
const NEXT_LINE: Tag = Tag(0);
const LAST_LINES: Tag = Tag(1);
/// In which everybody has said everything, and what was said has come.
const LISTENS: Duration = Duration::from_secs(5);

impl Member {
    fn new(seed: u64, name: u64) -> Member {
        Member { caller: Caller::new(name), rng: Rng::new(seed ^ name << 32), said: 0 }
    }

    /// How many lines of each speaker it has heard, which have come in order and without gaps from the first.
    fn lines_heard(&self) -> HashMap<u64, u64> {
        let mut next = HashMap::new();
        for line in whole_lines(&self.caller.heard).lines() {
            let (name, number) = parsed(line);
            let expected = next.entry(name).or_insert(number);
            assert_eq!(
                *expected, number,
                "{} saw a gap or a repetition in what {name} said",
                self.caller.name
            );
            *expected += 1;
        }
        next
    }
}

impl Handler for Member {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        self.caller.set_up(cx, id);
        cx.set_timer(Duration::from_millis(self.rng.below(20)), NEXT_LINE);
    }

    fn timeout(&mut self, cx: &mut Context<'_>, tag: Tag) {
        let Some(id) = self.caller.conn else { return };
        if tag == LAST_LINES {
            cx.end_writing(id);
        } else if self.said < LINES {
            cx.send(id, format!("{} {}\n", self.caller.name, self.said).as_bytes());
            self.said += 1;
            cx.set_timer(Duration::from_millis(self.rng.below(20)), NEXT_LINE);
        } else {
            cx.set_timer(LISTENS, LAST_LINES);
        }
    }

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        self.caller.hear(input)
    }

    fn finish(&mut self, _: &mut Context<'_>, id: ConnId, why: Closed) {
        self.caller.finish(id, &why);
    }
}

type Members = Vec<Reactor<Member, SimNet>>;

const MEMBERS: u64 = 4;
const DAYS: u64 = SEEDS / 2;

/// A hub and its members, on a bad day.
struct Room {
    world: World,
    hub: Reactor<Hub, SimNet>,
    members: Members,
}

impl Room {
    fn new(seed: u64, forgets: Option<usize>) -> Room {
        let world = World::new(seed, Faults::rough());
        let mut hub = Reactor::with_net(world.host(), Hub::new(forgets), Limits::default());
        let (_, address): (_, Address) = hub.listen(&listen_address(), &ListenOptions::default()).unwrap();
        let member = |name| Reactor::with_net(world.host(), Member::new(seed, name), Limits::default());
        let mut members: Members = (0..MEMBERS).map(member).collect();
        for member in &mut members {
            member.with_context(|_, cx| cx.connect(address.clone(), Tag(9)));
        }
        Room { world, hub, members }
    }

    fn run(&mut self, time: Duration) -> Rest {
        let mut loops: Vec<&mut dyn Turn> = vec![&mut self.hub];
        loops.extend(self.members.iter_mut().map(|member| member as &mut dyn Turn));
        self.world.run(&mut loops, time).unwrap()
    }

    /// Ends the faults, and names those who are still there when what was on its way has come.
    fn become_calm(&mut self) -> Vec<u64> {
        self.world.calm();
        self.run(Duration::from_millis(100));
        let present =
            self.members.iter().map(|member| &member.handler().caller).filter(|member| member.conn.is_some());
        present.map(|member| member.name).collect()
    }

    fn check_balanced(&self) {
        self.hub.handler().ledger.check_balanced();
        for member in &self.members {
            member.handler().caller.check_balanced();
        }
        assert_eq!(self.world.open_ends(), 0);
    }

    /// Nobody has heard anything that it was not sent, nor missed anything unless its connection was lost.
    fn check_heard(&self) {
        for member in self.members.iter().map(Reactor::handler) {
            // Who was lost before it had said anything is nobody whom the hub could name.
            let Caller { name, heard, ended_well, .. } = &member.caller;
            let Some(told) = self.hub.handler().told.get(name) else { continue };
            assert!(told.starts_with(heard), "{name} heard what it was not sent");
            assert!(!ended_well || told.len() == heard.len(), "{name} missed something");
            member.lines_heard();
        }
    }

    /// Those who were still there when the faults were over have said everything and heard each other to the end.
    fn check_everything_heard(&self, survivors: &[u64]) {
        for member in self.members.iter().map(Reactor::handler) {
            let Caller { name, ended_well, .. } = &member.caller;
            if survivors.contains(name) {
                assert!(*ended_well && member.said == LINES, "{name} was lost in a calm");
                let heard = member.lines_heard();
                for speaker in survivors {
                    assert_eq!(heard.get(speaker), Some(&LINES), "{name} missed {speaker}");
                }
            }
        }
    }
}

/// One day of it, of which half become calm in the middle; says how many were there to the end of those.
fn day(seed: u64, forgets: Option<usize>) -> usize {
    let mut room = Room::new(seed, forgets);
    let mut survivors = Vec::new();
    if seed.is_multiple_of(2) {
        room.run(Duration::from_millis(250));
        survivors = room.become_calm();
    }
    assert_eq!(room.run(HOUR), Rest::Quiet);
    room.check_balanced();
    room.check_heard();
    room.check_everything_heard(&survivors);
    survivors.len()
}

#[test]
fn every_member_hears_everybody_in_order_and_without_gaps() {
    let mut survivors = 0;
    each_seed(&replay("every_member_hears_everybody_in_order_and_without_gaps"), 0..DAYS, |seed| {
        survivors += day(seed, None);
    });
    println!("{survivors} members were there to the end");
    if std::env::var_os("SWITCHBOARD_SEED").is_none() {
        let most = MEMBERS * DAYS / 2;
        assert!(survivors as u64 > most / 2, "{survivors} of {most}: the faults drown the test");
    }
}

#[test]
fn a_line_that_one_member_is_not_sent_is_found() {
    let found = (0..20).filter(|seed| catch_unwind(|| day(*seed, Some(20))).is_err()).count();
    println!("found by {found} of 20 seeds");
    assert!(found > 0);
}
