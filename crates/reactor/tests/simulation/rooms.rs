//! Groups on a bad day: members of one loop or of several join, leave, speak, read slowly and are lost. Each hears what
//! was published while it was in the group and nothing else, in the order of its worker; each worker hears everything
//! that the others publish.

use std::collections::{BTreeSet, HashMap};
use std::panic::catch_unwind;
use std::time::Duration;

use bytes::Bytes;
use switchboard_reactor::sim::{Fault, Faults, Rest, Rng, SimNet, Turn, World, each_seed, join_workers};
use switchboard_reactor::{
    Closed, ConnId, ConnMap, Context, GroupId, Handler, Limits, ListenOptions, Origin, Plant, Reactor, Stats,
    Tag,
};

use super::callers::{Caller, whole_lines};
use super::{HOUR, Ledger, Met, SEEDS, listen_address, replay};

/// Does what its callers say: joins them to a group, ends that, or publishes. It knows by itself what each of them is
/// therefore to hear.
struct Worker {
    number: usize,
    ledger: Ledger,
    present: ConnMap<Told>,
    /// Those who have gone, by their names.
    gone: HashMap<u64, Told>,
    /// Everything that it published, and that others did.
    published: Vec<Bytes>,
    heard_of: Vec<Bytes>,
}

/// What a member was sent, and whether its connection ended well.
#[derive(Default)]
struct Told {
    name: Option<u64>,
    groups: BTreeSet<GroupId>,
    bytes: Vec<u8>,
    ended_well: bool,
}

impl Worker {
    fn new(number: usize) -> Worker {
        let (ledger, present, gone) = (Ledger::default(), ConnMap::new(), HashMap::new());
        Worker { number, ledger, present, gone, published: Vec::new(), heard_of: Vec::new() }
    }

    fn obey(&mut self, cx: &mut Context<'_>, id: ConnId, wish: &str) {
        let (name, what) = wish.split_once(' ').expect("a name and a wish");
        let (what, group) = what.split_at(1);
        let group = GroupId(group.parse().unwrap());
        let told = self.present.get_mut(id).expect("who speaks is present");
        told.name = Some(name.parse().unwrap());
        match what {
            "+" => {
                told.groups.insert(group);
                cx.join(id, group);
            }
            "-" => {
                told.groups.remove(&group);
                cx.leave(id, group);
            }
            _ => {
                let line = format!("{} {} {name:.>60}\n", self.number, self.published.len());
                let bytes = Bytes::from(line);
                self.published.push(bytes.clone());
                self.expect_by_members(group, &bytes);
                cx.publish(group, bytes);
            }
        }
    }

    fn expect_by_members(&mut self, group: GroupId, bytes: &Bytes) {
        let members: Vec<ConnId> = self.present.iter().map(|(id, _)| id).collect();
        for member in members {
            let told = self.present.get_mut(member).expect("just listed");
            if told.groups.contains(&group) {
                told.bytes.extend_from_slice(bytes);
            }
        }
    }
}

impl Handler for Worker {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        self.ledger.set_up(id);
        self.present.insert(id, Told::default());
        cx.established(id);
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        let lines = whole_lines(input);
        for line in lines.lines() {
            self.obey(cx, id, line);
        }
        lines.len()
    }

    fn published(&mut self, _: &mut Context<'_>, group: GroupId, bytes: &Bytes) {
        self.heard_of.push(bytes.clone());
        self.expect_by_members(group, bytes);
    }

    fn end_of_input(&mut self, cx: &mut Context<'_>, id: ConnId, _: &[u8]) {
        self.present.get_mut(id).expect("who ends its side is present").groups.clear();
        cx.close(id);
    }

    fn finish(&mut self, _: &mut Context<'_>, id: ConnId, why: Closed) {
        self.ledger.finish(id);
        let told = self.present.remove(id).expect("who is finished was present");
        // Who has said nothing has heard nothing.
        if let Some(name) = told.name {
            self.gone.insert(name, Told { ended_well: why.is_clean(), ..told });
        }
    }
}

/// Wishes something now and then, and does not always read.
struct Member {
    caller: Caller,
    rng: Rng,
    wishes: u32,
}

const WISHES: u32 = 40;
const GROUPS: u64 = 3;
/// Milliseconds from one wish to the next, and for which nothing is read.
const WAIT_MAX: u64 = 50;
const PAUSE_MAX: u64 = 500;
const NEXT_WISH: Tag = Tag(0);
const READS_ON: Tag = Tag(1);
const GOES: Tag = Tag(2);

impl Member {
    fn new(seed: u64, name: u64) -> Member {
        Member { caller: Caller::new(name), rng: Rng::new(seed ^ name << 32 ^ 0x6f), wishes: 0 }
    }

    fn wish(&mut self, cx: &mut Context<'_>, id: ConnId) {
        self.wishes += 1;
        let what = ['+', '+', '-', '!', '!', '!'][self.rng.index(6)];
        cx.send(id, format!("{} {what}{}\n", self.caller.name, self.rng.below(GROUPS)).as_bytes());
        if self.rng.chance(0.1) {
            cx.pause_reading(id);
            cx.set_timer(Duration::from_millis(self.rng.below(PAUSE_MAX)), READS_ON);
        }
    }
}

impl Handler for Member {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        self.caller.set_up(cx, id);
        cx.set_timer(Duration::from_millis(self.rng.below(WAIT_MAX)), NEXT_WISH);
    }

    fn timeout(&mut self, cx: &mut Context<'_>, tag: Tag) {
        let Some(id) = self.caller.conn else { return };
        match tag {
            READS_ON => cx.resume_reading(id),
            GOES => cx.end_writing(id),
            _ if self.wishes < WISHES => {
                self.wish(cx, id);
                cx.set_timer(Duration::from_millis(self.rng.below(WAIT_MAX)), NEXT_WISH);
            }
            // Everybody has said everything by then, and has read on.
            _ => drop(cx.set_timer(Duration::from_secs(5), GOES)),
        }
    }

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        self.caller.hear(input)
    }

    fn finish(&mut self, _: &mut Context<'_>, id: ConnId, why: Closed) {
        self.caller.finish(id, &why);
    }
}

const MEMBERS: usize = 6;

/// Workers, and members that call them in turn.
struct House {
    world: World,
    workers: Vec<Reactor<Worker, SimNet>>,
    members: Vec<Reactor<Member, SimNet>>,
}

impl House {
    fn new(seed: u64, workers: usize, limits: &Limits) -> House {
        let world = World::new(seed, Faults { window_max: 512, ..Faults::rough() });
        let worker = |number| Reactor::with_net(world.host(), Worker::new(number), limits.clone());
        let mut workers: Vec<_> = (0..workers).map(worker).collect();
        join_workers(&mut workers);
        let listen =
            |worker: &mut Reactor<Worker, _>| worker.listen(&listen_address(), &ListenOptions::default());
        let addresses: Vec<_> = workers.iter_mut().map(|worker| listen(worker).unwrap().1).collect();
        let member = |name| Reactor::with_net(world.host(), Member::new(seed, name), Limits::default());
        let mut members: Vec<_> = (0..MEMBERS as u64).map(member).collect();
        for (member, address) in members.iter_mut().zip(addresses.iter().cycle()) {
            member.with_context(|_, cx| cx.connect(address.clone(), Tag(9)));
        }
        House { world, workers, members }
    }

    fn run(&mut self, time: Duration) -> Rest {
        let mut loops: Vec<&mut dyn Turn> = Vec::new();
        loops.extend(self.workers.iter_mut().map(|worker| worker as &mut dyn Turn));
        loops.extend(self.members.iter_mut().map(|member| member as &mut dyn Turn));
        self.world.run(&mut loops, time).unwrap()
    }

    /// Ends the faults, and names those who are still there when all have read on, and with it of their loss.
    fn become_calm(&mut self) -> Vec<u64> {
        self.world.calm();
        self.run(Duration::from_millis(PAUSE_MAX + 100));
        let present = self.callers().filter(|member| member.conn.is_some());
        present.map(|member| member.name).collect()
    }

    fn callers(&self) -> impl Iterator<Item = &Caller> {
        self.members.iter().map(|member| &member.handler().caller)
    }

    fn check_balanced(&self) {
        for worker in &self.workers {
            worker.handler().ledger.check_balanced();
        }
        for member in &self.members {
            member.handler().caller.check_balanced();
        }
        assert_eq!(self.world.open_ends(), 0);
    }

    /// Nobody has heard anything but what it was to hear, nor missed any of it unless its connection was lost. Says
    /// how much they heard.
    fn check_heard(&self) -> usize {
        let mut heard = 0;
        for (number, member) in self.callers().enumerate() {
            let worker = self.workers[number % self.workers.len()].handler();
            let Some(told) = worker.gone.get(&member.name) else { continue };
            assert!(told.bytes.starts_with(&member.heard), "{number} heard what it was not to hear");
            let is_whole = told.bytes.len() == member.heard.len();
            // To a member alone, being given up looks like an end.
            assert!(is_whole || !told.ended_well || !member.ended_well, "{number} missed something");
            heard += member.heard.len();
        }
        heard
    }

    /// Each worker has heard of everything that each other one published, in order, but for so many publications of
    /// each that found no room.
    fn check_publications(&self) {
        for from in &self.workers {
            let (number, published) = (from.handler().number, &from.handler().published);
            let mut missing = 0;
            for to in self.workers.iter().filter(|to| to.handler().number != number) {
                let beginning = format!("{number} ");
                let heard_of = to.handler().heard_of.iter();
                let mut heard_of =
                    heard_of.filter(|bytes| bytes.starts_with(beginning.as_bytes())).peekable();
                missing += published.iter().filter(|bytes| heard_of.next_if_eq(bytes).is_none()).count();
                assert_eq!(heard_of.next(), None, "out of order, or never published");
            }
            assert_eq!(from.stats().publications_lost, missing as u64);
        }
    }

    /// Those who were there when the faults were over have said everything, and were not lost.
    fn check_survived(&self, survivors: &[u64]) {
        for Member { caller, wishes, .. } in self.members.iter().map(Reactor::handler) {
            let is_whole = caller.ended_well && *wishes == WISHES;
            assert!(is_whole || !survivors.contains(&caller.name), "{} was lost in a calm", caller.name);
        }
    }

    /// A counter of all workers.
    fn sum(&self, counter: impl Fn(Stats) -> u64) -> u64 {
        self.workers.iter().map(|worker| counter(worker.stats())).sum()
    }
}

/// What a day was like.
struct Day {
    met: Met,
    heard: usize,
    survivors: usize,
    publications_lost: u64,
    given_up: u64,
}

/// One day with so many workers, half of which become calm in the middle: who is there then is there to the end.
fn day(seed: u64, workers: usize, limits: &Limits, plant: Option<Plant>) -> Day {
    let mut house = House::new(seed, workers, limits);
    if let Some(plant) = plant {
        house.world.plant(plant);
    }
    let mut survivors = Vec::new();
    if seed.is_multiple_of(2) {
        house.run(Duration::from_millis(300));
        survivors = house.become_calm();
    }
    assert_eq!(house.run(HOUR), Rest::Quiet);
    house.check_balanced();
    house.check_publications();
    let given_up = house.sum(|stats| stats.overflowed);
    if given_up == 0 {
        house.check_survived(&survivors);
    }
    let (heard, publications_lost) = (house.check_heard(), house.sum(|stats| stats.publications_lost));
    Day { met: Met::of(&house.world), heard, survivors: survivors.len(), publications_lost, given_up }
}

/// Small enough that a member that does not read is noticed.
fn pressing() -> Limits {
    Limits { outbound_high: 256, outbound_low: 64, ..Limits::default() }
}

fn is_one_seed() -> bool {
    std::env::var_os("SWITCHBOARD_SEED").is_some()
}

const DAYS: u64 = SEEDS / 8;

fn members_hear_what_they_are_to_hear(test: &str, workers: usize) {
    let (mut met, mut heard, mut survivors) = (Met::default(), 0, 0);
    each_seed(&replay(test), 0..DAYS, |seed| {
        let day = day(seed, workers, &pressing(), None);
        met.add(&day.met);
        heard += day.heard;
        survivors += day.survivors as u64;
        assert_eq!(day.publications_lost, 0);
    });
    println!("{heard} bytes heard, {survivors} members were there to the end");
    met.check(&[Fault::ShortRead, Fault::ShortWrite, Fault::WouldBlock, Fault::Reset, Fault::Delay]);
    let most = MEMBERS as u64 * DAYS / 2;
    assert!(is_one_seed() || survivors > most / 2, "{survivors} of {most}: the faults drown the test");
    assert!(is_one_seed() || heard > 1_000_000, "only {heard} bytes: nobody was in a group");
}

#[test]
fn members_of_one_loop_hear_what_is_published_while_they_are_in_the_group() {
    members_hear_what_they_are_to_hear("members_of_one_loop", 1);
}

#[test]
fn members_of_several_loops_hear_what_is_published_while_they_are_in_the_group() {
    members_hear_what_they_are_to_hear("members_of_several_loops", 3);
}

#[test]
fn publications_that_find_no_room_are_counted_and_the_others_arrive_in_order() {
    let mut lost = 0;
    each_seed(&replay("publications_that_find_no_room"), 0..DAYS / 2, |seed| {
        lost += day(seed, 3, &Limits { commands_max: 1, ..pressing() }, None).publications_lost;
    });
    println!("{lost} publications lost");
    assert!(is_one_seed() || lost > 100, "only {lost} publications found no room");
}

#[test]
fn members_that_are_given_up_for_their_slowness_have_heard_the_beginning() {
    let mut given_up = 0;
    each_seed(&replay("members_that_are_given_up"), 0..DAYS / 2, |seed| {
        given_up += day(seed, 2, &Limits { outbound_hard: 512, ..pressing() }, None).given_up;
    });
    println!("{given_up} members given up");
    assert!(is_one_seed() || given_up > 100, "only {given_up} members were given up");
}

#[test]
fn a_publication_that_misses_a_member_is_found() {
    let plant = Some(Plant::LostPublication);
    let found = (0..20).filter(|seed| catch_unwind(|| day(*seed, 3, &pressing(), plant)).is_err()).count();
    println!("found by {found} of 20 seeds");
    assert!(found > 0);
}
