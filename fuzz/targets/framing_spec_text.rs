//! Any text is a spec that reads back as itself, or an error in one line.

#![no_main]

use framing::testkit::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzz::spec_text(input));
