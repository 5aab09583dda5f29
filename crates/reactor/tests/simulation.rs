//! Laws of the loop, over many seeds on the simulated network: what goes in comes out or there is an error,
//! every connection that was set up is finished exactly once, and nothing is left at the end.
//!
//! A failing seed prints the command that runs it again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use switchboard_reactor::sim::{Faults, Rest, Rng, World, each_seed};
use switchboard_reactor::{
    Address, Closed, ConnId, ConnMap, Context, Datagram, Handler, Limits, ListenOptions, Origin, Pressure,
    Reactor, SocketId, Tag,
};

const SEEDS: u64 = 1_000;
const HOUR: Duration = Duration::from_hours(1);

fn replay(test: &str) -> String {
    format!("cargo test -p switchboard-reactor --test simulation {test}")
}

/// Counts that every connection set up is finished once, whatever else a handler does.
#[derive(Default)]
struct Ledger {
    open: ConnMap<()>,
    finished: usize,
}

impl Ledger {
    fn set_up(&mut self, id: ConnId) {
        assert!(self.open.insert(id, ()).is_none(), "{id:?} was set up twice");
    }

    fn finish(&mut self, id: ConnId) {
        assert!(self.open.remove(id).is_some(), "{id:?} was finished twice, or never set up");
        self.finished += 1;
    }

    fn check_balanced(&self) {
        assert_eq!(self.open.len(), 0, "connections were never finished");
    }
}

/// Says back what it hears, taking a random part of what it is shown.
struct EchoServer {
    ledger: Ledger,
    rng: Rng,
}

impl EchoServer {
    fn new(seed: u64) -> EchoServer {
        EchoServer { ledger: Ledger::default(), rng: Rng::new(seed ^ 0xec40) }
    }
}

impl Handler for EchoServer {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        self.ledger.set_up(id);
        cx.established(id);
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        // Leaves up to three bytes lying, as a decoder leaves half a message.
        let left = self.rng.index(4);
        let taken = input.len().saturating_sub(left).max(input.len().min(1));
        cx.send(id, &input[..taken]);
        taken
    }

    fn end_of_input(&mut self, cx: &mut Context<'_>, id: ConnId, rest: &[u8]) {
        cx.send(id, rest);
        cx.close(id);
    }

    fn finish(&mut self, _: &mut Context<'_>, id: ConnId, _: Closed) {
        self.ledger.finish(id);
    }
}

/// Sends so many bytes on each connection, in pieces, at times of its own; then ends its side and listens on.
struct EchoCaller {
    ledger: Ledger,
    rng: Rng,
    calls: ConnMap<Call>,
    by_tag: HashMap<u64, ConnId>,
    unreachable: usize,
    whole: usize,
}

/// Conversation of one caller: the byte at position n is a function of n, so both ends can be checked alone.
#[derive(Default)]
struct Call {
    sent: usize,
    heard: usize,
    to_send: usize,
    tag: Tag,
    held: bool,
    ended: bool,
}

fn byte_at(position: usize) -> u8 {
    (position.wrapping_mul(31) >> 3).to_le_bytes()[0]
}

impl EchoCaller {
    fn new(seed: u64) -> EchoCaller {
        EchoCaller {
            ledger: Ledger::default(),
            rng: Rng::new(seed ^ 0xca11),
            calls: ConnMap::new(),
            by_tag: HashMap::new(),
            unreachable: 0,
            whole: 0,
        }
    }

    fn say_more(&mut self, cx: &mut Context<'_>, id: ConnId) {
        let Some(call) = self.calls.get_mut(id) else { return };
        if call.held || call.ended {
            return;
        }
        let piece = (1 + self.rng.index(2_000)).min(call.to_send - call.sent);
        let bytes: Vec<u8> = (call.sent..call.sent + piece).map(byte_at).collect();
        call.sent += piece;
        if self.rng.chance(0.5) {
            cx.send(id, &bytes);
        } else {
            cx.send_shared(id, Bytes::from(bytes));
        }
        if call.sent == call.to_send {
            call.ended = true;
            cx.end_writing(id);
        }
    }
}

impl Handler for EchoCaller {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
        let Origin::Connected { tag, .. } = origin else { panic!("a caller is not called") };
        self.ledger.set_up(id);
        cx.established(id);
        let to_send = 1 + self.rng.index(20_000);
        self.calls.insert(id, Call { to_send, tag, ..Call::default() });
        self.by_tag.insert(tag.0, id);
        cx.set_timer(Duration::from_millis(self.rng.below(50)), tag);
    }

    fn timeout(&mut self, cx: &mut Context<'_>, tag: Tag) {
        let id = self.by_tag[&tag.0];
        self.say_more(cx, id);
        if self.calls.get(id).is_some_and(|call| !call.ended && !call.held) {
            cx.set_timer(Duration::from_millis(self.rng.below(50)), tag);
        }
    }

    fn pressure(&mut self, cx: &mut Context<'_>, id: ConnId, pressure: Pressure) {
        let Some(call) = self.calls.get_mut(id) else { return };
        call.held = pressure == Pressure::High;
        if !call.held {
            cx.set_timer(Duration::ZERO, call.tag);
        }
    }

    fn handle(&mut self, _: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        let call = self.calls.get_mut(id).expect("only what is set up is heard");
        for byte in input {
            assert_eq!(*byte, byte_at(call.heard), "byte {} came back changed", call.heard);
            call.heard += 1;
        }
        assert!(call.heard <= call.sent, "more came back than was sent");
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, id: ConnId, why: Closed) {
        self.ledger.finish(id);
        let call = self.calls.remove(id).expect("only what is set up is finished");
        if why.is_clean() {
            assert_eq!(
                (call.sent, call.heard),
                (call.to_send, call.to_send),
                "a clean end, but bytes are missing"
            );
            self.whole += 1;
        }
    }

    fn unreachable(&mut self, _: &mut Context<'_>, _: Tag, _: &Address, _: &io::Error) {
        self.unreachable += 1;
    }
}

fn listen_address() -> Address {
    Address::Tcp("10.0.0.1:0".parse().unwrap())
}

/// Limits small enough that every one of them is met.
fn tight(seed: u64) -> Limits {
    let mut rng = Rng::new(seed ^ 0x717);
    Limits {
        connections_max: 1 + rng.index(8),
        accepts_per_turn: 1 + rng.index(4),
        reads_per_turn: 1 + rng.index(4),
        read_bytes: 1 + rng.index(4_096),
        outbound_high: 1_024,
        outbound_low: 256,
        // A caller may wait long for its place, and a window of one byte takes its time.
        stall_timeout: Duration::from_mins(20),
        partial_timeout: Duration::from_mins(20),
        ..Limits::default()
    }
}

fn echo_once(seed: u64, faults: Faults) -> (u64, usize, usize) {
    const CALLS: usize = 6;
    let world = World::new(seed, faults);
    let mut server = Reactor::with_net(world.host(), EchoServer::new(seed), tight(seed));
    let limits = Limits { connections_max: 100, ..tight(seed) };
    let mut caller = Reactor::with_net(world.host(), EchoCaller::new(seed), limits);
    let (_, address) = server.listen(&listen_address(), &ListenOptions::default()).unwrap();
    caller.with_context(|_, cx| (0..6).for_each(|tag| cx.connect(address.clone(), Tag(tag))));
    let rest = world.run(&mut [&mut server, &mut caller], HOUR).unwrap();

    assert_eq!(rest, Rest::Quiet, "seed {seed}");
    server.handler().ledger.check_balanced();
    caller.handler().ledger.check_balanced();
    assert_eq!(world.open_ends(), 0, "stream ends were left open");
    for stats in [server.stats(), caller.stats()] {
        assert_eq!((stats.connections, stats.outbound_bytes), (0, 0), "{stats:?}");
    }
    assert_eq!(caller.handler().ledger.finished + caller.handler().unreachable, CALLS);
    (world.trace(), caller.handler().whole, caller.handler().unreachable)
}

#[test]
fn echoed_bytes_come_back_or_there_is_an_error() {
    let mut whole = 0;
    each_seed(&replay("echoed_bytes_come_back_or_there_is_an_error"), 0..SEEDS, |seed| {
        whole += echo_once(seed, Faults::rough()).1;
    });
    if std::env::var_os("SWITCHBOARD_SEED").is_none() {
        assert!(whole > 1_000, "only {whole} of 6,000 calls were whole: the faults drown the test");
    }
}

#[test]
fn without_resets_every_call_is_whole() {
    each_seed(&replay("without_resets_every_call_is_whole"), 0..SEEDS / 4, |seed| {
        let faults = Faults { resets: 0.0, refusals: 0.0, accept_errors: 0.0, ..Faults::rough() };
        assert_eq!(echo_once(seed, faults).1, 6);
    });
}

#[test]
fn equal_seeds_give_equal_traces() {
    for seed in 0..20 {
        assert_eq!(echo_once(seed, Faults::rough()), echo_once(seed, Faults::rough()), "seed {seed}");
    }
    assert_ne!(echo_once(1, Faults::rough()).0, echo_once(2, Faults::rough()).0);
}

/// Sends every line that it hears to everybody, once encoded.
#[derive(Default)]
struct Hub {
    ledger: Ledger,
}

impl Handler for Hub {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        self.ledger.set_up(id);
        cx.established(id);
    }

    fn handle(&mut self, cx: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        let Some(end) = input.iter().rposition(|byte| *byte == b'\n') else { return 0 };
        let lines = Bytes::copy_from_slice(&input[..=end]);
        for (member, ()) in self.ledger.open.iter() {
            cx.send_shared(member, lines.clone());
        }
        end + 1
    }

    fn finish(&mut self, _: &mut Context<'_>, id: ConnId, _: Closed) {
        self.ledger.finish(id);
    }
}

/// Says numbered lines on one connection, and checks that those of each member come in order and without gaps
/// from the first that it sees.
struct Member {
    ledger: Ledger,
    rng: Rng,
    name: u64,
    conn: Option<ConnId>,
    said: u64,
    expected: HashMap<u64, u64>,
}

const LINES: u64 = 30;

impl Member {
    fn new(seed: u64, name: u64) -> Member {
        let rng = Rng::new(seed ^ name << 32);
        Member { ledger: Ledger::default(), rng, name, conn: None, said: 0, expected: HashMap::new() }
    }

    fn check(&mut self, line: &str) {
        let (name, number) = line.split_once(' ').expect("a line is a name and a number");
        let (name, number): (u64, u64) = (name.parse().unwrap(), number.parse().unwrap());
        let expected = self.expected.entry(name).or_insert(number);
        assert_eq!(*expected, number, "{} saw a gap or a repetition in what {name} said", self.name);
        *expected += 1;
    }
}

impl Handler for Member {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        self.ledger.set_up(id);
        cx.established(id);
        self.conn = Some(id);
        cx.set_timer(Duration::from_millis(self.rng.below(20)), Tag(0));
    }

    fn timeout(&mut self, cx: &mut Context<'_>, _: Tag) {
        let Some(id) = self.conn else { return };
        if self.said < LINES {
            cx.send(id, format!("{} {}\n", self.name, self.said).as_bytes());
            self.said += 1;
            cx.set_timer(Duration::from_millis(self.rng.below(20)), Tag(0));
        } else {
            // Listens for a while longer, so that everybody hears everybody's last line.
            self.conn = None;
            cx.set_timer(Duration::from_secs(5), Tag(1));
            cx.end_writing(id);
        }
    }

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        let Some(end) = input.iter().rposition(|byte| *byte == b'\n') else { return 0 };
        for line in input[..end].split(|byte| *byte == b'\n') {
            self.check(std::str::from_utf8(line).expect("lines are text"));
        }
        end + 1
    }

    fn finish(&mut self, _: &mut Context<'_>, id: ConnId, _: Closed) {
        self.ledger.finish(id);
        self.conn = None;
    }
}

#[test]
fn every_member_hears_everybody_in_order_and_without_gaps() {
    each_seed(&replay("every_member_hears_everybody_in_order_and_without_gaps"), 0..SEEDS, |seed| {
        let world = World::new(seed, Faults::rough());
        let mut hub = Reactor::with_net(world.host(), Hub::default(), Limits::default());
        let (_, address) = hub.listen(&listen_address(), &ListenOptions::default()).unwrap();
        let mut members: Vec<_> = (0..4)
            .map(|name| Reactor::with_net(world.host(), Member::new(seed, name), Limits::default()))
            .collect();
        for member in &mut members {
            member.with_context(|_, cx| cx.connect(address.clone(), Tag(9)));
        }
        let mut loops: Vec<&mut dyn switchboard_reactor::sim::Turn> = vec![&mut hub];
        loops.extend(members.iter_mut().map(|member| member as &mut dyn switchboard_reactor::sim::Turn));
        assert_eq!(world.run(&mut loops, HOUR).unwrap(), Rest::Quiet);
        hub.handler().ledger.check_balanced();
        for member in &members {
            member.handler().ledger.check_balanced();
        }
        assert_eq!(world.open_ends(), 0);
    });
}

/// Answers each datagram to its sender.
struct DatagramEcho;

impl Handler for DatagramEcho {
    type Command = ();

    fn setup(&mut self, _: &mut Context<'_>, _: ConnId, _: Origin<'_>) {}

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}

    fn datagram(&mut self, cx: &mut Context<'_>, socket: SocketId, datagram: Datagram<'_>) {
        cx.send_datagram(socket, datagram.from.clone(), datagram.payload);
    }
}

/// Sends numbered datagrams, and collects the numbers that come back.
struct DatagramCaller {
    socket: Option<SocketId>,
    to: Address,
    sent: u32,
    heard: Vec<u32>,
}

impl Handler for DatagramCaller {
    type Command = ();

    fn setup(&mut self, _: &mut Context<'_>, _: ConnId, _: Origin<'_>) {}

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}

    fn timeout(&mut self, cx: &mut Context<'_>, tag: Tag) {
        let socket = self.socket.expect("bound before the first timer");
        cx.send_datagram(socket, self.to.clone(), &self.sent.to_be_bytes());
        self.sent += 1;
        if self.sent < 100 {
            cx.set_timer(Duration::from_millis(1), tag);
        }
    }

    fn datagram(&mut self, _: &mut Context<'_>, _: SocketId, datagram: Datagram<'_>) {
        let bytes: [u8; 4] = datagram.payload.try_into().expect("a datagram is whole or lost, never cut");
        self.heard.push(u32::from_be_bytes(bytes));
    }
}

#[test]
fn datagrams_come_whole_or_not_at_all() {
    let (mut lost, mut doubled, mut reordered) = (0, 0, 0);
    for seed in 0..50 {
        let world = World::new(seed, Faults::rough());
        let udp = Address::Udp("10.0.0.1:0".parse().unwrap());
        let mut server = Reactor::with_net(world.host(), DatagramEcho, Limits::default());
        let (_, to) = server.bind(&udp).unwrap();
        let handler = DatagramCaller { socket: None, to, sent: 0, heard: Vec::new() };
        let mut caller = Reactor::with_net(world.host(), handler, Limits::default());
        let (socket, _) = caller.bind(&udp).unwrap();
        caller.with_context(|handler, cx| {
            handler.socket = Some(socket);
            cx.set_timer(Duration::ZERO, Tag(0));
        });
        assert_eq!(world.run(&mut [&mut server, &mut caller], HOUR).unwrap(), Rest::Quiet);

        let heard = &caller.handler().heard;
        assert!(heard.iter().all(|number| *number < 100), "seed {seed}: something came that was never sent");
        let distinct: std::collections::BTreeSet<_> = heard.iter().collect();
        lost += 100 - distinct.len();
        doubled += heard.len() - distinct.len();
        reordered += heard.windows(2).filter(|pair| pair[0] > pair[1]).count();
    }
    assert!(lost > 0 && doubled > 0 && reordered > 0, "faults never happened: {lost} {doubled} {reordered}");
}
