//! Connections of our own: started without waiting, told about when they stand or fail.
//! Names and back-off are left to whoever asks for them.

use std::io;

use crate::address::Address;
use crate::conn::{Conn, Phase};
use crate::context::Context;
use crate::handler::{Handler, Origin, Tag};
use crate::ids::ConnId;
use crate::net::{Net, Token};
use crate::reactor::Reactor;
use crate::sources::Source;

impl<H: Handler, N: Net> Reactor<H, N> {
    pub(crate) fn connect(&mut self, address: Address, tag: Tag) {
        match self.start_connection(&address) {
            Ok((id, stream)) => {
                let phase = Phase::Connecting(Box::new((address, tag)));
                self.sources.insert(id.0, Source::Conn(Conn::new(id, stream, phase, self.now)));
                self.rearm(id);
            }
            Err(error) => self.unreachable(tag, &address, &error),
        }
    }

    fn start_connection(&mut self, address: &Address) -> io::Result<(ConnId, N::Stream)> {
        if self.is_draining() {
            return Err(io::Error::other("the loop is draining"));
        }
        if self.sources.conn_count() >= self.limits.connections_max {
            return Err(io::Error::other("the loop has as many connections as it may have"));
        }
        let id = self.next_id()?;
        let mut stream = self.net.connect(address)?;
        self.net.watch(Token(id), &mut stream)?;
        Ok((ConnId(id), stream))
    }

    /// A connection on its way became ready: it stands, or it failed, or it is still on its way.
    pub(crate) fn check_connection(&mut self, id: ConnId) {
        let Some(conn) = self.sources.conn(id) else { return };
        match self.net.connected(&mut conn.stream) {
            Ok(()) => self.connection_stands(id),
            Err(error) if is_on_its_way(&error) => {}
            Err(error) => self.connection_failed(id, &error),
        }
    }

    fn connection_stands(&mut self, id: ConnId) {
        let now = self.now;
        let Some(conn) = self.sources.conn(id) else { return };
        conn.flags.writable = true;
        let Phase::Connecting(what) = std::mem::replace(&mut conn.phase, Phase::Embryonic) else { return };
        conn.since = now;
        conn.heard = now;
        self.stats.connected += 1;
        let origin = Origin::Connected { tag: what.1, peer: &what.0 };
        self.handler.setup(&mut Context::new(now, &mut self.ops), id, origin);
        self.rearm(id);
    }

    /// Takes a connection that never stood out of the table; the handler hears `unreachable`, not `finish`.
    pub(crate) fn connection_failed(&mut self, id: ConnId, error: &io::Error) {
        let Some(Source::Conn(conn)) = self.sources.remove(id.0) else { return };
        self.net.close(conn.stream);
        if let Phase::Connecting(what) = conn.phase {
            self.unreachable(what.1, &what.0, error);
        }
    }

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
