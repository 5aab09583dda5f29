//! The timers of a run, and its clock. What is done when one is due is `course`'s.

use std::time::{Duration, Instant};

use reactor::{Tag, Time};

use crate::session::Link;

/// What timers are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// A second is over.
    Second,
    /// The warm-up is over.
    Warm,
    /// The time of the run is over.
    Finish,
    /// Time to see who is silent.
    Watch,
    /// Time for the next message, or soon.
    Pace,
    /// Held for long enough.
    Release,
    /// Time to leave those that do not hang up.
    Leave,
}

const BEATS: [Beat; 7] =
    [Beat::Second, Beat::Warm, Beat::Finish, Beat::Watch, Beat::Pace, Beat::Release, Beat::Leave];

impl Beat {
    pub(super) fn of(tag: Tag) -> Option<Beat> {
        BEATS.get(usize::try_from(tag.0).ok()?).copied()
    }
}

/// Asks for a beat so long from now.
pub(super) fn set(link: &mut Link<'_, '_>, after: Duration, beat: Beat) {
    link.set_timer(after, Tag(beat as u64));
}

/// The loop's timers are late by up to this.
pub(super) const GRAIN: Duration = Duration::from_millis(1);

/// Where the time comes from.
#[derive(Debug)]
pub(super) struct Clock {
    /// The system's, read when it is asked for, as a turn of the loop may take longer than an answer; without it the
    /// loop's, which a simulated world steps.
    began: Option<Instant>,
}

impl Clock {
    pub(super) fn of_the_system() -> Clock {
        Clock { began: Some(Instant::now()) }
    }

    #[cfg(test)]
    pub(super) fn of_the_loop() -> Clock {
        Clock { began: None }
    }

    pub(super) fn now(&self, link: &Link<'_, '_>) -> Time {
        self.began.map_or_else(|| link.now(), |began| Time::ZERO + began.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_beat_is_known_again_by_its_tag() {
        for beat in BEATS {
            assert_eq!(Beat::of(Tag(beat as u64)), Some(beat));
        }
        assert_eq!(Beat::of(Tag(BEATS.len() as u64)), None);
    }
}
