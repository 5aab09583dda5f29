//! The messages of one datagram socket: they come back in any order or not at all, and one that has not come in time
//! is lost. What they are made of is `content`'s.

use std::collections::VecDeque;
use std::time::Duration;

use reactor::Time;

use super::content::{Content, LaneId, Name};
use super::lane::{Heard, Lane};
use super::missing::Missing;

/// What is on its way from one socket.
///
/// Invariant: `waiting` of the window's places are taken; its first place is, unless it is empty.
#[derive(Debug)]
pub(super) struct Unordered {
    id: LaneId,
    /// The serial of the first place of the window.
    first: u64,
    /// Since when each message has been waited for; nothing once it came.
    window: VecDeque<Option<Time>>,
    waiting: usize,
    missing: Missing,
}

impl Lane for Unordered {
    fn new(id: LaneId, _: usize) -> Unordered {
        Unordered { id, first: 0, window: VecDeque::new(), waiting: 0, missing: Missing::default() }
    }

    fn in_flight(&self) -> usize {
        self.waiting
    }

    fn lost(&self) -> u64 {
        self.missing.count()
    }

    fn send(&mut self, since: Time) -> Name {
        let serial = self.first + self.window.len() as u64;
        self.window.push_back(Some(since));
        self.waiting += 1;
        // One that never comes must not let the window grow for as long as it is waited for.
        if self.window.len() > WINDOW_MAX {
            self.give_up_first();
        }
        Name { lane: self.id, serial }
    }

    fn expected(&self) -> Name {
        Name { lane: self.id, serial: self.first }
    }

    fn hear(&mut self, content: &Content, message: &[u8]) -> Heard {
        match content.identify(message, self.expected()) {
            None => Heard::Altered,
            Some(name) if name.lane != self.id => Heard::Strayed,
            Some(Name { serial, .. }) => match serial.checked_sub(self.first) {
                None => self.missing.found(serial),
                Some(place) => self.answered(place),
            },
        }
    }

    fn expire(&mut self, timeout: Duration, now: Time) {
        while let Some(Some(since)) = self.window.front()
            && now.since(*since) >= timeout
        {
            self.give_up_first();
        }
    }
}

impl Unordered {
    fn answered(&mut self, place: u64) -> Heard {
        let place = usize::try_from(place).ok().and_then(|place| self.window.get_mut(place));
        let Some(place) = place else { return Heard::Altered }; // it was never sent
        let Some(since) = place.take() else { return Heard::Duplicated };
        self.waiting -= 1;
        self.trim();
        Heard::Well(since)
    }

    fn give_up_first(&mut self) {
        if let Some(Some(_)) = self.window.pop_front() {
            self.waiting -= 1;
            self.missing.insert(self.first);
        }
        self.first += 1;
        self.trim();
    }

    fn trim(&mut self) {
        while let Some(None) = self.window.front() {
            self.window.pop_front();
            self.first += 1;
        }
    }
}

/// Messages sent after one that is still waited for.
const WINDOW_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::plan::Sizes;

    const SIZES: Sizes = Sizes { bytes_min: 24, bytes_max: 24 };

    fn at_nanos(nanos: u64) -> Time {
        Time::from_nanos(nanos)
    }

    /// A lane with so many messages in flight, and these messages.
    fn flying(count: u64) -> (Content, Unordered, Vec<Vec<u8>>) {
        let mut content = Content::new(1, SIZES);
        let mut lane = Unordered::new(LaneId(5), 8);
        let messages = (0..count).map(|at| content.make(lane.send(at_nanos(at))).to_vec()).collect();
        (content, lane, messages)
    }

    #[test]
    fn any_order_is_well() {
        let (content, mut lane, messages) = flying(4);
        for at in [2, 0, 3, 1] {
            assert_eq!(lane.hear(&content, &messages[at]), Heard::Well(at_nanos(at as u64)));
        }
        assert_eq!((lane.in_flight(), lane.lost()), (0, 0));
        assert_eq!(lane.send(at_nanos(9)).serial, 4);
    }

    #[test]
    fn what_does_not_come_in_time_is_lost() {
        let (content, mut lane, messages) = flying(4);
        lane.hear(&content, &messages[1]);
        lane.expire(Duration::from_nanos(10), at_nanos(12));
        assert_eq!((lane.in_flight(), lane.lost()), (1, 2), "all but the last two were waited for too long");
        assert_eq!(lane.hear(&content, &messages[3]), Heard::Well(at_nanos(3)));
        assert_eq!(lane.hear(&content, &messages[2]), Heard::Reordered, "late, but there");
        assert_eq!((lane.in_flight(), lane.lost()), (0, 1));
    }

    #[test]
    fn what_comes_twice_is_duplicated() {
        let (content, mut lane, messages) = flying(3);
        for at in [1, 0] {
            lane.hear(&content, &messages[at]);
        }
        for at in [0, 1] {
            assert_eq!(lane.hear(&content, &messages[at]), Heard::Duplicated);
        }
        assert_eq!(lane.in_flight(), 1);
    }

    #[test]
    fn what_is_altered_is_still_waited_for() {
        let (mut content, mut lane, mut messages) = flying(2);
        messages[0][20] ^= 1;
        assert_eq!(lane.hear(&content, &messages[0]), Heard::Altered);
        let never_sent = content.make(Name { lane: LaneId(5), serial: 2 }).to_vec();
        assert_eq!(lane.hear(&content, &never_sent), Heard::Altered);
        let astray = content.make(Name { lane: LaneId(6), serial: 0 }).to_vec();
        assert_eq!(lane.hear(&content, &astray), Heard::Strayed);
        assert_eq!(lane.in_flight(), 2);
    }
}
