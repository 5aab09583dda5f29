//! The simulated world as a test sees it: it turns the loops, and moves the clock when none of them has anything to do.
//! Which loop turns next is drawn by the seed. What is in the world is `state`'s, how a loop sees it `net`'s.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use super::agenda::Arrival;
use super::faults::{Fault, Faults};
use super::host::Host;
use super::net::SimNet;
use super::state::State;
use super::stream::EndState;
use crate::handler::Handler;
use crate::net::Plant;
use crate::reactor::{Flow, Reactor};
use crate::signal::Signal;
use crate::time::Time;

/// A simulated network with its clock. Clones are the same world.
#[derive(Clone, Debug)]
pub struct World(pub(super) Rc<RefCell<State>>);

/// A loop that a world can turn.
pub trait Turn {
    /// One turn; it never waits.
    fn turn(&mut self) -> io::Result<Flow>;
    /// How long it would wait in its poll now.
    fn timeout(&self) -> Option<Duration>;
    /// Which host it runs on.
    fn host(&self) -> usize;
}

impl<H: Handler> Turn for Reactor<H, SimNet> {
    fn turn(&mut self) -> io::Result<Flow> {
        Reactor::turn(self)
    }

    fn timeout(&self) -> Option<Duration> {
        Reactor::timeout(self)
    }

    fn host(&self) -> usize {
        self.net().host()
    }
}

/// How a run came to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing is on its way, no timer is set, no loop has anything to do.
    Quiet,
    /// Every loop has stopped.
    Stopped,
    /// The time given has passed.
    TimeUp,
}

/// Turns that one run may take: a loop that spins without time passing is a fault, and this finds it.
const TURNS_MAX: u64 = 5_000_000;

impl World {
    /// A world without hosts; everything that happens in it follows from the seed.
    pub fn new(seed: u64, faults: Faults) -> World {
        World(Rc::new(RefCell::new(State::new(seed, faults))))
    }

    /// A new host, as the network of one loop.
    pub fn host(&self) -> SimNet {
        let mut state = self.0.borrow_mut();
        state.hosts.push(Host::default());
        SimNet::new(self.clone(), state.hosts.len() - 1)
    }

    /// Sends a signal to the process on a host.
    pub fn signal(&self, host: usize, signal: Signal) {
        self.0.borrow_mut().send(Arrival::Signal { host, signal });
    }

    /// From now on nothing goes wrong any more: what is pending must now come to its end.
    pub fn calm(&self) {
        let mut state = self.0.borrow_mut();
        state.faults = Faults { window_max: state.faults.window_max, ..Faults::none() };
    }

    /// Makes every loop of this world make a mistake, for a test of the tests.
    #[doc(hidden)]
    pub fn plant(&self, plant: Plant) {
        self.0.borrow_mut().plant = Some(plant);
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        self.0.borrow().now
    }

    /// A number that sums up everything that has happened so far: equal seeds give equal traces.
    pub fn trace(&self) -> u64 {
        self.0.borrow().trace
    }

    /// How often this fault has happened so far: a law that never met it has not been tried.
    pub fn happened(&self, fault: Fault) -> u64 {
        self.0.borrow().happened.of(fault)
    }

    /// How many stream ends their owners have not closed: none, after everything has finished.
    pub fn open_ends(&self) -> usize {
        self.0.borrow().ends.iter().filter(|end| end.state != EndState::Closed).count()
    }

    /// Turns the loops until there is nothing left to do, or until so much simulated time has passed.
    pub fn run(&self, loops: &mut [&mut dyn Turn], time: Duration) -> io::Result<Rest> {
        let end = self.now() + time;
        let mut stopped = vec![false; loops.len()];
        // Something may have been asked of a loop since it last turned.
        for one in loops.iter() {
            self.wake_when_due(*one);
        }
        for _ in 0..TURNS_MAX {
            if stopped.iter().all(|stopped| *stopped) {
                return Ok(Rest::Stopped);
            }
            self.0.borrow_mut().arrive();
            let runnable = self.runnable(loops, &stopped);
            if runnable.is_empty() {
                match self.0.borrow_mut().advance(end) {
                    None => continue,
                    Some(rest) => return Ok(rest),
                }
            }
            let next = runnable[self.0.borrow_mut().rng.index(runnable.len())];
            stopped[next] = loops[next].turn()? == Flow::Stopped;
            self.wake_when_due(loops[next]);
        }
        panic!("{TURNS_MAX} turns and no rest: a loop spins, or a conversation never ends");
    }

    /// Notes when a loop's poll would return if nothing happened. A stopped one has nothing to wait for.
    fn wake_when_due(&self, one: &dyn Turn) {
        let wakes_at = one.timeout().map_or(Time::NEVER, |timeout| self.now() + timeout);
        self.0.borrow_mut().hosts[one.host()].wakes_at = wakes_at;
    }

    fn runnable(&self, loops: &[&mut dyn Turn], stopped: &[bool]) -> Vec<usize> {
        let state = self.0.borrow();
        (0..loops.len())
            .filter(|&at| !stopped[at] && state.hosts[loops[at].host()].is_runnable(state.now))
            .collect()
    }
}
