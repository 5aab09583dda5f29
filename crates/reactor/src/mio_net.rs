//! The operating system's sockets, through mio: the `Net` of production. This file alone names `mio::Poll`.
//! How sockets are opened is in `open`.
//!
//! Streams are read and written by rustix, which calls the kernel itself. The C library's `recv` and `send` are points at
//! which a thread can be cancelled, and in a process that has ever had two threads say so around each call (glibc 2.36:
//! `nptl/cancellation.c`, four locked instructions). What that is of an echo is in `benches/README.md`.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use mio::{Events, Interest, Poll};
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};

use crate::address::Address;
use crate::binding::{BindOptions, Membership, MembershipChange};
use crate::inherited;
use crate::mio_datagram::DatagramSocket;
use crate::net::{Adopted, ListenOptions, Net, Read, Ready, Received, Token, Wake};
use crate::open;
use crate::open_datagram;
use crate::series::Series;
use crate::signal::Signal;
use crate::signals::Signals;
use crate::time::Time;

/// Real sockets and the real clock.
pub struct MioNet {
    poll: Poll,
    events: Events,
    waker: Arc<MioWaker>,
    began: Instant,
}

/// A TCP or Unix stream.
#[derive(Debug)]
pub enum Stream {
    /// TCP, with Nagle's delay off: the loop writes whole batches itself.
    Tcp(TcpStream),
    /// Unix.
    Unix(UnixStream),
}

impl Stream {
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}

/// A TCP or Unix listener.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// Unix, with the path that is removed when the last of its twins closes.
    Unix(UnixListener, Arc<open::UnixPath>),
}

impl Listener {
    /// The same socket for another loop.
    pub(crate) fn twin(&self, address: Address) -> io::Result<Adopted<MioNet>> {
        let listener = match self {
            Listener::Tcp(listener) => {
                Listener::Tcp(TcpListener::from_std(listener.as_fd().try_clone_to_owned()?.into()))
            }
            Listener::Unix(listener, path) => {
                let listener = UnixListener::from_std(listener.as_fd().try_clone_to_owned()?.into());
                Listener::Unix(listener, Arc::clone(path))
            }
        };
        Ok(Adopted::Listener(listener, address))
    }
}

/// The kernel's answer to one poll: more ready sources than this wait for the next.
const EVENTS_MAX: usize = 1024;

/// A peer that is gone is an error like any other, also in a program that leaves SIGPIPE as it is. Apple's systems have no
/// such flag.
#[cfg(not(target_vendor = "apple"))]
const NO_SIGPIPE: SendFlags = SendFlags::NOSIGNAL;
#[cfg(target_vendor = "apple")]
const NO_SIGPIPE: SendFlags = SendFlags::empty();

/// The waker's own token: no source has it, as serial numbers begin at 1.
const WAKER: mio::Token = mio::Token(0);

impl MioNet {
    /// A fresh poll, with nothing to watch.
    pub fn new() -> io::Result<MioNet> {
        let poll = Poll::new()?;
        let waker = Arc::new(MioWaker(mio::Waker::new(poll.registry(), WAKER)?));
        Ok(MioNet { poll, events: Events::with_capacity(EVENTS_MAX), waker, began: Instant::now() })
    }

    /// Sorts an open descriptor by what it is. Nothing about it changes before
    /// [`Reactor::adopt`](crate::Reactor::adopt) makes it non-blocking.
    ///
    /// # Errors
    /// `InvalidInput` when it is not a stream or datagram socket of a family that is spoken here.
    pub fn sort(descriptor: OwnedFd) -> io::Result<Adopted<MioNet>> {
        inherited::sort(descriptor)
    }

    /// Opens a listener that several loops are going to share.
    pub(crate) fn open_listener(
        address: &Address,
        options: &ListenOptions,
    ) -> io::Result<(Listener, Address)> {
        open::listen(address, options)
    }

    fn watch_source(&mut self, token: Token, source: &mut impl Source) -> io::Result<()> {
        // Both directions, once and for good: an idle writable socket costs one event in its life.
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(source, mio_token(token), interest)
    }

    fn watch_readable(&mut self, token: Token, source: &mut impl Source) -> io::Result<()> {
        self.poll.registry().register(source, mio_token(token), Interest::READABLE)
    }

    fn watch_listener(&mut self, token: Token, listener: &mut Listener) -> io::Result<()> {
        match listener {
            Listener::Tcp(listener) => self.watch_readable(token, listener),
            Listener::Unix(listener, _) => self.watch_readable(token, listener),
        }
    }

    fn watch_datagram(&mut self, token: Token, socket: &mut DatagramSocket) -> io::Result<()> {
        match socket {
            DatagramSocket::Udp { socket, .. } => self.watch_source(token, socket),
            DatagramSocket::Unix { socket, .. } => self.watch_source(token, socket),
        }
    }
}

impl Net for MioNet {
    type Stream = Stream;
    type Listener = Listener;
    type Datagram = DatagramSocket;
    type Signals = Signals;

    fn now(&self) -> Time {
        Time::ZERO + self.began.elapsed()
    }

    fn poll(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        self.poll.poll(&mut self.events, timeout.map(round_up))?;
        ready.extend(self.events.iter().filter_map(ready_of));
        Ok(())
    }

    fn waker(&self) -> Arc<dyn Wake> {
        Arc::clone(&self.waker) as Arc<dyn Wake>
    }

    fn listen(
        &mut self,
        token: Token,
        address: &Address,
        options: &ListenOptions,
    ) -> io::Result<(Listener, Address)> {
        let (mut listener, address) = open::listen(address, options)?;
        self.watch_listener(token, &mut listener)?;
        Ok((listener, address))
    }

    fn accept(&mut self, listener: &mut Listener) -> io::Result<(Stream, Address)> {
        match listener {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                // Fails only on a stream that is gone already, as its first read will tell.
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), Address::Tcp(peer)))
            }
            Listener::Unix(listener, _) => {
                let (stream, peer) = listener.accept()?;
                let peer = peer.as_pathname().map_or(Address::Unnamed, |path| Address::Unix(path.into()));
                Ok((Stream::Unix(stream), peer))
            }
        }
    }

    fn watch(&mut self, token: Token, stream: &mut Stream) -> io::Result<()> {
        match stream {
            Stream::Tcp(stream) => self.watch_source(token, stream),
            Stream::Unix(stream) => self.watch_source(token, stream),
        }
    }

    fn watch_adopted(&mut self, token: Token, adopted: &mut Adopted<MioNet>) -> io::Result<()> {
        inherited::prepare(adopted)?;
        match adopted {
            Adopted::Stream(stream, _) => self.watch(token, stream),
            Adopted::Listener(listener, _) => self.watch_listener(token, listener),
            Adopted::Datagram(socket, _) => self.watch_datagram(token, socket),
        }
    }

    fn connect(&mut self, address: &Address, source: Option<IpAddr>) -> io::Result<Stream> {
        match (address, source) {
            (Address::Tcp(address), source) => {
                let stream = match source {
                    None => TcpStream::connect(*address)?,
                    Some(source) => open::connect_from(source, *address)?,
                };
                let _ = stream.set_nodelay(true);
                Ok(Stream::Tcp(stream))
            }
            (Address::Unix(path), None) => UnixStream::connect(path).map(Stream::Unix),
            (Address::Unix(_), Some(_)) => Err(open::invalid("a Unix socket has no source address".into())),
            (other, _) => Err(open::invalid(format!("{other} is no stream address"))),
        }
    }

    fn connected(&mut self, stream: &mut Stream) -> io::Result<()> {
        match stream {
            Stream::Tcp(stream) => match stream.take_error()? {
                Some(error) => Err(error),
                None => stream.peer_addr().map(drop),
            },
            Stream::Unix(stream) => match stream.take_error()? {
                Some(error) => Err(error),
                None => stream.peer_addr().map(drop),
            },
        }
    }

    fn read(&mut self, stream: &mut Stream, buffer: &mut [u8]) -> io::Result<Read> {
        let (bytes, _) = rustix::net::recv(stream.descriptor(), &mut *buffer, RecvFlags::empty())?;
        // A short read of a stream socket means that the kernel's buffer is empty: see epoll(7).
        Ok(Read { bytes, drained: bytes < buffer.len() })
    }

    fn write(&mut self, stream: &mut Stream, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let socket = stream.descriptor();
        Ok(match parts {
            [one] => rustix::net::send(socket, one, NO_SIGPIPE)?,
            parts => rustix::net::sendmsg(socket, parts, &mut SendAncillaryBuffer::default(), NO_SIGPIPE)?,
        })
    }

    fn shutdown_write(&mut self, stream: &mut Stream) -> io::Result<()> {
        match stream {
            Stream::Tcp(stream) => stream.shutdown(std::net::Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(std::net::Shutdown::Write),
        }
    }

    fn close(&mut self, stream: Stream) {
        // Closing the descriptor takes it out of the poll; an adopted one may have a twin that would stay in it.
        let _ = match stream {
            Stream::Tcp(mut stream) => self.poll.registry().deregister(&mut stream),
            Stream::Unix(mut stream) => self.poll.registry().deregister(&mut stream),
        };
    }

    fn close_listener(&mut self, listener: Listener) {
        let _ = match listener {
            Listener::Tcp(mut listener) => self.poll.registry().deregister(&mut listener),
            Listener::Unix(mut listener, _) => self.poll.registry().deregister(&mut listener),
        };
    }

    fn bind(
        &mut self,
        token: Token,
        address: &Address,
        options: &BindOptions,
    ) -> io::Result<(DatagramSocket, Address)> {
        let (mut socket, address) = open_datagram::bind(address, options)?;
        self.watch_datagram(token, &mut socket)?;
        Ok((socket, address))
    }

    fn receive(&mut self, socket: &mut DatagramSocket, buffer: &mut [u8]) -> io::Result<Received> {
        socket.receive(buffer)
    }

    fn send(&mut self, socket: &mut DatagramSocket, to: &Address, payload: &[u8]) -> io::Result<()> {
        socket.send(to, payload)
    }

    fn send_series(
        &mut self,
        socket: &mut DatagramSocket,
        to: &Address,
        series: Series<'_>,
    ) -> io::Result<usize> {
        socket.send_series(to, series)
    }

    fn change_membership(
        &mut self,
        socket: &mut DatagramSocket,
        membership: &Membership,
        change: MembershipChange,
    ) -> io::Result<()> {
        open_datagram::change_membership(socket, membership, change)
    }

    fn watch_signals(&mut self, token: Token, signals: &mut Signals) -> io::Result<()> {
        signals.watch(self.poll.registry(), mio_token(token))
    }

    fn next_signal(&mut self, signals: &mut Signals) -> Option<Signal> {
        signals.next()
    }
}

impl fmt::Debug for MioNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MioNet").finish_non_exhaustive()
    }
}

struct MioWaker(mio::Waker);

impl Wake for MioWaker {
    fn wake(&self) {
        // An eventfd write fails only when its counter is full: the poll is woken already.
        let _ = self.0.wake();
    }
}

/// What an event says of a source; nothing if it is the waker's.
fn ready_of(event: &mio::event::Event) -> Option<Ready> {
    Some(Ready {
        token: Token::from_u64(event.token().0 as u64)?,
        readable: event.is_readable(),
        writable: event.is_writable(),
        ended: event.is_read_closed() || event.is_error(),
    })
}

fn mio_token(token: Token) -> mio::Token {
    // 64 bits on every target that has epoll or kqueue and matters; a narrower one would cut serial numbers.
    mio::Token(usize::try_from(token.as_u64()).unwrap_or(usize::MAX))
}

/// The kernel counts milliseconds: rounded down, the rest of the last one would be spun away.
fn round_up(timeout: Duration) -> Duration {
    Duration::from_millis(u64::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_never_rounded_down() {
        for (nanos, millis) in [(0, 0), (1, 1), (1_000_000, 1), (1_000_001, 2)] {
            assert_eq!(round_up(Duration::from_nanos(nanos)), Duration::from_millis(millis));
        }
    }
}
