//! The ready list: which sources have something left to do. Each is served in its turn and within its budget, by the
//! step of the turn that is about its kind.

use crate::handler::Handler;
use crate::ids::{ConnId, ListenerId, SocketId, SourceId};
use crate::net::Net;
use crate::reactor::Reactor;
use crate::sources::Source;

impl<H: Handler, N: Net> Reactor<H, N> {
    /// Marks what the poll brought and puts it on the ready list.
    pub(crate) fn note_readiness(&mut self) {
        let mut polled = std::mem::take(&mut self.polled);
        for ready in polled.drain(..) {
            let id = ready.token.0;
            match self.sources.get_mut(id) {
                Some(Source::Conn(conn)) => conn.note(ready),
                Some(Source::Listener(listener)) => listener.readable = true,
                Some(Source::Datagram(socket)) => {
                    // An error is read like a datagram.
                    socket.readable |= ready.readable || ready.ended;
                    socket.writable |= ready.writable;
                }
                Some(Source::Signals(_)) => {}
                None => continue,
            }
            self.enlist(id);
        }
        self.polled = polled;
    }

    /// Leaves a source that has used up its budget for the next turn.
    pub(crate) fn postpone(&mut self, id: SourceId) {
        self.stats.postponed += 1;
        self.enlist(id);
    }

    /// Puts a source on the ready list, once.
    pub(crate) fn enlist(&mut self, id: SourceId) {
        let listed = match self.sources.get_mut(id) {
            Some(Source::Conn(conn)) => &mut conn.flags.listed,
            Some(Source::Listener(listener)) => &mut listener.listed,
            Some(Source::Datagram(socket)) => &mut socket.listed,
            Some(Source::Signals(source)) => &mut source.listed,
            None => return,
        };
        if !std::mem::replace(listed, true) {
            self.ready_list.push_back(id);
        }
    }

    /// Serves what stood on the ready list at the start, each source within its budget; what is still ready
    /// afterwards stands at the end of the list for the next turn.
    pub(crate) fn serve_ready_list(&mut self) {
        self.is_eventful |= !self.ready_list.is_empty();
        for _ in 0..self.ready_list.len() {
            let Some(id) = self.ready_list.pop_front() else { return };
            match self.sources.get_mut(id) {
                Some(Source::Conn(conn)) => {
                    conn.flags.listed = false;
                    self.serve_conn(ConnId(id));
                }
                Some(Source::Listener(listener)) => {
                    listener.listed = false;
                    self.accept_calls(ListenerId(id));
                }
                Some(Source::Datagram(socket)) => {
                    socket.listed = false;
                    self.serve_datagrams(SocketId(id));
                }
                Some(Source::Signals(source)) => {
                    source.listed = false;
                    self.hear_signals(id);
                }
                None => {}
            }
            if self.is_stopping() {
                return;
            }
        }
    }
}
