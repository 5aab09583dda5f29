//! What threads share, in every order in which their steps can fall: the mailbox with its waker and its shutdown, the
//! pool's queue, the line of a blocking call, the shares in a socket.
//!
//! The files under test are the loop's own, compiled here once more with [loom]'s locks and threads for those of the
//! standard library. That keeps the loop itself free of switches, and this test in the ordinary run: no build with
//! flags of its own. Loom rather than a random scheduler, as these models are small enough to be gone through to the
//! end, memory orderings included; a thread that waits for ever is found as a deadlock.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each model uses its part of the loop's files")]

mod calls;
mod jobs;
mod lines;
mod posts;

#[path = "../../src/handle.rs"]
mod handle;
#[path = "../../src/blocking/line.rs"]
mod line;
#[path = "../../src/mailbox.rs"]
mod mailbox;
#[path = "../../src/blocking/pool.rs"]
mod pool;
#[path = "../../src/share.rs"]
mod share;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use switchboard_reactor::{GroupId, Measure, Pressure, Wake};

/// What the loop's files find here where `src/sync.rs` has the standard library.
mod sync {
    pub(crate) use loom::sync::atomic::{AtomicBool, Ordering};
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use loom::thread;
}

/// Where these files look for what has no part in this.
mod groups {
    pub(crate) use super::GroupId;
}
mod measure {
    pub(crate) use super::Measure;
}
mod net {
    pub(crate) use super::Wake;
}

/// Runs a model until every order has been seen.
fn in_every_order(model: impl Fn() + Send + Sync + 'static) {
    explore(None, model);
}

/// For models with too many orders: all of those in which at most so many threads are interrupted where they could
/// have gone on. Mistakes that need more are rare (Musuvathi and Qadeer, 2007).
fn in_most_orders(model: impl Fn() + Send + Sync + 'static) {
    explore(Some(2), model);
}

fn explore(preemptions_max: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let orders = Arc::new(AtomicUsize::new(0));
    let mut explorer = loom::model::Builder::new();
    explorer.preemption_bound = preemptions_max;
    explorer.check({
        let orders = Arc::clone(&orders);
        move || {
            orders.fetch_add(1, Ordering::Relaxed);
            model();
        }
    });
    println!("{} orders", orders.load(Ordering::Relaxed));
}
