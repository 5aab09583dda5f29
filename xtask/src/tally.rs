//! Counts of tests, read from what `cargo test` prints.
//! Which runs are counted is the caller's choice.

use std::fmt;
use std::ops::AddAssign;

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Tally {
    /// Sums the `test result:` lines, one for each test binary.
    pub(crate) fn of_output(output: &str) -> Tally {
        let mut sum = Tally::default();
        for line in output.lines().filter_map(|line| line.trim().strip_prefix("test result:")) {
            sum += Tally::of_result(line);
        }
        sum
    }

    /// Reads ` ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s`.
    fn of_result(line: &str) -> Tally {
        let count = |what: &str| {
            let before = line.split_once(what).map_or("", |(before, _)| before.trim_end());
            before.rsplit(' ').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
        };
        Tally { passed: count("passed"), failed: count("failed"), skipped: count("ignored") }
    }

    /// Takes tests that returned early, and so count as passed for cargo, for what they are.
    pub(crate) fn with_skips(self, skips: usize) -> Tally {
        let skips = skips.min(self.passed);
        Tally { passed: self.passed - skips, skipped: self.skipped + skips, ..self }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_binaries_are_summed() {
        let output = "\
running 2 tests
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
     Running tests/a.rs
test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.50s
";
        assert_eq!(Tally::of_output(output), Tally { passed: 15, failed: 2, skipped: 1 });
    }

    #[test]
    fn output_without_results_counts_nothing() {
        assert_eq!(Tally::of_output("error: could not compile `x`\n"), Tally::default());
    }

    #[test]
    fn skips_are_shown_only_when_there_are_some() {
        let tally = Tally { passed: 5, failed: 0, skipped: 0 };
        assert_eq!(tally.to_string(), "5 passed, 0 failed");
        assert_eq!(tally.with_skips(2).to_string(), "3 passed, 0 failed, 2 skipped");
    }
}
