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
mod line;
mod pool;

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::{
    Closed, ConnId, ConnMap, Context, Handle, Handler, Limits, MioNet, Net, Origin, Pressure, Reactor,
};

pub use call::Call;
pub use line::{Fill, INBOX_BYTES_MAX, Line, OUTSTANDING_BYTES_MAX, Sent};
pub use pool::{Pool, PoolStats, Threads};

/// A handler that gives every call to a function on a thread of its pool.
pub struct Blocking<F> {
    handle_call: Arc<F>,
    pool: Pool,
    lines: ConnMap<Arc<Line>>,
    /// Set before the loop runs; the loop's own handle exists only after its handler.
    door: Option<Handle<Order>>,
}

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

impl<F> Blocking<F>
where
    F: Fn(&mut Call) -> io::Result<()> + Send + Sync + 'static,
{
    /// A loop on the operating system's sockets with such a handler.
    pub fn reactor(handle_call: F, threads: Threads, limits: Limits) -> io::Result<Reactor<Blocking<F>>> {
        Blocking::reactor_on(MioNet::new()?, handle_call, threads, limits)
    }

    /// A loop on any network with such a handler.
    pub fn reactor_on<N: Net>(
        net: N,
        handle_call: F,
        threads: Threads,
        limits: Limits,
    ) -> io::Result<Reactor<Blocking<F>, N>> {
        let pool = Pool::start(threads)?;
        let blocking =
            Blocking { handle_call: Arc::new(handle_call), pool, lines: ConnMap::new(), door: None };
        let mut reactor = Reactor::with_net(net, blocking, limits);
        let door = reactor.handle();
        reactor.with_context(|blocking, _| blocking.door = Some(door));
        Ok(reactor)
    }

    /// What the pool is doing.
    pub fn pool_stats(&self) -> PoolStats {
        self.pool.stats()
    }
}

impl<F> Handler for Blocking<F>
where
    F: Fn(&mut Call) -> io::Result<()> + Send + Sync + 'static,
{
    type Command = Order;

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
        let door = self.door.clone().expect("the constructor sets it before the loop runs");
        let line = Arc::new(Line::default());
        self.lines.insert(id, Arc::clone(&line));
        cx.established(id);
        let call = Call::new(id, origin.peer().clone(), line, door);
        let handle_call = Arc::clone(&self.handle_call);
        if !self.pool.submit(move || call.run(&*handle_call)) {
            cx.abort(id);
        }
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        if let Some(line) = self.lines.get(id)
            && line.put(Bytes::copy_from_slice(input)) == Fill::Full
        {
            cx.pause_reading(id);
        }
        input.len()
    }

    /// The function hears of it after the last bytes, and may go on sending.
    fn end_of_input(&mut self, _: &mut Context<'_>, id: ConnId, _: &[u8]) {
        if let Some(line) = self.lines.get(id) {
            line.end_input();
        }
    }

    fn pressure(&mut self, _: &mut Context<'_>, id: ConnId, pressure: Pressure) {
        if let Some(line) = self.lines.get(id) {
            line.press(pressure);
        }
    }

    fn command(&mut self, cx: &mut Context<'_>, order: Order) {
        match order {
            Order::Send(id, bytes) => {
                if let Some(line) = self.lines.get(id) {
                    line.handed_over(bytes.len());
                    cx.send_shared(id, bytes);
                }
            }
            Order::Resume(id) => cx.resume_reading(id),
            Order::Close(id) => cx.close(id),
            Order::Abort(id) => cx.abort(id),
        }
    }

    fn finish(&mut self, _: &mut Context<'_>, id: ConnId, why: Closed) {
        if let Some(line) = self.lines.remove(id) {
            line.cut(why.to_string());
        }
    }
}

impl<F> std::fmt::Debug for Blocking<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocking").field("calls", &self.lines.len()).finish_non_exhaustive()
    }
}
