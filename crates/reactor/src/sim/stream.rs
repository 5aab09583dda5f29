//! Simulated streams: what has arrived at each end, what may still be sent, and the faults of reading and writing. How
//! long anything takes is the state's.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::IpAddr;

use super::agenda::{Arrival, EndId};
use super::faults::Fault;
use super::state::State;
use crate::net::{Read, Token};
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

impl State {
    pub(super) fn read(&mut self, id: EndId, buffer: &mut [u8]) -> io::Result<Read> {
        self.draw_interruption()?;
        self.draw_reset(id);
        if self.draw_would_block(id) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let possible = buffer.len().min(self.end(id).inbox.len());
        let length = self.draw_length(possible, Fault::ShortRead);
        let end = self.end(id);
        if length == 0 {
            return match end.state {
                EndState::Reset => Err(io::ErrorKind::ConnectionReset.into()),
                _ if end.has_ended => Ok(Read { bytes: 0, drained: true }),
                _ => Err(io::ErrorKind::WouldBlock.into()),
            };
        }
        let bytes = end.read(&mut buffer[..length]);
        let drained = end.inbox.is_empty();
        self.note(bytes as u64);
        self.tell_waiting_writer(id);
        Ok(Read { bytes, drained })
    }

    /// Room has come in this end's window: its peer may write again, if it was refused before.
    fn tell_waiting_writer(&mut self, reader: EndId) {
        let Some(writer) = self.end(reader).peer else { return };
        if std::mem::take(&mut self.end(writer).waits_for_window) {
            self.send(Arrival::Edge { end: writer });
        }
    }

    pub(super) fn write(&mut self, id: EndId, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.draw_interruption()?;
        self.draw_reset(id);
        let end = self.end(id);
        let Some(peer) = end.peer.filter(|_| end.state == EndState::Open && !end.sending_ended) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        if self.draw_would_block(id) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if self.draw_if_asked(Fault::WriteError) {
            return Err(io::Error::other("no memory for it (simulated)"));
        }
        let offered: usize = parts.iter().map(|part| part.len()).sum();
        let possible = offered.min(self.end(peer).room());
        let length = self.draw_length(possible, Fault::ShortWrite);
        if length == 0 && offered > 0 {
            self.end(id).waits_for_window = true;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut bytes = Vec::with_capacity(length);
        for part in parts {
            bytes.extend_from_slice(&part[..part.len().min(length - bytes.len())]);
        }
        self.end(peer).unread += length;
        self.note(length as u64);
        self.send_in_order(peer, Arrival::Bytes { to: peer, bytes });
        Ok(length)
    }

    pub(super) fn end_sending(&mut self, id: EndId) {
        let end = self.end(id);
        if end.state != EndState::Open || std::mem::replace(&mut end.sending_ended, true) {
            return;
        }
        if let Some(peer) = self.end(id).peer {
            self.send_in_order(peer, Arrival::End { to: peer });
        }
    }

    /// Closes an end that nobody ever accepted: its caller is reset.
    pub(super) fn abandon(&mut self, id: EndId) {
        self.end(id).state = EndState::Closed;
        self.end(id).inbox.clear();
        self.reset_peer_of(id);
    }

    /// As a kernel does: bytes that were never read turn the end into a reset.
    pub(super) fn close(&mut self, id: EndId) {
        let was_open = self.end(id).state == EndState::Open;
        if was_open && !self.end(id).inbox.is_empty() {
            self.reset_peer_of(id);
        } else {
            self.end_sending(id);
        }
        let end = self.end(id);
        end.state = EndState::Closed;
        end.token = None;
        end.inbox.clear();
    }

    fn draw_reset(&mut self, id: EndId) {
        let is_open = self.end(id).state == EndState::Open && self.end(id).peer.is_some();
        if is_open && self.draw(Fault::Reset) {
            self.end(id).state = EndState::Reset;
            self.end(id).inbox.clear();
            self.reset_peer_of(id);
        }
    }

    /// A refusal out of the blue; the edge that takes it back comes later.
    fn draw_would_block(&mut self, id: EndId) -> bool {
        let blocks = self.draw(Fault::WouldBlock);
        if blocks {
            self.send(Arrival::Edge { end: id });
        }
        blocks
    }

    /// All of `possible`, or by a fault less of it, but never nothing.
    fn draw_length(&mut self, possible: usize, fault: Fault) -> usize {
        if possible > 1 && self.draw(fault) { 1 + self.rng.index(possible - 1) } else { possible }
    }
}
