//! The hub against a simple model: random members do random things, and each keeps account of what it is told.
//! After every step all accounts must agree with the model, which knows nothing but who is where.
//!
//! A failure prints its seed; `CHAT_SEED=N` runs that one again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::*;

const MEMBERS: u64 = 8;
const ROOMS: [&str; 3] = ["a", "b", "c"];
const NICKS: [&str; 5] = ["ann", "Bob", "cem", "dot", "ANN"];
const KEYS: [&str; 3] = ["one", "two", "three"];
const STEPS: usize = 400;

#[test]
fn everybody_knows_who_is_here_whatever_happens() {
    let seeds: Vec<u64> = match std::env::var("CHAT_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..50).collect(),
    };
    for seed in seeds {
        println!("CHAT_SEED={seed}");
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
            world.check();
        }
    }
}

/// What a member has been told.
#[derive(Default)]
struct Account {
    /// What it was granted, which is what the model believes.
    nick: Option<String>,
    /// Who is in each of its rooms.
    seen: BTreeMap<String, BTreeSet<String>>,
    /// The last message that it heard or said in each room that it is in.
    last: BTreeMap<String, u64>,
}

struct World {
    random: Random,
    hub: Hub,
    now: Now,
    accounts: BTreeMap<MemberId, Account>,
    next_member: u64,
    /// Messages said in each room, ever.
    said: BTreeMap<String, u64>,
}

impl World {
    fn new(seed: u64) -> World {
        World {
            random: Random(seed),
            hub: Hub::new(HubLimits::default()),
            now: Now::default(),
            accounts: BTreeMap::new(),
            next_member: 0,
            said: BTreeMap::new(),
        }
    }

    fn step(&mut self) {
        self.now.elapsed += Duration::from_secs(1); // so that nobody is too fast
        let present: Vec<MemberId> = self.accounts.keys().copied().collect();
        let everybody = u64::try_from(present.len()).unwrap();
        if everybody == 0 || self.random.below(MEMBERS) > everybody {
            self.open();
            return;
        }
        let member = present[self.random.index(present.len())];
        let room = ROOMS[self.random.index(ROOMS.len())];
        match self.random.below(8) {
            0 => self.close(member),
            1 => self.rename(member),
            2 | 3 => self.join(member, room),
            4 => self.part(member, room),
            _ => self.say(member, room),
        }
    }

    fn open(&mut self) {
        let member = MemberId(self.next_member);
        self.next_member += 1;
        let key = KEYS.get(self.random.index(KEYS.len() + 1)).map(ToString::to_string);
        self.accounts.insert(member, Account::default());
        self.event(Event::Opened { member, key });
    }

    fn close(&mut self, member: MemberId) {
        self.accounts.remove(&member);
        self.event(Event::Closed { member });
    }

    fn rename(&mut self, member: MemberId) {
        let nick = NICKS[self.random.index(NICKS.len())].to_owned();
        if let Notice::Accepted { .. } = self.ask(member, Request::Nick { nick: nick.clone() }) {
            let account = self.accounts.get_mut(&member).unwrap();
            let rooms: Vec<String> = account.seen.keys().cloned().collect();
            account.nick = Some(nick);
            for room in rooms {
                self.look(member, &room); // its own renaming is no news to a member: it looks again
            }
        }
    }

    fn join(&mut self, member: MemberId, room: &str) {
        let request = Request::Join { room: room.to_owned(), after: None };
        let was_in = self.accounts[&member].seen.contains_key(room);
        if let Notice::Room { last, .. } = self.ask(member, request) {
            assert_eq!(last, self.said.get(room).copied().unwrap_or(0));
            self.accounts.get_mut(&member).unwrap().last.insert(room.to_owned(), last);
            if !was_in {
                self.look(member, room);
            }
        }
    }

    fn look(&mut self, member: MemberId, room: &str) {
        let Notice::Names { names, .. } = self.ask(member, Request::Names { room: room.to_owned() }) else {
            panic!("whoever is in a room is told who else is")
        };
        let folded = names.iter().map(|name| name.to_lowercase()).collect();
        self.accounts.get_mut(&member).unwrap().seen.insert(room.to_owned(), folded);
    }

    fn part(&mut self, member: MemberId, room: &str) {
        if let Notice::Accepted { .. } = self.ask(member, Request::Part { room: room.to_owned() }) {
            let account = self.accounts.get_mut(&member).unwrap();
            assert!(account.seen.remove(room).is_some(), "only whoever is in can leave");
        }
    }

    fn say(&mut self, member: MemberId, room: &str) {
        let request = Request::Say { room: room.to_owned(), text: "x".to_owned() };
        let was_in = self.accounts[&member].seen.contains_key(room);
        // The number must be known before others hear of the message.
        let count = self.said.entry(room.to_owned()).or_default();
        *count += u64::from(was_in);
        let expected = *count;
        match self.ask(member, request) {
            Notice::Accepted { id, .. } => {
                assert!(was_in);
                assert_eq!(id, Some(expected));
                self.accounts.get_mut(&member).unwrap().last.insert(room.to_owned(), expected);
            }
            refused => assert!(!was_in, "{refused:?}"),
        }
    }

    /// Asks, and gives the answer, of which there is exactly one.
    fn ask(&mut self, member: MemberId, request: Request) -> Notice {
        let reference = Some(Ref(self.random.below(1 << 53)));
        let mut answers = self.event(Event::Asked { member, asked: Asked { request, reference } });
        assert_eq!(answers.len(), 1);
        let (to, answered, notice) = answers.remove(0);
        assert_eq!((to, answered), (member, reference));
        notice
    }

    /// Lets it happen; news are put to everybody's account, the rest is given back.
    fn event(&mut self, event: Event) -> Vec<(MemberId, Option<Ref>, Notice)> {
        let mut actions = Vec::new();
        self.hub.handle(event, self.now, &mut actions);
        let mut told = Vec::new();
        for action in actions {
            match action {
                Action::Tell { to, reference, notice } => told.push((to, reference, notice)),
                Action::Spread { to, notice } => {
                    assert!(!to.is_empty());
                    for member in to {
                        self.account(member, &notice);
                    }
                }
                Action::HangUp(member) => panic!("nobody is sent away: {member:?}"),
            }
        }
        told
    }

    fn account(&mut self, member: MemberId, notice: &Notice) {
        let account = self.accounts.get_mut(&member).expect("whoever is gone is told nothing");
        let (Notice::Joined { room, .. } | Notice::Left { room, .. } | Notice::Renamed { room, .. }) = notice
        else {
            let Notice::Message(message) = notice else { panic!("no news: {notice:?}") };
            assert_eq!(Some(&message.id), self.said.get(&message.room), "heard when it is said");
            let last = account.last.insert(message.room.clone(), message.id).expect("only who is in hears");
            assert_eq!(message.id, last + 1, "nothing is missed and nothing heard twice");
            return;
        };
        let seen = account.seen.get_mut(room).expect("only who is in is told");
        match notice {
            Notice::Joined { nick, .. } => assert!(seen.insert(nick.to_lowercase()), "nobody comes twice"),
            Notice::Left { nick, .. } => assert!(seen.remove(&nick.to_lowercase()), "nobody goes twice"),
            Notice::Renamed { from, to, .. } => {
                assert!(seen.remove(&from.to_lowercase()));
                assert!(seen.insert(to.to_lowercase()));
            }
            _ => unreachable!("sorted out above"),
        }
    }

    /// What everybody has seen is what is there.
    fn check(&self) {
        assert_eq!(self.hub.member_count(), self.accounts.len());
        for room in ROOMS {
            let inside = self.accounts.values().filter(|account| account.seen.contains_key(room));
            let nicks: BTreeSet<String> =
                inside.clone().filter_map(|account| Some(account.nick.as_ref()?.to_lowercase())).collect();
            for account in inside {
                assert_eq!(account.seen[room], nicks);
            }
        }
    }
}

/// `SplitMix64`: enough randomness for a test, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap())).unwrap()
    }
}
