//! One host's view of the simulated world: the `Net` that a loop runs on. Every call draws its fault here.

use std::collections::{HashSet, VecDeque};
use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::agenda::{Arrival, EndId};
use super::datagram::Socket;
use super::faults::Fault;
use super::host::SimWaker;
use super::state::{ListenerPoint, Possible, State, caller_address};
use super::stream::EndState;
use super::world::World;
use crate::address::Address;
use crate::binding::{BindOptions, Membership, MembershipChange};
use crate::net::{Adopted, ListenOptions, Net, Plant, Read, Ready, Received, Token, Wake};
use crate::series::Series;
use crate::signal::Signal;
use crate::time::Time;

/// The network of one simulated host.
#[derive(Debug)]
pub struct SimNet {
    world: World,
    host: usize,
}

/// A simulated stream.
#[derive(Debug)]
pub struct SimStream(EndId);

/// A simulated listener.
#[derive(Debug)]
pub struct SimListener(pub(super) usize);

/// A simulated datagram socket.
#[derive(Debug)]
pub struct SimDatagram(usize);

/// The signals that come to a simulated host.
#[derive(Debug)]
pub struct SimSignals;

impl SimNet {
    pub(super) fn new(world: World, host: usize) -> SimNet {
        SimNet { world, host }
    }

    /// Which host of its world this is.
    pub fn host(&self) -> usize {
        self.host
    }

    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        act(&mut self.world.0.borrow_mut())
    }

    /// A listener that nobody watches yet.
    pub(super) fn open_listener(
        &self,
        address: &Address,
        options: &ListenOptions,
    ) -> io::Result<(SimListener, Address)> {
        self.with(|state| {
            let address = state.real_address(address);
            if state.listeners.iter().any(|listener| listener.is_open() && listener.address == address) {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            state.listeners.push(ListenerPoint {
                watchers: Vec::new(),
                address: address.clone(),
                backlog: VecDeque::new(),
                backlog_max: options.backlog as usize,
            });
            Ok((SimListener(state.listeners.len() - 1), address))
        })
    }

    fn watch_listener(&self, token: Token, listener: &SimListener) {
        self.with(|state| state.listeners[listener.0].watchers.push((self.host, token)));
    }
}

impl Net for SimNet {
    type Stream = SimStream;
    type Listener = SimListener;
    type Datagram = SimDatagram;
    type Signals = SimSignals;

    fn now(&self) -> Time {
        self.world.now()
    }

    /// Never waits: the world turns a loop only when there is something for it.
    fn poll(&mut self, _timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        self.with(|state| {
            let host = &mut state.hosts[self.host];
            host.woken.store(false, Ordering::Release);
            ready.append(&mut host.ready);
            state.note(self.host as u64);
        });
        Ok(())
    }

    fn waker(&self) -> Arc<dyn Wake> {
        Arc::new(SimWaker(self.with(|state| Arc::clone(&state.hosts[self.host].woken))))
    }

    fn listen(
        &mut self,
        token: Token,
        address: &Address,
        options: &ListenOptions,
    ) -> io::Result<(SimListener, Address)> {
        let (listener, address) = self.open_listener(address, options)?;
        self.watch_listener(token, &listener);
        Ok((listener, address))
    }

    fn accept(&mut self, listener: &mut SimListener) -> io::Result<(SimStream, Address)> {
        self.with(|state| {
            state.draw_interruption()?;
            let waits = !state.listeners[listener.0].backlog.is_empty();
            if waits && state.draw(Fault::AcceptError) {
                return Err(state.failing_accept(listener.0));
            }
            let Some(end) = state.listeners[listener.0].backlog.pop_front() else {
                return Err(io::ErrorKind::WouldBlock.into());
            };
            state.end(end).host = self.host;
            let caller = state.end(end).peer;
            let source = caller.and_then(|caller| state.end(caller).source);
            Ok((SimStream(end), caller_address(source, caller.map_or(0, |caller| caller.0))))
        })
    }

    fn watch(&mut self, token: Token, stream: &mut SimStream) -> io::Result<()> {
        self.with(|state| {
            state.end(stream.0).token = Some(token);
            // As epoll does, tell at once what is ready already.
            if state.end(stream.0).state != EndState::Calling {
                state.edge(stream.0, Possible::Both);
            }
        });
        Ok(())
    }

    fn watch_adopted(&mut self, token: Token, adopted: &mut Adopted<SimNet>) -> io::Result<()> {
        let Adopted::Listener(listener, _) = adopted else {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "only a simulated listener is handed over",
            ));
        };
        self.watch_listener(token, listener);
        Ok(())
    }

    fn connect(&mut self, address: &Address, source: Option<IpAddr>) -> io::Result<SimStream> {
        self.with(|state| {
            let end = state.new_end(self.host, EndState::Calling);
            state.end(end).source = source;
            state.send(Arrival::Call { from: end, address: address.clone() });
            Ok(SimStream(end))
        })
    }

    fn connected(&mut self, stream: &mut SimStream) -> io::Result<()> {
        match self.with(|state| state.end(stream.0).state) {
            EndState::Calling => Err(io::ErrorKind::NotConnected.into()),
            EndState::Refused => Err(io::ErrorKind::ConnectionRefused.into()),
            EndState::Reset | EndState::Closed => Err(io::ErrorKind::ConnectionReset.into()),
            EndState::Open => Ok(()),
        }
    }

    fn read(&mut self, stream: &mut SimStream, buffer: &mut [u8]) -> io::Result<Read> {
        self.with(|state| state.read(stream.0, buffer))
    }

    fn write(&mut self, stream: &mut SimStream, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.with(|state| state.write(stream.0, parts))
    }

    fn shutdown_write(&mut self, stream: &mut SimStream) -> io::Result<()> {
        self.with(|state| state.end_sending(stream.0));
        Ok(())
    }

    fn close(&mut self, stream: SimStream) {
        self.with(|state| state.close(stream.0));
    }

    fn close_listener(&mut self, listener: SimListener) {
        self.with(|state| {
            state.listeners[listener.0].watchers.retain(|(host, _)| *host != self.host);
            if state.listeners[listener.0].is_open() {
                return;
            }
            for end in std::mem::take(&mut state.listeners[listener.0].backlog) {
                state.abandon(end);
            }
        });
    }

    fn bind(
        &mut self,
        token: Token,
        address: &Address,
        options: &BindOptions,
    ) -> io::Result<(SimDatagram, Address)> {
        self.with(|state| {
            let address = state.real_address(address);
            state.sockets.push(Socket {
                host: self.host,
                token,
                address: address.clone(),
                inbox: VecDeque::new(),
                peer: options.peer.clone(),
                newest: 0,
                groups: HashSet::new(),
            });
            Ok((SimDatagram(state.sockets.len() - 1), address))
        })
    }

    fn change_membership(
        &mut self,
        socket: &mut SimDatagram,
        membership: &Membership,
        change: MembershipChange,
    ) -> io::Result<()> {
        self.with(|state| {
            let groups = &mut state.sockets[socket.0].groups;
            match change {
                MembershipChange::Join => groups.insert(membership.group),
                MembershipChange::Leave => groups.remove(&membership.group),
            };
        });
        Ok(())
    }

    fn receive(&mut self, socket: &mut SimDatagram, buffer: &mut [u8]) -> io::Result<Received> {
        self.with(|state| {
            state.draw_interruption()?;
            if state.draw_if_asked(Fault::ReceiveError) {
                return Err(io::Error::other("it cannot be received (simulated)"));
            }
            let Some((from, payload)) = state.sockets[socket.0].inbox.pop_front() else {
                return Err(io::ErrorKind::WouldBlock.into());
            };
            let bytes = payload.len().min(buffer.len());
            buffer[..bytes].copy_from_slice(&payload[..bytes]);
            Ok(Received { bytes, from })
        })
    }

    fn watch_signals(&mut self, token: Token, _: &mut SimSignals) -> io::Result<()> {
        self.with(|state| {
            state.hosts[self.host].signals_token = Some(token);
            state.hosts[self.host].signals_edge();
        });
        Ok(())
    }

    fn next_signal(&mut self, _: &mut SimSignals) -> Option<Signal> {
        self.with(|state| state.hosts[self.host].signals.pop_front())
    }

    fn is_planted(&self, plant: Plant) -> bool {
        self.with(|state| state.plant == Some(plant))
    }

    /// Takes any number of a series, and stops at the first that is refused.
    fn send_series(
        &mut self,
        socket: &mut SimDatagram,
        to: &Address,
        series: Series<'_>,
    ) -> io::Result<usize> {
        let most = 1 + self.with(|state| state.rng.index(series.count()));
        for (sent, payload) in series.datagrams().take(most).enumerate() {
            match self.send(socket, to, payload) {
                Err(error) if sent == 0 => return Err(error),
                Err(_) => return Ok(sent),
                Ok(()) => {}
            }
        }
        Ok(most)
    }

    fn send(&mut self, socket: &mut SimDatagram, to: &Address, payload: &[u8]) -> io::Result<()> {
        self.with(|state| {
            state.draw_interruption()?;
            state.draw_refusal(socket.0)?;
            let from = state.sockets[socket.0].address.clone();
            state.send_datagram(to, &from, payload);
            Ok(())
        })
    }
}

impl State {
    /// Half of the time the first caller in the backlog is gone, else it has to wait: without a new edge.
    fn failing_accept(&mut self, place: usize) -> io::Error {
        if self.rng.chance(0.5) {
            return io::Error::other("out of descriptors (simulated)");
        }
        if let Some(end) = self.listeners[place].backlog.pop_front() {
            self.abandon(end);
        }
        io::ErrorKind::ConnectionAborted.into()
    }

    /// Port 0 becomes a port that nobody has had.
    fn real_address(&mut self, address: &Address) -> Address {
        let mut give = |wanted: &SocketAddr| {
            let mut real = *wanted;
            if real.port() == 0 {
                self.ports_given += 1;
                real.set_port(self.ports_given);
            }
            real
        };
        match address {
            Address::Tcp(wanted) => Address::Tcp(give(wanted)),
            Address::Udp(wanted) => Address::Udp(give(wanted)),
            other => other.clone(),
        }
    }
}
