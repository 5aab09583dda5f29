//! Services that may block: a plain function for each conversation, with messages to `recv` and to `send`, on a
//! thread of a bounded pool. What passes between the loop and the threads is `reactor::blocking`'s.

use std::fmt;
use std::io;

use bytes::Bytes;
use reactor::blocking::{Call, Desk, Fill, Order, Threads};
use reactor::{Address, ConnId, ConnMap, Limits, Measure, Pressure, Reactor};

use super::{Caller, Ended, Link, Profile, Service, Session, Via};

/// A service that gives every conversation to a function on a thread of its pool.
///
/// ```no_run
/// use switchboard::auth::{Dialect, Keyring, Policy};
/// use switchboard::reactor::blocking::Threads;
/// use switchboard::reactor::{Limits, ListenOptions};
/// use switchboard::session::{Profile, blocking::Blocking};
///
/// let nobody_proves_anything = Policy::new(Dialect::None, Keyring::new().into())?;
/// let profile = Profile::new("u32be".parse()?, nobody_proves_anything);
/// let shout = |call: &mut switchboard::reactor::blocking::Call| {
///     while let Some(message) = call.recv()? {
///         call.send(message.to_ascii_uppercase())?;
///     }
///     Ok(())
/// };
/// let tell = |peer: &switchboard::reactor::Address, ended: &dyn std::fmt::Display| eprintln!("{peer}: {ended}");
/// let mut server = Blocking::reactor(profile, shout, tell, Threads::default(), Limits::default())?;
/// server.listen(&"tcp://127.0.0.1:9004".parse()?, &ListenOptions::default())?;
/// server.run()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Blocking {
    desk: Desk,
    /// Who is at the other end of each conversation, and how it came about.
    peers: ConnMap<(Address, Via)>,
    tell: Box<Tell>,
}

/// Is told of every conversation that did not end well, and of every caller that was turned away.
pub type Tell = dyn FnMut(&Address, &dyn fmt::Display) + Send;

impl Blocking {
    /// A loop on the operating system's sockets with such a service.
    pub fn reactor(
        profile: Profile,
        handle_call: impl Fn(&mut Call) -> io::Result<()> + Send + Sync + 'static,
        tell: impl FnMut(&Address, &dyn fmt::Display) + Send + 'static,
        threads: Threads,
        limits: Limits,
    ) -> io::Result<Reactor<Session<Blocking>>> {
        let desk = Desk::new(handle_call, threads)?;
        let blocking = Blocking { desk, peers: ConnMap::new(), tell: Box::new(tell) };
        let mut reactor = Reactor::new(Session::new(blocking, profile), limits)?;
        let door = reactor.handle();
        reactor.with_context(|session, cx| {
            session.with_link(cx, |blocking, _| blocking.desk.open_with(door));
        });
        Ok(reactor)
    }

    /// A loop that was started for one open connection ends with it.
    fn end_with(via: Via, link: &mut Link<'_, '_>) {
        if via == Via::Adoption {
            link.stop();
        }
    }

    fn send(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        if !self.desk.takes_over(id, message.len()) {
            return;
        }
        if let Err(error) = link.send(id, message) {
            if let Some((peer, _)) = self.peers.get(id) {
                (self.tell)(peer, &format_args!("the framing cannot carry what is to be sent: {error}"));
            }
            link.hang_up(id);
        }
    }
}

impl Service for Blocking {
    type Command = Order;

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, caller: Caller) {
        let name = caller.proof.caller().map(str::to_owned);
        if !self.desk.begin(id, caller.peer.clone(), name) {
            (self.tell)(&caller.peer, &"no thread is free, and no place to wait for one");
            link.hang_up(id);
        }
        self.peers.insert(id, (caller.peer, caller.via));
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        if self.desk.heard(id, Bytes::copy_from_slice(message)) == Fill::Full {
            link.pause(id);
        }
    }

    /// The function is told, and may go on sending.
    fn end_of_input(&mut self, _: &mut Link<'_, '_>, id: ConnId) {
        self.desk.input_ended(id);
    }

    fn pressure(&mut self, _: &mut Link<'_, '_>, id: ConnId, pressure: Pressure) {
        self.desk.pressed(id, pressure);
    }

    fn command(&mut self, link: &mut Link<'_, '_>, order: Order) {
        match order {
            Order::Send(id, message) => self.send(link, id, &message),
            Order::Resume(id) => link.resume(id),
            Order::Close(id) | Order::Abort(id) => link.hang_up(id),
        }
    }

    fn measure(&self, into: &mut Vec<Measure>) {
        into.extend(self.desk.pool_stats().measures());
    }

    fn close(&mut self, link: &mut Link<'_, '_>, id: ConnId, ended: &Ended) {
        self.desk.end(id, ended.to_string());
        let Some((peer, via)) = self.peers.remove(id) else { return };
        if !ended.is_well() {
            (self.tell)(&peer, ended);
        }
        Blocking::end_with(via, link);
    }

    fn turned_away(&mut self, link: &mut Link<'_, '_>, peer: &Address, via: Via, ended: &Ended) {
        (self.tell)(peer, ended);
        Blocking::end_with(via, link);
    }
}

impl fmt::Debug for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking").field("desk", &self.desk).finish_non_exhaustive()
    }
}
