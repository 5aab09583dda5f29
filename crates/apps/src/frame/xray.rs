//! Reads laid over messages as they come: which read brought which part of which message.
//!
//! Pure: reads in, pieces out. Holds the frame that has not come whole and what was read last, nothing more. Leaves
//! reading to `show` and `live`, and drawing to `dump`.

use std::ops::Range;

use bytes::{Buf, BytesMut};
use framing::{Decoded, FrameDecoder, FrameError, FrameSpec};

use super::anatomy::Anatomy;
use super::frames::BadFrame;
use super::overlay::{self, Edge, Verdict};

/// Looks through one stream.
#[derive(Debug)]
pub(super) struct Xray {
    decoder: FrameDecoder,
    anatomy: Anatomy,
    held: BytesMut,        // from the first byte of the frame that is not done
    offset: u64,           // of the first byte in `held`
    shown: usize,          // bytes in `held` that earlier reads brought
    behind: Vec<u8>,       // the last bytes before `held`, at most `CONTEXT_BYTES`
    message: usize,        // which one `held` begins with
    reads_of_message: u64, // that brought a part of it so far
    tally: Tally,
}

/// What one read brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// Counted from 1.
    pub(super) number: u64,
    /// Of its first byte in the stream.
    pub(super) offset: u64,
    pub(super) bytes: usize,
    pub(super) pieces: Vec<Piece>,
    /// What follows the pieces is no frame.
    pub(super) broken: Option<Broken>,
}

/// What one read brought of one message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) lies: overlay::Piece,
    /// One behind the other, none empty.
    pub(super) parts: Vec<Part>,
    pub(super) fate: Fate,
}

/// Adjoining bytes of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) kind: Kind,
    /// Where in the read.
    pub(super) bytes: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Header,
    Payload,
    Trailer,
    /// Of a message over the limit.
    Dropped,
}

/// What has become of a message by the end of the read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is whole, in so many reads.
    Complete { payload_bytes: usize, reads: u64 },
    /// So many bytes are missing; without a length, who knows.
    Unfinished { missing: Option<usize> },
    /// It is over the limit.
    Dropped,
}

/// Bytes that are no frame, and what stands around them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) why: BadFrame,
    /// Of what the framing does not allow, in the stream: a byte inside the frame, or the frame as a whole.
    pub(super) place: u64,
    /// The last bytes before that.
    pub(super) before: Vec<u8>,
    /// The bytes from there on, as far as they have come.
    pub(super) from: Vec<u8>,
}

/// What has been counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) reads: u64,
    pub(super) bytes: u64,
    /// Whole ones.
    pub(super) messages: u64,
    /// Messages in more than one read.
    pub(super) cut: u64,
    /// Messages over the limit.
    pub(super) dropped: u64,
    /// Reads of exactly one message.
    pub(super) whole: u64,
    /// Reads of several.
    pub(super) merged: u64,
    /// Reads of a part of one.
    pub(super) split: u64,
}

impl Xray {
    pub(super) fn new(spec: &FrameSpec) -> Self {
        Self {
            decoder: spec.decoder(),
            anatomy: Anatomy::of(spec),
            held: BytesMut::new(),
            offset: 0,
            shown: 0,
            behind: Vec::new(),
            message: 0,
            reads_of_message: 0,
            tally: Tally::default(),
        }
    }

    /// Takes what was read. Nothing is to be fed after a read that is broken.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Read {
        self.held.extend_from_slice(bytes);
        self.tally.reads += 1;
        let (number, offset) = (self.tally.reads, self.tally.bytes);
        self.tally.bytes += bytes.len() as u64;
        let mut read = Read { number, offset, bytes: bytes.len(), pieces: Vec::new(), broken: None };
        while !self.held.is_empty() && self.take_frame(&mut read) == Step::On {}
        self.shown = self.held.len();
        self.count(read.verdict());
        read
    }

    /// There is no more to feed: what is wrong with the end, if it is inside a message.
    pub(super) fn finish(&mut self) -> Option<Broken> {
        let ended = self.decoder.finish(&self.held);
        ended.err().map(|error| self.break_off(error))
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally
    }

    /// The bytes that have made no message, for whoever wants to find out why.
    pub(super) fn held(&self) -> &[u8] {
        &self.held
    }

    fn take_frame(&mut self, read: &mut Read) -> Step {
        match self.decoder.decode(&self.held) {
            Ok(Decoded::Message { payload, consumed }) => self.take_message(read, &payload, consumed),
            Ok(Decoded::Skipped { consumed, .. }) => self.drop_bytes(read, consumed),
            Ok(Decoded::NeedMore { at_least }) => self.take_beginning(read, at_least),
            Err(error) => {
                read.broken = Some(self.break_off(error));
                Step::Wait
            }
        }
    }

    fn take_message(&mut self, read: &mut Read, payload: &Range<usize>, consumed: usize) -> Step {
        let parts = [
            (Kind::Header, 0..payload.start),
            (Kind::Payload, payload.clone()),
            (Kind::Trailer, payload.end..consumed),
        ];
        let fate = Fate::Complete { payload_bytes: payload.len(), reads: self.reads_of_message + 1 };
        self.push(read, &parts, Edge::Boundary, fate);
        self.tally.messages += 1;
        self.tally.cut += u64::from(self.reads_of_message > 0);
        self.advance(consumed);
        self.begin_message();
        Step::On
    }

    fn take_beginning(&mut self, read: &mut Read, at_least: usize) -> Step {
        let here = self.held.len();
        if self.is_dropping() {
            self.push(read, &[(Kind::Dropped, 0..here)], Edge::Cut, Fate::Dropped);
        } else {
            let (parts, missing) = self.parts_so_far(at_least);
            self.push(read, &parts, Edge::Cut, Fate::Unfinished { missing });
        }
        self.reads_of_message += 1;
        Step::Wait
    }

    /// The parts of the frame that has not come whole, and how many bytes are missing.
    fn parts_so_far(&self, at_least: usize) -> ([(Kind, Range<usize>); 3], Option<usize>) {
        let here = self.held.len();
        let header = self.anatomy.header_bytes(&self.held);
        let missing = at_least_is_all(header, self.anatomy).then_some(at_least);
        let payload_end = match missing {
            Some(missing) => here.min((here + missing).saturating_sub(self.anatomy.trailer_bytes())),
            None => here,
        };
        let payload_start = header.unwrap_or(here);
        let payload_end = payload_end.max(payload_start);
        let parts = [
            (Kind::Header, 0..payload_start),
            (Kind::Payload, payload_start..payload_end),
            (Kind::Trailer, payload_end..here),
        ];
        (parts, missing)
    }

    fn drop_bytes(&mut self, read: &mut Read, consumed: usize) -> Step {
        let is_over = !self.is_dropping();
        let end = if is_over { Edge::Boundary } else { Edge::Cut };
        self.push(read, &[(Kind::Dropped, 0..consumed)], end, Fate::Dropped);
        self.advance(consumed);
        if is_over {
            self.tally.dropped += 1;
            self.begin_message();
        } else if self.held.is_empty() {
            self.reads_of_message += 1;
        }
        Step::On
    }

    /// Inside a message over the limit, of which the bytes so far are gone: not even nothing would be a clean end.
    fn is_dropping(&self) -> bool {
        self.decoder.clone().finish(&[]).is_err()
    }

    /// Adds what this read brought of the frame.
    fn push(&self, read: &mut Read, parts: &[(Kind, Range<usize>)], end: Edge, fate: Fate) {
        let parts: Vec<Part> =
            parts.iter().filter_map(|(kind, bytes)| self.brought(read, *kind, bytes)).collect();
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return };
        let bytes = last.bytes.end - first.bytes.start;
        if let Some(piece) = read.pieces.last_mut().filter(|piece| piece.lies.message == self.message) {
            // A message that is dropped comes in several goes.
            piece.lies.bytes += bytes;
            piece.lies.end = end;
            return piece.parts.extend(parts);
        }
        let is_start = self.shown == 0 && self.reads_of_message == 0;
        let start = if is_start { Edge::Boundary } else { Edge::Cut };
        let lies = overlay::Piece { message: self.message, bytes, start, end };
        read.pieces.push(Piece { lies, parts, fate });
    }

    /// Those of the bytes, which lie in `held`, that came with this read.
    fn brought(&self, read: &Read, kind: Kind, bytes: &Range<usize>) -> Option<Part> {
        let in_read = |at: usize| usize::try_from(self.offset + at as u64 - read.offset).ok();
        let start = bytes.start.max(self.shown);
        (start < bytes.end).then(|| Some(Part { kind, bytes: in_read(start)?..in_read(bytes.end)? }))?
    }

    fn break_off(&self, error: FrameError) -> Broken {
        let at = self.anatomy.misplaced(&self.held, error).unwrap_or(0);
        let (ahead, behind) = self.held.split_at(at);
        let before = [&self.behind, ahead].concat();
        Broken {
            why: BadFrame { offset: self.offset, error },
            place: self.offset + at as u64,
            before: before[before.len().saturating_sub(CONTEXT_BYTES)..].to_vec(),
            from: behind[..behind.len().min(CONTEXT_BYTES)].to_vec(),
        }
    }

    fn advance(&mut self, consumed: usize) {
        self.behind.extend_from_slice(&self.held[consumed.saturating_sub(CONTEXT_BYTES)..consumed]);
        self.behind.drain(..self.behind.len().saturating_sub(CONTEXT_BYTES));
        self.held.advance(consumed);
        self.offset += consumed as u64;
        self.shown = self.shown.saturating_sub(consumed);
    }

    fn begin_message(&mut self) {
        self.message += 1;
        self.reads_of_message = 0;
    }

    fn count(&mut self, verdict: Option<Verdict>) {
        match verdict {
            Some(Verdict::Whole) => self.tally.whole += 1,
            Some(Verdict::Merged { .. }) => self.tally.merged += 1,
            Some(Verdict::Split) => self.tally.split += 1,
            None => {}
        }
    }
}

impl Read {
    /// What is to be said of it; nothing if it brought no part of a message.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        let lies: Vec<overlay::Piece> = self.pieces.iter().map(|piece| piece.lies).collect();
        (!lies.is_empty()).then(|| Verdict::of(&lies))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    On,
    Wait,
}

/// What a decoder asks for is the rest of the frame once it knows where that ends.
fn at_least_is_all(header: Option<usize>, anatomy: Anatomy) -> bool {
    anatomy.is_measured && header.is_some()
}

/// Two rows of a dump.
pub(super) const CONTEXT_BYTES: usize = 32;

#[cfg(test)]
mod tests;
