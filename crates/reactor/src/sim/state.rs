//! What is in a simulated world, and what happens in it as time passes. What a loop does to it is `net`'s.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::agenda::{Agenda, Answer, Arrival, EndId};
use super::datagram::Socket;
use super::faults::{Fault, Faults, Happened};
use super::host::Host;
use super::stream::{End, EndState};
use super::world::Rest;
use crate::address::Address;
use crate::net::{Plant, Ready, Token};
use crate::rng::Rng;
use crate::time::Time;

/// A listening socket.
#[derive(Debug)]
pub(super) struct ListenerPoint {
    /// The loops that watch it, each on its host and under its name there. With the last of them it is closed.
    pub(super) watchers: Vec<(usize, Token)>,
    pub(super) address: Address,
    pub(super) backlog: VecDeque<EndId>,
    pub(super) backlog_max: usize,
}

impl ListenerPoint {
    pub(super) fn is_open(&self) -> bool {
        !self.watchers.is_empty()
    }
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
    pub(super) happened: Happened,
    pub(super) datagrams_sent: u64,
    pub(super) trace: u64,
    agenda: Agenda,
}

impl State {
    pub(super) fn new(seed: u64, faults: Faults) -> State {
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
            happened: Happened::default(),
            datagrams_sent: 0,
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
        let delay = self.drawn_up_to(self.faults.delay_max);
        if delay > Duration::ZERO {
            self.happened.count(Fault::Delay);
        }
        delay
    }

    fn drawn_up_to(&mut self, longest: Duration) -> Duration {
        let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX - 1);
        Duration::from_nanos(self.rng.below(nanos + 1))
    }

    /// Tells the host of an end what has become possible.
    pub(super) fn edge(&mut self, id: EndId, possible: Possible) {
        let end = self.end(id);
        let ended = end.has_ended || end.state == EndState::Reset;
        let Some(token) = end.token else { return };
        let host = end.host;
        let (readable, writable) = (possible != Possible::Writing, possible != Possible::Reading);
        self.hosts[host].ready.push(Ready { token, readable, writable, ended });
    }

    /// Nothing can happen at this moment: the clock goes on to the next one at which something can.
    pub(super) fn advance(&mut self, end: Time) -> Option<Rest> {
        let wakes = self.hosts.iter().map(|host| host.wakes_at).filter(|at| *at > self.now);
        let next = wakes.chain(self.agenda.next()).min().unwrap_or(Time::NEVER);
        if next == Time::NEVER {
            debug_assert!(self.agenda.is_empty());
            return Some(Rest::Quiet);
        }
        let leap = if self.draw(Fault::ClockStep) {
            self.drawn_up_to(self.faults.clock_step_max)
        } else {
            Duration::ZERO
        };
        let next = next + leap;
        if next > end {
            self.now = end;
            return Some(Rest::TimeUp);
        }
        self.now = next;
        None
    }

    /// Lets everything happen that is due.
    pub(super) fn arrive(&mut self) {
        while let Some(arrival) = self.agenda.take_due(self.now) {
            match arrival {
                Arrival::Bytes { to, bytes } => self.bytes_arrive(to, &bytes),
                Arrival::End { to } => {
                    self.end(to).has_ended = true;
                    self.edge(to, Possible::Reading);
                }
                Arrival::Reset { to } => self.reset_arrives(to),
                Arrival::Edge { end } => self.edge(end, Possible::Both),
                Arrival::Room { socket } => self.room_comes(socket),
                Arrival::Call { from, address } => self.call_arrives(from, &address),
                Arrival::Answer { to, answer } => self.answer_arrives(to, answer),
                Arrival::Datagram { to, from, payload, number } => {
                    self.datagram_arrives(&to, &from, &payload, number);
                }
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
                self.edge(to, Possible::Reading);
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
            self.edge(to, Possible::Both);
        }
    }

    fn call_arrives(&mut self, from: EndId, address: &Address) {
        let is_refused = self.draw(Fault::Refusal);
        let place = self.listeners.iter().position(|listener| {
            listener.is_open()
                && listener.address == *address
                && listener.backlog.len() < listener.backlog_max
        });
        let Some(place) = place.filter(|_| !is_refused) else {
            self.send(Arrival::Answer { to: from, answer: Answer::Refused });
            return;
        };
        // On which host it will be is decided by who takes it.
        let end = self.new_end(self.listeners[place].watchers[0].0, EndState::Open);
        self.end(end).peer = Some(from);
        self.end(from).peer = Some(end);
        self.listeners[place].backlog.push_back(end);
        self.listener_edge(place);
        self.send_in_order(from, Arrival::Answer { to: from, answer: Answer::Taken });
    }

    pub(super) fn listener_edge(&mut self, place: usize) {
        for &(host, token) in &self.listeners[place].watchers {
            self.hosts[host].ready.push(Ready { token, readable: true, writable: false, ended: false });
        }
    }

    fn answer_arrives(&mut self, to: EndId, answer: Answer) {
        let end = self.end(to);
        match (end.state, answer) {
            (EndState::Calling, Answer::Taken) => end.state = EndState::Open,
            (EndState::Calling, Answer::Refused) => end.state = EndState::Refused,
            // The caller has given up meanwhile.
            _ => return self.reset_peer_of(to),
        }
        self.edge(to, Possible::Writing);
    }
}

/// What an end can do from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Possible {
    Reading,
    Writing,
    Both,
}

/// Callers have no address of their own in this world: each connection is told apart by a port.
pub(super) fn caller_address(source: Option<IpAddr>, number: usize) -> Address {
    let port = u16::try_from(number % 60_000).unwrap_or(0);
    let source = source.unwrap_or(IpAddr::V4(Ipv4Addr::new(10, 255, 0, 1)));
    Address::Tcp(SocketAddr::new(source, port))
}
