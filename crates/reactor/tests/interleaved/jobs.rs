//! The pool's queue: every job runs once or is turned away, and dropping the pool ends its threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::pool::{Pool, Threads};
use crate::{in_every_order, in_most_orders};

/// Counts what was done, without being a step of the model itself.
#[derive(Clone, Default)]
struct Done(Arc<AtomicUsize>);

impl Done {
    fn job(&self) -> impl FnOnce() + Send + 'static {
        let done = self.clone();
        move || _ = done.0.fetch_add(1, Ordering::SeqCst)
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Two jobs for so many threads; then the pool goes, whatever they are doing.
fn dropped_at_work(running_max: usize) {
    let done = Done::default();
    let pool = Pool::start(Threads { running_max, waiting_max: 9 }).unwrap();
    assert!(pool.submit(done.job()) && pool.submit(done.job()));
    let stats = pool.stats();
    assert!(stats.threads <= running_max && stats.running <= stats.threads, "{stats:?}");
    // Loom waits for the threads to end, and says so if one never does.
    drop(pool);
    assert!(done.count() <= 2);
}

#[test]
fn jobs_are_done_once_or_not_begun_and_the_threads_end_with_the_pool() {
    in_every_order(|| dropped_at_work(1));
    in_most_orders(|| dropped_at_work(2));
}

#[test]
fn no_job_is_forgotten_while_the_pool_lives() {
    in_every_order(|| {
        let pool = Pool::start(Threads { running_max: 1, waiting_max: 9 }).unwrap();
        let finished = Arc::new((loom::sync::Mutex::new(0), loom::sync::Condvar::new()));
        for _ in 0..2 {
            let finished = Arc::clone(&finished);
            assert!(pool.submit(move || {
                *finished.0.lock().unwrap() += 1;
                finished.1.notify_one();
            }));
        }
        let mut count = finished.0.lock().unwrap();
        while *count < 2 {
            count = finished.1.wait(count).unwrap();
        }
    });
}
