//! A simulated datagram socket: what has arrived, and whether there is room for more to leave.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::net::IpAddr;

use super::agenda::Arrival;
use super::faults::Fault;
use super::state::State;
use crate::address::Address;
use crate::net::{Ready, Token};

/// A bound socket.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) host: usize,
    pub(super) token: Token,
    pub(super) address: Address,
    pub(super) inbox: VecDeque<(Address, Vec<u8>)>,
    /// The only one whom it hears.
    pub(super) peer: Option<Address>,
    /// The number of the newest datagram that has come.
    pub(super) newest: u64,
    /// The multicast groups that it hears.
    pub(super) groups: HashSet<IpAddr>,
}

impl Socket {
    /// Whether a datagram to this address reaches it.
    pub(super) fn hears(&self, to: &Address, from: &Address) -> bool {
        let is_in_group = to.ip().is_some_and(|to| {
            self.groups.contains(&to.ip()) && self.address.ip().is_some_and(|own| own.port() == to.port())
        });
        (self.address == *to || is_in_group) && self.peer.as_ref().is_none_or(|peer| peer == from)
    }
}

impl State {
    /// There is no room for a datagram, out of the blue. Not every time does an edge tell when there is.
    pub(super) fn draw_refusal(&mut self, socket: usize) -> io::Result<()> {
        if !self.draw(Fault::DatagramRefusal) {
            return Ok(());
        }
        if self.rng.chance(0.5) {
            self.send(Arrival::Room { socket });
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Sends a datagram on its way: once, twice or not at all.
    pub(super) fn send_datagram(&mut self, to: &Address, from: &Address, payload: &[u8]) {
        let copies = if self.draw(Fault::Loss) { 0 } else { 1 + u32::from(self.draw(Fault::Double)) };
        self.datagrams_sent += 1;
        let number = self.datagrams_sent;
        for _ in 0..copies {
            let (to, from, payload) = (to.clone(), from.clone(), payload.to_vec());
            self.send(Arrival::Datagram { to, from, payload, number });
        }
    }

    pub(super) fn datagram_arrives(&mut self, to: &Address, from: &Address, payload: &[u8], number: u64) {
        for socket in self.sockets.iter_mut().filter(|socket| socket.hears(to, from)) {
            if number < socket.newest {
                self.happened.count(Fault::Overtaking);
            }
            socket.newest = socket.newest.max(number);
            if socket.inbox.len() < INBOX_MAX {
                socket.inbox.push_back((from.clone(), payload.to_vec()));
                let ready = Ready { token: socket.token, readable: true, writable: false, ended: false };
                self.hosts[socket.host].ready.push(ready);
            }
        }
    }

    pub(super) fn room_comes(&mut self, socket: usize) {
        let Socket { host, token, .. } = self.sockets[socket];
        self.hosts[host].ready.push(Ready { token, readable: false, writable: true, ended: false });
    }
}

/// Datagrams that a socket holds unread; what comes after them is lost, as it is in a kernel.
pub(super) const INBOX_MAX: usize = 64;
