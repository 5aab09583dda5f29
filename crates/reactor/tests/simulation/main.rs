//! Laws of the loop, over many seeds on the simulated network: what goes in comes out or there is an error,
//! every connection that was set up is finished exactly once, and nothing is left at the end.
//!
//! A failing seed prints the command that runs it again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod callers;
mod datagrams;
mod echo;
mod groups;
mod hub;
#[path = "../support/no_connections.rs"]
mod no_connections;
mod planted;
#[allow(dead_code, reason = "each test file uses its part of it")]
#[path = "../support/recorder.rs"]
mod recorder;
mod rooms;
mod shares;
mod sources;

use std::time::Duration;

use switchboard_reactor::sim::{Fault, World};
use switchboard_reactor::{Address, ConnId, ConnMap};

/// Seeds of an ordinary run, for each law that meets every fault.
const SEEDS: u64 = 2_000;
const HOUR: Duration = Duration::from_hours(1);

fn replay(test: &str) -> String {
    format!("cargo test -p switchboard-reactor --test simulation {test}")
}

/// Counts that every connection set up is finished once, whatever else a handler does.
#[derive(Default)]
struct Ledger {
    open: ConnMap<()>,
    finished: usize,
}

impl Ledger {
    fn set_up(&mut self, id: ConnId) {
        assert!(self.open.insert(id, ()).is_none(), "{id:?} was set up twice");
    }

    fn finish(&mut self, id: ConnId) {
        assert!(self.open.remove(id).is_some(), "{id:?} was finished twice, or never set up");
        self.finished += 1;
    }

    fn check_balanced(&self) {
        assert_eq!(self.open.len(), 0, "connections were never finished");
    }
}

/// What the runs of a law were put through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Met([u64; Fault::ALL.len()]);

impl Met {
    fn of(world: &World) -> Met {
        Met(Fault::ALL.map(|fault| world.happened(fault)))
    }

    fn add(&mut self, other: &Met) {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count += more);
    }

    /// A law that never met a fault has not been tried by it. One seed alone need not meet them all.
    fn check(&self, expected: &[Fault]) {
        if std::env::var_os("SWITCHBOARD_SEED").is_some() {
            return;
        }
        for (fault, count) in Fault::ALL.iter().zip(self.0) {
            println!("{fault:?}: {count}");
            assert!(count > 100 || !expected.contains(fault), "{fault:?} happened only {count} times");
        }
    }
}

fn listen_address() -> Address {
    Address::Tcp("10.0.0.1:0".parse().unwrap())
}
