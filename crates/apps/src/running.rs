//! For tests: work on a thread of its own, whose end is waited for, but not for ever.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Work that has begun.
pub(crate) struct Running<T>(Receiver<T>);

impl<T: Send + 'static> Running<T> {
    /// Begins it.
    pub(crate) fn begin(work: impl FnOnce() -> T + Send + 'static) -> Self {
        let (done, outcome) = channel();
        thread::spawn(move || done.send(work()));
        Self(outcome)
    }

    /// What came of it. Fails the test if that takes too long.
    #[track_caller]
    pub(crate) fn outcome(self) -> T {
        match self.0.recv_timeout(DEADLINE) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Timeout) => panic!("not at an end after {DEADLINE:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("it panicked"),
        }
    }
}

/// Far longer than anything takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);
