//! Sessions over the simulated network where nothing is late and nothing lost: what arrives together, and what the end
//! of the stream leaves over. Everything else is `tests/session.rs`'s, over many seeds.

use std::sync::Arc;
use std::time::Duration;

use auth::{Dialect, Entropy, Key, Keyring, Policy};
use reactor::sim::{Faults, Rest, World};
use reactor::{Limits, ListenOptions, Reactor};

use super::*;

/// Keeps what it is told.
#[derive(Default)]
struct Recorder {
    /// What it says first.
    greeting: Vec<&'static [u8]>,
    /// What it hangs up over.
    quit: Option<&'static [u8]>,
    heard: Vec<Vec<u8>>,
    ends: Vec<String>,
    inputs_ended: usize,
}

impl Service for Recorder {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        for message in &self.greeting {
            link.send(id, message).unwrap();
        }
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        self.heard.push(message.to_vec());
        if self.quit == Some(message) {
            link.hang_up(id);
        }
    }

    fn end_of_input(&mut self, link: &mut Link<'_, '_>, id: ConnId) {
        self.inputs_ended += 1;
        link.hang_up(id);
    }

    fn close(&mut self, _: &mut Link<'_, '_>, _: ConnId, ended: &Ended) {
        self.ends.push(ended.to_string());
    }
}

/// Sends bytes at once, and ends its side.
struct Bytes(&'static [u8]);

impl Handler for Bytes {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
        cx.send(id, self.0);
        cx.end_writing(id);
    }

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
}

fn profile(dialect: Dialect) -> Profile {
    let mut keys = Keyring::new();
    keys.add("alice", Key::from_bytes(&[7; 32])).unwrap();
    Profile::new("u8".parse().unwrap(), Policy::new(dialect, Arc::new(keys)).unwrap().with_service("test"))
}

fn session(recorder: Recorder, dialect: Dialect, nonce: u8) -> Session<Recorder> {
    let draw = Box::new(move || Ok(Entropy::from([nonce; Entropy::BYTES])));
    Session::with_draw(recorder, profile(dialect), draw)
}

/// Lets a caller meet a server until nothing more happens.
fn meet<S: Service, C: Handler>(server: Session<S>, caller: C) -> (S, C) {
    let (server, caller) = meet_and_keep(server, caller);
    (server.into_service(), caller)
}

/// The same for a test that has more to ask of the session.
fn meet_and_keep<S: Service, C: Handler>(server: Session<S>, caller: C) -> (Session<S>, C) {
    let world = World::new(1, Faults::none());
    let mut server = Reactor::with_net(world.host(), server, Limits::default());
    let mut caller = Reactor::with_net(world.host(), caller, Limits::default());
    let listen = "tcp://10.0.0.1:0".parse().unwrap();
    let (_, address) = server.listen(&listen, &ListenOptions::default()).unwrap();
    caller.with_context(|_, cx| cx.connect(address, Tag(0)));
    let rest = world.run(&mut [&mut server, &mut caller], Duration::from_hours(1)).unwrap();
    assert_eq!((rest, world.open_ends()), (Rest::Quiet, 0));
    server.handle().shutdown();
    caller.handle().shutdown();
    (server.run().unwrap(), caller.run().unwrap())
}

/// What becomes of a conversation in which these bytes come at once, and then the end.
fn hear(bytes: &'static [u8], recorder: Recorder) -> Recorder {
    meet(session(recorder, Dialect::None, 1), Bytes(bytes)).0
}

#[test]
fn nothing_is_heard_after_hanging_up_even_if_it_came_in_the_same_read() {
    let recorder = Recorder { quit: Some(b"q"), ..Recorder::default() };
    let recorder = hear(b"\x01a\x01q\x01b", recorder);
    assert_eq!(recorder.heard, [b"a", b"q"]);
    assert_eq!(recorder.ends, ["hung up"]);
}

#[test]
fn an_end_between_two_messages_is_clean_and_one_inside_a_message_is_not() {
    let clean = hear(b"\x02hi", Recorder::default());
    assert_eq!((clean.inputs_ended, clean.ends), (1, vec!["hung up".to_owned()]));

    for cut in [&b"\x02hi\x05"[..], b"\x02hi\x05hal"] {
        let cut = hear(cut, Recorder::default());
        assert_eq!((cut.heard, cut.inputs_ended), (vec![b"hi".to_vec()], 0));
        assert!(
            cut.ends[0].starts_with("connection lost: the stream ended inside a message"),
            "{:?}",
            cut.ends
        );
    }
}

/// Answers with what it hears.
#[derive(Default)]
struct Echo {
    heard: usize,
    ends: Vec<String>,
}

impl Service for Echo {
    type Command = ();

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        self.heard += 1;
        link.send(id, message).unwrap();
    }

    fn close(&mut self, _: &mut Link<'_, '_>, _: ConnId, ended: &Ended) {
        self.ends.push(ended.to_string());
    }
}

/// Says bytes that are frames to the other side, in one piece, and ends its side or waits.
struct Flood {
    bytes: Vec<u8>,
    waits: bool,
}

impl Service for Flood {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        link.send(id, &self.bytes).unwrap();
        if !self.waits {
            link.end_sending(id);
        }
    }

    fn message(&mut self, _: &mut Link<'_, '_>, _: ConnId, _: &[u8]) {}
}

fn flood(dialect: Dialect, flood: Flood) -> Echo {
    let draw = || Box::new(|| Ok(Entropy::from([1; Entropy::BYTES])));
    let raw = Profile { framing: "raw".parse().unwrap(), ..profile(dialect) };
    let server = Session::with_draw(Echo::default(), profile(dialect), draw());
    meet(server, Session::with_draw(flood, raw, draw())).0
}

#[test]
fn messages_whose_answers_do_not_fit_in_one_turn_are_heard_in_the_next() {
    for dialect in [Dialect::None, Dialect::Noise] {
        // Few records, but each answer has one of its own.
        let server = flood(dialect, Flood { bytes: b"\x01x".repeat(60_000), waits: false });
        assert_eq!((server.heard, server.ends), (60_000, vec!["hung up".to_owned()]), "{dialect}");
    }
}

#[test]
fn half_a_message_leaves_at_its_deadline_also_if_its_records_are_whole() {
    for dialect in [Dialect::None, Dialect::Noise] {
        let server = flood(dialect, Flood { bytes: b"\x01x\x05half".to_vec(), waits: true });
        let ends = vec!["timed out: half a message and no more".to_owned()];
        assert_eq!((server.heard, server.ends), (1, ends), "{dialect}");
    }
}

#[test]
fn what_follows_the_handshake_in_the_same_read_is_heard() {
    for dialect in [Dialect::None, Dialect::Tutorial, Dialect::Python, Dialect::Mutual, Dialect::Noise] {
        let greeting =
            || Recorder { greeting: vec![b"first", b"q"], quit: Some(b"q"), ..Recorder::default() };
        let (server, caller) = meet(session(greeting(), dialect, 1), session(greeting(), dialect, 2));
        let heard = [b"first".to_vec(), b"q".to_vec()];
        assert_eq!(
            (server.heard, caller.into_service().heard),
            (heard.to_vec(), heard.to_vec()),
            "{dialect:?}"
        );
    }
}

/// Makes each caller a member, and hangs up on it between two publications.
struct Doorman;

const ROOM: GroupId = GroupId(1);

impl Service for Doorman {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        link.join(id, ROOM);
        link.publish(ROOM, b"come in").unwrap();
        link.hang_up(id);
        link.publish(ROOM, b"who was that?").unwrap();
        link.join(id, GroupId(2));
    }

    fn message(&mut self, _: &mut Link<'_, '_>, _: ConnId, _: &[u8]) {}
}

#[test]
fn a_membership_ends_with_its_conversation() {
    for dialect in [Dialect::None, Dialect::Noise] {
        let world = World::new(1, Faults::none());
        let draw = Box::new(|| Ok(Entropy::from([1; Entropy::BYTES])));
        let server = Session::with_draw(Doorman, profile(dialect), draw);
        let mut server = Reactor::with_net(world.host(), server, Limits::default());
        let caller = session(Recorder::default(), dialect, 2);
        let mut caller = Reactor::with_net(world.host(), caller, Limits::default());
        let listen = "tcp://10.0.0.1:0".parse().unwrap();
        let (_, address) = server.listen(&listen, &ListenOptions::default()).unwrap();
        caller.with_context(|_, cx| cx.connect(address, Tag(0)));
        world.run(&mut [&mut server, &mut caller], Duration::from_hours(1)).unwrap();
        assert_eq!(caller.handler().service().heard, [b"come in"], "{dialect:?}");
        assert_eq!(caller.handler().service().ends, ["hung up"], "{dialect:?}");
        assert!(server.handler().exchange.sealed_members.is_empty(), "{dialect:?}");
    }
}

#[test]
fn handshakes_and_messages_are_counted_on_both_sides() {
    for dialect in [Dialect::None, Dialect::Tutorial, Dialect::Python, Dialect::Mutual, Dialect::Noise] {
        let talkative =
            || Recorder { greeting: vec![b"1", b"2", b"q"], quit: Some(b"q"), ..Recorder::default() };
        let (server, caller) =
            meet_and_keep(session(talkative(), dialect, 1), session(talkative(), dialect, 2));
        for one in [server.counts(), caller.counts()] {
            let wanted =
                Counts { handshakes_passed: 1, messages_in: 3, messages_out: 3, ..Counts::default() };
            assert_eq!(one, wanted, "{dialect}");
        }
    }
}

#[test]
fn a_handshake_that_fails_is_counted_and_shown_under_its_dialect() {
    let (server, _) = meet_and_keep(session(Recorder::default(), Dialect::Mutual, 1), Bytes(b"nonsense"));
    assert_eq!(server.counts(), Counts { handshakes_failed: 1, ..Counts::default() });
    let mut shown = Vec::new();
    server.measure(&mut shown);
    let failed: Vec<_> = shown.iter().filter(|measure| measure.name == "session_handshakes_failed").collect();
    assert!(
        matches!(failed[..], [Measure { label: Some(("dialect", "mutual")), value: 1, .. }]),
        "{failed:?}"
    );
}
