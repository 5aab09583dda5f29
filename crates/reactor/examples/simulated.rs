//! A handler tested on a simulated network: a bad day, again in the same way for the same seed.

use std::time::Duration;

use switchboard_reactor::sim::{Faults, World};
use switchboard_reactor::{Closed, ConnId, Context, Handler, Limits, ListenOptions, Origin, Reactor, Tag};

/// A caller says a thousand bytes and hangs up; a server counts them.
#[derive(Default)]
struct Count(usize);

impl Handler for Count {
    type Command = ();
    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
        cx.established(id);
        if let Origin::Connected { .. } = origin {
            cx.send(id, &[7; 1_000]);
            cx.close(id);
        }
    }
    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        self.0 += input.len();
        input.len()
    }
    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
}

/// Runs a minute in no time.
pub fn main() -> std::io::Result<()> {
    let world = World::new(7, Faults { resets: 0.0, refusals: 0.0, ..Faults::rough() });
    let mut server = Reactor::with_net(world.host(), Count::default(), Limits::default());
    let mut caller = Reactor::with_net(world.host(), Count::default(), Limits::default());
    let (_, address) =
        server.listen(&"tcp://10.0.0.1:9".parse().expect("an address"), &ListenOptions::default())?;
    caller.with_context(|_, cx| cx.connect(address, Tag(0)));
    world.run(&mut [&mut server, &mut caller], Duration::from_mins(1))?;
    println!("{} bytes in {:?} of simulated time", server.handler().0, world.now());
    assert_eq!(server.handler().0, 1_000);
    Ok(())
}
