//! When messages are to be sent: as answers come, or each at a time of its own, whatever the server does.
//! Which message that is, and on which connection, is `traffic`'s.

use std::time::Duration;

use reactor::Time;

use super::plan::Rate;

/// When the next message is to be sent.
#[derive(Debug)]
pub(super) enum Pace {
    /// As soon as there is room for it.
    AsAnswered,
    /// At its own time.
    Fixed(Fixed),
}

#[derive(Debug)]
pub(super) struct Fixed {
    rate: Rate,
    /// The time of the first message.
    since: Time,
    sent: u64,
    /// Since when some connection has had room without a break.
    room_since: Time,
    /// Messages that were sent after their time although there was room for them.
    late: u64,
}

impl Pace {
    pub(super) fn new(rate: Option<Rate>) -> Pace {
        let fixed = |rate| Fixed { rate, since: Time::ZERO, sent: 0, room_since: Time::ZERO, late: 0 };
        rate.map_or(Pace::AsAnswered, |rate| Pace::Fixed(fixed(rate)))
    }

    /// The first message is to be sent now.
    pub(super) fn begin(&mut self, now: Time) {
        if let Pace::Fixed(fixed) = self {
            (fixed.since, fixed.room_since) = (now, now);
        }
    }

    pub(super) fn is_fixed(&self) -> bool {
        matches!(self, Pace::Fixed(_))
    }

    /// The time from which the next message is waited for, if it may be sent now.
    #[inline]
    pub(super) fn due(&self, now: Time) -> Option<Time> {
        self.next().map_or(Some(now), |at| Some(at).filter(|at| *at <= now))
    }

    /// When the next message is to be sent, if that depends on the time.
    #[inline]
    pub(super) fn next(&self) -> Option<Time> {
        match self {
            Pace::AsAnswered => None,
            Pace::Fixed(Fixed { rate, since, sent, .. }) => Some(*since + rate.at(*sent)),
        }
    }

    /// The message that was due then is sent now.
    #[inline]
    pub(super) fn sent(&mut self, due: Time, now: Time) {
        if let Pace::Fixed(fixed) = self {
            fixed.sent += 1;
            let delay = now.since(due.max(fixed.room_since));
            fixed.late += u64::from(delay > DELAY_MAX);
        }
    }

    /// There is room on a connection, after there was none.
    pub(super) fn has_room(&mut self, now: Time) {
        if let Pace::Fixed(fixed) = self {
            fixed.room_since = now;
        }
    }

    /// Messages that we sent late, with nobody else to blame.
    pub(super) fn late(&self) -> u64 {
        match self {
            Pace::AsAnswered => 0,
            Pace::Fixed(fixed) => fixed.late,
        }
    }

    /// Messages whose time has come, and that are not sent.
    pub(super) fn overdue(&self, now: Time) -> u64 {
        match self {
            Pace::AsAnswered => 0,
            Pace::Fixed(Fixed { rate, since, sent, .. }) => {
                rate.count_until(now.since(*since)).saturating_sub(*sent)
            }
        }
    }
}

/// A message that leaves that much after its time says something about us.
const DELAY_MAX: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn at_micros(micros: u64) -> Time {
        Time::from_nanos(micros * 1_000)
    }

    fn thousand_a_second() -> Pace {
        let mut pace = Pace::new(Some(Rate { per_second: 1_000.0 }));
        pace.begin(at_micros(500));
        pace
    }

    #[test]
    fn each_message_has_its_time() {
        let mut pace = thousand_a_second();
        assert_eq!(pace.due(at_micros(500)), Some(at_micros(500)));
        pace.sent(at_micros(500), at_micros(500));
        assert_eq!(pace.due(at_micros(1_499)), None);
        assert_eq!(pace.due(at_micros(9_000)), Some(at_micros(1_500)));
        assert_eq!((pace.overdue(at_micros(1_499)), pace.overdue(at_micros(1_500))), (0, 1));
    }

    #[test]
    fn only_what_could_have_been_sent_is_our_delay() {
        let mut pace = thousand_a_second();
        pace.has_room(at_micros(9_000));
        pace.sent(at_micros(500), at_micros(9_900)); // less than a millisecond after there was room
        assert_eq!(pace.late(), 0);
        pace.sent(at_micros(1_500), at_micros(10_001));
        assert_eq!(pace.late(), 1);
    }

    #[test]
    fn without_a_rate_it_is_always_time() {
        let pace = Pace::new(None);
        assert_eq!((pace.due(at_micros(7)), pace.next()), (Some(at_micros(7)), None));
        assert_eq!((pace.overdue(at_micros(7)), pace.late()), (0, 0));
    }
}
