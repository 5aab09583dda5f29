//! The fuzz functions on inputs that follow from a seed.

use switchboard_framing::testkit::Seed;
use switchboard_framing::testkit::fuzz::{self, on_seeded_inputs};

/// Printed by a failing test's arguments; change it to try others.
const SEED: Seed = Seed(0xf022);

#[test]
fn any_text_gives_a_spec_that_reads_back_or_an_error() {
    on_seeded_inputs(fuzz::spec_text, SEED, 20_000);
}

#[test]
fn any_stream_decodes_the_same_however_it_is_cut() {
    on_seeded_inputs(fuzz::decode, SEED, 3_000);
}

#[test]
fn whatever_can_be_encoded_comes_back() {
    on_seeded_inputs(fuzz::round_trip, SEED, 20_000);
}

#[test]
fn whatever_can_be_decoded_can_be_sent() {
    on_seeded_inputs(fuzz::decoded_can_be_sent, SEED, 20_000);
}
