//! A small intruder, exhaustively: it holds no key, hears everything that two clients and two servers say, and gives
//! every message it knows to every session, in every order. What it can bring about is compared with what is known of
//! each dialect. It makes no new messages out of old ones; other tests flip bits and cut.

mod support;

use std::collections::{BTreeSet, HashMap, HashSet};

use switchboard_auth::{Dialect, Policy};

use support::{KEY, Party, State, entropy, policy};

/// One of the sessions, by its place.
type SessionId = usize;
/// One distinct message, in the order in which they came up.
type MessageId = usize;
/// What each session was given, in order: everything else follows from it.
type Situation = Vec<Vec<MessageId>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Server,
    Client,
}

/// All hold one key; the first of each kind are for one service, the second for another.
const ALL: [Session; 4] =
    [(Role::Server, "echo"), (Role::Server, "chat"), (Role::Client, "echo"), (Role::Client, "chat")];

type Session = (Role, &'static str);

/// What is wrong with an accepted peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wrong {
    /// No session of the other role had this conversation.
    Nobody,
    /// One had, and meant another service.
    OtherService,
    /// Two sessions accepted because of one peer.
    Twice,
}

#[derive(Clone)]
struct Outcome {
    said: Vec<MessageId>,
    is_pending: bool,
    is_done: bool,
}

struct Intruder {
    sessions: Vec<Session>,
    policies: [Policy; 2],
    messages: Vec<Vec<u8>>,
    /// So many of them, from the front, it can make by itself.
    public: MessageId,
    outcomes: HashMap<(SessionId, Vec<MessageId>), Outcome>,
    seen: HashSet<Situation>,
    wrongs: BTreeSet<(Role, Wrong)>,
    /// Sessions that ended well with the right peer, over all situations: the search is not vacuous.
    right: usize,
}

impl Intruder {
    fn new(dialect: Dialect, sessions: &[Session]) -> Intruder {
        let policies = ["echo", "chat"].map(|service| policy(dialect, &KEY).with_service(service));
        let messages = without_a_key(dialect);
        let public = messages.len();
        let (outcomes, seen, wrongs) = Default::default();
        Intruder { sessions: sessions.to_vec(), policies, messages, public, outcomes, seen, wrongs, right: 0 }
    }

    /// Follows every move from here.
    fn explore(&mut self, situation: &Situation) {
        if !self.seen.insert(situation.clone()) {
            return;
        }
        self.judge(situation);
        let known = self.known(situation);
        for session in 0..self.sessions.len() {
            let given = &situation[session];
            if !self.outcome(session, given).is_pending || given.len() >= GIVEN_MAX {
                continue;
            }
            for message in &known {
                let mut next = situation.clone();
                next[session].push(*message);
                // Whoever refuses says nothing more, so what follows is what would follow without it.
                let outcome = self.outcome(session, &next[session]);
                if outcome.is_pending || outcome.is_done {
                    self.explore(&next);
                }
            }
        }
    }

    fn known(&mut self, situation: &Situation) -> BTreeSet<MessageId> {
        let said =
            (0..self.sessions.len()).flat_map(|session| self.outcome(session, &situation[session]).said);
        said.collect::<Vec<_>>().into_iter().chain(0..self.public).collect()
    }

    /// What a session does that is given these messages. It is the same each time.
    fn outcome(&mut self, session: SessionId, given: &[MessageId]) -> Outcome {
        if let Some(outcome) = self.outcomes.get(&(session, given.to_vec())) {
            return outcome.clone();
        }
        let (role, service) = self.sessions[session];
        let policy = &self.policies[usize::from(service == "chat")];
        let entropy = entropy(u8::try_from(session).expect("four sessions"));
        let mut party = Party::new(match role {
            Role::Server => policy.accept(entropy),
            Role::Client => policy.call(entropy),
        });
        let mut said = vec![party.hear(&[])];
        for message in given {
            if party.is_pending() {
                said.push(party.hear(&self.messages[*message]));
            }
        }
        let is_done = matches!(party.state, State::Done(_)) && party.rest().is_empty();
        let said = said.into_iter().filter(|message| !message.is_empty());
        let said = said.map(|message| self.number(message)).collect();
        let outcome = Outcome { said, is_pending: party.is_pending(), is_done };
        self.outcomes.insert((session, given.to_vec()), outcome.clone());
        outcome
    }

    fn number(&mut self, message: Vec<u8>) -> MessageId {
        let known = self.messages.iter().position(|other| *other == message);
        known.unwrap_or_else(|| {
            self.messages.push(message);
            self.messages.len() - 1
        })
    }

    /// Whom has each session that accepted really talked to?
    fn judge(&mut self, situation: &Situation) {
        let all = 0..self.sessions.len();
        let outcomes: Vec<_> = all.map(|session| self.outcome(session, &situation[session])).collect();
        let heard: Vec<_> = situation.iter().map(|given| self.bytes(given)).collect();
        let said: Vec<_> = outcomes.iter().map(|outcome| self.bytes(&outcome.said)).collect();
        let roles: Vec<_> = self.sessions.iter().map(|(role, _)| *role).collect();
        // What one said last may not have arrived.
        let fit = |one: SessionId, other: SessionId| {
            roles[one] != roles[other]
                && said[other].starts_with(&heard[one])
                && said[one].starts_with(&heard[other])
        };
        let mut partners = Vec::new();
        for session in (0..self.sessions.len()).filter(|session| outcomes[*session].is_done) {
            let (role, service) = self.sessions[session];
            let matching: Vec<_> = (0..self.sessions.len()).filter(|other| fit(session, *other)).collect();
            match matching.iter().find(|other| self.sessions[**other].1 == service) {
                Some(partner) if partners.contains(&(role, *partner)) => {
                    self.wrongs.insert((role, Wrong::Twice));
                }
                Some(partner) => {
                    partners.push((role, *partner));
                    self.right += 1;
                }
                None => {
                    let wrong = if matching.is_empty() { Wrong::Nobody } else { Wrong::OtherService };
                    self.wrongs.insert((role, wrong));
                }
            }
        }
    }

    fn bytes(&self, messages: &[MessageId]) -> Vec<u8> {
        messages.iter().flat_map(|message| self.messages[*message].clone()).collect()
    }
}

/// What anybody can say: fixed words, and a challenge of its own.
fn without_a_key(dialect: Dialect) -> Vec<Vec<u8>> {
    match dialect {
        Dialect::Python => vec![
            b"\0\0\0\x09#WELCOME#".to_vec(),
            b"\0\0\0\x09#FAILURE#".to_vec(),
            [&b"\0\0\0\x3b#CHALLENGE#{sha256}"[..], &[7; 40]].concat(),
        ],
        Dialect::Mutual => vec![[&b"\0\0\0\x30NETAUTH1\0\x01\0\0\0\0\0\0"[..], &[7; 32]].concat()],
        Dialect::Tutorial => vec![vec![7; 32]],
        Dialect::Noise | Dialect::None => Vec::new(),
    }
}

/// More than any session takes: room for one message that is a beginning only.
const GIVEN_MAX: usize = 5;

/// Everything that the intruder can bring about with these sessions.
fn intrude(dialect: Dialect, sessions: &[Session]) -> Intruder {
    let mut intruder = Intruder::new(dialect, sessions);
    intruder.explore(&vec![Vec::new(); sessions.len()]);
    let (seen, messages) = (intruder.seen.len(), intruder.messages.len());
    println!("{dialect}: {seen} situations, {messages} messages, {} right ends", intruder.right);
    intruder
}

/// The same with all four of them.
fn wrongs(dialect: Dialect) -> Vec<(Role, Wrong)> {
    let intruder = intrude(dialect, &ALL);
    assert!(intruder.right > 0, "no session ever ended well");
    intruder.wrongs.into_iter().collect()
}

#[test]
fn mutual_accepts_nobody_falsely() {
    assert_eq!(wrongs(Dialect::Mutual), []);
}

#[cfg(feature = "noise")]
#[test]
fn noise_accepts_nobody_falsely() {
    assert_eq!(wrongs(Dialect::Noise), []);
}

/// A server that has been given somebody's proof answers any challenge, also another server's; and a client cannot
/// tell which session its answer comes from.
#[test]
fn known_weakness_sessions_of_python_can_be_relayed_and_mixed() {
    let known = [
        (Role::Server, Wrong::Nobody),
        (Role::Server, Wrong::OtherService),
        (Role::Client, Wrong::Nobody),
        (Role::Client, Wrong::OtherService),
    ];
    assert_eq!(wrongs(Dialect::Python), known);
}

#[test]
fn known_weakness_tutorial_clients_trust_anybody_and_are_relayed() {
    let known = [
        (Role::Server, Wrong::OtherService),
        (Role::Client, Wrong::Nobody),
        (Role::Client, Wrong::OtherService),
    ];
    assert_eq!(wrongs(Dialect::Tutorial), known);
}

/// Reflection: whoever talks to one kind only has to prove the key with what they say themselves.
#[test]
fn with_clients_alone_or_servers_alone_nobody_accepts_anybody() {
    let dialects = [
        Dialect::Python,
        Dialect::Mutual,
        #[cfg(feature = "noise")]
        Dialect::Noise,
    ];
    for dialect in dialects {
        for alone in [&ALL[..2], &ALL[2..]] {
            let intruder = intrude(dialect, alone);
            assert_eq!((intruder.right, intruder.wrongs.len()), (0, 0), "{dialect}");
        }
    }
    assert_eq!(intrude(Dialect::Tutorial, &ALL[..2]).wrongs.len(), 0);
}
