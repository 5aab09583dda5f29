//! Message boundaries laid over reads: which read brought which part of which message.
//!
//! Pure: lengths in, pieces out. Where they come from (a demonstration, a capture, a live stream) is left to
//! the caller.

use crate::escape;

/// What one read brought of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Which message, counted from 0.
    pub(super) message: usize,
    /// Bytes of it in this read.
    pub(super) bytes: usize,
    /// Whether the message begins here.
    pub(super) start: Edge,
    /// Whether the message ends here.
    pub(super) end: Edge,
}

/// One side of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// The message's own boundary.
    Boundary,
    /// The read began or ended inside the message.
    Cut,
}

/// What is to be said of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Exactly one message.
    Whole,
    /// Several messages, the first and last perhaps not whole.
    Merged { messages: usize },
    /// A part of one message.
    Split,
}

impl Verdict {
    pub(super) fn of(pieces: &[Piece]) -> Self {
        match pieces {
            [Piece { start: Edge::Boundary, end: Edge::Boundary, .. }] => Self::Whole,
            [_] | [] => Self::Split,
            _ => Self::Merged { messages: pieces.len() },
        }
    }
}

/// Cuts each read at the boundaries of the messages. Bytes beyond the last message belong to none, and are
/// left out; a message without bytes lies in no read.
pub(super) fn overlay(message_bytes: &[usize], read_bytes: &[usize]) -> Vec<Vec<Piece>> {
    let mut cursor = Cursor { message_bytes, message: 0, done: 0 };
    read_bytes.iter().map(|bytes| cursor.take(*bytes)).collect()
}

/// A read as it lies over the messages: `|` is a boundary of a message, `~` a cut through one.
pub(super) fn draw(read: &[u8], pieces: &[Piece]) -> String {
    let mut drawn = String::new();
    let mut rest = read;
    for piece in pieces {
        let (bytes, behind) = rest.split_at(piece.bytes.min(rest.len()));
        rest = behind;
        if drawn.is_empty() {
            drawn.push(piece.start.mark());
        }
        drawn.push_str(&escape::for_terminal(bytes));
        drawn.push(piece.end.mark());
    }
    drawn
}

impl Edge {
    fn mark(self) -> char {
        match self {
            Self::Boundary => '|',
            Self::Cut => '~',
        }
    }
}

/// How far the reads have come in the messages.
struct Cursor<'a> {
    message_bytes: &'a [usize],
    message: usize,
    done: usize, // bytes of that message that earlier reads brought; below its length
}

impl Cursor<'_> {
    fn take(&mut self, mut read_bytes: usize) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while read_bytes > 0 {
            let Some(whole) = self.message_bytes.get(self.message) else { break };
            let bytes = read_bytes.min(whole - self.done);
            let start = if self.done == 0 { Edge::Boundary } else { Edge::Cut };
            let end = if self.done + bytes == *whole { Edge::Boundary } else { Edge::Cut };
            if bytes > 0 {
                pieces.push(Piece { message: self.message, bytes, start, end });
            }
            self.step(bytes, end);
            read_bytes -= bytes;
        }
        pieces
    }

    fn step(&mut self, bytes: usize, end: Edge) {
        match end {
            Edge::Cut => self.done += bytes,
            Edge::Boundary => {
                self.message += 1;
                self.done = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn drawn(messages: &[&str], reads: &[&str]) -> Vec<String> {
        let bytes = |texts: &[&str]| texts.iter().map(|text| text.len()).collect::<Vec<_>>();
        let pieces = overlay(&bytes(messages), &bytes(reads));
        reads.iter().zip(&pieces).map(|(read, pieces)| draw(read.as_bytes(), pieces)).collect()
    }

    fn verdicts(messages: &[usize], reads: &[usize]) -> Vec<Verdict> {
        overlay(messages, reads).iter().map(|pieces| Verdict::of(pieces)).collect()
    }

    #[test]
    fn reads_are_drawn_over_messages() {
        assert_eq!(drawn(&["hello", "world"], &["helloworld"]), ["|hello|world|"]);
        assert_eq!(drawn(&["hello"], &["he", "l", "lo"]), ["|he~", "~l~", "~lo|"]);
        assert_eq!(drawn(&["hello", "world"], &["hellowo", "rld"]), ["|hello|wo~", "~rld|"]);
        assert_eq!(drawn(&["", "a\n"], &["a\n"]), ["|a\\n|"]);
    }

    #[test]
    fn each_read_is_whole_merged_or_split() {
        assert_eq!(verdicts(&[5, 5], &[5, 5]), [Verdict::Whole, Verdict::Whole]);
        assert_eq!(verdicts(&[5, 5], &[10]), [Verdict::Merged { messages: 2 }]);
        assert_eq!(verdicts(&[5], &[2, 3]), [Verdict::Split, Verdict::Split]);
        assert_eq!(verdicts(&[5, 5], &[7, 3]), [Verdict::Merged { messages: 2 }, Verdict::Split]);
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_and_every_message_has_two_ends(
            messages in prop::collection::vec(0_usize..20, 0..20),
            cuts in prop::collection::vec(1_usize..20, 0..40),
        ) {
            let total: usize = messages.iter().sum();
            let mut left = total;
            let mut reads: Vec<usize> = cuts.into_iter().map(|cut| { let cut = cut.min(left); left -= cut; cut }).collect();
            reads.push(left);

            let pieces: Vec<Piece> = overlay(&messages, &reads).concat();
            for (index, bytes) in messages.iter().enumerate() {
                let of: Vec<&Piece> = pieces.iter().filter(|piece| piece.message == index).collect();
                prop_assert_eq!(of.iter().map(|piece| piece.bytes).sum::<usize>(), *bytes);
                let starts = of.iter().filter(|piece| piece.start == Edge::Boundary).count();
                let ends = of.iter().filter(|piece| piece.end == Edge::Boundary).count();
                prop_assert_eq!((starts, ends), (usize::from(*bytes > 0), usize::from(*bytes > 0)));
            }
        }
    }
}
