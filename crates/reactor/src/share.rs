//! One listening socket that several loops watch: which of them takes the next call. Taking it is each loop's own, and
//! how a loop is told that a call waits for it the mailbox's.

use std::fmt;
use std::sync::{Arc, PoisonError};

use crate::net::Wake;
use crate::sync::{Mutex, MutexGuard};

/// A loop's share in a socket. Dropped, it leaves all calls to the others.
pub(crate) struct Share {
    loops: Arc<Mutex<Vec<Loop>>>,
    own: usize,
}

/// What all know of one loop.
struct Loop {
    /// Calls of the socket that it serves, and how many it ever took.
    calls: usize,
    taken: u64,
    /// How often it has looked for calls.
    looks: u64,
    /// A call was left to it, and it has not looked since.
    is_told: bool,
    /// It has no place for a call, or did not come to look for one.
    is_away: bool,
    bell: Arc<dyn Wake>,
}

impl Loop {
    fn new(bell: Arc<dyn Wake>) -> Loop {
        Loop { calls: 0, taken: 0, looks: 0, is_told: false, is_away: false, bell }
    }

    /// Whoever has less of it is next: that many calls, and among equals that many so far.
    fn load(&self) -> (usize, u64) {
        (self.calls, self.taken)
    }

    fn tell(&mut self) {
        if !std::mem::replace(&mut self.is_told, true) {
            self.bell.wake();
        }
    }
}

/// To whom a call was left, and how often that loop had looked by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) to: usize,
    looks: u64,
}

impl Share {
    /// A share for each loop that such a bell wakes.
    pub(crate) fn among(bells: impl IntoIterator<Item = Arc<dyn Wake>>) -> Vec<Share> {
        let loops: Vec<Loop> = bells.into_iter().map(Loop::new).collect();
        let count = loops.len();
        let loops = Arc::new(Mutex::new(loops));
        (0..count).map(|own| Share { loops: Arc::clone(&loops), own }).collect()
    }

    /// Looks whether the next call is this loop's. If another one has less to do it is told, and named.
    pub(crate) fn look(&self) -> Option<Left> {
        let mut loops = self.lock();
        let own = &mut loops[self.own];
        own.looks += 1;
        own.is_told = false;
        own.is_away = false;
        let own = own.load();
        let present = loops.iter_mut().enumerate().filter(|(_, one)| !one.is_away);
        let (to, least) = present.min_by_key(|(_, one)| one.load())?;
        if least.load() == own {
            return None;
        }
        least.tell();
        Some(Left { to, looks: least.looks })
    }

    /// A call was taken.
    pub(crate) fn enter(&self) {
        let own = &mut self.lock()[self.own];
        own.calls += 1;
        own.taken += 1;
    }

    /// One that was taken has ended.
    pub(crate) fn leave(&self) {
        self.lock()[self.own].calls -= 1;
    }

    /// There is no place for a call here: until this loop looks again, the others do without it.
    pub(crate) fn withdraw(&self) {
        let mut loops = self.lock();
        if !std::mem::replace(&mut loops[self.own].is_away, true) {
            loops.iter_mut().filter(|one| !one.is_away).for_each(Loop::tell);
        }
    }

    /// Enough waited for whom a call was left to: if it has not looked, it is passed over until it does. Says so.
    pub(crate) fn pass_over(&self, left: Left) -> bool {
        let one = &mut self.lock()[left.to];
        one.is_away |= one.looks == left.looks;
        one.is_away
    }

    /// Nothing in here panics with the lock held.
    fn lock(&self) -> MutexGuard<'_, Vec<Loop>> {
        self.loops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.withdraw();
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").field("own", &self.own).finish_non_exhaustive()
    }
}
