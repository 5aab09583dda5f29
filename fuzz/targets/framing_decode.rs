//! Any stream, by any spec, gives the same however it is cut.

#![no_main]

use framing::testkit::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzz::decode(input));
