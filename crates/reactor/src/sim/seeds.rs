//! Running a test over many seeds, so that the one that fails is named and can be run again alone.

use std::ops::Range;

/// The variable that names the one seed to run.
const VARIABLE: &str = "SWITCHBOARD_SEED";

/// Calls `test` with each seed of the range, or only with that of `SWITCHBOARD_SEED` when it is set. A seed that
/// panics is printed with the command that runs it again.
///
/// `replay` is the command, without the variable: `cargo test -p my-crate --test simulation name_of_the_test`.
pub fn each_seed(replay: &str, seeds: Range<u64>, mut test: impl FnMut(u64)) {
    let only = std::env::var(VARIABLE).ok().map(|seed| seed.parse().expect("SWITCHBOARD_SEED is a number"));
    let seeds = only.map_or(seeds, |seed: u64| seed..seed + 1);
    for seed in seeds {
        let _printer = Printer { seed, replay };
        test(seed);
    }
}

/// Prints the seed if the test panics over it.
struct Printer<'a> {
    seed: u64,
    replay: &'a str,
}

impl Drop for Printer<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failing seed {}; again with: {VARIABLE}={} {}", self.seed, self.seed, self.replay);
        }
    }
}
