//! A bounded number of threads for jobs that may block. What does not find a thread waits, up to a limit, counted.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, PoisonError};

use crate::sync::{Condvar, Mutex, MutexGuard, thread};

use crate::measure::Measure;

/// How many threads a pool has, and how many jobs may wait for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threads {
    /// Jobs that run at once. Default 32: blocked threads cost memory, not time.
    pub running_max: usize,
    /// Jobs that wait. Default 16,384; what comes after them is turned away.
    pub waiting_max: usize,
}

impl Default for Threads {
    fn default() -> Threads {
        Threads { running_max: 32, waiting_max: 16_384 }
    }
}

/// What a pool is doing, and has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Threads that were started. One is started only when a job finds none idle.
    pub threads: usize,
    /// Jobs running now.
    pub running: usize,
    /// Jobs waiting for a thread now.
    pub waiting: usize,
    /// Jobs that were turned away.
    pub refused: u64,
}

impl PoolStats {
    /// Every number with its name and what it means.
    pub fn measures(&self) -> [Measure; 4] {
        let PoolStats { threads, running, waiting, refused } = *self;
        [
            Measure::gauge("pool_threads", "Threads for calls that may block", threads),
            Measure::gauge("pool_running", "Calls on a thread of the pool now", running),
            Measure::gauge("pool_waiting", "Calls that wait for a thread", waiting),
            Measure::counter(
                "pool_refused",
                "Calls for which there was no thread and no place to wait",
                refused,
            ),
        ]
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// The threads. They end when the pool is dropped and what they are doing is done.
pub struct Pool {
    shared: Arc<Shared>,
    limits: Threads,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    stats: PoolStats,
    is_closed: bool,
}

impl Pool {
    /// A pool without threads yet.
    ///
    /// # Errors
    /// `InvalidInput` for a pool that could never run anything.
    pub fn start(limits: Threads) -> io::Result<Pool> {
        if limits.running_max == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a pool needs at least one thread"));
        }
        let shared = Shared { state: Mutex::default(), work: Condvar::new() };
        Ok(Pool { shared: Arc::new(shared), limits })
    }

    /// Runs a job as soon as a thread is free. `false`: too many are waiting already, or the system has no thread
    /// to give and there is none yet.
    #[must_use]
    pub fn submit(&self, job: impl FnOnce() + Send + 'static) -> bool {
        let mut state = self.shared.lock();
        let Threads { running_max, waiting_max } = self.limits;
        let unfinished = state.stats.running + state.jobs.len();
        let has_place = unfinished < running_max.saturating_add(waiting_max);
        let wants_thread = unfinished >= state.stats.threads && state.stats.threads < running_max;
        if has_place && wants_thread && self.start_thread().is_ok() {
            state.stats.threads += 1;
        }
        if !has_place || state.stats.threads == 0 {
            state.stats.refused += 1;
            return false;
        }
        state.jobs.push_back(Box::new(job));
        drop(state);
        self.shared.work.notify_one();
        true
    }

    fn start_thread(&self) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        thread::Builder::new()
            .name("call".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || shared.work())
            .map(drop)
    }

    /// What the pool is doing.
    pub fn stats(&self) -> PoolStats {
        let state = self.shared.lock();
        PoolStats { waiting: state.jobs.len(), ..state.stats }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_closed = true;
        let unbegun = std::mem::take(&mut state.jobs);
        drop(state);
        self.shared.work.notify_all();
        // Without the lock: what a job holds may be anything, and do anything as it goes.
        drop(unbegun);
    }
}

/// Room for a handler's own frames and a formatted line or two. The standard library's 2 MiB would let a thousand
/// waiting calls reserve 2 GiB.
const STACK_BYTES: usize = 512 * 1024;

impl Shared {
    /// A thread's whole life.
    fn work(&self) {
        while let Some(job) = self.next_job() {
            // A job that can panic catches it itself; this keeps the thread's count true all the same.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
            self.lock().stats.running -= 1;
        }
    }

    fn next_job(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                state.stats.running += 1;
                return Some(job);
            }
            if state.is_closed {
                return None;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// No code of ours panics with the lock held.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("limits", &self.limits)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
