//! The examples that end by themselves run, and are short enough to be read at one glance.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "examples stay as plain as they can be")]

#[path = "../examples/everybody.rs"]
mod everybody;

const LINES_MAX: usize = 40;

#[test]
fn everybody_hears_everybody() {
    everybody::main().unwrap();
    assert!(include_str!("../examples/everybody.rs").lines().count() <= LINES_MAX);
}
