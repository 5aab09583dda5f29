//! Signals to the process: their names, and what the loop does about them. Catching them is `signals`'.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::context::Context;
use crate::handler::Handler;
use crate::ids::SourceId;
use crate::net::{Net, Token};
use crate::ops::Op;
use crate::reactor::Reactor;
use crate::sources::Source;

/// A signal that a loop can hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// `SIGINT`: Ctrl-C.
    Interrupt,
    /// `SIGTERM`: whoever keeps the process running wants it to end.
    Terminate,
    /// `SIGHUP`: the terminal is gone, or settings are to be read again.
    Hangup,
    /// `SIGUSR1`: whatever the program says.
    User1,
    /// `SIGUSR2`: whatever the program says.
    User2,
}

impl Signal {
    /// Whether it asks the process to end.
    pub const fn asks_to_end(self) -> bool {
        matches!(self, Signal::Interrupt | Signal::Terminate)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
            Signal::Hangup => "SIGHUP",
            Signal::User1 => "SIGUSR1",
            Signal::User2 => "SIGUSR2",
        })
    }
}

/// Caught signals as one of the loop's sources.
#[derive(Debug)]
pub(crate) struct SignalSource<S> {
    signals: S,
    drain_timeout: Duration,
    /// One has asked to end already.
    was_asked_to_end: bool,
    /// It stands on the ready list.
    pub(crate) listed: bool,
}

impl<H: Handler, N: Net> Reactor<H, N> {
    /// From now on these signals are events of this loop, those that came before included. The first that asks to end
    /// drains the loop, the second stops it at once. Any other is told to [`Handler::signal`].
    pub fn obey(&mut self, mut signals: N::Signals, drain_timeout: Duration) -> io::Result<()> {
        let id = self.next_id()?;
        self.net.watch_signals(Token(id), &mut signals)?;
        let source = SignalSource { signals, drain_timeout, was_asked_to_end: false, listed: false };
        self.sources.insert(id, Source::Signals(Box::new(source)));
        Ok(())
    }

    /// Hears every signal that has come.
    pub(crate) fn hear_signals(&mut self, id: SourceId) {
        while let Some(Source::Signals(source)) = self.sources.get_mut(id)
            && let Some(signal) = self.net.next_signal(&mut source.signals)
        {
            tracing::info!(%signal, "heard");
            if !signal.asks_to_end() {
                self.handler.signal(&mut Context::new(self.now, &mut self.ops), signal);
            } else if std::mem::replace(&mut source.was_asked_to_end, true) {
                self.handle().shutdown();
            } else {
                self.ops.push(Op::Drain(source.drain_timeout));
            }
        }
    }
}
