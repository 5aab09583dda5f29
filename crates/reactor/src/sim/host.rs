//! One machine of a simulated world: what its loop is told, and what wakes it. Which loop turns is the world's.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::net::{Ready, Token, Wake};
use crate::signal::Signal;
use crate::time::Time;

/// One machine with one loop.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) ready: Vec<Ready>,
    /// When its loop wants to be turned even if nothing happens.
    pub(super) wakes_at: Time,
    pub(super) woken: Arc<AtomicBool>,
    /// Signals that have come and were not taken, and under which name its loop waits for them.
    pub(super) signals: VecDeque<Signal>,
    pub(super) signals_token: Option<Token>,
}

impl Default for Host {
    fn default() -> Host {
        // A loop is turned at least once at the beginning.
        Host {
            ready: Vec::new(),
            wakes_at: Time::ZERO,
            woken: Arc::default(),
            signals: VecDeque::new(),
            signals_token: None,
        }
    }
}

impl Host {
    /// Tells the loop that there are signals, if there are and it wants to know.
    pub(super) fn signals_edge(&mut self) {
        if let Some(token) = self.signals_token.filter(|_| !self.signals.is_empty()) {
            self.ready.push(Ready { token, readable: true, writable: false, ended: false });
        }
    }

    pub(super) fn is_runnable(&self, now: Time) -> bool {
        !self.ready.is_empty() || self.wakes_at <= now || self.woken.load(Ordering::Acquire)
    }
}

/// What wakes a simulated loop.
#[derive(Debug)]
pub(super) struct SimWaker(pub(super) Arc<AtomicBool>);

impl Wake for SimWaker {
    fn wake(&self) {
        self.0.store(true, Ordering::Release);
    }
}
