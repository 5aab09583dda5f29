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

    /// It failed, or what stood has ended. Gives how long to wait: by random bits anything from nothing to what is
    /// due, so that a crowd that failed together comes back evenly spread. What is due doubles with every failure, up to the
    /// longest.
    pub fn fail(&mut self, now: Time, random: u64) -> Duration {
        if self.since.take().is_some_and(|since| now.since(since) >= self.limits.lasting) {
            self.failures = 0;
        }
        let due = self.limits.first.saturating_mul(1 << self.failures.min(DOUBLINGS_MAX));
        self.failures = self.failures.saturating_add(1);
        share_of(due.min(self.limits.longest), random)
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

/// The part of `due` that 64 random bits choose, evenly. More than five centuries are as good as no end.
fn share_of(due: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(due.as_nanos()).unwrap_or(u64::MAX);
    let share = (u128::from(nanos) * u128::from(random)) >> u64::BITS;
    Duration::from_nanos(u64::try_from(share).unwrap_or(u64::MAX))
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

    /// Random bits that choose all of a wait but a nanosecond.
    const ALL: u64 = u64::MAX;

    fn millis(wait: Duration) -> u128 {
        (wait + Duration::from_nanos(1)).as_millis()
    }

    #[test]
    fn each_wait_may_be_twice_the_one_before_up_to_the_longest() {
        let mut backoff = Backoff::new(limits());
        let waits: Vec<u128> = (0..7).map(|_| millis(backoff.fail(Time::ZERO, ALL)) / 1_000).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert!((0..10_000).all(|_| millis(backoff.fail(Time::ZERO, ALL)) == limits().longest.as_millis()));
    }

    #[test]
    fn random_bits_choose_any_part_of_it() {
        let wait = |random| millis(Backoff::new(limits()).fail(Time::ZERO, random));
        assert_eq!((wait(0), wait(1 << 62), wait(1 << 63), wait(ALL)), (0, 250, 500, 1_000));
    }

    #[test]
    fn only_what_lasted_is_forgiven() {
        let mut backoff = Backoff::new(limits());
        backoff.fail(Time::ZERO, 0);
        backoff.stand(seconds(1));
        backoff.fail(seconds(10), 0);
        assert_eq!(backoff.failures(), 2, "nine seconds are too short");
        backoff.stand(seconds(20));
        backoff.fail(seconds(30), 0);
        assert_eq!(backoff.failures(), 1);
        backoff.fail(seconds(99), 0);
        assert_eq!(backoff.failures(), 2, "it did not stand in between");
    }

    #[test]
    fn limits_of_any_size_do_not_overflow() {
        let endless = BackoffLimits { first: Duration::MAX, longest: Duration::MAX, lasting: Duration::MAX };
        let mut backoff = Backoff::new(endless);
        assert!((0..99).all(|_| backoff.fail(Time::ZERO, ALL) > Duration::from_hours(24 * 365 * 500)));
    }
}
