//! What a spec can decode it can encode.

#![no_main]

use framing::testkit::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzz::decoded_can_be_sent(input));
