//! What is on its way in a simulated network, in the order in which it arrives.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::signal::Signal;
use crate::time::Time;

/// One thing that will happen.
#[derive(Debug)]
pub(super) enum Arrival {
    /// Bytes for a stream's end.
    Bytes { to: EndId, bytes: Vec<u8> },
    /// The peer has ended its side.
    End { to: EndId },
    /// The connection is reset.
    Reset { to: EndId },
    /// A readiness that was held back.
    Edge { end: EndId },
    /// There is room for datagrams again.
    Room { socket: usize },
    /// A call reaches the address it was made to.
    Call { from: EndId, address: Address },
    /// The answer to a call reaches its maker.
    Answer { to: EndId, answer: Answer },
    /// A datagram, one of so many that were sent.
    Datagram { to: Address, from: Address, payload: Vec<u8>, number: u64 },
    /// A signal for the process on a host.
    Signal { host: usize, signal: Signal },
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Taken,
    Refused,
}

/// One end of a simulated stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EndId(pub(super) usize);

/// Arrivals by time; those of one moment in the order in which they were sent.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    arrivals: BTreeMap<(Time, u64), Arrival>,
    sent: u64,
}

impl Agenda {
    pub(super) fn add(&mut self, at: Time, arrival: Arrival) {
        self.sent += 1;
        self.arrivals.insert((at, self.sent), arrival);
    }

    pub(super) fn next(&self) -> Option<Time> {
        self.arrivals.keys().next().map(|(at, _)| *at)
    }

    /// The first arrival that is due.
    pub(super) fn take_due(&mut self, now: Time) -> Option<Arrival> {
        if self.next()? > now {
            return None;
        }
        self.arrivals.pop_first().map(|(_, arrival)| arrival)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }
}
