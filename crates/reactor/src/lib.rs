//! A hand-written event loop that stands in for Python's `socketserver`: one thread, any number of sockets, no
//! async runtime.
//!
//! A [`Handler`] is told what happens and records what it wants done; the [`Reactor`] does it, at its own pace.
//! Everything goes through one turn:
//!
//! ```text
//!         +---------------------------------------------------------------------------+
//!         |  1 poll         wait for readiness, the next deadline or a wake           |
//!         |  2 clock        read once; the same for everything in this turn           |
//!  Handle |  3 mail         commands posted from outside      -> Handler::command     |
//!  ------>|  4 ready list   what is ready, each within its budget                     |
//!         |                 accept, connect, read, receive    -> setup, handle, ...   |
//!         |  5 timers       set aside what is due, then fire  -> timeout, deadlines   |
//!         |  6 actions                                        -> service_actions      |
//!         |  7 settle       carry out what was asked: one write for each peer         |
//!         |  8 reap         what has ended                    -> finish, exactly once |
//!         +---------------------------------------------------------------------------+
//! ```
//!
//! How it relates to `socketserver`, name for name, stands in [`parity`].
//!
//! # What it does not do
//!
//! It knows bytes, not messages: where one ends is the handler's business, which says how many bytes it
//! [took](Handler::handle). It holds no keys and draws no random numbers, and only a [`Resolver`] knows names. What
//! does the I/O is a [`Net`]: [`MioNet`] is the operating system, `sim::SimNet` (feature `sim`) a simulated network on
//! which your own handlers can be tested with every fault from one seed.
//!
//! # An idle connection owns no buffer
//!
//! All connections read into one buffer, and the handler sees the bytes where they lie. Only what it does not take
//! is copied. What it sends gathers in another buffer and leaves in one write at the end of the turn; only what the
//! kernel refuses is queued. So is what a slow peer costs bounded: see [`Limits`].
//!
//! # Signals
//!
//! With the feature `signals` those to the process are events, too: [`Signals`] keeps them from the moment on when they
//! are caught, and a loop that [obeys](Reactor::obey) them drains at the first that asks to end, stops at the second, and
//! tells its handler of any other.
//!
//! # Styles
//!
//! Each has an example of at most forty lines, which the tests run.
//!
//! | style | begins at | `examples/` |
//! |---|---|---|
//! | bytes, any number of callers on one thread | [`Handler`] | `bytes.rs` |
//! | whole messages, of callers who have shown who they are | `session` of the crate `switchboard` | its `echo_server.rs` |
//! | calls that may block, on a few threads | [`blocking`] | `blocking.rs` |
//! | datagrams, multicast, broadcast | [`Reactor::bind_with`], [`Context::join_multicast`] | `datagram.rs` |
//! | connections of one's own, called again | [`Dialer`], [`Context::connect_any`], [`Resolver`] | `client.rs` |
//! | a handler tested on a bad day's network | `sim::World` | `simulated.rs` |
//! | several loops behind one address, and groups across them | [`Workers`], [`Context::publish`] | `workers.rs` |
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use switchboard_reactor::{
//!     Closed, ConnId, Context, Handler, Limits, ListenOptions, Origin, Reactor,
//! };
//!
//! struct Echo;
//!
//! impl Handler for Echo {
//!     type Command = ();
//!
//!     fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
//!         cx.established(id); // nobody has to prove anything here
//!     }
//!
//!     fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
//!         cx.send(id, input);
//!         input.len()
//!     }
//!
//!     fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
//! }
//!
//! let mut reactor = Reactor::new(Echo, Limits::default())?;
//! let (_, address) = reactor.listen(&"tcp://127.0.0.1:0".parse()?, &ListenOptions::default())?;
//! println!("listening on {address}");
//!
//! let handle = reactor.handle(); // Clone + Send: the door from outside
//! handle.drain(Duration::from_secs(1)); // a server would wait for a signal first
//! reactor.run()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accept;
mod address;
mod admission;
mod backoff;
mod binding;
pub mod blocking;
mod closing;
mod conn;
mod conn_map;
mod connect;
mod context;
mod datagram;
mod datagrams;
mod deadlines;
mod dialer;
mod groups;
mod handle;
mod handler;
mod ids;
mod inherited;
mod limits;
mod listener;
mod mailbox;
mod measure;
mod mio_datagram;
mod mio_net;
mod net;
mod open;
mod open_datagram;
mod opening;
mod ops;
mod outbound;
mod pages;
pub mod parity;
mod pressure;
mod reactor;
mod ready;
mod receive;
mod resolver;
#[cfg_attr(
    not(feature = "sim"),
    expect(dead_code, unreachable_pub, reason = "public with `sim`; else only a dialer's")
)]
mod rng;
mod segments;
mod series;
mod share;
mod signal;
#[cfg_attr(not(feature = "signals"), path = "signals_absent.rs")]
mod signals;
#[cfg(feature = "sim")]
pub mod sim;
mod sources;
mod stats;
mod sync;
mod time;
mod timers;
mod transmit;
mod workers;

pub use address::{Address, ParseAddressError};
pub use backoff::{Backoff, BackoffLimits};
pub use binding::{BindOptions, Interface, Membership, MembershipChange};
pub use conn_map::ConnMap;
pub use context::Context;
pub use dialer::{Dialer, Step};
pub use groups::{GroupId, Groups};
pub use handle::{Handle, PostError};
pub use handler::{Closed, Datagram, Deadline, Handler, Origin, Pressure, Tag};
pub use ids::{ConnId, ListenerId, SocketId, TimerId};
pub use limits::{Limits, SlowPeer};
pub use measure::{Kind, Measure, Unit};
pub use mio_net::MioNet;
#[doc(hidden)]
pub use net::Plant;
pub use net::{Adopted, ListenOptions, Net, Read, Ready, Received, Token, Wake};
pub use opening::Kept;
pub use reactor::{Flow, Reactor};
pub use resolver::Resolver;
pub use series::Series;
pub use signal::Signal;
pub use signals::Signals;
pub use stats::{DeadlinesPassed, Stats};
pub use time::Time;
pub use workers::Workers;
