//! Calls in a simulated world come from the addresses that they were to come from, and wait where there is room, as they
//! do in the real one.

use std::net::IpAddr;

use switchboard_reactor::sim::{Faults, World};
use switchboard_reactor::{
    Address, Closed, ConnId, Context, Handler, Limits, ListenOptions, Origin, Reactor, Tag,
};

use super::{HOUR, listen_address};

/// Notes who is at the other end.
#[derive(Default)]
struct Noting(Vec<IpAddr>);

impl Handler for Noting {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
        cx.established(id);
        self.0.extend(origin.peer().ip().map(|peer| peer.ip()));
    }

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
}

#[test]
fn a_simulated_call_comes_from_its_source() {
    let world = World::new(1, Faults::none());
    let mut server = Reactor::with_net(world.host(), Noting::default(), Limits::default());
    let mut caller = Reactor::with_net(world.host(), Noting::default(), Limits::default());
    let (_, address): (_, Address) = server.listen(&listen_address(), &ListenOptions::default()).unwrap();
    let sources: [IpAddr; 2] = ["10.7.0.1", "10.7.0.2"].map(|source| source.parse().unwrap());
    caller.with_context(|_, cx| {
        for source in sources {
            cx.connect_from(source, address.clone(), Tag(0));
        }
        cx.connect(address.clone(), Tag(0));
    });
    world.run(&mut [&mut server, &mut caller], HOUR).unwrap();
    let mut callers = server.handler().0.clone();
    callers.sort_unstable();
    assert_eq!(callers[..2], sources);
    assert_eq!((callers.len(), callers[2]), (3, "10.255.0.1".parse().unwrap()));
}

#[test]
fn a_simulated_backlog_holds_as_many_calls_as_it_may() {
    let world = World::new(1, Faults::none());
    let mut server = Reactor::with_net(world.host(), Noting::default(), Limits::default());
    let mut caller = Reactor::with_net(world.host(), Noting::default(), Limits::default());
    let options = ListenOptions { backlog: 2, ..ListenOptions::default() };
    let (_, address) = server.listen(&listen_address(), &options).unwrap();
    caller.with_context(|_, cx| (0..3).for_each(|tag| cx.connect(address.clone(), Tag(tag))));
    // The server never turns, so nobody is taken out of its backlog.
    world.run(&mut [&mut caller], HOUR).unwrap();
    assert_eq!((caller.handler().0.len(), caller.stats().connect_errors), (2, 1));
}
