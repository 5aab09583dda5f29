//! A datagram socket as the loop sees it: its readiness, and what the kernel would not take yet.
//! Receiving and sending are the turn's.

use std::collections::VecDeque;

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
    /// The handler was told that the queue fills, and not yet that it is empty.
    pub(crate) congested: bool,
    /// It stands on the ready list.
    pub(crate) listed: bool,
    /// Datagrams that the kernel had no room for, oldest first.
    pub(crate) queue: VecDeque<(Address, Box<[u8]>)>,
}

impl<D> DatagramSocket<D> {
    pub(crate) fn new(socket: D) -> DatagramSocket<D> {
        DatagramSocket {
            socket,
            readable: false,
            writable: false,
            congested: false,
            listed: false,
            queue: VecDeque::new(),
        }
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
}
