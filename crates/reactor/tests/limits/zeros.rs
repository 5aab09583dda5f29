//! Limits of zero: most of them mean none or at once; those without which the loop could do nothing are taken for one.

use std::time::Duration;

use switchboard_reactor::sim::SimNet;
use switchboard_reactor::{
    Closed, ConnId, Context, Datagram, Handler, Limits, ListenOptions, Origin, Reactor, SlowPeer, SocketId,
    Tag,
};

use super::{quiet_world, server_address, table};

/// A limit's way to zero.
type Zero = (&'static str, fn(&mut Limits));

const ZEROS: [Zero; 23] = [
    ("connections_max", |limits| limits.connections_max = 0),
    ("calls_per_source_max", |limits| limits.calls_per_source_max = 0),
    ("newcomers_max", |limits| limits.newcomers_max = 0),
    ("accepts_per_turn", |limits| limits.accepts_per_turn = 0),
    ("reads_per_turn", |limits| limits.reads_per_turn = 0),
    ("datagrams_per_turn", |limits| limits.datagrams_per_turn = 0),
    ("datagram_bytes_max", |limits| limits.datagram_bytes_max = 0),
    ("read_bytes", |limits| limits.read_bytes = 0),
    ("untaken_bytes_max", |limits| limits.untaken_bytes_max = 0),
    ("outbound_high", |limits| limits.outbound_high = 0),
    ("outbound_low", |limits| limits.outbound_low = 0),
    ("outbound_hard", |limits| limits.outbound_hard = 0),
    ("slow_peer", |limits| limits.slow_peer = SlowPeer::CloseAfter(Duration::ZERO)),
    ("datagrams_queued_max", |limits| limits.datagrams_queued_max = 0),
    ("commands_max", |limits| limits.commands_max = 0),
    ("handshake_timeout", |limits| limits.handshake_timeout = Duration::ZERO),
    ("connect_timeout", |limits| limits.connect_timeout = Duration::ZERO),
    ("idle_timeout", |limits| limits.idle_timeout = Some(Duration::ZERO)),
    ("partial_timeout", |limits| limits.partial_timeout = Duration::ZERO),
    ("stall_timeout", |limits| limits.stall_timeout = Duration::ZERO),
    ("life_timeout", |limits| limits.life_timeout = Some(Duration::ZERO)),
    ("flush_timeout", |limits| limits.flush_timeout = Duration::ZERO),
    ("linger_timeout", |limits| limits.linger_timeout = Duration::ZERO),
];

/// With these at zero nothing at all could happen.
const TAKEN_FOR_ONE: [&str; 6] = [
    "accepts_per_turn",
    "reads_per_turn",
    "datagrams_per_turn",
    "read_bytes",
    "datagrams_queued_max",
    "commands_max",
];

/// Answers everything, and counts it.
#[derive(Default)]
struct Echo {
    heard: usize,
    datagrams: usize,
    commands: usize,
}

impl Handler for Echo {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
        cx.established(id);
        if let Origin::Connected { .. } = origin {
            cx.send(id, b"0123456789");
            cx.end_writing(id);
        }
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        self.heard += input.len();
        cx.send(id, input);
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}

    fn datagram(&mut self, _: &mut Context<'_>, _: SocketId, _: Datagram<'_>) {
        self.datagrams += 1;
    }

    fn command(&mut self, _: &mut Context<'_>, (): ()) {
        self.commands += 1;
    }
}

/// A server with these limits that is called, written to and posted to.
fn serve(limits: &Limits) -> Reactor<Echo, SimNet> {
    let world = quiet_world();
    let [mut server, mut caller] =
        [0, 1].map(|_| Reactor::with_net(world.host(), Echo::default(), limits.clone()));
    server.listen(&server_address(), &ListenOptions::default()).unwrap();
    let (_, to) = server.bind(&"udp://10.0.0.1:0".parse().unwrap()).unwrap();
    let (from, _) = caller.bind(&"udp://10.0.0.2:0".parse().unwrap()).unwrap();
    let _ = server.handle().post(());
    caller.with_context(|_, cx| {
        cx.connect(server_address(), Tag(0));
        (0..3).for_each(|_| cx.send_datagram(from, to.clone(), b"x"));
    });
    world.run(&mut [&mut server, &mut caller], Duration::from_secs(10)).unwrap();
    server
}

#[test]
fn no_limit_of_zero_makes_the_loop_spin_and_only_some_stop_it() {
    assert!(ZEROS.iter().map(|(name, _)| *name).eq(table::limits()), "each limit is tried, in its order");
    for (name, set) in ZEROS {
        let mut limits = Limits::default();
        set(&mut limits);
        let server = serve(&limits);
        assert!(server.stats().turns < 100, "{name} = 0: {:?}", server.stats());
        if TAKEN_FOR_ONE.contains(&name) {
            let Echo { heard, datagrams, commands } = *server.handler();
            assert_eq!((heard, datagrams, commands), (10, 3, 1), "{name} = 0 is taken for 1");
        }
    }
}
