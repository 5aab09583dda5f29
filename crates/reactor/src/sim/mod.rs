//! A simulated network, for testing handlers: many loops, one clock that is stepped, every fault from one seed.
//!
//! Short reads and writes, spurious `WouldBlock`, resets, delays, a failing `accept`, loss, doubling and
//! reordering of datagrams, a clock that leaps: what happens once a month on a real network happens here every few
//! milliseconds, and happens again in the same way when the same seed is given. Nothing waits: an hour of timeouts
//! passes at once. What a run was really put through tells [`World::happened`].
//!
//! ```text
//!        World: clock, agenda (what is on its way), faults, one seeded generator
//!          |                         |                          |
//!   SimNet (host 0)           SimNet (host 1)            SimNet (host 2)
//!          |                         |                          |
//!   Reactor<Server, _>        Reactor<Client, _>         Reactor<Client, _>
//! ```
//!
//! A handler under test runs unchanged in a [`Reactor`](crate::Reactor) over a [`SimNet`]:
//!
//! ```
//! use switchboard_reactor::sim::{Faults, World};
//! use switchboard_reactor::{Address, Closed, ConnId, Context, Handler, Limits, ListenOptions, Origin, Reactor, Tag};
//! use std::time::Duration;
//!
//! /// Says back what it hears; hangs up when it has heard ten bytes.
//! #[derive(Default)]
//! struct Echo { heard: Vec<u8> }
//!
//! impl Handler for Echo {
//!     type Command = ();
//!     fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
//!         cx.established(id);
//!         if let Origin::Connected { .. } = origin { cx.send(id, b"hello") }
//!     }
//!     fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
//!         self.heard.extend_from_slice(input);
//!         if self.heard.len() >= 10 { cx.close(id) } else { cx.send(id, input) }
//!         input.len()
//!     }
//!     fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
//! }
//!
//! let world = World::new(7, Faults { resets: 0.0, refusals: 0.0, ..Faults::rough() });
//! let mut server = Reactor::with_net(world.host(), Echo::default(), Limits::default());
//! let mut client = Reactor::with_net(world.host(), Echo::default(), Limits::default());
//! let (_, address) = server.listen(&Address::Tcp("10.0.0.1:9".parse()?), &ListenOptions::default())?;
//! client.with_context(|_, cx| cx.connect(address, Tag(0)));
//! world.run(&mut [&mut server, &mut client], Duration::from_secs(60))?;
//! assert_eq!(server.handler().heard, b"hellohello");
//! assert_eq!(client.handler().heard, b"hello");
//! assert_eq!(world.open_ends(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod agenda;
mod datagram;
mod faults;
mod host;
mod net;
mod seeds;
mod state;
mod stream;
mod workers;
mod world;

pub use crate::rng::Rng;
pub use faults::{Fault, Faults};
pub use net::{SimDatagram, SimListener, SimNet, SimSignals, SimStream};
pub use seeds::each_seed;
pub use workers::{join_workers, listen_shared};
pub use world::{Rest, Turn, World};
