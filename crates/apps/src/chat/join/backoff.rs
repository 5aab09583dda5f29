//! How long to wait before calling again: twice as long each time, and never all at the same moment. Randomness
//! is an argument.

use std::time::Duration;

/// The waits between calls that come to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait: between half of what is due and all of it, by `chance`.
    pub(super) fn next(&mut self, chance: u8) -> Duration {
        let due = FIRST.saturating_mul(1 << self.failures.min(DOUBLINGS_MAX)).min(LONGEST);
        self.failures += 1;
        due / 2 + due / 2 * u32::from(chance) / u32::from(u8::MAX)
    }

    /// Somebody answered.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Short enough for a hub that is being restarted.
const FIRST: Duration = Duration::from_secs(1);

/// Long enough to cost nothing, and short enough for nobody to lose patience.
const LONGEST: Duration = Duration::from_secs(30);

/// More do not change anything, and would overflow.
const DOUBLINGS_MAX: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_twice_the_one_before_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..7).map(|_| backoff.next(u8::MAX).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        for _ in 0..100 {
            assert_eq!(backoff.next(u8::MAX), LONGEST);
        }
        backoff.reset();
        assert_eq!(backoff.next(u8::MAX), FIRST);
    }

    #[test]
    fn chance_takes_up_to_half_of_it() {
        assert_eq!(Backoff::default().next(0), FIRST / 2);
        assert!((0..=u8::MAX).all(|chance| (FIRST / 2..=FIRST).contains(&Backoff::default().next(chance))));
    }
}
