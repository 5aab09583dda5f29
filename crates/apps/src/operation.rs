//! A server as somebody keeps it running: shown to those who measure it, told of by a service manager, and told to read
//! its keys again.
//!
//! Leaves the page for Prometheus to `metrics`, what managers hear to `systemd`, what keys are to `keyring`, and when it
//! happens to the loop.

use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use reactor::Handle;
use signal_hook::consts::SIGTERM;
use signal_hook::low_level::raise;

use crate::cli::exit::Result;
use crate::cli::notes::Notes;
use crate::keyring::Reloader;
use crate::metrics::{Listening, Showing};
use crate::session::Operator;
use crate::systemd::{self, State};

/// These loops serve from now on, or as soon as they run: calls wait for them. Scrapers are answered while what is given
/// back lives.
pub fn begin<C: Send + 'static>(metrics: Listening, loops: Vec<Handle<C>>, notes: &Notes) -> Result<Showing> {
    let showing = metrics.show(loops.clone(), notes)?;
    systemd::watch(loops);
    Ok(showing)
}

/// Who is told what happens to a server: nobody, unless there are keys to be read again, or a manager that may ask for
/// it and then waits to be told that it is done.
pub fn operator(keys: Option<Reloader>) -> Option<Arc<dyn Operator>> {
    let is_wanted = keys.is_some() || systemd::is_heard();
    is_wanted.then(|| Arc::new(Attendant::new(keys)) as Arc<dyn Operator>)
}

/// Stands between the loops and those who keep them running.
struct Attendant {
    /// Locked for as long as they are read.
    keys: Arc<Mutex<Option<Reloader>>>,
    had_terminal: bool,
    is_stopping: AtomicBool,
}

impl Attendant {
    fn new(keys: Option<Reloader>) -> Attendant {
        Attendant {
            keys: Arc::new(Mutex::new(keys)),
            had_terminal: io::stderr().is_terminal(),
            is_stopping: AtomicBool::new(false),
        }
    }
}

impl Operator for Attendant {
    /// Keys are read on a thread of their own: a file system may be slow, and callers are not to wait for it. A signal
    /// that comes because the terminal is gone on which we were started is taken as if it asked us to end: a server that
    /// nobody sees must not keep its port.
    fn hangup(&self) {
        if self.had_terminal && !io::stderr().is_terminal() {
            // The loop hears it in its next turn. Failing is no worse than staying.
            let _ = raise(SIGTERM);
            return;
        }
        let keys = Arc::clone(&self.keys);
        let started = thread::Builder::new().name("reload".into()).spawn(move || reload(&keys));
        if let Err(error) = started {
            tracing::warn!(%error, "nothing is read again");
        }
    }

    /// All loops drain, and the first of them says so.
    fn draining(&self) {
        if !self.is_stopping.swap(true, Ordering::Relaxed) {
            systemd::notify(State::Stopping);
        }
    }
}

impl fmt::Debug for Attendant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attendant").finish_non_exhaustive()
    }
}

/// Those who are asked at once read one after the other, so that what was in the file last is what counts.
fn reload(keys: &Mutex<Option<Reloader>>) {
    let keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
    systemd::notify(State::Reloading);
    keys.iter().for_each(Reloader::reload);
    systemd::notify(State::Ready);
}
