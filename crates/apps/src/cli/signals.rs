//! Ctrl-C and SIGTERM, as a program's loop hears them: the first asks it to finish what it has begun, the second to end
//! now. And a guard, for a program that does neither.
//!
//! Obeying is the reactor's.

use std::io;
use std::mem;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use reactor::{Signal, Signals};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator;

use super::exit::{self, Failure, Fault};

/// What asks a program to end.
pub const ENDING: [Signal; 2] = [Signal::Interrupt, Signal::Terminate];

/// Catches signals for a loop that is still to be told to obey them: from now on none of them ends the process by
/// itself, and each is kept until the loop turns. Who is asked to end has so long for it; then it is ended.
pub fn catch(signals: &[Signal], drain_timeout: Duration) -> io::Result<Signals> {
    let caught = Signals::catch(signals)?;
    mem::forget(Guard::post(drain_timeout)?); // for good
    Ok(caught)
}

/// Sees to it that a process that was asked to end does, on a thread of its own: a loop that waits for whoever reads our
/// stdout does not hear its signals, and neither does a program that looks up a name, or writes still when its loop has
/// ended. Dropped, it stands guard no longer; whom it has given a time by then still has to keep to it.
#[derive(Debug)]
#[must_use = "dropped, it guards no longer"]
pub struct Guard {
    signals: iterator::Handle,
    thread: Option<JoinHandle<()>>,
}

impl Guard {
    pub(crate) fn post(drain_timeout: Duration) -> io::Result<Guard> {
        let mut signals = iterator::Signals::new([SIGINT, SIGTERM])?;
        let handle = signals.handle();
        let watch = move || {
            let mut patience = drain_timeout + STOP_TIMEOUT;
            for _ in signals.forever() {
                end_within(patience);
                patience = STOP_TIMEOUT;
            }
        };
        let thread = thread::Builder::new().name("guard".into()).spawn(watch)?;
        Ok(Guard { signals: handle, thread: Some(thread) })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.signals.close();
        // It waits for nothing any more.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Ends the process if it has not ended by itself until then.
fn end_within(patience: Duration) {
    let watch = move || {
        let message = format!("not at an end {patience:?} after the signal; perhaps nobody reads stdout");
        exit::abandon_after(patience, Failure::new(Fault::Other, message));
    };
    // A machine without a thread to spare leaves it to the loops.
    let _ = thread::Builder::new().name("watchdog".into()).spawn(watch);
}

/// For a loop to stop that is not blocked: it only has to finish the event it is at.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);
