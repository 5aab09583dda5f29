//! A listener as the loop sees it: its readiness, and what keeps it from accepting. Accepting is the turn's.

use crate::address::Address;
use crate::share::{Left, Share};

/// A listening socket and why it may be holding back.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, each named where it is set")]
pub(crate) struct ListenerState<L> {
    pub(crate) socket: L,
    pub(crate) address: Address,
    /// An edge came and has not been drained.
    pub(crate) readable: bool,
    /// It stands on the ready list.
    pub(crate) listed: bool,
    /// Its calls that are being served, and how many may be.
    calls: usize,
    pub(crate) calls_max: usize,
    /// This loop's share in it, if others watch the same socket.
    pub(crate) share: Option<Share>,
    /// A call was left to another loop, and a timer is set to see what came of it.
    pub(crate) left: Option<Left>,
    /// No place, or `accept` failed for want of something: a freed place or a timer will try again.
    pub(crate) starved: bool,
    /// The present want has been logged: one line for it, however long it lasts.
    pub(crate) logged: bool,
}

impl<L> ListenerState<L> {
    pub(crate) fn new(socket: L, address: Address, calls_max: usize) -> ListenerState<L> {
        ListenerState {
            socket,
            address,
            readable: false,
            listed: false,
            calls: 0,
            calls_max,
            share: None,
            left: None,
            starved: false,
            logged: false,
        }
    }

    pub(crate) fn wants_accept(&self) -> bool {
        self.readable && !self.starved
    }

    pub(crate) fn is_full(&self) -> bool {
        self.calls >= self.calls_max
    }

    pub(crate) fn call_begins(&mut self) {
        self.calls += 1;
        self.share.iter().for_each(Share::enter);
    }

    pub(crate) fn call_ends(&mut self) {
        self.calls -= 1;
        self.share.iter().for_each(Share::leave);
    }

    /// No call waits: the next one brings an edge.
    pub(crate) fn note_drained(&mut self) {
        self.readable = false;
        self.logged = false;
        self.share.iter().for_each(Share::find_none);
    }

    /// Nothing can be taken for now. Others may.
    pub(crate) fn starve(&mut self) {
        self.starved = true;
        self.share.iter().for_each(Share::withdraw);
    }
}
