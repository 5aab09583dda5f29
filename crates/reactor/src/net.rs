//! The seam between the loop and the world: what a network must provide for the loop to run on it.
//! `MioNet` is the real one, `sim::SimNet` the simulated one; the loop is compiled for each.

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::address::Address;
use crate::binding::{BindOptions, Membership, MembershipChange};
use crate::ids::SourceId;
use crate::series::Series;
use crate::signal::Signal;
use crate::time::Time;

/// Sockets and a clock. Everything is non-blocking: what would wait returns `WouldBlock`.
///
/// Readiness is edge-triggered: a source is reported once when it becomes ready, and again only after the loop
/// has drained it to `WouldBlock` (or to a [`Read`] with `drained` set).
pub trait Net {
    /// A connected, or connecting, stream.
    type Stream;
    /// A listening socket.
    type Listener;
    /// A datagram socket.
    type Datagram;
    /// Signals to this process that were caught.
    type Signals;

    /// The clock: monotonic, from an arbitrary start.
    fn now(&self) -> Time;

    /// Waits for readiness at most this long (`None`: without end) and appends what is ready. May return early,
    /// with nothing.
    fn poll(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()>;

    /// What ends a `poll` from another thread.
    fn waker(&self) -> Arc<dyn Wake>;

    /// Opens a listener, watched under `token`; gives the address it really has.
    fn listen(
        &mut self,
        token: Token,
        address: &Address,
        options: &ListenOptions,
    ) -> io::Result<(Self::Listener, Address)>;

    /// Takes one waiting call. The stream is not watched yet.
    fn accept(&mut self, listener: &mut Self::Listener) -> io::Result<(Self::Stream, Address)>;

    /// Starts to watch a stream for reading and writing, for good.
    fn watch(&mut self, token: Token, stream: &mut Self::Stream) -> io::Result<()>;

    /// Starts a connection, from an address of ours that the system chooses unless one is named. It is made when the
    /// stream becomes writable and [`connected`](Net::connected) says so.
    fn connect(&mut self, address: &Address, source: Option<IpAddr>) -> io::Result<Self::Stream>;

    /// Whether a started connection is made: `NotConnected` means that it is still on its way.
    fn connected(&mut self, stream: &mut Self::Stream) -> io::Result<()>;

    /// Reads what is there. Zero bytes are the end of the stream.
    fn read(&mut self, stream: &mut Self::Stream, buffer: &mut [u8]) -> io::Result<Read>;

    /// Writes from the parts in order; may take less than all of them.
    fn write(&mut self, stream: &mut Self::Stream, parts: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Ends our side of a stream; the peer's side stays open.
    fn shutdown_write(&mut self, stream: &mut Self::Stream) -> io::Result<()>;

    /// Stops watching a stream and closes it.
    fn close(&mut self, stream: Self::Stream);

    /// Closes a listener; the path of a Unix socket is removed.
    fn close_listener(&mut self, listener: Self::Listener);

    /// Opens a datagram socket, watched under `token`; gives the address it really has.
    fn bind(
        &mut self,
        token: Token,
        address: &Address,
        options: &BindOptions,
    ) -> io::Result<(Self::Datagram, Address)>;

    /// Joins a multicast group, or leaves it.
    fn change_membership(
        &mut self,
        socket: &mut Self::Datagram,
        membership: &Membership,
        change: MembershipChange,
    ) -> io::Result<()>;

    /// Receives one datagram.
    fn receive(&mut self, socket: &mut Self::Datagram, buffer: &mut [u8]) -> io::Result<Received>;

    /// Starts to watch an adopted socket.
    fn watch_adopted(&mut self, token: Token, adopted: &mut Adopted<Self>) -> io::Result<()>
    where
        Self: Sized;

    /// Starts to watch for caught signals: those that have come already, and those that will.
    fn watch_signals(&mut self, token: Token, signals: &mut Self::Signals) -> io::Result<()>;

    /// Takes one signal that has come, each as often as it came. After `None` there will be a new edge.
    fn next_signal(&mut self, signals: &mut Self::Signals) -> Option<Signal>;

    /// Sends one datagram. `WouldBlock` says that there is no room for it now; an edge may follow when there is, or
    /// none.
    fn send(&mut self, socket: &mut Self::Datagram, to: &Address, payload: &[u8]) -> io::Result<()>;

    /// Sends as many datagrams of a series as one call takes, from its first on, and gives how many. An error is the
    /// first one's, and none was sent.
    fn send_series(
        &mut self,
        socket: &mut Self::Datagram,
        to: &Address,
        series: Series<'_>,
    ) -> io::Result<usize> {
        self.send(socket, to, series.first()).map(|()| 1)
    }

    /// Whether the loop is to make this mistake. Only a simulated world ever says so; elsewhere the question is gone
    /// when it is compiled.
    #[doc(hidden)]
    fn is_planted(&self, _: Plant) -> bool {
        false
    }
}

/// Mistakes that a loop can be told to make, to see that its tests would find them.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// No deadline is ever put into the timer heap.
    SkippedRearm,
    /// One connection more than there may be.
    OffByOneLimit,
    /// The poll waits although sources stand on the ready list.
    LostWake,
    /// `finish` comes twice.
    DoubleFinish,
    /// What a handler leaves untaken is thrown away.
    LostRest,
    /// A send goes out before those that are queued.
    SendOutOfOrder,
    /// What is published misses a member of the group.
    LostPublication,
    /// Our side is ended in the books, but nobody is told.
    ForgottenHalfClose,
    /// After a failed `accept` no timer tries again.
    AcceptNotRetried,
    /// After a datagram that was refused no timer tries again.
    DatagramNotRetried,
    /// Timers fire before they are due.
    TimerEarly,
    /// A send to a connection that has ended reaches whoever has its slot now.
    StaleId,
}

/// The name under which a source is watched: it comes back in [`Ready`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub(crate) SourceId);

impl Token {
    /// The token as a number for a kernel's event.
    pub fn as_u64(self) -> u64 {
        self.0.bits()
    }

    /// The token that a kernel's event brought back. No source is watched under zero.
    pub fn from_u64(bits: u64) -> Option<Token> {
        SourceId::from_bits(bits).map(Token)
    }
}

/// A source that became ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Which source.
    pub token: Token,
    /// It has bytes, a call, an end or an error to read.
    pub readable: bool,
    /// It takes bytes, or its connection is made or has failed.
    pub writable: bool,
    /// The peer has ended its side (or the connection is lost): read until the end is seen.
    pub ended: bool,
}

/// What one read of a stream gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// How many bytes of the buffer are filled; zero is the end of the stream.
    pub bytes: usize,
    /// Nothing is left for now: a new edge will come with more.
    pub drained: bool,
}

/// One datagram, received into a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// How many bytes of the buffer are filled. What did not fit is lost, which the loop knows by a buffer that is
    /// one byte longer than what it takes.
    pub bytes: usize,
    /// Who sent it.
    pub from: Address,
}

/// How a listener is opened.
#[derive(Clone, Copy, Debug)]
pub struct ListenOptions {
    /// Calls that wait in the kernel until they are accepted; `request_queue_size` of socketserver, which says 5.
    /// Default 1,024: a reconnecting crowd fits.
    pub backlog: u32,
    /// Whether several sockets may listen at the address and share its calls (`SO_REUSEPORT`). Default no.
    pub reuse_port: bool,
    /// Whether an IPv6 listener also takes IPv4 calls. Default no: one endpoint, one family.
    pub dual_stack: bool,
    /// Calls of this listener that are served at once; the next waits in the backlog. Default: no limit of its own.
    pub calls_max: usize,
    /// Permission bits of a Unix socket's path. Default 0o600: whoever started the server.
    pub unix_mode: u32,
}

impl Default for ListenOptions {
    fn default() -> ListenOptions {
        ListenOptions {
            backlog: 1024,
            reuse_port: false,
            dual_stack: false,
            calls_max: usize::MAX,
            unix_mode: 0o600,
        }
    }
}

/// An open socket that the loop takes over, sorted by what it is.
#[derive(Debug)]
pub enum Adopted<N: Net> {
    /// A connected stream, and who is at its other end.
    Stream(N::Stream, Address),
    /// A listener, and its own address.
    Listener(N::Listener, Address),
    /// A datagram socket, and its own address.
    Datagram(N::Datagram, Address),
}

impl<N: Net> Adopted<N> {
    /// Who is at the other end of a stream; else the socket's own address.
    pub fn address(&self) -> &Address {
        match self {
            Adopted::Stream(_, address) | Adopted::Listener(_, address) | Adopted::Datagram(_, address) => {
                address
            }
        }
    }
}

/// Ends a `poll` from any thread; a wake that comes before the poll ends the next one.
pub trait Wake: Send + Sync {
    /// Makes the present or the next `poll` return at once.
    fn wake(&self);
}
