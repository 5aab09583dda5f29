//! The table of everything the loop watches, by id. A stale id finds nothing.
//! What to do with a source is left to the turn.

use crate::conn::Conn;
use crate::datagram::DatagramSocket;
use crate::ids::{ConnId, ListenerId, SocketId, SourceId};
use crate::listener::ListenerState;
use crate::net::Net;
use crate::pages::Pages;
use crate::signal::SignalSource;

/// Streams, listeners and datagram sockets in one table, so that one token names any of them.
pub(crate) struct Sources<N: Net> {
    slots: Pages<(SourceId, Source<N>)>,
    /// Slots that were used and are empty; the last one is used next.
    vacant: Vec<usize>,
    /// Slots that were ever used: those up to here.
    used: usize,
    /// The serial number of the next source, and how far it is to the one after: workers that belong together count
    /// in steps, so that no two of them give the same number.
    next_serial: u64,
    step: u64,
    conns: usize,
}

/// One watched thing. The rare kinds are boxed: the table is as wide as a connection.
pub(crate) enum Source<N: Net> {
    Conn(Conn<N::Stream>),
    Listener(Box<ListenerState<N::Listener>>),
    Datagram(Box<DatagramSocket<N::Datagram>>),
    Signals(Box<SignalSource<N::Signals>>),
}

impl<N: Net> Sources<N> {
    pub(crate) fn new() -> Sources<N> {
        Sources { slots: Pages::default(), vacant: Vec::new(), used: 0, next_serial: 1, step: 1, conns: 0 }
    }

    /// Counts as the worker of this number among so many. Nothing may have been counted before.
    pub(crate) fn count_as(&mut self, worker: usize, workers: usize) {
        debug_assert!(
            self.used == 0 && self.next_serial == 1,
            "workers are joined before they open anything"
        );
        self.next_serial = worker as u64 + 1;
        self.step = workers as u64;
    }

    /// The id that the next insertion will have: sockets are watched under their id before they are kept.
    pub(crate) fn next_id(&self) -> Option<SourceId> {
        let slot = self.vacant.last().copied().unwrap_or(self.used);
        (slot < SourceId::SLOTS_MAX).then(|| SourceId::new(slot, self.next_serial))
    }

    pub(crate) fn insert(&mut self, id: SourceId, source: Source<N>) {
        debug_assert_eq!(Some(id), self.next_id(), "ids are taken from next_id and used at once");
        self.next_serial += self.step;
        self.conns += usize::from(matches!(source, Source::Conn(_)));
        self.used += usize::from(self.vacant.pop().is_none());
        self.slots.replace(id.slot(), (id, source));
    }

    pub(crate) fn remove(&mut self, id: SourceId) -> Option<Source<N>> {
        self.get_mut(id)?;
        let (_, source) = self.slots.take(id.slot())?;
        self.vacant.push(id.slot());
        self.conns -= usize::from(matches!(source, Source::Conn(_)));
        Some(source)
    }

    pub(crate) fn get_mut(&mut self, id: SourceId) -> Option<&mut Source<N>> {
        match self.slots.get_mut(id.slot()) {
            Some((owner, source)) if *owner == id => Some(source),
            _ => None,
        }
    }

    pub(crate) fn conn(&mut self, id: ConnId) -> Option<&mut Conn<N::Stream>> {
        match self.get_mut(id.0) {
            Some(Source::Conn(conn)) => Some(conn),
            _ => None,
        }
    }

    pub(crate) fn listener(&mut self, id: ListenerId) -> Option<&mut ListenerState<N::Listener>> {
        match self.get_mut(id.0) {
            Some(Source::Listener(listener)) => Some(listener),
            _ => None,
        }
    }

    pub(crate) fn datagram(&mut self, id: SocketId) -> Option<&mut DatagramSocket<N::Datagram>> {
        match self.get_mut(id.0) {
            Some(Source::Datagram(socket)) => Some(socket),
            _ => None,
        }
    }

    /// Whoever has this connection's slot now: what a table without serial numbers would find.
    pub(crate) fn present_owner(&self, id: ConnId) -> ConnId {
        self.slots.get(id.0.slot()).map_or(id, |(owner, _)| ConnId(*owner))
    }

    pub(crate) fn conn_count(&self) -> usize {
        self.conns
    }

    pub(crate) fn conn_ids(&self) -> Vec<ConnId> {
        self.ids(|source| matches!(source, Source::Conn(_))).map(ConnId).collect()
    }

    pub(crate) fn listener_ids(&self) -> Vec<ListenerId> {
        self.ids(|source| matches!(source, Source::Listener(_))).map(ListenerId).collect()
    }

    fn ids(&self, is_wanted: impl Fn(&Source<N>) -> bool) -> impl Iterator<Item = SourceId> {
        self.slots.iter().filter(move |(_, source)| is_wanted(source)).map(|(id, _)| *id)
    }
}
