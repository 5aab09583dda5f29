//! One Unix path, several loops that watch it: each has its share of the calls, however they come, and a loop that cannot
//! take one holds up nobody. What each step of it does, and every order of steps, is tested in `interleaved`; when
//! which worker takes over is tested in `simulation`, where time stands still.
//!
//! Shares are exact as long as every thread comes to its turn within 100 ms, which a busy machine does not promise: half
//! of it is asked for here.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::num::NonZeroUsize;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use switchboard_reactor::{
    Address, Closed, ConnId, Context, Handle, Handler, Limits, ListenOptions, Origin, Workers,
};
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(10);

/// Tells each caller on which worker it is, and again when it is asked. `x` keeps it busy until the test lets it go on.
struct Worker {
    number: u8,
    is_busy: Sender<()>,
    has_ended: Sender<()>,
    goes_on: Receiver<()>,
}

impl Handler for Worker {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
        cx.send(id, &[self.number]);
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        if input == b"x" {
            self.is_busy.send(()).unwrap();
            self.goes_on.recv_timeout(DEADLINE).unwrap();
        }
        cx.send(id, &[self.number]);
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {
        // A test that has seen enough is not there any more.
        let _ = self.has_ended.send(());
    }
}

/// Workers behind one path, from outside.
struct Shared {
    folder: TempDir,
    workers: Option<Workers<Worker>>,
    handles: Vec<Handle<()>>,
    thread: Option<JoinHandle<()>>,
    busy: Receiver<()>,
    ended: Receiver<()>,
    go_on: Vec<Sender<()>>,
}

impl Shared {
    /// Workers that listen, and do not run yet.
    fn new(count: usize, limits: &Limits) -> Shared {
        let folder = tempfile::tempdir().unwrap();
        let (is_busy, busy) = mpsc::channel();
        let (has_ended, ended) = mpsc::channel();
        let mut go_on = Vec::new();
        let make = |number| {
            let (sender, goes_on) = mpsc::channel();
            go_on.push(sender);
            let (is_busy, has_ended) = (is_busy.clone(), has_ended.clone());
            Worker { number: u8::try_from(number).unwrap(), is_busy, has_ended, goes_on }
        };
        let mut workers = Workers::new(NonZeroUsize::new(count).unwrap(), limits, make).unwrap();
        workers.listen(&Address::Unix(folder.path().join("path")), &ListenOptions::default()).unwrap();
        let handles = workers.handles();
        Shared { folder, workers: Some(workers), handles, thread: None, busy, ended, go_on }
    }

    fn run(&mut self) {
        let workers = self.workers.take().unwrap();
        self.thread = Some(thread::spawn(move || drop(workers.run())));
    }

    fn running(count: usize) -> Shared {
        let mut shared = Shared::new(count, &Limits::default());
        shared.run();
        shared
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("path")
    }

    fn call(&self) -> UnixStream {
        let stream = UnixStream::connect(self.path()).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.handles.iter().for_each(Handle::shutdown);
        if let Some(thread) = self.thread.take() {
            // A panic of a worker has been told by then.
            let _ = thread.join();
        }
    }
}

/// Which worker has taken a call.
fn taker(call: &mut impl Read) -> usize {
    let mut number = [0];
    call.read_exact(&mut number).unwrap();
    usize::from(number[0])
}

/// How many of so many calls each worker takes, half of its even share at least.
fn each_has_its_share(workers: usize, takers: &[usize]) {
    let taken: Vec<usize> =
        (0..workers).map(|worker| takers.iter().filter(|taker| **taker == worker).count()).collect();
    println!("{workers} workers took {taken:?}");
    assert!(taken.iter().all(|taken| *taken >= takers.len() / workers / 2), "{taken:?}");
}

const CALLS: usize = 200;

#[test]
fn a_burst_is_shared() {
    for workers in [2, 4] {
        let shared = Shared::running(workers);
        let mut calls: Vec<_> = (0..CALLS).map(|_| shared.call()).collect();
        each_has_its_share(workers, &calls.iter_mut().map(taker).collect::<Vec<_>>());
    }
}

#[test]
fn a_crowd_that_was_there_first_is_shared() {
    for workers in [2, 4] {
        let mut shared = Shared::new(workers, &Limits::default());
        let mut calls: Vec<_> = (0..CALLS).map(|_| shared.call()).collect();
        shared.run();
        each_has_its_share(workers, &calls.iter_mut().map(taker).collect::<Vec<_>>());
    }
}

#[test]
fn calls_one_after_another_are_shared() {
    for workers in [2, 4] {
        let shared = Shared::running(workers);
        let mut held = Vec::new();
        let mut takers = Vec::new();
        for _ in 0..CALLS {
            held.push(shared.call());
            takers.extend(held.last_mut().map(taker));
        }
        each_has_its_share(workers, &takers);
    }
}

#[test]
fn calls_each_of_which_ends_before_the_next_are_shared() {
    for workers in [2, 4] {
        let shared = Shared::running(workers);
        let mut takers = Vec::new();
        for _ in 0..CALLS {
            takers.push(taker(&mut shared.call()));
            shared.ended.recv_timeout(DEADLINE).unwrap();
        }
        each_has_its_share(workers, &takers);
    }
}

#[test]
fn a_worker_whose_calls_have_ended_takes_the_next_ones() {
    let shared = Shared::running(2);
    let calls = (0..40).map(|_| shared.call()).map(|mut call| (taker(&mut call), call));
    let (ending, held): (Vec<_>, Vec<_>) = calls.partition(|(taker, _)| *taker == 0);
    let free = ending.len();
    drop(ending);
    (0..free).for_each(|_| shared.ended.recv_timeout(DEADLINE).unwrap());
    let mut next: Vec<_> = (0..held.len()).map(|_| shared.call()).collect();
    let taken = next.iter_mut().filter_map(|call| (taker(call) == 0).then_some(())).count();
    assert!(taken >= held.len() * 3 / 4, "{taken} of {}, after {free} ended", held.len());
}

#[test]
fn a_worker_that_does_not_turn_is_passed_over_and_has_its_share_when_it_is_back() {
    let shared = Shared::running(2);
    let mut first = shared.call();
    let busy = taker(&mut first);
    first.write_all(b"x").unwrap();
    shared.busy.recv_timeout(DEADLINE).unwrap();
    let mut calls: Vec<_> = (0..20).map(|_| shared.call()).collect();
    assert!(calls.iter_mut().all(|call| taker(call) != busy), "one that does nothing took a call");
    shared.go_on[busy].send(()).unwrap();
    taker(&mut first);
    // In its next turn it looks at what it was told before it answers.
    first.write_all(b"y").unwrap();
    taker(&mut first);
    let mut later: Vec<_> = (0..60).map(|_| shared.call()).collect();
    let mut takers: Vec<_> = later.iter_mut().map(taker).collect();
    takers.extend([1 - busy; 20]);
    each_has_its_share(2, &takers);
}

#[test]
fn a_call_is_not_forgotten_with_a_worker_that_looked_for_the_one_before_it() {
    let shared = Shared::running(2);
    let (mut free, mut held) = (shared.call(), shared.call());
    let takers = [taker(&mut free), taker(&mut held)];
    assert_ne!(takers[0], takers[1]);
    // Within the time that a worker is given to look at what is left to it, or the round shows nothing.
    for _ in 0..5 {
        let busy = Busy::with(&shared, takers[1], &mut held);
        let mut both = [shared.call(), shared.call()];
        // By its answer the free one has come to both, and has left one at least to the busy one.
        free.write_all(b"y").unwrap();
        taker(&mut free);
        busy.ends();
        both.iter_mut().map(taker).for_each(drop);
        let busy = Busy::with(&shared, takers[1], &mut held);
        let mut late = [shared.call(), shared.call()];
        assert_eq!(late.each_mut().map(taker), [takers[0]; 2]);
        busy.ends();
        drop((both, late));
        (0..4).for_each(|_| shared.ended.recv_timeout(DEADLINE).unwrap());
    }
}

/// A worker that does nothing until it is told.
struct Busy<'a> {
    call: &'a mut UnixStream,
    go_on: &'a Sender<()>,
}

impl Busy<'_> {
    fn with<'a>(shared: &'a Shared, worker: usize, call: &'a mut UnixStream) -> Busy<'a> {
        call.write_all(b"x").unwrap();
        shared.busy.recv_timeout(DEADLINE).unwrap();
        Busy { call, go_on: &shared.go_on[worker] }
    }

    fn ends(self) {
        self.go_on.send(()).unwrap();
        taker(self.call);
    }
}

#[test]
fn a_worker_without_a_place_leaves_its_calls_to_others_until_it_has_one() {
    let limits = Limits { connections_max: 4, ..Limits::default() };
    let mut shared = Shared::new(2, &limits);
    let first = &mut shared.workers.as_mut().unwrap().loops_mut()[0];
    let (_, own) = first.listen(&"tcp://127.0.0.1:0".parse().unwrap(), &ListenOptions::default()).unwrap();
    shared.run();
    let mut filling: Vec<_> = (0..4).map(|_| TcpStream::connect(own.ip().unwrap()).unwrap()).collect();
    assert!(filling.iter_mut().all(|call| taker(call) == 0));
    let mut calls: Vec<_> = (0..5).map(|_| shared.call()).collect();
    assert!(calls[..4].iter_mut().all(|call| taker(call) == 1));
    // Now both are full, and the fifth waits for whichever place is free first.
    drop(filling.pop());
    assert_eq!(taker(&mut calls[4]), 0);
}

#[test]
fn a_worker_that_has_ended_leaves_its_calls_to_the_others() {
    let shared = Shared::running(3);
    let mut calls: Vec<_> = (0..3).map(|_| shared.call()).collect();
    let takers: Vec<usize> = calls.iter_mut().map(taker).collect();
    let ended = takers[0];
    shared.handles[ended].drain(DEADLINE);
    assert_eq!(calls[0].read(&mut [0; 1]).unwrap(), 0, "it says goodbye when it listens no more");
    let mut later: Vec<_> = (0..20).map(|_| shared.call()).collect();
    assert!(later.iter_mut().all(|call| taker(call) != ended));
}

#[test]
fn the_path_goes_with_the_workers() {
    let shared = Shared::running(2);
    let path = shared.path();
    taker(&mut shared.call());
    // The folder must not go first.
    let folder = shared.folder.path().to_owned();
    shared.handles.iter().for_each(Handle::shutdown);
    let mut shared = shared;
    shared.thread.take().unwrap().join().unwrap();
    assert!(folder.exists() && !path.exists());
}
