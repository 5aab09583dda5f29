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
    while share.look().is_none() {
        let mut backlog = backlog.lock().unwrap();
        if backlog.calls == 0 {
            return;
        }
        backlog.calls -= 1;
        backlog.taken[own] += 1;
        share.enter();
    }
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
        assert!(!shares[0].pass_over(left), "it has looked");
        let left = shares[0].look().unwrap();
        assert!(shares[0].pass_over(left));
        assert_eq!(shares[0].look(), None);
        shares[1].look();
        assert!(shares[0].look().is_some());
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
