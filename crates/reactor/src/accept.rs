//! Taking calls: within a budget, and without ever being knocked over by a failing `accept`.

use std::io;
use std::time::Duration;

use crate::address::Address;
use crate::conn::{Conn, Phase};
use crate::context::Context;
use crate::handler::{Closed, Handler, Origin};
use crate::ids::{ConnId, ListenerId};
use crate::net::{Net, Plant, Token};
use crate::reactor::Reactor;
use crate::share::{Left, Share};
use crate::sources::Source;
use crate::timers::Timer;

impl<H: Handler, N: Net> Reactor<H, N> {
    /// Takes the calls that wait, within the budget of a turn.
    pub(crate) fn accept_calls(&mut self, id: ListenerId) {
        for _ in 0..self.limits.accepts_per_turn {
            let places = self.limits.connections_max + usize::from(self.net.is_planted(Plant::OffByOneLimit));
            let is_full = self.sources.conn_count() >= places;
            let Some(listener) = self.sources.listener(id) else { return };
            if !listener.wants_accept() {
                return;
            }
            if is_full {
                self.stats.accepts_deferred += 1;
                return self.defer_accepts(id);
            }
            if listener.is_full() {
                self.stats.listeners_filled += 1;
                return self.defer_accepts(id);
            }
            if let Some(left) = listener.share.as_ref().and_then(Share::look) {
                self.leave_call(id, left);
                return;
            }
            match self.net.accept(&mut listener.socket) {
                Ok((stream, peer)) => {
                    self.take_call(id, stream, &peer);
                    self.apply_if_full();
                }
                Err(error) => match kind_of_failure(&error) {
                    Failure::NothingWaits => {
                        listener.note_drained();
                        return;
                    }
                    Failure::Interrupted => {}
                    Failure::CallerGone => self.stats.accept_errors += 1,
                    Failure::Starved => {
                        self.starve(id, &error);
                        return;
                    }
                },
            }
        }
        self.postpone(id.0);
    }

    fn take_call(&mut self, listener: ListenerId, mut stream: N::Stream, peer: &Address) {
        if !self.admission.admits(peer, self.limits.calls_per_source_max) {
            self.stats.refused_by_source += 1;
            self.net.close(stream);
            return;
        }
        if !self.handler.verify(listener, peer) {
            self.stats.refused += 1;
            self.net.close(stream);
            return;
        }
        let watched = self.next_id().and_then(|id| self.net.watch(Token(id), &mut stream).map(|()| id));
        let id = match watched {
            Ok(id) => id,
            Err(error) => {
                self.stats.accept_errors += 1;
                self.net.close(stream);
                self.handler.handle_error(&mut Context::new(self.now, &mut self.ops), &error);
                return;
            }
        };
        self.stats.accepted += 1;
        if let Some(state) = self.sources.listener(listener) {
            state.call_begins();
        }
        self.admission.enter(ConnId(id), peer, self.limits.calls_per_source_max);
        let conn = Conn::new(stream, Phase::Embryonic, self.now).through(listener);
        self.watch_newcomers();
        self.welcome(ConnId(id), conn, Origin::Accepted { listener, peer });
    }

    /// With more newcomers than there may be, the oldest of them leave. Done when the turn's wishes have been
    /// carried out, as some of those who just came may have shown who they are in the same turn.
    pub(crate) fn evict_newcomers(&mut self) {
        let sources = &mut self.sources;
        self.admission.tidy(|id| sources.conn(*id).is_some_and(|conn| conn.flags.newcomer));
        while self.admission.newcomers() > self.limits.newcomers_max {
            let sources = &mut self.sources;
            let is_newcomer = |id| sources.conn(id).is_some_and(|conn| conn.flags.newcomer);
            let Some(oldest) = self.admission.take_oldest(is_newcomer) else { return };
            if let Some(conn) = self.sources.conn(oldest) {
                conn.flags.newcomer = false;
            }
            self.admission.settle();
            self.stats.evicted += 1;
            self.die(oldest, Closed::Evicted);
        }
    }

    /// Keeps a connection that stands and tells the handler of it.
    pub(crate) fn welcome(&mut self, id: ConnId, conn: Conn<N::Stream>, origin: Origin<'_>) {
        self.sources.insert(id.0, Source::Conn(conn));
        self.handler.setup(&mut Context::new(self.now, &mut self.ops), id, origin);
        self.rearm(id);
    }

    /// No place is free: the calls stay in the backlog until a connection ends.
    fn defer_accepts(&mut self, id: ListenerId) {
        self.has_starved_listener = true;
        if let Some(listener) = self.sources.listener(id) {
            listener.starve();
        }
    }

    /// What waits is another loop's to take, which has been told. Whether it does is seen in a while.
    fn leave_call(&mut self, id: ListenerId, left: Left) {
        let Some(listener) = self.sources.listener(id) else { return };
        listener.readable = false;
        if listener.left.is_none() {
            listener.left = Some(left);
            self.timers.set(self.now + ACCEPT_RETRY, Timer::Accept(id));
        }
    }

    /// Another loop has left calls to this one.
    pub(crate) fn look_for_calls(&mut self) {
        for at in 0..self.shared_listeners.len() {
            let id = self.shared_listeners[at];
            if let Some(listener) = self.sources.listener(id) {
                listener.readable = true;
                self.enlist(id.0);
            }
        }
    }

    /// The system lacks something, mostly descriptors. No edge will come for the calls that wait, so a timer and
    /// every freed place try again.
    fn starve(&mut self, id: ListenerId, error: &io::Error) {
        self.stats.accept_errors += 1;
        self.has_starved_listener = true;
        if !self.net.is_planted(Plant::AcceptNotRetried) {
            self.timers.set(self.now + ACCEPT_RETRY, Timer::Accept(id));
        }
        let Some(listener) = self.sources.listener(id) else { return };
        listener.starve();
        if !std::mem::replace(&mut listener.logged, true) {
            tracing::warn!(listener = %listener.address, %error, "calls wait: accept fails");
            self.handler.handle_error(&mut Context::new(self.now, &mut self.ops), error);
        }
    }

    /// A listener has waited: for something that was lacking, or for another loop to look.
    pub(crate) fn accept_is_due(&mut self, id: ListenerId) {
        let Some(listener) = self.sources.listener(id) else { return };
        if let (Some(share), Some(left)) = (&listener.share, listener.left.take()) {
            listener.readable |= share.pass_over(left);
        }
        self.retry_accept(id);
    }

    /// Time or place: whatever a listener was waiting for may be there now.
    pub(crate) fn retry_accept(&mut self, id: ListenerId) {
        if let Some(listener) = self.sources.listener(id) {
            listener.starved = false;
            self.enlist(id.0);
        }
    }

    /// A place is free: all listeners that went without may try.
    pub(crate) fn retry_starved(&mut self) {
        if std::mem::take(&mut self.has_starved_listener) {
            for id in self.sources.listener_ids() {
                self.retry_accept(id);
            }
        }
    }
}

/// What a failing `accept` means.
enum Failure {
    NothingWaits,
    Interrupted,
    CallerGone,
    Starved,
}

/// Only errors that are known to concern one call let the next be tried at once; any other is taken for a want of
/// the whole process and waits, so that no error can make the loop spin.
fn kind_of_failure(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::WouldBlock => Failure::NothingWaits,
        io::ErrorKind::Interrupted => Failure::Interrupted,
        io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown => Failure::CallerGone,
        _ => Failure::Starved,
    }
}

/// How long a starved listener waits before it tries again: soon enough that callers hardly notice, seldom enough
/// to cost nothing. And how long a call waits for a loop that is to take it and does not turn.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);
