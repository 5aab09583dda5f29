//! Notes about what strangers bring about. Anybody can call a server and fail, as often as it likes, so each second has
//! room for a few such lines only; what was left out is counted. How a line is written is left to `cli::notes`.

use std::fmt::Display;
use std::time::{Duration, Instant};

use super::notes::Notes;

/// Notes of which there are only so many a second.
pub struct Sparing {
    notes: Notes,
    share: Share,
}

impl Sparing {
    /// The same notes, said sparingly.
    pub fn of(notes: Notes) -> Self {
        Self { notes, share: Share::default() }
    }

    /// Says something, or counts it.
    pub fn note(&mut self, text: impl Display) {
        match self.share.admit(Instant::now()) {
            None => {}
            Some(0) => self.notes.note(text),
            Some(left_out) => self.notes.note(format_args!("{text} ({left_out} lines left out)")),
        }
    }
}

impl Drop for Sparing {
    fn drop(&mut self) {
        if self.share.left_out > 0 {
            self.notes.note(format_args!("{} lines left out", self.share.left_out));
        }
    }
}

/// How much of the present second is used up.
#[derive(Default)]
struct Share {
    began: Option<Instant>,
    said: u32,
    left_out: u64,
}

impl Share {
    /// Whether one more line is to be said, and with how many that were left out before it.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        if self.began.is_none_or(|began| now.saturating_duration_since(began) >= SECOND) {
            (self.began, self.said) = (Some(now), 0);
        }
        if self.said == LINES_A_SECOND_MAX {
            self.left_out += 1;
            return None;
        }
        self.said += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

/// Enough to see what is going on while a few callers fail; a day of it makes a log of some 50 MB, not a full disk.
const LINES_A_SECOND_MAX: u32 = 5;
const SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::kept::Kept;
    use crate::cli::notes::Volume;

    #[test]
    fn a_second_has_room_for_five_lines_and_the_next_one_tells_what_was_left_out() {
        let mut share = Share::default();
        let begin = Instant::now();
        for at_ms in [0, 1, 2, 3, 999] {
            assert_eq!(share.admit(begin + Duration::from_millis(at_ms)), Some(0));
        }
        for _ in 0..7 {
            assert_eq!(share.admit(begin + Duration::from_millis(999)), None);
        }
        assert_eq!(share.admit(begin + SECOND), Some(7));
        assert_eq!(share.admit(begin + SECOND), Some(0));
    }

    #[test]
    fn what_was_left_out_last_is_told_at_the_end() {
        let said = Kept::default();
        let mut sparing = Sparing::of(Notes::over(said.clone(), Volume::Normal));
        (0..1000).for_each(|caller| sparing.note(caller));
        drop(sparing);
        let (text, lines) = (said.text(), said.text().lines().count());
        assert!(text.starts_with("0\n1\n2\n3\n4\n"), "{text}");
        assert!(lines < 50 && text.trim_end().ends_with("left out"), "{text}");
    }
}
