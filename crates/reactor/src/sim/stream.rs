//! One end of a simulated stream: what has arrived and what may still be sent. Delays and faults are the world's.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::agenda::EndId;
use crate::net::Token;
use crate::time::Time;

/// An end of a stream.
#[derive(Debug)]
pub(super) struct End {
    pub(super) host: usize,
    /// Under which name its host watches it.
    pub(super) token: Option<Token>,
    pub(super) peer: Option<EndId>,
    /// From which address of its host it calls, if that was asked for.
    pub(super) source: Option<IpAddr>,
    pub(super) state: EndState,
    /// Bytes that arrived and have not been read.
    pub(super) inbox: VecDeque<u8>,
    /// The peer's end has arrived behind them.
    pub(super) has_ended: bool,
    /// Bytes sent to it that have not been read: on their way, and in the inbox.
    pub(super) unread: usize,
    /// How many of these there may be.
    pub(super) window: usize,
    /// Nothing sent to it later may arrive before this.
    pub(super) last_arrival: Time,
    /// Its last write was refused because the peer's window is full.
    pub(super) waits_for_window: bool,
    /// It has ended its own side.
    pub(super) sending_ended: bool,
}

/// Where an end is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndState {
    /// Called, not answered.
    Calling,
    /// The call was refused.
    Refused,
    Open,
    /// Reset: reads what arrived before, then an error.
    Reset,
    /// Its owner has closed it.
    Closed,
}

impl End {
    pub(super) fn new(host: usize, state: EndState, window: usize) -> End {
        End {
            host,
            token: None,
            peer: None,
            source: None,
            state,
            inbox: VecDeque::new(),
            has_ended: false,
            unread: 0,
            window,
            last_arrival: Time::ZERO,
            waits_for_window: false,
            sending_ended: false,
        }
    }

    /// Takes bytes out of the inbox.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> usize {
        let count = buffer.len().min(self.inbox.len());
        // The inbox lies in memory in two pieces.
        let (front, back) = self.inbox.as_slices();
        let (first, second) = buffer[..count].split_at_mut(count.min(front.len()));
        first.copy_from_slice(&front[..first.len()]);
        second.copy_from_slice(&back[..second.len()]);
        self.inbox.drain(..count);
        self.unread -= count;
        count
    }

    pub(super) fn room(&self) -> usize {
        self.window - self.unread.min(self.window)
    }
}
