//! The vectors of `docs/chat.md`, read from there and played to a hub: what they say is what goes over the wire.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use super::*;
use crate::chat::hub::{Action, Event, Hub, HubLimits, MemberId, Now};

const CLOCK: u64 = 1_767_225_600_000;

#[test]
fn the_documents_vectors_are_what_is_said() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/chat.md");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (_, rest) = text.split_once("```vectors\n").expect("the document has vectors");
    let (vectors, _) = rest.split_once("```").expect("they end");
    let mut stage = Stage::new();
    for line in vectors.lines() {
        stage.play(line);
    }
    stage.expect_silence();
    assert!(stage.requests > 15, "most requests have a vector");
}

/// A hub, and its members by the names that the vectors give them.
struct Stage {
    hub: Hub,
    members: BTreeMap<String, MemberId>,
    /// What was said and has not been found in the vectors yet.
    said: VecDeque<(MemberId, String)>,
    requests: usize,
}

impl Stage {
    fn new() -> Stage {
        let hub = Hub::new(HubLimits::default());
        Stage { hub, members: BTreeMap::new(), said: VecDeque::new(), requests: 0 }
    }

    fn play(&mut self, line: &str) {
        let (name, rest) = line.split_once(' ').expect("a line begins with a name");
        if let Some(message) = rest.strip_prefix("< ") {
            let said = self.said.pop_front();
            assert_eq!(said, Some((self.members[name], message.to_owned())));
            let answer = read_notice(message.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(write_notice(&answer)).unwrap(), message);
            return;
        }
        self.expect_silence();
        if let Some(message) = rest.strip_prefix("> ") {
            let asked = read_request(message.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(write_request(&asked)).unwrap(), message);
            self.requests += 1;
            self.handle(Event::Asked { member: self.members[name], asked });
        } else if let Some(key) = rest.strip_prefix("connects with the key ") {
            let member = MemberId(self.members.len() as u64);
            self.members.insert(name.to_owned(), member);
            self.handle(Event::Opened { member, key: Some(key.to_owned()) });
        } else {
            assert_eq!(rest, "hangs up");
            self.handle(Event::Closed { member: self.members[name] });
        }
    }

    fn handle(&mut self, event: Event) {
        let mut actions = Vec::new();
        self.hub.handle(event, Now { unix_ms: CLOCK, ..Now::default() }, &mut actions);
        for action in actions {
            let (to, answer) = match action {
                Action::Tell { to, reference, notice } => (vec![to], Answer { notice, reference }),
                Action::Spread { to, notice } => (to, Answer { notice, reference: None }),
                Action::HangUp(_) => panic!("nobody is sent away"),
            };
            let message = String::from_utf8(write_notice(&answer)).unwrap();
            self.said.extend(to.into_iter().map(|member| (member, message.clone())));
        }
    }

    fn expect_silence(&self) {
        assert!(self.said.is_empty(), "the vectors lack {:?}", self.said);
    }
}
