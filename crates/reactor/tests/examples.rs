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

const LINES_MAX: usize = 40;

macro_rules! examples {
    ($($test:ident: $example:ident,)*) => {
        $(#[test]
        fn $test() {
            $example::main().unwrap();
        })*

        #[test]
        fn an_example_has_at_most_forty_lines() {
            $(let lines = include_str!(concat!("../examples/", stringify!($example), ".rs")).lines().count();
            assert!(lines <= LINES_MAX, "{} has {lines} lines", stringify!($example));)*
        }
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
