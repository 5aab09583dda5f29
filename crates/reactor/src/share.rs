//! One listening socket that several loops watch: which of them takes the next call. Taking it is each loop's own, and
//! how a loop is told that a call waits for it the mailbox's.

use std::fmt;
use std::sync::{Arc, PoisonError};

use crate::net::Wake;
use crate::sync::{Mutex, MutexGuard};

/// A loop's share in a socket. Dropped, it leaves all calls to the others.
pub(crate) struct Share {
    desk: Arc<Mutex<Desk>>,
    own: usize,
}

/// What all know of each other.
struct Desk {
    loops: Vec<Loop>,
    /// How often loops have looked for calls: the clock of all that follows.
    looks: u64,
    /// The last look behind which no call was found: whatever waited before it has been taken.
    emptied: u64,
}

/// What all know of one loop.
struct Loop {
    /// Calls of the socket that it serves, and how many it ever took.
    calls: usize,
    taken: u64,
    /// Its last look for calls.
    looked: u64,
    /// A call was left to it, and it has not looked since.
    is_told: bool,
    /// It has no place for a call, or did not come to look for one.
    is_away: bool,
    bell: Arc<dyn Wake>,
}

impl Loop {
    fn new(bell: Arc<dyn Wake>) -> Loop {
        Loop { calls: 0, taken: 0, looked: 0, is_told: false, is_away: false, bell }
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

/// To whom a call was left, and by which look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) to: usize,
    by: u64,
}

impl Share {
    /// A share for each loop that such a bell wakes.
    pub(crate) fn among(bells: impl IntoIterator<Item = Arc<dyn Wake>>) -> Vec<Share> {
        let loops: Vec<Loop> = bells.into_iter().map(Loop::new).collect();
        let count = loops.len();
        let desk = Arc::new(Mutex::new(Desk { loops, looks: 0, emptied: 0 }));
        (0..count).map(|own| Share { desk: Arc::clone(&desk), own }).collect()
    }

    /// Looks whether the next call is this loop's. If another one has less to do it is told, and named.
    pub(crate) fn look(&self) -> Option<Left> {
        let mut desk = self.lock();
        desk.looks += 1;
        let by = desk.looks;
        let own = &mut desk.loops[self.own];
        own.looked = by;
        own.is_told = false;
        own.is_away = false;
        let own = own.load();
        let present = desk.loops.iter_mut().enumerate().filter(|(_, one)| !one.is_away);
        let (to, least) = present.min_by_key(|(_, one)| one.load())?;
        if least.load() == own {
            return None;
        }
        least.tell();
        Some(Left { to, by })
    }

    /// A call was taken.
    pub(crate) fn enter(&self) {
        let own = &mut self.lock().loops[self.own];
        own.calls += 1;
        own.taken += 1;
    }

    /// One that was taken has ended.
    pub(crate) fn leave(&self) {
        self.lock().loops[self.own].calls -= 1;
    }

    /// This loop has looked, and there was no call.
    pub(crate) fn find_none(&self) {
        let mut desk = self.lock();
        desk.emptied = desk.emptied.max(desk.loops[self.own].looked);
    }

    /// There is no place for a call here: until this loop looks again, the others do without it.
    pub(crate) fn withdraw(&self) {
        let mut desk = self.lock();
        if !std::mem::replace(&mut desk.loops[self.own].is_away, true) {
            desk.loops.iter_mut().filter(|one| !one.is_away).for_each(Loop::tell);
        }
    }

    /// Enough waited for whom a call was left to: if it has not looked, it is passed over until it does. Says whether
    /// this loop has to look again. It has to until somebody has found no call, for whoever looked may have come to a
    /// stop with calls behind the one that it took.
    pub(crate) fn pass_over(&self, left: Left) -> bool {
        let mut desk = self.lock();
        let one = &mut desk.loops[left.to];
        one.is_away |= one.looked < left.by;
        desk.emptied < desk.loops[self.own].looked
    }

    /// Nothing in here panics with the lock held.
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
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
