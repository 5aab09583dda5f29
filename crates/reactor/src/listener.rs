//! A listener as the loop sees it: its readiness, and what keeps it from accepting. Accepting is the turn's.

use crate::address::Address;

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
    pub(crate) calls: usize,
    pub(crate) calls_max: usize,
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
            starved: false,
            logged: false,
        }
    }

    pub(crate) fn wants_accept(&self) -> bool {
        self.readable && !self.starved
    }
}
