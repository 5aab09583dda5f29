//! The pool of threads for jobs that may block, with threads of the operating system. Its queue in every order of
//! events is `interleaved`'s.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use switchboard_reactor::blocking::{Pool, Threads};

const DEADLINE: Duration = Duration::from_secs(10);

#[test]
fn a_pool_runs_as_many_as_it_may_and_the_next_waits() {
    let pool = Pool::start(Threads { running_max: 2, waiting_max: 1 }).unwrap();
    let (release, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let (started, begun) = mpsc::channel();
    let job = || {
        let (started, gate) = (started.clone(), Arc::clone(&gate));
        move || {
            started.send(()).unwrap();
            let _ = gate.lock().unwrap().recv();
        }
    };
    assert!(pool.submit(job()) && pool.submit(job()));
    begun.recv_timeout(DEADLINE).unwrap();
    begun.recv_timeout(DEADLINE).unwrap();
    assert!(pool.submit(job()), "one may wait");
    assert!(!pool.submit(job()), "two may not");
    let stats = pool.stats();
    assert_eq!((stats.threads, stats.running, stats.waiting, stats.refused), (2, 2, 1, 1));
    release.send(()).unwrap();
    begun.recv_timeout(DEADLINE).unwrap();
    drop(release);
}

#[test]
fn a_pool_starts_no_more_threads_than_it_needs() {
    let pool = Pool::start(Threads::default()).unwrap();
    for _ in 0..50 {
        let (tell, told) = mpsc::channel();
        assert!(pool.submit(move || tell.send(()).unwrap()));
        told.recv_timeout(DEADLINE).unwrap();
        // The job is over; its thread is free when it is counted so.
        let given_up = Instant::now() + DEADLINE;
        while pool.stats().running > 0 && Instant::now() < given_up {
            thread::yield_now();
        }
    }
    assert_eq!(pool.stats().threads, 1);
}

#[test]
fn a_job_that_panics_costs_no_thread() {
    let pool = Pool::start(Threads { running_max: 1, waiting_max: 9 }).unwrap();
    assert!(pool.submit(|| panic!("on purpose")));
    let (tell, told) = mpsc::channel();
    assert!(pool.submit(move || tell.send(7).unwrap()));
    assert_eq!(told.recv_timeout(DEADLINE), Ok(7));
}

#[test]
fn a_pool_without_threads_is_refused() {
    assert!(Pool::start(Threads { running_max: 0, waiting_max: 1 }).is_err());
}
