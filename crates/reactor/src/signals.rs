//! Signals caught as bytes in sockets of our own, which the poll can wait for. What they mean is `signal`'s.
//!
//! Each signal has a socket of its own, into which the handler that the system calls writes one byte: so two that come
//! within one turn are two. (A flag for each signal, as `signal-hook-mio` has it, makes them one, and the second Ctrl-C
//! would be lost on a loop that is busy.)

use std::io::{self, Read};

use mio::event::Source;
use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::low_level::{pipe, unregister};

use crate::signal::Signal;

/// Signals to this process that are kept for a loop, from the moment on when they were caught. They do nothing else
/// any more, even after this is dropped: then they are ignored.
#[derive(Debug)]
pub struct Signals(Vec<Caught>);

#[derive(Debug)]
struct Caught {
    signal: Signal,
    arrivals: UnixStream,
    registration: SigId,
}

impl Signals {
    /// Catches these signals; give them to [`Reactor::obey`](crate::Reactor::obey).
    pub fn catch(signals: &[Signal]) -> io::Result<Signals> {
        signals.iter().map(|signal| Caught::new(*signal)).collect::<io::Result<_>>().map(Signals)
    }

    /// Has the poll wait for them.
    pub(crate) fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|caught| caught.arrivals.register(registry, token, Interest::READABLE))
    }

    /// Takes one that has come. The loop does so until there is none, so that the next one is an edge again.
    pub(crate) fn next(&mut self) -> Option<Signal> {
        self.0.iter_mut().find_map(|caught| caught.has_come().then_some(caught.signal))
    }
}

impl Caught {
    fn new(signal: Signal) -> io::Result<Caught> {
        let (arrivals, writer) = std::os::unix::net::UnixStream::pair()?;
        arrivals.set_nonblocking(true)?;
        let registration = pipe::register(number_of(signal), writer)?;
        Ok(Caught { signal, arrivals: UnixStream::from_std(arrivals), registration })
    }

    fn has_come(&mut self) -> bool {
        loop {
            match self.arrivals.read(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result.is_ok_and(|bytes| bytes > 0),
            }
        }
    }
}

impl Drop for Caught {
    fn drop(&mut self) {
        unregister(self.registration);
    }
}

fn number_of(signal: Signal) -> i32 {
    match signal {
        Signal::Interrupt => SIGINT,
        Signal::Terminate => SIGTERM,
        Signal::Hangup => SIGHUP,
        Signal::User1 => SIGUSR1,
        Signal::User2 => SIGUSR2,
    }
}
