//! The messages of one stream: they come back in the order in which they were sent, and one that is passed over is
//! lost, unless it still comes. What they are made of is `content`'s.

use reactor::Time;

use super::content::{Content, LaneId, Name};
use super::lane::{Heard, Lane};
use super::missing::Missing;

/// What is on its way on one stream.
///
/// Invariant: `expected <= sent`; what is missing is smaller than `expected`.
#[derive(Debug)]
pub(super) struct Ordered {
    id: LaneId,
    /// The serial of the next message to be sent.
    sent: u64,
    /// The serial of the message that is to come back next.
    expected: u64,
    missing: Missing,
    /// Since when each message in flight has been waited for, at its serial modulo the length, a power of two.
    since: Vec<Time>,
}

impl Lane for Ordered {
    fn new(id: LaneId, depth: usize) -> Ordered {
        let since = vec![Time::ZERO; depth.next_power_of_two()];
        Ordered { id, sent: 0, expected: 0, missing: Missing::default(), since }
    }

    fn in_flight(&self) -> usize {
        // It was a `usize` before it was sent: never more than the depth.
        usize::try_from(self.sent - self.expected).unwrap_or(usize::MAX)
    }

    fn lost(&self) -> u64 {
        self.missing.count()
    }

    fn send(&mut self, since: Time) -> Name {
        let serial = self.sent;
        let slot = self.slot(serial);
        self.since[slot] = since;
        self.sent += 1;
        Name { lane: self.id, serial }
    }

    #[inline]
    fn expected(&self) -> Name {
        Name { lane: self.id, serial: self.expected }
    }

    #[inline]
    fn hear(&mut self, content: &Content, message: &[u8]) -> Heard {
        if self.in_flight() > 0 && content.is(self.expected(), message) {
            return self.answered(self.expected);
        }
        self.diagnose(content, message)
    }
}

impl Ordered {
    /// It is not the next one: which one is it?
    fn diagnose(&mut self, content: &Content, message: &[u8]) -> Heard {
        match content.identify(message, self.expected()) {
            Some(name) if name.lane != self.id => Heard::Strayed,
            Some(Name { serial, .. }) if serial < self.expected => self.missing.found(serial),
            Some(Name { serial, .. }) if serial < self.sent => self.answered(serial),
            _ => {
                // Most likely the next one, or what has become of it.
                if self.in_flight() > 0 {
                    self.expected += 1;
                }
                Heard::Altered
            }
        }
    }

    /// One that is in flight came back; those before it were passed over.
    fn answered(&mut self, serial: u64) -> Heard {
        (self.expected..serial).for_each(|passed| self.missing.insert(passed));
        self.expected = serial + 1;
        Heard::Well(self.since[self.slot(serial)])
    }

    fn slot(&self, serial: u64) -> usize {
        // The length is a power of two.
        usize::try_from(serial & (self.since.len() as u64 - 1)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::missing::MISSING_MAX;
    use crate::load::plan::Sizes;

    const SIZES: Sizes = Sizes { bytes_min: 24, bytes_max: 24 };

    /// A lane with so many messages in flight, and these messages.
    fn flying(count: usize) -> (Content, Ordered, Vec<Vec<u8>>) {
        let mut content = Content::new(1, SIZES);
        let mut lane = Ordered::new(LaneId(5), count);
        let messages = (0..count).map(|at| content.make(lane.send(at_nanos(at))).to_vec());
        let messages = messages.collect();
        (content, lane, messages)
    }

    fn at_nanos(nanos: usize) -> Time {
        Time::from_nanos(nanos as u64)
    }

    /// What is heard when the messages come back in this order.
    fn hears(order: &[usize]) -> (Vec<Heard>, Ordered) {
        let (content, mut lane, messages) = flying(8);
        let heard = order.iter().map(|at| lane.hear(&content, &messages[*at])).collect();
        (heard, lane)
    }

    fn well(order: &[usize]) -> Vec<Heard> {
        order.iter().map(|at| Heard::Well(at_nanos(*at))).collect()
    }

    #[test]
    fn all_in_order_is_well() {
        let order = [0, 1, 2, 3, 4, 5, 6, 7];
        let (heard, lane) = hears(&order);
        assert_eq!(heard, well(&order));
        assert_eq!((lane.in_flight(), lane.lost()), (0, 0));
    }

    #[test]
    fn what_is_passed_over_is_lost() {
        let (heard, lane) = hears(&[0, 3, 4]);
        assert_eq!(heard, well(&[0, 3, 4]));
        assert_eq!((lane.in_flight(), lane.lost()), (3, 2));
    }

    #[test]
    fn what_comes_after_its_turn_is_reordered_and_not_lost() {
        let (heard, lane) = hears(&[1, 0, 2]);
        assert_eq!(heard, [well(&[1]), vec![Heard::Reordered], well(&[2])].concat());
        assert_eq!(lane.lost(), 0);
    }

    #[test]
    fn what_comes_twice_is_duplicated() {
        let (heard, lane) = hears(&[0, 0, 1, 0]);
        let twice = Heard::Duplicated;
        assert_eq!(heard, [well(&[0]), vec![twice], well(&[1]), vec![twice]].concat());
        assert_eq!((lane.in_flight(), lane.lost()), (6, 0));
    }

    #[test]
    fn what_is_altered_stands_for_the_one_at_its_turn() {
        let (content, mut lane, mut messages) = flying(3);
        messages[1][20] ^= 1;
        let heard: Vec<_> = messages.iter().map(|message| lane.hear(&content, message)).collect();
        assert_eq!(heard, [well(&[0]), vec![Heard::Altered], well(&[2])].concat());
        assert_eq!((lane.in_flight(), lane.lost()), (0, 0));
        assert_eq!(lane.hear(&content, b"nobody asked"), Heard::Altered);
        assert_eq!(lane.in_flight(), 0);
    }

    #[test]
    fn what_was_never_sent_is_altered() {
        let (mut content, mut lane, _) = flying(2);
        let message = content.make(Name { lane: lane.id, serial: 2 }).to_vec();
        assert_eq!(lane.hear(&content, &message), Heard::Altered);
    }

    #[test]
    fn what_belongs_to_another_connection_has_strayed() {
        let (mut content, mut lane, messages) = flying(1);
        let message = content.make(Name { lane: LaneId(6), serial: 0 }).to_vec();
        assert_eq!(lane.hear(&content, &message), Heard::Strayed);
        assert_eq!(lane.in_flight(), 1);
        assert_eq!(lane.hear(&content, &messages[0]), Heard::Well(at_nanos(0)));
    }

    #[test]
    fn only_so_many_are_remembered_as_missing() {
        let count = MISSING_MAX + 2;
        let (content, mut lane, messages) = flying(count);
        assert_eq!(lane.hear(&content, &messages[count - 1]), Heard::Well(at_nanos(count - 1)));
        assert_eq!(lane.lost(), MISSING_MAX as u64 + 1);
        assert_eq!(lane.hear(&content, &messages[0]), Heard::Duplicated, "forgotten");
        assert_eq!(lane.hear(&content, &messages[1]), Heard::Reordered, "remembered");
        assert_eq!(lane.lost(), MISSING_MAX as u64);
    }
}
