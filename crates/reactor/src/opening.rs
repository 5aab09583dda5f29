//! Sockets that a loop is given: listeners and datagram sockets that it opens, and open ones that it takes over.
//! What happens on them is the turn's.

use std::io;

use crate::address::Address;
use crate::binding::{BindOptions, Membership, MembershipChange};
use crate::conn::{Conn, Phase};
use crate::datagram::DatagramSocket;
use crate::handler::{Handler, Origin};
use crate::ids::{ConnId, ListenerId, SocketId, SourceId};
use crate::listener::ListenerState;
use crate::net::{Adopted, ListenOptions, Net, Token};
use crate::reactor::Reactor;
use crate::share::Share;
use crate::sources::Source;

/// Under which name an adopted socket is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A connected stream; its `setup` has been called.
    Stream(ConnId),
    /// A listener.
    Listener(ListenerId),
    /// A datagram socket.
    Datagram(SocketId),
}

impl<H: Handler, N: Net> Reactor<H, N> {
    /// Listens for streams; gives the address it really got, which matters with port 0.
    pub fn listen(
        &mut self,
        address: &Address,
        options: &ListenOptions,
    ) -> io::Result<(ListenerId, Address)> {
        let id = self.next_id()?;
        let (socket, address) = self.net.listen(Token(id), address, options)?;
        self.keep_listener(id, socket, address.clone(), options.calls_max);
        Ok((ListenerId(id), address))
    }

    /// Opens a datagram socket; gives the address it really got.
    pub fn bind(&mut self, address: &Address) -> io::Result<(SocketId, Address)> {
        self.bind_with(address, &BindOptions::default())
    }

    /// Opens a datagram socket with options; gives the address it really got.
    pub fn bind_with(&mut self, address: &Address, options: &BindOptions) -> io::Result<(SocketId, Address)> {
        let id = self.next_id()?;
        let (socket, address) = self.net.bind(Token(id), address, options)?;
        self.keep_datagram(id, socket);
        Ok((SocketId(id), address))
    }

    /// Joins a multicast group, or leaves it, before the loop runs; later a handler asks its
    /// [`Context`](crate::Context::join_multicast).
    pub fn change_membership(
        &mut self,
        id: SocketId,
        membership: &Membership,
        change: MembershipChange,
    ) -> io::Result<()> {
        let socket = self.sources.datagram(id).ok_or(io::ErrorKind::NotFound)?;
        self.net.change_membership(&mut socket.socket, membership, change)
    }

    /// Takes over an open socket, whatever it is. `calls_max` matters for a listener only.
    pub fn adopt(&mut self, mut adopted: Adopted<N>, calls_max: usize) -> io::Result<Kept> {
        let id = self.next_id()?;
        self.net.watch_adopted(Token(id), &mut adopted)?;
        match adopted {
            Adopted::Stream(stream, peer) => {
                let conn = Conn::new(stream, Phase::Embryonic, self.now);
                self.welcome(ConnId(id), conn, Origin::Adopted { peer: &peer });
                Ok(Kept::Stream(ConnId(id)))
            }
            Adopted::Listener(socket, address) => {
                self.keep_listener(id, socket, address, calls_max);
                Ok(Kept::Listener(ListenerId(id)))
            }
            Adopted::Datagram(socket, _) => {
                self.keep_datagram(id, socket);
                Ok(Kept::Datagram(SocketId(id)))
            }
        }
    }

    /// Takes over a listener that other loops watch, too.
    pub(crate) fn adopt_shared(
        &mut self,
        adopted: Adopted<N>,
        calls_max: usize,
        share: Share,
    ) -> io::Result<()> {
        if let Kept::Listener(id) = self.adopt(adopted, calls_max)?
            && let Some(listener) = self.sources.listener(id)
        {
            listener.share = Some(share);
            self.shared_listeners.push(id);
        }
        Ok(())
    }

    fn keep_listener(&mut self, id: SourceId, socket: N::Listener, address: Address, calls_max: usize) {
        let listener = ListenerState::new(socket, address, calls_max);
        self.sources.insert(id, Source::Listener(Box::new(listener)));
    }

    fn keep_datagram(&mut self, id: SourceId, socket: N::Datagram) {
        let socket = DatagramSocket::new(socket);
        self.sources.insert(id, Source::Datagram(Box::new(socket)));
    }
}
