//! The harness of the end-to-end tests: real processes, real sockets, real Python peers.
//! What the programs must do is left to the tests beside it.
//!
//! ```text
//!   Launch --start--> Program --finish--> Ending
//!   what to start     it runs:            it is over: exit code, both outputs,
//!                     say, wait for       and a full report when a test
//!                     lines, interrupt    expected something else
//! ```
//!
//! All that our programs print and log is searched for the keys that they were given or made.
//!
//! Every wait has a deadline, every port is 0, and nothing sleeps for a fixed time. When a wait
//! fails, the test ends with a report: the command line, both outputs so far, the exit state.

mod build;
mod canary;
mod collected;
mod launch;
mod memory;
mod network;
mod places;
mod program;
mod python;
mod scrape;
mod skip;
mod tap;
mod terminal;
mod watch;
mod wire;

pub use launch::Launch;
pub use memory::{Found, Memory};
pub use network::{Host, Network};
pub use places::Place;
pub use program::{Ending, Program, Stream};
pub use python::{Python, python, python_since, python_with, pythons};
pub use scrape::{Metrics, Reply, request, scrape};
pub use skip::skip;
pub use tap::{Passed, tap};
pub use terminal::Terminal;
pub use wire::{address_of, answer_one, call, host_and_port};

use std::time::Duration;

/// How long a test waits for anything: far longer than it takes on a loaded machine,
/// far shorter than anybody would wait for a hung test.
pub const DEADLINE: Duration = Duration::from_secs(10);
