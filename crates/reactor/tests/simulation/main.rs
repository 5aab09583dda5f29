//! Laws of the loop, over many seeds on the simulated network: what goes in comes out or there is an error,
//! every connection that was set up is finished exactly once, and nothing is left at the end.
//!
//! A failing seed prints the command that runs it again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod datagrams;
mod echo;
mod groups;
mod hub;
mod planted;
mod sources;

use std::time::Duration;

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

fn listen_address() -> Address {
    Address::Tcp("10.0.0.1:0".parse().unwrap())
}
