//! Handlers that may block: `ThreadingMixIn`, on a bounded number of threads.
//!
//! A call is handled by a plain function with [`recv`](Call::recv) and [`send`](Call::send), which wait. The loop
//! still owns the socket, its deadlines and its limits: a thread that waits holds no descriptor and no buffer but
//! its call's. An error or a panic ends that call only.
//!
//! ```text
//!    loop's thread                              a thread of the pool
//!   +-----------------+   bytes, the end       +---------------------+
//!   | Blocking<F>     | ---------------------> | fn(&mut Call)       |
//!   | (a Handler)     | <--------------------- |   recv, send        |
//!   +-----------------+   orders, by Handle    +---------------------+
//! ```
//!
//! ```no_run
//! use switchboard_reactor::blocking::{Blocking, Call, Threads};
//! use switchboard_reactor::{Limits, ListenOptions, Reactor};
//!
//! fn shout(call: &mut Call) -> std::io::Result<()> {
//!     while let Some(heard) = call.recv()? {
//!         call.send(heard.to_ascii_uppercase())?;
//!     }
//!     Ok(())
//! }
//!
//! let mut reactor = Blocking::reactor(shout, Threads::default(), Limits::default())?;
//! reactor.listen(&"tcp://127.0.0.1:9003".parse()?, &ListenOptions::default())?;
//! reactor.run()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod call;
mod desk;
mod line;
mod pool;

use std::io;

use bytes::Bytes;

use crate::{Closed, ConnId, Context, Handler, Limits, Measure, MioNet, Net, Origin, Pressure, Reactor};

pub use call::Call;
pub use desk::{Desk, HandleCall};
pub use line::{Fill, INBOX_BYTES_MAX, Line, OUTSTANDING_BYTES_MAX, Taken};
pub use pool::{Pool, PoolStats, Threads};

/// What a thread asks of the loop for its call.
#[derive(Debug)]
pub enum Order {
    /// Send these bytes.
    Send(ConnId, Bytes),
    /// Read on: there is room again.
    Resume(ConnId),
    /// The function has returned: hang up.
    Close(ConnId),
    /// The function has failed or panicked: cut the call.
    Abort(ConnId),
}

/// A handler that gives every call to a function on a thread of its pool.
#[derive(Debug)]
pub struct Blocking(Desk);

impl Blocking {
    /// A loop on the operating system's sockets with such a handler.
    pub fn reactor(
        handle_call: impl Fn(&mut Call) -> io::Result<()> + Send + Sync + 'static,
        threads: Threads,
        limits: Limits,
    ) -> io::Result<Reactor<Blocking>> {
        Blocking::reactor_on(MioNet::new()?, handle_call, threads, limits)
    }

    /// A loop on any network with such a handler.
    pub fn reactor_on<N: Net>(
        net: N,
        handle_call: impl Fn(&mut Call) -> io::Result<()> + Send + Sync + 'static,
        threads: Threads,
        limits: Limits,
    ) -> io::Result<Reactor<Blocking, N>> {
        let blocking = Blocking(Desk::new(handle_call, threads)?);
        let mut reactor = Reactor::with_net(net, blocking, limits);
        let door = reactor.handle();
        reactor.with_context(|blocking, _| blocking.0.open_with(door));
        Ok(reactor)
    }

    /// What the pool is doing.
    pub fn pool_stats(&self) -> PoolStats {
        self.0.pool_stats()
    }
}

impl Handler for Blocking {
    type Command = Order;

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
        cx.established(id);
        if !self.0.begin(id, origin.peer().clone(), None) {
            cx.abort(id);
        }
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        if self.0.heard(id, Bytes::copy_from_slice(input)) == Fill::Full {
            cx.pause_reading(id);
        }
        input.len()
    }

    fn end_of_input(&mut self, _: &mut Context<'_>, id: ConnId, _: &[u8]) {
        self.0.input_ended(id);
    }

    fn pressure(&mut self, _: &mut Context<'_>, id: ConnId, pressure: Pressure) {
        self.0.pressed(id, pressure);
    }

    fn command(&mut self, cx: &mut Context<'_>, order: Order) {
        match order {
            Order::Send(id, bytes) => {
                if self.0.takes_over(id, bytes.len()) {
                    cx.send_shared(id, bytes);
                }
            }
            Order::Resume(id) => cx.resume_reading(id),
            Order::Close(id) => cx.close(id),
            Order::Abort(id) => cx.abort(id),
        }
    }

    fn measure(&self, into: &mut Vec<Measure>) {
        into.extend(self.0.pool_stats().measures());
    }

    fn finish(&mut self, _: &mut Context<'_>, id: ConnId, why: Closed) {
        self.0.end(id, why.to_string());
    }
}
