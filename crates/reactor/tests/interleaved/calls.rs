//! Shares in one socket: whose turn it is, no call is left lying, and none is taken by a loop that has more than another.

use std::sync::Arc;

use loom::sync::Mutex;
use loom::thread;

use crate::net::Wake;
use crate::posts::Bell;
use crate::share::Share;
use crate::{in_every_order, in_most_orders};

/// Calls that wait in the kernel, and how many each loop has taken. All loops have been told of all.
struct Backlog {
    calls: usize,
    taken: [usize; 2],
}

/// What a loop does when it is told of calls, as `Reactor::accept_calls` does it.
fn take_calls(own: usize, share: &Share, backlog: &Mutex<Backlog>) {
    while share.look().is_none() && take_call(own, share, backlog) {}
}

/// What a loop does when the next call is its own; says whether there was one.
fn take_call(own: usize, share: &Share, backlog: &Mutex<Backlog>) -> bool {
    let mut backlog = backlog.lock().unwrap();
    if backlog.calls == 0 {
        share.find_none();
        return false;
    }
    backlog.calls -= 1;
    backlog.taken[own] += 1;
    share.enter();
    true
}

/// Two loops with calls before them, of which one takes its budget of a turn and does not come to another. The other
/// looks again for as long as it is told to when its timer is due, however soon that is.
fn none_is_left_behind_a_loop_that_is_stuck(calls: usize, budget: usize) {
    let backlog = Arc::new(Mutex::new(Backlog { calls, taken: [0, 0] }));
    let mut shares = Share::among([(); 2].map(|()| Arc::new(Bell::default()) as Arc<dyn Wake>));
    let (free, stuck) = (shares.pop().unwrap(), shares.pop().unwrap());
    let other = thread::spawn({
        let backlog = Arc::clone(&backlog);
        move || {
            for _ in 0..budget {
                if stuck.look().is_none() && !take_call(0, &stuck, &backlog) {
                    break;
                }
            }
            // Not dropped: it does nothing more.
            std::mem::forget(stuck);
        }
    });
    loop {
        match free.look() {
            None if take_call(1, &free, &backlog) => {}
            Some(left) if free.pass_over(left) => {}
            _ => break,
        }
    }
    assert_eq!(backlog.lock().unwrap().calls, 0, "it has stopped to look");
    other.join().unwrap();
}

/// Two loops, and so many calls: each loop looks at the edge of the calls, and then whenever it is told.
fn every_call_is_taken(calls: usize, withdraws: bool) {
    let backlog = Arc::new(Mutex::new(Backlog { calls, taken: [0, 0] }));
    let bells = [(); 2].map(|()| Arc::new(Bell::default()));
    let shares = Share::among(bells.iter().map(|bell| Arc::clone(bell) as Arc<dyn Wake>));
    let is_over = |backlog: &Mutex<Backlog>| backlog.lock().unwrap().calls == 0;
    let mut threads = Vec::new();
    for (own, share) in shares.into_iter().enumerate() {
        let (backlog, bells) = (Arc::clone(&backlog), bells.clone());
        threads.push(thread::spawn(move || {
            if withdraws && own == 0 {
                return share.withdraw();
            }
            take_calls(own, &share, &backlog);
            while !is_over(&backlog) {
                bells[own].poll();
                take_calls(own, &share, &backlog);
            }
            // Else the other would wait for a call that nobody makes.
            for bell in bells {
                bell.wake();
            }
            // Not dropped: a loop that ends leaves its calls to the other, which is the other model.
            std::mem::forget(share);
        }));
    }
    for thread in threads {
        thread.join().unwrap();
    }
    let taken = backlog.lock().unwrap().taken;
    assert_eq!(taken.iter().sum::<usize>(), calls);
    assert!(withdraws || taken[0].abs_diff(taken[1]) <= 1, "{taken:?}");
}

#[test]
fn calls_are_shared_and_none_is_left_lying() {
    for calls in [1, 4] {
        in_most_orders(move || every_call_is_taken(calls, false));
    }
}

#[test]
fn a_loop_that_withdraws_takes_no_call_with_it() {
    for calls in 1..=2 {
        in_most_orders(move || every_call_is_taken(calls, true));
    }
}

#[test]
fn a_loop_that_is_stuck_behind_its_budget_keeps_no_call() {
    for (calls, budget) in [(1, 1), (3, 1), (4, 2)] {
        in_every_order(move || none_is_left_behind_a_loop_that_is_stuck(calls, budget));
    }
}

fn shares(count: usize) -> (Vec<Share>, Vec<Arc<Bell>>) {
    let bells: Vec<Arc<Bell>> = (0..count).map(|_| Arc::default()).collect();
    (Share::among(bells.iter().map(|bell| Arc::clone(bell) as Arc<dyn Wake>)), bells)
}

#[test]
fn a_call_is_left_to_whoever_has_fewest_and_among_equals_took_fewest() {
    in_every_order(|| {
        let (shares, bells) = shares(3);
        assert_eq!(shares[2].look(), None, "all are equal");
        shares[2].enter();
        shares[0].enter();
        assert_eq!(shares[0].look().map(|left| left.to), Some(1));
        assert!(bells[1].has_rung() && !bells[2].has_rung());
        shares[1].enter();
        shares[2].leave();
        assert_eq!(shares[0].look().map(|left| left.to), Some(2));
        shares[0].leave();
        shares[1].leave();
        assert_eq!([0, 1, 2].map(|own: usize| shares[own].look()), [None; 3]);
        shares[1].enter();
        shares[1].leave();
        assert_eq!(shares[1].look().map(|left| left.to), Some(0), "it had one more");
    });
}

#[test]
fn a_loop_is_told_once_until_it_looks() {
    in_every_order(|| {
        let (shares, bells) = shares(2);
        shares[0].enter();
        for _ in 0..3 {
            assert!(shares[0].look().is_some());
        }
        assert!(bells[1].has_rung());
        assert!(shares[0].look().is_some() && !bells[1].has_rung());
        assert_eq!(shares[1].look(), None);
        assert!(shares[0].look().is_some() && bells[1].has_rung());
    });
}

#[test]
fn who_does_not_look_is_passed_over_until_it_does() {
    in_every_order(|| {
        let (shares, _) = shares(2);
        shares[0].enter();
        let left = shares[0].look().unwrap();
        shares[1].look();
        assert!(shares[0].pass_over(left), "it has looked, but nobody knows what it found");
        let left = shares[0].look().unwrap();
        assert!(shares[0].pass_over(left));
        assert_eq!(shares[0].look(), None);
        shares[1].look();
        assert!(shares[0].look().is_some());
    });
}

#[test]
fn nobody_looks_again_once_a_later_look_has_found_no_call() {
    in_every_order(|| {
        let (shares, _) = shares(3);
        shares[1].look();
        shares[0].enter();
        let left = shares[0].look().unwrap();
        shares[1].find_none();
        assert!(shares[0].pass_over(left), "what it left came after the other's look");
        let left = shares[0].look().unwrap();
        shares[2].look();
        shares[2].find_none();
        assert!(!shares[0].pass_over(left));
    });
}

#[test]
fn who_withdraws_or_is_gone_leaves_its_calls_to_the_others() {
    in_every_order(|| {
        let (mut shares, bells) = shares(3);
        shares[0].enter();
        shares[2].enter();
        assert_eq!(shares[0].look().map(|left| left.to), Some(1));
        assert!(bells[1].has_rung());
        shares[1].withdraw();
        assert!(bells[0].has_rung() && bells[2].has_rung());
        assert_eq!((shares[0].look(), shares[2].look()), (None, None));
        shares[1].withdraw();
        assert!(!bells[0].has_rung(), "they know");
        drop(shares.pop());
        assert!(bells[0].has_rung() && !bells[1].has_rung());
        shares[0].enter();
        assert_eq!(shares[0].look(), None);
    });
}
