//! Between a loop's handler and the threads of its calls: which call has which line, and what a thread's order means.
//! Whether bytes or messages pass over it is left to the handler that keeps it.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::{Call, Fill, Line, Order, Pool, PoolStats, Threads};
use crate::{Address, ConnId, ConnMap, Handle, Pressure};

/// What handles each call, on a thread of the pool.
pub type HandleCall = dyn Fn(&mut Call) -> io::Result<()> + Send + Sync;

/// The calls that a pool is handling, as the loop sees them. Nothing here waits.
pub struct Desk {
    handle_call: Arc<HandleCall>,
    pool: Pool,
    lines: ConnMap<Arc<Line>>,
    /// The loop's own door exists only after the handler that keeps this desk.
    door: Option<Handle<Order>>,
}

impl Desk {
    /// A desk without calls. [`open_with`](Desk::open_with) must follow before the first one.
    pub fn new(
        handle_call: impl Fn(&mut Call) -> io::Result<()> + Send + Sync + 'static,
        threads: Threads,
    ) -> io::Result<Desk> {
        let handle_call = Arc::new(handle_call);
        Ok(Desk { handle_call, pool: Pool::start(threads)?, lines: ConnMap::new(), door: None })
    }

    /// Tells the threads how to reach the loop.
    pub fn open_with(&mut self, door: Handle<Order>) {
        self.door = Some(door);
    }

    /// A call begins. `false`: there is no thread for it and no place to wait, so it has to be cut.
    #[must_use]
    pub fn begin(&mut self, id: ConnId, peer: Address, caller: Option<String>) -> bool {
        let Some(door) = self.door.clone() else { return false };
        let line = Arc::new(Line::default());
        self.lines.insert(id, Arc::clone(&line));
        let call = Call::new(id, peer, caller, line, door);
        let handle_call = Arc::clone(&self.handle_call);
        self.pool.submit(move || call.run(&*handle_call))
    }

    /// Something was heard. `Fill::Full`: the call is not to be read until its thread says [`Order::Resume`].
    pub fn heard(&self, id: ConnId, bytes: Bytes) -> Fill {
        self.lines.get(id).map_or(Fill::Room, |line| line.put(bytes))
    }

    /// The peer has ended its side. The thread hears of it after the last bytes, and may go on sending.
    pub fn input_ended(&self, id: ConnId) {
        if let Some(line) = self.lines.get(id) {
            line.end_input();
        }
    }

    /// The queue towards the peer is full, or has room again.
    pub fn pressed(&self, id: ConnId, pressure: Pressure) {
        if let Some(line) = self.lines.get(id) {
            line.press(pressure);
        }
    }

    /// The loop takes over so many bytes of an [`Order::Send`]. `false`: the call is over, and nothing is to be sent.
    #[must_use]
    pub fn takes_over(&self, id: ConnId, bytes: usize) -> bool {
        self.lines.get(id).is_some_and(|line| {
            line.handed_over(bytes);
            true
        })
    }

    /// The call is over; its thread is told why when it next asks.
    pub fn end(&mut self, id: ConnId, why: String) {
        if let Some(line) = self.lines.remove(id) {
            line.cut(why);
        }
    }

    /// How many calls there are: running, and waiting for a thread.
    pub fn calls(&self) -> usize {
        self.lines.len()
    }

    /// What the pool is doing.
    pub fn pool_stats(&self) -> PoolStats {
        self.pool.stats()
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("calls", &self.calls()).finish_non_exhaustive()
    }
}
