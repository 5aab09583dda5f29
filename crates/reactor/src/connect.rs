//! Connections of our own: started without waiting, told about when they stand or fail.
//! Names are left to `resolver`, waits between attempts to `backoff`.

use std::io;

use crate::address::Address;
use crate::conn::{Attempt, Conn, Phase};
use crate::context::Context;
use crate::handler::{Handler, Origin, Tag};
use crate::ids::ConnId;
use crate::net::{Net, Token};
use crate::reactor::Reactor;
use crate::sources::Source;

impl<H: Handler, N: Net> Reactor<H, N> {
    /// Starts a connection, with the first of its addresses that can be tried at all.
    pub(crate) fn connect(&mut self, mut attempt: Attempt) {
        loop {
            let error = match self.start_connection(&attempt) {
                Ok((id, stream)) => {
                    self.sources.insert(id.0, Source::Conn(Conn::new(stream, Phase::Connecting, self.now)));
                    self.attempts.insert(id, attempt);
                    self.rearm(id);
                    return;
                }
                Err(error) => error,
            };
            let Some(next) = attempt.others.pop_front() else {
                self.unreachable(attempt.tag, &attempt.address, &error);
                return;
            };
            attempt.address = next;
        }
    }

    fn start_connection(&mut self, attempt: &Attempt) -> io::Result<(ConnId, N::Stream)> {
        if self.is_draining() {
            return Err(io::Error::other("the loop is draining"));
        }
        if self.sources.conn_count() >= self.limits.connections_max {
            return Err(io::Error::other("the loop has as many connections as it may have"));
        }
        let id = self.next_id()?;
        let mut stream = self.net.connect(&attempt.address, attempt.source)?;
        self.net.watch(Token(id), &mut stream)?;
        Ok((ConnId(id), stream))
    }

    /// A connection on its way became ready: it stands, or it failed, or it is still on its way.
    pub(crate) fn check_connection(&mut self, id: ConnId) {
        let Some(conn) = self.sources.conn(id) else { return };
        match self.net.connected(&mut conn.stream) {
            Ok(()) => self.connection_stands(id),
            Err(error) if is_on_its_way(&error) => {}
            Err(error) => self.try_next(id, &error),
        }
    }

    fn connection_stands(&mut self, id: ConnId) {
        let now = self.now;
        let Some(conn) = self.sources.conn(id) else { return };
        conn.flags.writable = true;
        conn.enter(Phase::Embryonic, now);
        conn.heard = now;
        let Some(attempt) = self.attempts.remove(&id) else { return };
        self.stats.connected += 1;
        let origin = Origin::Connected { tag: attempt.tag, peer: &attempt.address };
        self.handler.setup(&mut Context::new(now, &mut self.ops), id, origin);
        self.rearm(id);
    }

    /// Nobody is at this address: the next one is tried, if there is one.
    pub(crate) fn try_next(&mut self, id: ConnId, error: &io::Error) {
        let Some(mut attempt) = self.take_attempt(id) else { return };
        match attempt.others.pop_front() {
            Some(next) => self.connect(Attempt { address: next, ..attempt }),
            None => self.unreachable(attempt.tag, &attempt.address, error),
        }
    }

    /// Gives a connection that never stood up; the handler hears `unreachable`, not `finish`.
    pub(crate) fn connection_failed(&mut self, id: ConnId, error: &io::Error) {
        if let Some(attempt) = self.take_attempt(id) {
            self.unreachable(attempt.tag, &attempt.address, error);
        }
    }

    /// Takes a connection that never stood out of the table.
    fn take_attempt(&mut self, id: ConnId) -> Option<Attempt> {
        let Some(Source::Conn(conn)) = self.sources.remove(id.0) else { return None };
        self.net.close(conn.stream);
        // Its place is free, and may be what a listener waits for.
        self.retry_starved();
        self.attempts.remove(&id)
    }

    /// No address answered.
    fn unreachable(&mut self, tag: Tag, address: &Address, error: &io::Error) {
        self.is_eventful = true;
        self.stats.connect_errors += 1;
        self.handler.unreachable(&mut Context::new(self.now, &mut self.ops), tag, address, error);
    }
}

fn is_on_its_way(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotConnected | io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
