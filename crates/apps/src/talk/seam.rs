//! Characters that a read cut in two: their first bytes wait for the next read. What is shown, and how bytes that are
//! no UTF-8 look, is left to `conversation` and the screen.

use std::mem;
use std::str;

/// Where two reads meet: the first bytes of a character whose others have not come. Three at the most.
#[derive(Debug, Default)]
pub(super) struct Seam(Vec<u8>);

impl Seam {
    /// What can be shown now that more has come: everything but the beginning of a character at its end. A beginning
    /// that does not go on is given back as it came.
    pub(super) fn join(&mut self, read: &[u8]) -> Vec<u8> {
        let mut whole = mem::take(&mut self.0);
        whole.extend_from_slice(read);
        self.0 = whole.split_off(whole.len() - cut_bytes(&whole));
        whole
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_beginning_of_a_character_waits_for_its_end() {
        let mut seam = Seam::default();
        assert_eq!(seam.join(b"a\xf0"), b"a");
        assert_eq!(seam.join(b"\x9f"), b"");
        assert_eq!(seam.join(b"\x98"), b"");
        assert_eq!(seam.join(b"\x80b"), "😀b".as_bytes());
        assert_eq!(seam.rip(), None);
    }

    #[test]
    fn a_beginning_that_does_not_go_on_is_given_back_as_it_came() {
        let mut seam = Seam::default();
        assert_eq!(seam.join(b"\xe4\xb8"), b"");
        assert_eq!(seam.join(b"x\xe4"), b"\xe4\xb8x");
        assert_eq!(seam.join(b"\xe4\xb8"), b"\xe4");
        assert_eq!(seam.rip(), Some(b"\xe4\xb8".to_vec()));
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
        fn no_byte_is_lost_and_no_more_than_three_wait(bytes: Vec<u8>, cuts: Vec<prop::sample::Index>) {
            let mut seam = Seam::default();
            let mut shown = Vec::new();
            for piece in cut(&bytes, &cuts) {
                shown.extend(seam.join(piece));
                prop_assert!(seam.0.len() <= CUT_BYTES_MAX);
            }
            shown.extend(seam.rip().unwrap_or_default());
            prop_assert_eq!(shown, bytes);
        }
    }
}
