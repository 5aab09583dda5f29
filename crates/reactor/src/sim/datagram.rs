//! A simulated datagram socket: what has arrived.

use std::collections::VecDeque;

use crate::address::Address;
use crate::net::Token;

/// A bound socket.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) host: usize,
    pub(super) token: Token,
    pub(super) address: Address,
    pub(super) inbox: VecDeque<(Address, Vec<u8>)>,
}

/// Datagrams that a socket holds unread; what comes after them is lost, as it is in a kernel.
pub(super) const INBOX_MAX: usize = 64;
