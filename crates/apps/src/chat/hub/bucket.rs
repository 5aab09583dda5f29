//! A token bucket: how often one member is heard, or a key may do what costs others something. The clock is an argument; what happens to whom is not heard is
//! left to the hub.

use std::time::Duration;

/// How often a member is heard.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Requests at once, after a silence.
    pub burst: u32,
    /// Requests a second in the long run.
    pub per_second: u32,
}

/// How fast a bucket fills again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    burst: u32,
    /// The time that one token is worth.
    interval: Duration,
}

impl Pace {
    /// So many at once, and as many in an hour.
    pub(super) fn hourly(count: u32) -> Pace {
        Pace { burst: count, interval: Duration::from_hours(1) / count.max(1) }
    }
}

impl From<Rate> for Pace {
    fn from(rate: Rate) -> Pace {
        Pace { burst: rate.burst, interval: Duration::from_secs(1) / rate.per_second.max(1) }
    }
}

/// What is left of a member's allowance, kept as the moment at which it would be whole again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    whole_at: Duration,
}

impl Bucket {
    /// Takes tokens even if there are so many no longer: what was given already must be waited for.
    pub(super) fn charge(&mut self, pace: Pace, tokens: u32, now: Duration) {
        self.whole_at = self.whole_at.max(now) + pace.interval * tokens;
    }

    /// Takes one token, or says after how long there will be one.
    pub(super) fn take(&mut self, pace: Pace, now: Duration) -> Result<(), Duration> {
        let whole_at = self.whole_at.max(now) + pace.interval;
        let latest = now + pace.interval * pace.burst.max(1);
        match whole_at.saturating_sub(latest) {
            Duration::ZERO => {
                self.whole_at = whole_at;
                Ok(())
            }
            wait => Err(wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That of `Rate { burst: 3, per_second: 10 }`.
    const RATE: Pace = Pace { burst: 3, interval: Duration::from_millis(100) };

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_rate_is_a_pace() {
        let pace = Pace::from(Rate { burst: 3, per_second: 10 });
        assert_eq!((pace.burst, pace.interval), (RATE.burst, RATE.interval));
        assert_eq!(Pace::hourly(6).interval, Duration::from_mins(10));
    }

    #[test]
    fn a_burst_is_heard_and_not_one_more() {
        let mut bucket = Bucket::default();
        for _ in 0..RATE.burst {
            assert_eq!(bucket.take(RATE, at(5000)), Ok(()));
        }
        assert_eq!(bucket.take(RATE, at(5000)), Err(at(100)));
    }

    #[test]
    fn whoever_waits_as_long_as_told_is_heard() {
        let mut bucket = Bucket::default();
        let mut now = at(0);
        let mut taken = 0;
        while taken < 20 {
            match bucket.take(RATE, now) {
                Ok(()) => taken += 1,
                Err(wait) => now += wait,
            }
        }
        assert_eq!(now, at(1700), "3 at once and 17 at 10 a second");
    }

    #[test]
    fn what_was_given_already_is_waited_for() {
        let mut bucket = Bucket::default();
        assert_eq!(bucket.take(RATE, at(5000)), Ok(()));
        bucket.charge(RATE, 2, at(5000));
        assert_eq!(bucket.take(RATE, at(5000)), Err(at(100)));
        bucket.charge(RATE, 10, at(5000));
        assert_eq!(bucket.take(RATE, at(5000)), Err(at(1100)));
        assert_eq!(bucket.take(RATE, at(6100)), Ok(()));
    }

    #[test]
    fn silence_saves_no_more_than_a_burst() {
        let mut bucket = Bucket::default();
        assert_eq!(bucket.take(RATE, at(0)), Ok(()));
        let heard = (0..9).filter(|_| bucket.take(RATE, at(60_000)).is_ok()).count();
        assert_eq!(heard, 3);
    }
}
