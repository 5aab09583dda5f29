//! What an X-ray found, as JSON. Bytes are hexadecimal: they are what was on the wire, not text.

use serde::Serialize;

use super::overlay::{Edge, Verdict};
use super::xray::{self, Fate, Kind};
use crate::escape;

/// `{"v":1,"type":"read",...}`
#[derive(Serialize)]
pub(super) struct Read {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "read")]
    number: u64,
    offset: u64,
    bytes: usize,
    /// `whole`, `merged` or `split`; nothing if the read brought no part of a message.
    verdict: Option<&'static str>,
    pieces: Vec<Piece>,
}

#[derive(Serialize)]
struct Piece {
    message: usize,
    /// Whether the message begins and ends in this read.
    begins: bool,
    ends: bool,
    /// `complete`, `unfinished` or `dropped`.
    fate: &'static str,
    /// Bytes of a complete payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_bytes: Option<usize>,
    /// Bytes that are still to come, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<usize>,
    parts: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    #[serde(rename = "part")]
    kind: &'static str,
    offset: u64,
    hex: String,
}

/// `{"v":1,"type":"broken",...}`
#[derive(Serialize)]
pub(super) struct Broken {
    #[serde(rename = "type")]
    kind: &'static str,
    /// Of the frame that is none.
    frame_offset: u64,
    /// Of what the framing does not allow.
    offset: u64,
    reason: String,
    before: String,
    here: String,
}

/// `{"v":1,"type":"summary",...}`
#[derive(Serialize)]
pub(super) struct Summary {
    #[serde(rename = "type")]
    kind: &'static str,
    reads: u64,
    bytes: u64,
    messages: u64,
    messages_cut: u64,
    messages_dropped: u64,
    reads_whole: u64,
    reads_merged: u64,
    reads_split: u64,
}

impl Read {
    pub(super) fn of(read: &xray::Read, bytes: &[u8]) -> Self {
        let verdict = read.verdict().map(|verdict| match verdict {
            Verdict::Whole => "whole",
            Verdict::Merged { .. } => "merged",
            Verdict::Split => "split",
        });
        let pieces = read.pieces.iter().map(|piece| Piece::of(piece, bytes, read.offset)).collect();
        Self { kind: "read", number: read.number, offset: read.offset, bytes: read.bytes, verdict, pieces }
    }
}

impl Piece {
    fn of(piece: &xray::Piece, bytes: &[u8], offset: u64) -> Self {
        let (fate, payload_bytes, missing) = match piece.fate {
            Fate::Complete { payload_bytes, .. } => ("complete", Some(payload_bytes), None),
            Fate::Unfinished { missing } => ("unfinished", None, missing),
            Fate::Dropped => ("dropped", None, None),
        };
        Self {
            message: piece.lies.message + 1,
            begins: piece.lies.start == Edge::Boundary,
            ends: piece.lies.end == Edge::Boundary,
            fate,
            payload_bytes,
            missing,
            parts: piece.parts.iter().map(|part| Part::of(part, bytes, offset)).collect(),
        }
    }
}

impl Part {
    fn of(part: &xray::Part, bytes: &[u8], offset: u64) -> Self {
        let name = match part.kind {
            Kind::Header => "header",
            Kind::Payload => "payload",
            Kind::Trailer => "trailer",
            Kind::Dropped => "dropped",
        };
        let offset = offset + part.bytes.start as u64;
        Self { kind: name, offset, hex: escape::hex(&bytes[part.bytes.clone()]) }
    }
}

impl Broken {
    pub(super) fn of(broken: &xray::Broken) -> Self {
        Self {
            kind: "broken",
            frame_offset: broken.why.offset,
            offset: broken.place,
            reason: broken.why.error.to_string(),
            before: escape::hex(&broken.before),
            here: escape::hex(&broken.from),
        }
    }
}

impl Summary {
    pub(super) fn of(tally: &xray::Tally) -> Self {
        Self {
            kind: "summary",
            reads: tally.reads,
            bytes: tally.bytes,
            messages: tally.messages,
            messages_cut: tally.cut,
            messages_dropped: tally.dropped,
            reads_whole: tally.whole,
            reads_merged: tally.merged,
            reads_split: tally.split,
        }
    }
}
