//! The fuzz function on inputs that follow from a seed.

mod support;

use support::{Random, seed};

#[test]
fn any_peer_comes_to_the_same_end_however_its_bytes_are_cut() {
    let seed = seed();
    let mut random = Random::new(seed);
    for _ in 0..4_000 {
        let mut input = vec![0; random.below(120)];
        input.fill_with(|| random.byte());
        switchboard_auth::fuzz::handshake(&input);
    }
}
