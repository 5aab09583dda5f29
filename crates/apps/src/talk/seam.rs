//! Characters that a read cut in two: the read waits for the next one, a moment. How long that is, what is shown, and
//! how bytes that are no UTF-8 look, is left to `conversation` and the screen.

use std::mem;
use std::str;

/// Where two reads meet: one that ended inside a character, so that its line is not shown in two.
#[derive(Debug, Default)]
pub(super) struct Seam(Vec<u8>);

impl Seam {
    /// What can be shown now that more has come: everything, unless it ends inside a character; then nothing, or of a
    /// long piece all but that character's beginning. A beginning that does not go on is given back as it came.
    pub(super) fn join(&mut self, read: &[u8]) -> Vec<u8> {
        let mut whole = mem::take(&mut self.0);
        whole.extend_from_slice(read);
        let waits = match cut_bytes(&whole) {
            0 => 0,
            cut if whole.len() > HELD_BYTES_MAX => cut,
            _ => whole.len(),
        };
        self.0 = whole.split_off(whole.len() - waits);
        whole
    }

    /// Whether something waits.
    pub(super) fn is_waiting(&self) -> bool {
        !self.0.is_empty()
    }

    /// What was waited for does not come: what there is of it, if anything.
    pub(super) fn rip(&mut self) -> Option<Vec<u8>> {
        Some(mem::take(&mut self.0)).filter(|rest| !rest.is_empty())
    }
}

/// How many bytes at the end begin a character and do not finish it.
fn cut_bytes(bytes: &[u8]) -> usize {
    let is_beginning = |rest: &[u8]| {
        str::from_utf8(rest).is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    // No two of these can be one: a character's later bytes begin none.
    let mut counts = 1..=CUT_BYTES_MAX.min(bytes.len());
    counts.find(|count| is_beginning(&bytes[bytes.len() - count..])).unwrap_or(0)
}

/// A character has four bytes at the most.
const CUT_BYTES_MAX: usize = 3;

/// What a person may have typed as one line; of more, only the cut character waits.
const HELD_BYTES_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_read_that_ends_inside_a_character_waits_for_its_end() {
        let mut seam = Seam::default();
        assert_eq!(seam.join(b"a\xf0"), b"");
        assert_eq!(seam.join(b"\x9f"), b"");
        assert_eq!(seam.join(b"\x98"), b"");
        assert!(seam.is_waiting());
        assert_eq!(seam.join(b"\x80b"), "a😀b".as_bytes());
        assert_eq!(seam.rip(), None);
    }

    #[test]
    fn of_a_long_piece_only_the_character_waits() {
        let mut seam = Seam::default();
        let long = [&[b'a'; HELD_BYTES_MAX][..], b"\xe4"].concat();
        assert_eq!(seam.join(&long), [b'a'; HELD_BYTES_MAX]);
        assert_eq!(seam.rip(), Some(b"\xe4".to_vec()));
    }

    #[test]
    fn a_beginning_that_does_not_go_on_is_given_back_as_it_came() {
        let mut seam = Seam::default();
        assert_eq!(seam.join(b"\xe4\xb8"), b"");
        assert_eq!(seam.join(b"x\xe4"), b"");
        assert_eq!(seam.join(b"\xe4\xb8"), b"");
        assert_eq!(seam.rip(), Some(b"\xe4\xb8x\xe4\xe4\xb8".to_vec()));
        assert_eq!(seam.rip(), None);
    }

    #[test]
    fn what_begins_no_character_waits_for_nothing() {
        // Text, later bytes, overlong forms, half of a surrogate pair, past the last character.
        for read in [&b"abc"[..], b"\x80", b"\xc0", b"\xe0\x80", b"\xed\xa0", b"\xf4\x90", b"\xf5", b"\xff"] {
            assert_eq!(Seam::default().join(read), read);
        }
    }

    /// The pieces of `bytes` when it is cut at these places.
    fn cut<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        places.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect()
    }

    proptest! {
        #[test]
        fn any_text_cut_anywhere_comes_out_whole(text: String, cuts: Vec<prop::sample::Index>) {
            let mut seam = Seam::default();
            let mut shown = String::new();
            for piece in cut(text.as_bytes(), &cuts) {
                shown += str::from_utf8(&seam.join(piece)).expect("no character is shown in part");
            }
            prop_assert_eq!((shown, seam.rip()), (text, None));
        }

        #[test]
        fn no_byte_is_lost_and_not_much_waits(bytes: Vec<u8>, cuts: Vec<prop::sample::Index>) {
            let mut seam = Seam::default();
            let mut shown = Vec::new();
            for piece in cut(&bytes, &cuts) {
                shown.extend(seam.join(piece));
                prop_assert!(seam.0.len() <= HELD_BYTES_MAX);
            }
            shown.extend(seam.rip().unwrap_or_default());
            prop_assert_eq!(shown, bytes);
        }
    }
}
