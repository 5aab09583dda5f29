//! How long to wait before trying again what failed: longer each time, and never all at the same moment. Time and
//! randomness are arguments; waiting is left to a timer.

use std::time::Duration;

use crate::time::Time;

/// The waits between attempts at something that fails, mostly a connection.
///
/// ```
/// use switchboard_reactor::{Backoff, BackoffLimits, Time};
///
/// let mut backoff = Backoff::new(BackoffLimits::default());
/// let wait = backoff.fail(Time::ZERO, 0x9e37_79b9); // random bits, from wherever you have them
/// assert!(wait <= BackoffLimits::default().first);
/// ```
#[derive(Clone, Debug)]
pub struct Backoff {
    limits: BackoffLimits,
    /// Attempts that failed since the last one that lasted.
    failures: u32,
    /// Since when it has been working.
    since: Option<Time>,
}

/// How a [`Backoff`] grows and when it is forgotten.
#[derive(Clone, Debug)]
pub struct BackoffLimits {
    /// The longest wait after the first failure. Default 1 s: a server that restarts is back by then.
    pub first: Duration,
    /// The longest wait of all. Default 30 s: costs nothing, and nobody loses patience.
    pub longest: Duration,
    /// What has worked for so long is forgiven its failures. Default 10 s: a server that takes every call and hangs
    /// up at once must not be called in a loop.
    pub lasting: Duration,
}

impl Default for BackoffLimits {
    fn default() -> BackoffLimits {
        BackoffLimits {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(30),
            lasting: Duration::from_secs(10),
        }
    }
}

impl Backoff {
    /// Nothing has failed yet.
    pub fn new(limits: BackoffLimits) -> Backoff {
        Backoff { limits, failures: 0, since: None }
    }

    /// It works from now on.
    pub fn stand(&mut self, now: Time) {
        self.since = Some(now);
    }

    /// It failed, or what stood has ended. Gives how long to wait: between half of what is due and all of it, by
    /// random bits. What is due doubles with every failure, up to the longest.
    pub fn fail(&mut self, now: Time, random: u64) -> Duration {
        if self.since.take().is_some_and(|since| now.since(since) >= self.limits.lasting) {
            self.failures = 0;
        }
        let due = self.limits.first.saturating_mul(1 << self.failures.min(DOUBLINGS_MAX));
        let due = due.min(self.limits.longest);
        self.failures = self.failures.saturating_add(1);
        let half = due / 2;
        // The upper half of the bits, as weak generators are weakest below. 32 of them are exact in a double.
        let share = f64::from(u32::try_from(random >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        due.saturating_sub(half.mul_f64(share))
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

/// More would overflow, and no wait is longer than the longest.
const DOUBLINGS_MAX: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> BackoffLimits {
        BackoffLimits::default()
    }

    fn seconds(seconds: u64) -> Time {
        Time::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn each_wait_is_twice_the_one_before_up_to_the_longest() {
        let mut backoff = Backoff::new(limits());
        let waits: Vec<u64> = (0..7).map(|_| backoff.fail(Time::ZERO, 0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert!((0..10_000).all(|_| backoff.fail(Time::ZERO, 0) == limits().longest));
    }

    #[test]
    fn random_bits_take_up_to_half_of_it() {
        let wait = |random| Backoff::new(limits()).fail(Time::ZERO, random);
        assert_eq!((wait(0), wait(u64::MAX)), (limits().first, limits().first / 2));
        let mut rng = 1_u64;
        for _ in 0..1_000 {
            rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            assert!((limits().first / 2..=limits().first).contains(&wait(rng)));
        }
    }

    #[test]
    fn only_what_lasted_is_forgiven() {
        let mut backoff = Backoff::new(limits());
        backoff.fail(Time::ZERO, 0);
        backoff.stand(seconds(1));
        assert_eq!(backoff.fail(seconds(10), 0), Duration::from_secs(2), "nine seconds are too short");
        backoff.stand(seconds(20));
        assert_eq!(backoff.fail(seconds(30), 0), limits().first);
        assert_eq!(backoff.fail(seconds(99), 0), Duration::from_secs(2), "it did not stand in between");
    }

    #[test]
    fn limits_of_any_size_do_not_overflow() {
        let endless = BackoffLimits { first: Duration::MAX, longest: Duration::MAX, lasting: Duration::MAX };
        let mut backoff = Backoff::new(endless);
        assert!((0..99).all(|_| backoff.fail(Time::ZERO, 0) == Duration::MAX));
    }
}
