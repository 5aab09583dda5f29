//! What a spec can encode comes back.

#![no_main]

use framing::testkit::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzz::round_trip(input));
