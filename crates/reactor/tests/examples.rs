//! The examples run, and are short enough to be read at one glance.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "examples stay as plain as they can be")]

#[path = "../examples/blocking.rs"]
mod blocking;
#[path = "../examples/bytes.rs"]
mod bytes;
#[path = "../examples/client.rs"]
mod client;
#[path = "../examples/datagram.rs"]
mod datagram;
#[path = "../examples/simulated.rs"]
mod simulated;
#[path = "../examples/workers.rs"]
mod workers;

use std::fs;
use std::path::Path;

const LINES_MAX: usize = 40;

macro_rules! examples {
    ($($test:ident: $example:ident,)*) => {
        $(#[test]
        fn $test() {
            $example::main().unwrap();
        })*

        const RUN: &[&str] = &[$(stringify!($example)),*];
    };
}

examples! {
    bytes_are_echoed: bytes,
    a_blocking_call_reads_and_writes: blocking,
    a_datagram_is_answered: datagram,
    a_client_calls_until_somebody_answers: client,
    a_simulated_network_brings_every_byte: simulated,
    two_loops_share_a_room: workers,
}

#[test]
fn every_example_is_one_of_these_and_has_at_most_forty_lines() {
    for example in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).unwrap() {
        let path = example.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(RUN.contains(&name), "no test runs {name}");
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= LINES_MAX, "{name} has {lines} lines");
    }
}

#[test]
fn every_example_is_on_the_crates_page() {
    let page = include_str!("../src/lib.rs");
    let shown = RUN.iter().filter(|name| page.contains(&format!("| `{name}.rs` |")));
    assert_eq!(shown.count(), RUN.len());
}
