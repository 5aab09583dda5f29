//! What is said comes back, byte for byte, or there is an error: callers that talk, and one that never does.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use switchboard_reactor::sim::{Fault, Faults, Rest, Rng, SimNet, World, each_seed};
use switchboard_reactor::{
    Address, Closed, ConnId, ConnMap, Context, Handler, Limits, ListenOptions, Origin, Plant, Pressure,
    Reactor, Tag, Time,
};

use super::{HOUR, Ledger, Met, SEEDS, listen_address, replay};

/// Says back what it hears, taking a random part of what it is shown. What it says to those who have left must reach
/// nobody.
struct EchoServer {
    ledger: Ledger,
    rng: Rng,
    /// How many calls there may be.
    places: usize,
    /// Who left last.
    gone: Option<ConnId>,
}

impl EchoServer {
    fn new(seed: u64) -> EchoServer {
        let places = tight(seed).connections_max;
        EchoServer { ledger: Ledger::default(), rng: Rng::new(seed ^ 0xec40), places, gone: None }
    }
}

impl Handler for EchoServer {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        self.ledger.set_up(id);
        assert!(self.ledger.open.len() <= self.places, "{} calls at once", self.ledger.open.len());
        cx.established(id);
        if let Some(gone) = self.gone {
            cx.send(gone, b"late");
        }
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

    fn finish(&mut self, cx: &mut Context<'_>, id: ConnId, _: Closed) {
        self.ledger.finish(id);
        self.gone = Some(id);
        cx.send(id, b"late");
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
    /// Calls that ended cleanly although bytes are missing.
    cut: u64,
    /// When its clock ticks next, and how often it still does.
    next_tick: Time,
    ticks: u32,
}

/// One caller never says anything: only a deadline ends its call.
const MUTE: Tag = Tag(5);

/// A timer that is watched for coming too early.
const TICK: Tag = Tag(100);

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
            cut: 0,
            next_tick: Time::ZERO,
            ticks: 50,
        }
    }

    fn tick(&mut self, cx: &mut Context<'_>) {
        assert!(cx.now() >= self.next_tick, "a timer came early");
        if self.ticks > 0 {
            self.ticks -= 1;
            let wait = Duration::from_millis(self.rng.below(50));
            self.next_tick = cx.now() + wait;
            cx.set_timer(wait, TICK);
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
        if tag == MUTE {
            self.calls.insert(id, Call { tag, ..Call::default() });
            return;
        }
        let to_send = 1 + self.rng.index(20_000);
        self.calls.insert(id, Call { to_send, tag, ..Call::default() });
        self.by_tag.insert(tag.0, id);
        cx.set_timer(Duration::from_millis(self.rng.below(50)), tag);
    }

    fn timeout(&mut self, cx: &mut Context<'_>, tag: Tag) {
        if tag == TICK {
            return self.tick(cx);
        }
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
            let is_whole = (call.sent, call.heard) == (call.to_send, call.to_send);
            self.whole += usize::from(is_whole);
            self.cut += u64::from(!is_whole);
        }
    }

    fn unreachable(&mut self, _: &mut Context<'_>, _: Tag, _: &Address, _: &io::Error) {
        self.unreachable += 1;
    }
}

/// Longer than any window of one byte needs, and the end of whoever says nothing.
const IDLE: Duration = Duration::from_mins(10);

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
        idle_timeout: Some(IDLE),
        ..Limits::default()
    }
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    trace: u64,
    met: Met,
    whole: usize,
    unreachable: usize,
    accept_errors: u64,
}

const CALLS: usize = 6;

/// Six calls with faults, with a mistake in the loop if one is planted. In three runs of four the faults end after a
/// while; from then on everything that is pending must come to its end.
pub(super) fn echo_once(seed: u64, faults: Faults, plant: Option<Plant>) -> Ended {
    let world = World::new(seed, faults);
    if let Some(plant) = plant {
        world.plant(plant);
    }
    let mut server = Reactor::with_net(world.host(), EchoServer::new(seed), tight(seed));
    let limits = Limits { connections_max: 100, idle_timeout: None, ..tight(seed) };
    let mut caller = Reactor::with_net(world.host(), EchoCaller::new(seed), limits);
    let (_, address) = server.listen(&listen_address(), &ListenOptions::default()).unwrap();
    caller.with_context(|caller, cx| {
        caller.tick(cx);
        (0..CALLS as u64).for_each(|tag| cx.connect(address.clone(), Tag(tag)));
    });
    let mut patience = HOUR;
    if !seed.is_multiple_of(4) {
        let rough_time = Duration::from_millis(Rng::new(seed ^ 0xca1).below(8_000));
        world.run(&mut [&mut server, &mut caller], rough_time).unwrap();
        world.calm();
        patience = IDLE + Duration::from_mins(2);
    }
    world.run(&mut [&mut server, &mut caller], patience).unwrap();
    check(&world, &server, &caller);
    // Timers of what has ended are still in the heaps; they come up and find nobody.
    assert_eq!(world.run(&mut [&mut server, &mut caller], HOUR).unwrap(), Rest::Quiet);
    let caller = caller.handler();
    Ended {
        trace: world.trace(),
        met: Met::of(&world),
        whole: caller.whole,
        unreachable: caller.unreachable,
        accept_errors: server.stats().accept_errors,
    }
}

fn check(world: &World, server: &Reactor<EchoServer, SimNet>, caller: &Reactor<EchoCaller, SimNet>) {
    server.handler().ledger.check_balanced();
    caller.handler().ledger.check_balanced();
    assert_eq!(world.open_ends(), 0, "stream ends were left open");
    for stats in [server.stats(), caller.stats()] {
        assert_eq!((stats.connections, stats.outbound_bytes), (0, 0), "{stats:?}");
    }
    let timed_out = (server.stats().timed_out, caller.stats().timed_out);
    assert!(timed_out.0 <= 1 && timed_out.1 == 0, "{timed_out:?} calls timed out, and one was mute");
    assert_eq!(caller.handler().ledger.finished + caller.handler().unreachable, CALLS);
    let failed = world.happened(Fault::WriteError);
    assert!(caller.handler().cut <= failed, "a clean end, but bytes are missing, and {failed} writes failed");
}

#[test]
fn echoed_bytes_come_back_or_there_is_an_error() {
    let (mut whole, mut met) = (0, Met::default());
    each_seed(&replay("echoed_bytes_come_back_or_there_is_an_error"), 0..SEEDS, |seed| {
        let ended = echo_once(seed, Faults { write_errors: 0.001, ..Faults::rough() }, None);
        whole += ended.whole;
        met.add(&ended.met);
    });
    met.check(&[
        Fault::ShortRead,
        Fault::ShortWrite,
        Fault::WouldBlock,
        Fault::Reset,
        Fault::WriteError,
        Fault::AcceptError,
        Fault::Refusal,
        Fault::ClockStep,
        Fault::Delay,
    ]);
    if std::env::var_os("SWITCHBOARD_SEED").is_none() {
        assert!(whole > 4_000, "only {whole} of 12,000 calls were whole: the faults drown the test");
    }
}

#[test]
fn without_resets_every_call_is_whole() {
    each_seed(&replay("without_resets_every_call_is_whole"), 0..SEEDS / 4, |seed| {
        let faults = Faults { resets: 0.0, refusals: 0.0, accept_errors: 0.0, ..Faults::rough() };
        assert_eq!(echo_once(seed, faults, None).whole, CALLS);
    });
}

#[test]
fn an_interruption_is_no_error() {
    each_seed(&replay("an_interruption_is_no_error"), 0..SEEDS / 10, |seed| {
        let faults = Faults { resets: 0.0, refusals: 0.0, accept_errors: 0.0, ..Faults::rough() };
        let ended = echo_once(seed, Faults { interruptions: 0.3, ..faults }, None);
        assert_eq!((ended.whole, ended.accept_errors), (CALLS, 0));
    });
}

#[test]
fn equal_seeds_give_equal_traces() {
    let run = |seed| echo_once(seed, Faults::rough(), None);
    for seed in 0..20 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
    assert_ne!(run(1).trace, run(2).trace);
}
