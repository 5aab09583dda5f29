//! Several loops, each on a thread of its own, behind the same addresses: more than one core for one server. The first
//! has the thread of whoever runs them, so that one loop alone makes no process of two threads: the kernel asks of those
//! a little more for each call. What passes between them goes through their handles; on the hot path there is no lock.

use std::io;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
#[cfg(feature = "signals")]
use std::time::Duration;

use crate::address::Address;
use crate::handle::{Bell, Handle};
use crate::handler::Handler;
use crate::limits::Limits;
use crate::mio_net::MioNet;
use crate::net::{ListenOptions, Net, Wake};
use crate::reactor::Reactor;
use crate::share::Share;
#[cfg(feature = "signals")]
use crate::{signal::Signal, signals::Signals};

/// Loops that belong together: they share listeners and groups, and their connections' ids are distinct.
pub struct Workers<H: Handler> {
    loops: Vec<Reactor<H>>,
}

impl<H> Workers<H>
where
    H: Handler + Send + 'static,
    H::Command: 'static,
{
    /// So many loops, each with the handler that `make` gives for its number.
    pub fn new(
        count: NonZeroUsize,
        limits: &Limits,
        mut make: impl FnMut(usize) -> H,
    ) -> io::Result<Workers<H>> {
        let loops = (0..count.get()).map(|number| Reactor::new(make(number), limits.clone()));
        let mut loops = loops.collect::<io::Result<Vec<_>>>()?;
        join(&mut loops);
        Ok(Workers { loops })
    }

    /// Opens a listener on every loop.
    ///
    /// Over TCP the kernel spreads the calls, by a hash of their ports (`SO_REUSEPORT`). A Unix socket is one that all
    /// loops watch, and its next call is for the loop that serves the fewest of its calls, among equals for the one that
    /// has taken the fewest: while nobody hangs up, no loop has two calls more than another. A loop with no place for a
    /// call is left out, and so is one that does not turn for 100 ms, until it does.
    pub fn listen(&mut self, address: &Address, options: &ListenOptions) -> io::Result<Address> {
        match address {
            Address::Unix(_) => self.listen_shared(address, options),
            _ => self.listen_each(address, options),
        }
    }

    /// The first finds the port, the others share it.
    fn listen_each(&mut self, address: &Address, options: &ListenOptions) -> io::Result<Address> {
        let options = ListenOptions { reuse_port: self.loops.len() > 1 || options.reuse_port, ..*options };
        let mut address = address.clone();
        for one in &mut self.loops {
            (_, address) = one.listen(&address, &options)?;
        }
        Ok(address)
    }

    /// One socket, watched by all.
    fn listen_shared(&mut self, address: &Address, options: &ListenOptions) -> io::Result<Address> {
        let (listener, address) = MioNet::open_listener(address, options)?;
        let bells = self.handles().into_iter().map(|handle| Arc::new(Bell(handle)) as Arc<dyn Wake>);
        for (one, share) in self.loops.iter_mut().zip(Share::among(bells)) {
            one.adopt_shared(listener.twin(address.clone())?, options.calls_max, share)?;
        }
        Ok(address)
    }

    /// From now on these signals are events of the loops, as [`Reactor::obey`] says. Those that ask to end are heard by
    /// each, so that none waits for another; all others by the first, as they are to be answered once.
    #[cfg(feature = "signals")]
    pub fn obey(&mut self, signals: &[Signal], drain_timeout: Duration) -> io::Result<()> {
        let (ending, others): (Vec<_>, Vec<_>) = signals.iter().partition(|signal| signal.asks_to_end());
        for one in &mut self.loops {
            one.obey(Signals::catch(&ending)?, drain_timeout)?;
        }
        // There is at least one: their number is not zero.
        self.loops.first_mut().map_or(Ok(()), |first| first.obey(Signals::catch(&others)?, drain_timeout))
    }

    /// The loops themselves, to open on each what it needs.
    pub fn loops_mut(&mut self) -> &mut [Reactor<H>] {
        &mut self.loops
    }

    /// A way into each loop, in their order.
    pub fn handles(&self) -> Vec<Handle<H::Command>> {
        self.loops.iter().map(Reactor::handle).collect()
    }

    /// Runs each loop on a thread of its own, the first on this one, until all have stopped. When one fails, the others
    /// are stopped too.
    pub fn run(self) -> io::Result<Vec<H>> {
        let handles = self.handles();
        let mut loops = self.loops.into_iter();
        let first = loops.next();
        let threads: io::Result<Vec<_>> = loops.map(|one| start(one, handles.clone())).collect();
        let threads = threads.inspect_err(|_| handles.iter().for_each(Handle::shutdown))?;
        // The others are waited for, whatever becomes of this one.
        let first = first.map(|one| panic::catch_unwind(AssertUnwindSafe(|| run_among(one, handles))));
        let ended = first.into_iter().chain(threads.into_iter().map(JoinHandle::join));
        let ended: Vec<io::Result<H>> = ended.map(outcome).collect();
        ended.into_iter().collect()
    }
}

/// Gives each loop its number, and tells it of the others.
pub(crate) fn join<H: Handler, N: Net>(loops: &mut [Reactor<H, N>]) {
    let handles: Vec<_> = loops.iter().map(Reactor::handle).collect();
    for (number, one) in loops.iter_mut().enumerate() {
        let others = handles.iter().enumerate().filter(|(other, _)| *other != number);
        one.become_worker(number, others.map(|(_, handle)| handle.clone()).collect());
    }
}

fn start<H>(one: Reactor<H>, all: Vec<Handle<H::Command>>) -> io::Result<JoinHandle<io::Result<H>>>
where
    H: Handler + Send + 'static,
    H::Command: 'static,
{
    thread::Builder::new().name("loop".to_owned()).spawn(move || run_among(one, all))
}

/// The others must not go on alone, neither after an error nor after a panic.
fn run_among<H: Handler>(one: Reactor<H>, all: Vec<Handle<H::Command>>) -> io::Result<H> {
    let stopper = StopAll(all);
    let ended = one.run();
    if ended.is_err() {
        stopper.stop();
    }
    ended
}

/// What became of a loop whose thread has ended.
fn outcome<H>(ended: thread::Result<io::Result<H>>) -> io::Result<H> {
    ended.unwrap_or_else(|_| Err(io::Error::other("a worker has panicked")))
}

/// Stops all loops when it is told to, or when its thread panics.
struct StopAll<C>(Vec<Handle<C>>);

impl<C> StopAll<C> {
    fn stop(&self) {
        self.0.iter().for_each(Handle::shutdown);
    }
}

impl<C> Drop for StopAll<C> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.stop();
        }
    }
}
