//! A datagram socket as the loop sees it: its readiness, and what the kernel would not take yet.
//! Receiving and sending are the turn's.

use std::collections::VecDeque;
use std::time::Duration;

use crate::address::Address;

/// A datagram socket and its queue.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, each named where it is set")]
pub(crate) struct DatagramSocket<D> {
    pub(crate) socket: D,
    /// An edge came and has not been drained.
    pub(crate) readable: bool,
    /// An edge came since the kernel last refused.
    pub(crate) writable: bool,
    /// Receiving fails time and again: a timer will try, and nothing else.
    pub(crate) deaf: bool,
    /// How often it has failed since it last did not.
    failures: u32,
    /// The handler was told that the queue fills, and not yet that it is empty.
    pub(crate) congested: bool,
    /// It stands on the ready list.
    pub(crate) listed: bool,
    /// A timer will try what is queued, which it does as long as anything is.
    pub(crate) retry_set: bool,
    /// How long after the next refusal it does.
    retry_pause: Duration,
    /// Datagrams that the kernel had no room for, oldest first.
    pub(crate) queue: VecDeque<(Address, Box<[u8]>)>,
}

impl<D> DatagramSocket<D> {
    pub(crate) fn new(socket: D) -> DatagramSocket<D> {
        DatagramSocket {
            socket,
            readable: false,
            writable: false,
            deaf: false,
            failures: 0,
            congested: false,
            listed: false,
            retry_set: false,
            retry_pause: RETRY_PAUSE_MIN,
            queue: VecDeque::new(),
        }
    }

    pub(crate) fn wants_receive(&self) -> bool {
        self.readable && !self.deaf
    }

    /// Receiving went well, or nothing is there.
    pub(crate) fn recover(&mut self) {
        self.failures = 0;
    }

    /// Receiving failed. One error is mostly the answer to a datagram that was sent, and gone once it is read; after two
    /// in a row the next attempt has to wait.
    pub(crate) fn fail(&mut self) -> Failure {
        self.failures = self.failures.saturating_add(1);
        self.deaf = self.failures > 1;
        match self.failures {
            1 => Failure::First,
            2 => Failure::Second,
            _ => Failure::Further,
        }
    }

    /// Whether a datagram must wait behind one that is queued already.
    pub(crate) fn must_wait(&self, to: &Address) -> bool {
        self.queue.iter().any(|(other, _)| share_room(other, to))
    }

    /// Whether an edge may be taken for room. Linux makes one of each datagram that it refuses to a Unix socket, and
    /// whoever follows it is refused again at once, for ever.
    pub(crate) fn trusts_edges(&self) -> bool {
        !matches!(self.queue.front(), Some((Address::UnixDatagram(_), _)))
    }

    /// How long to wait now: each time twice as long as the time before.
    pub(crate) fn next_pause(&mut self) -> Duration {
        let pause = self.retry_pause;
        self.retry_pause = (pause * 2).min(RETRY_PAUSE_MAX);
        pause
    }

    /// There was room again.
    pub(crate) fn shorten_pause(&mut self) {
        self.retry_pause = RETRY_PAUSE_MIN;
    }

    /// Queues a datagram; with `limit` waiting already the oldest is dropped, and `true` says so.
    pub(crate) fn push(&mut self, to: Address, payload: &[u8], limit: usize) -> bool {
        let is_full = self.queue.len() >= limit;
        if is_full {
            self.queue.pop_front();
        }
        self.queue.push_back((to, payload.into()));
        is_full
    }
}

/// An error of a socket, by how many came before it in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It is told, and the next attempt made at once.
    First,
    /// It lasts, which is logged.
    Second,
    /// It is only counted.
    Further,
}

/// Whether datagrams to these places are refused together: on a Unix socket it is the reader who is full, elsewhere
/// the way to all of them.
pub(crate) fn share_room(one: &Address, other: &Address) -> bool {
    match (one, other) {
        (Address::UnixDatagram(one), Address::UnixDatagram(other)) => one == other,
        _ => true,
    }
}

/// No longer than a queue takes to become empty on a quick network.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(1);

/// Sixteen attempts a second cost nothing, and nobody waits noticeably long.
const RETRY_PAUSE_MAX: Duration = Duration::from_millis(64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_datagram_gives_way_at_the_limit_and_not_before() {
        let mut socket = DatagramSocket::new(());
        let to = || Address::Udp("127.0.0.1:9".parse().unwrap());
        assert!(!socket.push(to(), b"1", 2));
        assert!(!socket.push(to(), b"2", 2));
        assert!(socket.push(to(), b"3", 2));
        let kept: Vec<_> = socket.queue.iter().map(|(_, payload)| &payload[..]).collect();
        assert_eq!(kept, [b"2", b"3"]);
    }

    #[test]
    fn only_who_is_full_is_waited_for_on_unix_and_the_way_to_all_elsewhere() {
        let unix = |path: &str| Address::UnixDatagram(path.into());
        let udp = |port: u16| Address::Udp(([127, 0, 0, 1], port).into());
        let mut socket = DatagramSocket::new(());
        assert!(!socket.must_wait(&unix("/a")) && socket.trusts_edges());
        socket.push(unix("/a"), b"1", 2);
        assert!(socket.must_wait(&unix("/a")) && !socket.must_wait(&unix("/b")) && !socket.trusts_edges());
        let mut socket = DatagramSocket::new(());
        socket.push(udp(1), b"1", 2);
        assert!(socket.must_wait(&udp(2)) && socket.trusts_edges());
    }

    #[test]
    fn pauses_grow_until_there_is_room_again() {
        let mut socket = DatagramSocket::new(());
        let pauses: Vec<u128> = (0..9).map(|_| socket.next_pause().as_millis()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
        socket.shorten_pause();
        assert_eq!(socket.next_pause(), RETRY_PAUSE_MIN);
    }
}
