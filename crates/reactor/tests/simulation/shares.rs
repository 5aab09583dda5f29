//! One listener that several workers watch: every call is taken, by a worker that has no more than the others, and one
//! that is stuck or full keeps none of them waiting. On threads and real sockets it is tried by `tests/shared.rs`.

use std::time::Duration;

use switchboard_reactor::sim::{
    Fault, Faults, Rest, SimNet, Turn, World, each_seed, join_workers, listen_shared,
};
use switchboard_reactor::{Address, Limits, ListenOptions, Reactor, Tag};

use super::recorder::{Event, Recorder};
use super::{HOUR, Met, SEEDS, listen_address, replay};

/// For how long a worker that does not turn is waited for, at most: the patience begins again with every look.
const PATIENCE_MAX: Duration = Duration::from_millis(200);

type Loop = Reactor<Recorder, SimNet>;

/// Workers behind one address, and somebody who calls it.
struct Shared {
    world: World,
    address: Address,
    workers: Vec<Loop>,
    caller: Loop,
}

impl Shared {
    fn new(world: World, workers: usize, limits: &Limits) -> Shared {
        let worker = || Reactor::with_net(world.host(), Recorder::idle(), limits.clone());
        let mut workers: Vec<Loop> = (0..workers).map(|_| worker()).collect();
        join_workers(&mut workers);
        let address = listen_shared(&mut workers, &listen_address(), &ListenOptions::default()).unwrap();
        let caller = Reactor::with_net(world.host(), Recorder::idle(), Limits::default());
        Shared { world, address, workers, caller }
    }

    fn call(&mut self, calls: usize) {
        let address = &self.address;
        self.caller.with_context(|_, cx| (0..calls).for_each(|_| cx.connect(address.clone(), Tag(0))));
    }

    /// Lets time pass for the caller and for these workers; the others are stuck.
    fn run(&mut self, turning: &[usize], time: Duration) -> Rest {
        let mut loops: Vec<&mut dyn Turn> = vec![&mut self.caller];
        let workers = self.workers.iter_mut().enumerate();
        loops.extend(workers.filter(|(at, _)| turning.contains(at)).map(|(_, one)| one as &mut dyn Turn));
        self.world.run(&mut loops, time).unwrap()
    }

    /// How many calls each worker has.
    fn calls(&self) -> Vec<usize> {
        self.workers.iter().map(|one| one.stats().connections).collect()
    }

    /// The first worker hangs up.
    fn end_calls_of_first(&mut self) {
        let events = std::mem::take(&mut *self.workers[0].handler().events.borrow_mut());
        self.workers[0].with_context(|_, cx| {
            for event in &events {
                if let Event::SetUp(id) = event {
                    cx.abort(*id);
                }
            }
        });
    }
}

fn quiet(workers: usize, limits: &Limits) -> Shared {
    Shared::new(World::new(1, Faults::none()), workers, limits)
}

#[test]
fn every_call_is_taken_and_no_worker_has_two_more_than_another() {
    let mut met = Met::default();
    let replay = replay("every_call_is_taken_and_no_worker_has_two_more_than_another");
    each_seed(&replay, 0..SEEDS / 10, |seed| {
        // A worker that cannot take a call leaves its share to the others, so it is even only where all can.
        let can_fail = seed % 2 == 1;
        let accept_errors = if can_fail { 0.1 } else { 0.0 };
        let faults = Faults { resets: 0.0, refusals: 0.0, accept_errors, ..Faults::rough() };
        let limits = Limits { accepts_per_turn: 3, ..Limits::default() };
        let mut shared = Shared::new(World::new(seed, faults), 3, &limits);
        for _ in 0..3 {
            shared.call(10);
            shared.run(&[0, 1, 2], Duration::from_secs(5));
            let taken = shared.calls();
            assert_eq!(taken.iter().sum::<usize>(), shared.caller.stats().connections, "{taken:?}");
            let most_apart = taken.iter().max().unwrap() - taken.iter().min().unwrap();
            assert!(most_apart <= 1 || can_fail, "{taken:?}");
        }
        assert_eq!(shared.run(&[0, 1, 2], HOUR), Rest::Quiet);
        met.add(&Met::of(&shared.world));
    });
    met.check(&[Fault::AcceptError, Fault::Delay]);
}

#[test]
fn calls_behind_the_budget_of_a_worker_that_is_stuck_go_to_the_others() {
    const BUDGET: usize = 4;
    let limits = Limits { accepts_per_turn: BUDGET, ..Limits::default() };
    for workers in [2, 3] {
        let all: Vec<usize> = (0..workers).collect();
        let mut shared = quiet(workers, &limits);
        shared.call(10 * workers);
        shared.run(&all, PATIENCE_MAX);
        assert_eq!(shared.calls(), vec![10; workers]);
        shared.end_calls_of_first();
        shared.run(&all, PATIENCE_MAX);
        // The next ten calls are all the first worker's. It takes what it may in a turn, and does not come to another.
        shared.call(9);
        shared.run(&all[1..], Duration::ZERO);
        Turn::turn(&mut shared.workers[0]).unwrap();
        assert_eq!(shared.calls()[0], BUDGET);
        shared.run(&all[1..], PATIENCE_MAX);
        let calls = shared.calls();
        assert_eq!((calls[0], calls[1..].iter().sum::<usize>()), (BUDGET, 10 * (workers - 1) + 9 - BUDGET));
    }
}

#[test]
fn a_worker_that_is_full_leaves_its_calls_to_the_others_at_once() {
    let limits = Limits { connections_max: 4, ..Limits::default() };
    let mut shared = quiet(2, &limits);
    // Its places are taken by calls that it made itself, so by its share the next calls are its own.
    let elsewhere = shared.caller.listen(&listen_address(), &ListenOptions::default()).unwrap().1;
    shared.workers[0].with_context(|_, cx| (0..4).for_each(|_| cx.connect(elsewhere.clone(), Tag(0))));
    shared.run(&[0, 1], Duration::ZERO);
    shared.call(3);
    shared.run(&[0, 1], Duration::ZERO);
    assert_eq!(shared.calls(), [4, 3]);
}

#[test]
fn a_worker_that_listens_no_more_leaves_its_calls_to_the_others_at_once() {
    let mut shared = quiet(3, &Limits::default());
    shared.workers[0].with_context(|_, cx| cx.drain(HOUR));
    shared.run(&[0, 1, 2], Duration::ZERO);
    shared.call(4);
    shared.run(&[1, 2], Duration::ZERO);
    assert_eq!(shared.calls(), [0, 2, 2]);
}
