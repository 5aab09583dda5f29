//! Any peer of any handshake, however its bytes are cut, comes to the same end, and only one with the key is in.

#![no_main]

use auth::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzz::handshake(input));
