//! The simulated world: hosts, streams between them, what is on its way, and the clock. Which loop turns next is
//! drawn by the seed. How a loop sees all this is `net`'s.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use super::agenda::{Agenda, Arrival, EndId};
use super::datagram::{INBOX_MAX, Socket};
use super::faults::Faults;
use super::host::Host;
use super::net::SimNet;
use super::stream::{End, EndState};
use crate::address::Address;
use crate::handler::Handler;
use crate::net::{Plant, Ready, Token};
use crate::reactor::{Flow, Reactor};
use crate::rng::Rng;
use crate::signal::Signal;
use crate::time::Time;
use crate::workers;

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

/// Makes loops the workers of one server, as [`Workers`](crate::Workers) does with those on threads: what one of them
/// publishes to a group reaches the members on all. Each listens at an address of its own, if it listens.
pub fn join_workers<H: Handler>(loops: &mut [Reactor<H, SimNet>]) {
    workers::join(loops);
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

/// A listening socket.
#[derive(Debug)]
pub(super) struct ListenerPoint {
    pub(super) host: usize,
    pub(super) token: Token,
    pub(super) address: Address,
    pub(super) backlog: VecDeque<EndId>,
    pub(super) backlog_max: usize,
    pub(super) is_open: bool,
}

/// Everything in the world.
#[derive(Debug)]
pub(super) struct State {
    pub(super) rng: Rng,
    pub(super) faults: Faults,
    pub(super) now: Time,
    pub(super) hosts: Vec<Host>,
    pub(super) ends: Vec<End>,
    pub(super) listeners: Vec<ListenerPoint>,
    pub(super) sockets: Vec<Socket>,
    pub(super) ports_given: u16,
    pub(super) plant: Option<Plant>,
    agenda: Agenda,
    trace: u64,
}

impl State {
    fn new(seed: u64, faults: Faults) -> State {
        State {
            rng: Rng::new(seed),
            faults,
            now: Time::ZERO,
            hosts: Vec::new(),
            ends: Vec::new(),
            listeners: Vec::new(),
            sockets: Vec::new(),
            ports_given: 0,
            plant: None,
            agenda: Agenda::default(),
            trace: 0,
        }
    }

    /// Adds a number to the trace.
    pub(super) fn note(&mut self, number: u64) {
        self.trace = Rng::new(self.trace ^ number ^ self.now.as_nanos()).next_u64();
    }

    pub(super) fn end(&mut self, id: EndId) -> &mut End {
        &mut self.ends[id.0]
    }

    pub(super) fn new_end(&mut self, host: usize, state: EndState) -> EndId {
        let window = 1 + self.rng.index(self.faults.window_max);
        self.ends.push(End::new(host, state, window));
        EndId(self.ends.len() - 1)
    }

    /// Sends something on its way.
    pub(super) fn send(&mut self, arrival: Arrival) {
        let at = self.now + self.delay();
        self.agenda.add(at, arrival);
    }

    /// Sends something on its way to an end, behind everything sent to it before.
    pub(super) fn send_in_order(&mut self, to: EndId, arrival: Arrival) {
        let at = (self.now + self.delay()).max(self.end(to).last_arrival);
        self.end(to).last_arrival = at;
        self.agenda.add(at, arrival);
    }

    fn delay(&mut self) -> Duration {
        let nanos = u64::try_from(self.faults.delay_max.as_nanos()).unwrap_or(u64::MAX - 1);
        Duration::from_nanos(self.rng.below(nanos + 1))
    }

    /// Tells the host of an end what has become possible.
    pub(super) fn edge(&mut self, id: EndId, readable: bool, writable: bool) {
        let end = self.end(id);
        let ended = end.has_ended || end.state == EndState::Reset;
        let Some(token) = end.token else { return };
        let host = end.host;
        self.hosts[host].ready.push(Ready { token, readable, writable, ended });
    }

    /// Nothing can happen at this moment: the clock goes on to the next one at which something can.
    fn advance(&mut self, end: Time) -> Option<Rest> {
        let wakes = self.hosts.iter().map(|host| host.wakes_at).filter(|at| *at > self.now);
        let next = wakes.chain(self.agenda.next()).min().unwrap_or(Time::NEVER);
        if next == Time::NEVER {
            debug_assert!(self.agenda.is_empty());
            return Some(Rest::Quiet);
        }
        if next > end {
            self.now = end;
            return Some(Rest::TimeUp);
        }
        self.now = next;
        None
    }

    /// Lets everything happen that is due.
    fn arrive(&mut self) {
        while let Some(arrival) = self.agenda.take_due(self.now) {
            match arrival {
                Arrival::Bytes { to, bytes } => self.bytes_arrive(to, &bytes),
                Arrival::End { to } => {
                    self.end(to).has_ended = true;
                    self.edge(to, true, false);
                }
                Arrival::Reset { to } => self.reset_arrives(to),
                Arrival::Edge { end } => self.edge(end, true, true),
                Arrival::Room { socket } => self.room_comes(socket),
                Arrival::Call { from, address } => self.call_arrives(from, &address),
                Arrival::Answer { to, is_taken } => self.answer_arrives(to, is_taken),
                Arrival::Datagram { to, from, payload } => self.datagram_arrives(&to, &from, &payload),
                Arrival::Signal { host, signal } => {
                    self.hosts[host].signals.push_back(signal);
                    self.hosts[host].signals_edge();
                }
            }
        }
    }

    fn bytes_arrive(&mut self, to: EndId, bytes: &[u8]) {
        match self.end(to).state {
            EndState::Open => {
                self.end(to).inbox.extend(bytes);
                self.edge(to, true, false);
            }
            // Nobody is there to read them: the sender learns of it.
            EndState::Closed => self.reset_peer_of(to),
            EndState::Calling | EndState::Refused | EndState::Reset => {}
        }
    }

    pub(super) fn reset_peer_of(&mut self, id: EndId) {
        if let Some(peer) = self.end(id).peer {
            self.send(Arrival::Reset { to: peer });
        }
    }

    fn reset_arrives(&mut self, to: EndId) {
        // It may have overtaken the answer to the call.
        if matches!(self.end(to).state, EndState::Calling | EndState::Open) {
            self.end(to).state = EndState::Reset;
            self.edge(to, true, true);
        }
    }

    fn call_arrives(&mut self, from: EndId, address: &Address) {
        let is_refused = self.rng.chance(self.faults.refusals);
        let place = self.listeners.iter().position(|listener| {
            listener.is_open && listener.address == *address && listener.backlog.len() < listener.backlog_max
        });
        let Some(place) = place.filter(|_| !is_refused) else {
            self.send(Arrival::Answer { to: from, is_taken: false });
            return;
        };
        let end = self.new_end(self.listeners[place].host, EndState::Open);
        self.end(end).peer = Some(from);
        self.end(from).peer = Some(end);
        self.listeners[place].backlog.push_back(end);
        self.listener_edge(place);
        self.send_in_order(from, Arrival::Answer { to: from, is_taken: true });
    }

    pub(super) fn listener_edge(&mut self, place: usize) {
        let ListenerPoint { host, token, .. } = self.listeners[place];
        self.hosts[host].ready.push(Ready { token, readable: true, writable: false, ended: false });
    }

    fn answer_arrives(&mut self, to: EndId, is_taken: bool) {
        let end = self.end(to);
        match (end.state, is_taken) {
            (EndState::Calling, true) => end.state = EndState::Open,
            (EndState::Calling, false) => end.state = EndState::Refused,
            // The caller has given up meanwhile.
            _ => return self.reset_peer_of(to),
        }
        self.edge(to, false, true);
    }

    fn datagram_arrives(&mut self, to: &Address, from: &Address, payload: &[u8]) {
        for socket in self.sockets.iter_mut().filter(|socket| socket.hears(to, from)) {
            if socket.inbox.len() < INBOX_MAX {
                socket.inbox.push_back((from.clone(), payload.to_vec()));
                let ready = Ready { token: socket.token, readable: true, writable: false, ended: false };
                self.hosts[socket.host].ready.push(ready);
            }
        }
    }
}

/// Callers have no address of their own in this world: each connection is told apart by a port.
pub(super) fn caller_address(source: Option<IpAddr>, number: usize) -> Address {
    let port = u16::try_from(number % 60_000).unwrap_or(0);
    let source = source.unwrap_or(IpAddr::V4(Ipv4Addr::new(10, 255, 0, 1)));
    Address::Tcp(SocketAddr::new(source, port))
}
