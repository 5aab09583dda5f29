//! Signals caught as events that the poll can wait for, by signal-hook and signal-hook-mio. What they mean is `signal`'s.
//!
//! signal-hook-mio keeps a flag for each signal, so that two of a kind that come within one turn are one to it, and the
//! second Ctrl-C would be lost on a loop that is busy. It wakes the loop here; which signals came, and how often, is
//! asked of signal-hook's record of each.

use std::collections::VecDeque;
use std::fmt;
use std::io;

use mio::event::Source;
use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithRawSiginfo;
use signal_hook_mio::v1_0 as wake;

use crate::signal::Signal;

/// Signals to this process that are kept for a loop, from the moment on when they were caught. They do nothing else
/// any more, even after this is dropped: then they are ignored. Of each kind five wait for a turn, and further ones are
/// as if they had not come.
pub struct Signals {
    caught: Vec<Signal>,
    /// Recorded before the loop is woken, so that it finds them then: actions are taken in the order of registration.
    records: SignalsInfo<WithRawSiginfo>,
    wakes: wake::Signals,
    /// Taken from the records, and not given out yet.
    came: VecDeque<Signal>,
}

impl Signals {
    /// Catches these signals; give them to [`Reactor::obey`](crate::Reactor::obey).
    pub fn catch(signals: &[Signal]) -> io::Result<Signals> {
        let numbers = || signals.iter().copied().map(number_of);
        let records = SignalsInfo::new(numbers())?;
        let wakes = wake::Signals::new(numbers())?;
        Ok(Signals { caught: signals.to_vec(), records, wakes, came: VecDeque::new() })
    }

    /// Has the poll wait for them.
    pub(crate) fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.wakes.register(registry, token, Interest::READABLE)
    }

    /// Takes one that has come. The loop does so until there is none, so that the next one is an edge again.
    pub(crate) fn next(&mut self) -> Option<Signal> {
        if self.came.is_empty() {
            // One that comes between these two is recorded already, and wakes us once for nothing.
            self.wakes.pending().for_each(drop);
            let signal = |number| self.caught.iter().copied().find(|signal| number_of(*signal) == number);
            self.came.extend(self.records.pending().filter_map(|record| signal(record.si_signo)));
        }
        self.came.pop_front()
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals")
            .field("caught", &self.caught)
            .field("came", &self.came)
            .finish_non_exhaustive()
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
