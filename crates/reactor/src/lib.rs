//! A hand-written event loop.

mod accept;
mod address;
mod closing;
mod conn;
mod conn_map;
mod connect;
mod context;
mod datagram;
mod datagrams;
mod deadlines;
mod handle;
mod handler;
mod ids;
mod limits;
mod listener;
mod mio_net;
mod net;
mod open;
mod ops;
mod outbound;
mod reactor;
mod receive;
#[cfg(feature = "sim")]
pub mod sim;
mod sources;
mod stats;
mod time;
mod timers;
mod transmit;

pub use address::Address;
pub use conn_map::ConnMap;
pub use context::Context;
pub use handle::{COMMANDS_MAX, Handle, PostError};
pub use handler::{Closed, Datagram, Deadline, Handler, Origin, Pressure, Tag};
pub use ids::{ConnId, ListenerId, SocketId, TimerId};
pub use limits::Limits;
pub use mio_net::MioNet;
pub use net::{Adopted, ListenOptions, Net, Read, Ready, Received, Token, Wake};
pub use reactor::{Flow, Kept, Reactor};
pub use stats::Stats;
pub use time::Time;
