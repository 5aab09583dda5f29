//! Datagrams, in and out: within a budget, with a short queue for what the kernel has no room for.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use crate::address::Address;
use crate::context::Context;
use crate::datagram::{Failure, share_room};
use crate::handler::{Datagram, Handler, Pressure};
use crate::ids::SocketId;
use crate::net::{Net, Plant, Received};
use crate::reactor::Reactor;
use crate::series::Series;
use crate::timers::Timer;

impl<H: Handler, N: Net> Reactor<H, N> {
    pub(crate) fn serve_datagrams(&mut self, id: SocketId) {
        self.flush_datagrams(id);
        for _ in 0..self.limits.datagrams_per_turn {
            let Some(socket) = self.sources.datagram(id) else { return };
            if !socket.wants_receive() {
                return;
            }
            // One byte more than may come: a datagram that needs it is too long, one that fills the rest is not.
            let room = self.limits.datagram_bytes_max + 1;
            match self.net.receive(&mut socket.socket, &mut self.buffer[..room]) {
                Ok(received) => {
                    socket.recover();
                    self.take_datagram(id, &received);
                    self.apply_if_full();
                }
                Err(error) => self.receive_failed(id, &error),
            }
        }
        if self.sources.datagram(id).is_some_and(|socket| socket.wants_receive()) {
            self.postpone(id.0);
        }
    }

    /// No error may make the loop spin: one that lasts is told once, and waits for a timer.
    fn receive_failed(&mut self, id: SocketId, error: &io::Error) {
        let Some(socket) = self.sources.datagram(id) else { return };
        match error.kind() {
            io::ErrorKind::WouldBlock => {
                socket.readable = false;
                socket.recover();
            }
            io::ErrorKind::Interrupted => {}
            _ => match socket.fail() {
                Failure::First => self.datagram_trouble(error),
                which => {
                    self.stats.datagram_errors += 1;
                    self.timers.set(self.now + RECEIVE_RETRY, Timer::Receive(id));
                    if which == Failure::Second {
                        tracing::warn!(socket = ?id, %error, "datagrams wait: receiving fails");
                    }
                }
            },
        }
    }

    pub(crate) fn retry_receive(&mut self, id: SocketId) {
        if let Some(socket) = self.sources.datagram(id) {
            socket.deaf = false;
            self.enlist(id.0);
        }
    }

    fn take_datagram(&mut self, id: SocketId, received: &Received) {
        let bytes_max = self.limits.datagram_bytes_max;
        let truncated = received.bytes > bytes_max;
        self.stats.datagrams_in += 1;
        self.stats.datagrams_truncated += u64::from(truncated);
        let payload = &self.buffer[..received.bytes.min(bytes_max)];
        let datagram = Datagram { from: &received.from, payload, truncated };
        self.handler.datagram(&mut Context::new(self.now, &mut self.ops), id, datagram);
    }

    /// Sends a series, in its order, with as few calls as the network allows.
    pub(crate) fn send_datagrams(&mut self, id: SocketId, to: &Address, series: Series<'_>) {
        let mut rest = Some(series);
        while let Some(series) = rest {
            rest = self.begin_series(id, to, series);
        }
    }

    /// Deals with the first of a series, or with more; gives what is left to be sent.
    fn begin_series<'a>(&mut self, id: SocketId, to: &Address, series: Series<'a>) -> Option<Series<'a>> {
        let Some(socket) = self.sources.datagram(id) else {
            self.stats.sends_late += series.count() as u64;
            return None;
        };
        let must_wait = socket.must_wait(to);
        let result =
            if must_wait { Err(io::ErrorKind::WouldBlock.into()) } else { self.hand_over(id, to, series) };
        match result {
            Ok(sent) => {
                self.stats.datagrams_out += sent as u64;
                series.after(sent)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.queue_datagrams(id, to, series);
                None
            }
            Err(error) => {
                self.lose_datagram(&error);
                series.after(1)
            }
        }
    }

    /// Keeps a series for which there is no room.
    fn queue_datagrams(&mut self, id: SocketId, to: &Address, series: Series<'_>) {
        let Some(socket) = self.sources.datagram(id) else { return };
        for payload in series.datagrams() {
            let dropped = socket.push(to.clone(), payload, self.limits.datagrams_queued_max);
            self.stats.datagrams_dropped += u64::from(dropped);
            self.stats.datagrams_queued += usize::from(!dropped);
        }
        self.await_room(id);
        self.check_datagram_pressure(id);
    }

    fn lose_datagram(&mut self, error: &io::Error) {
        self.stats.datagrams_lost += 1;
        self.datagram_trouble(error);
    }

    /// Has a timer try again: not every refusal is followed by an edge when it is over.
    fn await_room(&mut self, id: SocketId) {
        let Some(socket) = self.sources.datagram(id) else { return };
        if !std::mem::replace(&mut socket.retry_set, true) && !self.net.is_planted(Plant::DatagramNotRetried)
        {
            self.timers.set(self.now + socket.next_pause(), Timer::Datagrams(id));
        }
    }

    pub(crate) fn retry_datagrams(&mut self, id: SocketId) {
        let Some(socket) = self.sources.datagram(id) else { return };
        socket.retry_set = false;
        self.send_queued(id);
    }

    /// Gives datagrams to the system, and says how many it took. A refusal may be the answer to an earlier one, which a
    /// connected socket tells instead of sending this one: then it is told, and this one is sent all the same.
    fn hand_over(&mut self, id: SocketId, to: &Address, series: Series<'_>) -> io::Result<usize> {
        let first = self.send_uninterrupted(id, to, series);
        let Err(refused) = &first else { return first };
        if refused.kind() != io::ErrorKind::ConnectionRefused {
            return first;
        }
        let second = self.send_uninterrupted(id, to, series);
        if second.is_ok() {
            self.datagram_trouble(refused);
        }
        second
    }

    fn send_uninterrupted(&mut self, id: SocketId, to: &Address, series: Series<'_>) -> io::Result<usize> {
        let Some(socket) = self.sources.datagram(id) else { return Ok(series.count()) };
        loop {
            match self.net.send_series(&mut socket.socket, to, series) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn flush_datagrams(&mut self, id: SocketId) {
        let Some(socket) = self.sources.datagram(id) else { return };
        if !std::mem::take(&mut socket.writable) {
            return;
        }
        if socket.trusts_edges() {
            self.send_queued(id);
        }
    }

    /// Tries everything that waits, in its order. What is refused is not overtaken by what shares its room.
    fn send_queued(&mut self, id: SocketId) {
        let Some(socket) = self.sources.datagram(id) else { return };
        let queue = std::mem::take(&mut socket.queue);
        let waiting = queue.len();
        let mut left = VecDeque::new();
        let mut full: Vec<Address> = Vec::new();
        for (to, payload) in queue {
            if full.iter().any(|full| share_room(full, &to)) {
                left.push_back((to, payload));
                continue;
            }
            match self.hand_over(id, &to, Series::of_one(&payload)) {
                Ok(sent) => self.stats.datagrams_out += sent as u64,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    full.push(to.clone());
                    left.push_back((to, payload));
                }
                Err(error) => self.lose_datagram(&error),
            }
        }
        self.requeue(id, left, waiting);
    }

    /// Puts back what is left of so many that waited.
    fn requeue(&mut self, id: SocketId, left: VecDeque<(Address, Box<[u8]>)>, waiting: usize) {
        let Some(socket) = self.sources.datagram(id) else { return };
        let gone = waiting - left.len();
        self.stats.datagrams_queued -= gone;
        if gone > 0 {
            socket.shorten_pause();
        }
        socket.queue = left;
        if !socket.queue.is_empty() {
            self.await_room(id);
        }
        self.check_datagram_pressure(id);
    }

    /// Tells the handler when the queue is half full, long before anything is dropped, and when it is empty again.
    fn check_datagram_pressure(&mut self, id: SocketId) {
        let Some(socket) = self.sources.datagram(id) else { return };
        let pressure = if socket.queue.is_empty() {
            Pressure::Low
        } else if socket.queue.len() * 2 >= self.limits.datagrams_queued_max {
            Pressure::High
        } else {
            return;
        };
        let is_high = pressure == Pressure::High;
        if std::mem::replace(&mut socket.congested, is_high) != is_high {
            self.handler.datagram_pressure(&mut Context::new(self.now, &mut self.ops), id, pressure);
        }
    }

    /// One datagram's error (a port where nobody listens, one that is too long) is told and ends nothing.
    pub(crate) fn datagram_trouble(&mut self, error: &io::Error) {
        self.stats.datagram_errors += 1;
        self.handler.handle_error(&mut Context::new(self.now, &mut self.ops), error);
    }
}

/// How long a socket that fails to receive waits before it tries again, like a listener that fails to accept.
const RECEIVE_RETRY: Duration = Duration::from_millis(100);
