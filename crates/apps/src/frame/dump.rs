//! Draws what an X-ray found: each read with what it brought, as hexadecimal numbers and as text. Pure.
//!
//! Everything can be told without colour: the parts of a frame have names, `|` is where a message begins or ends, `~`
//! where a read cuts through it.

use std::fmt::{self, Write};

use super::overlay::{Edge, Verdict};
use super::xray::{Broken, Fate, Kind, Part, Piece, Read, Tally};
use crate::cli::colour::{Colour, DIM, ERROR, NAME, STRONG};

/// How to draw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    pub(super) colour: Colour,
    pub(super) rows: Rows,
}

/// How much to draw of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    All,
    /// The beginning and the end of a long one.
    Abridged,
}

pub(super) const LEGEND: &str = "\
A read is what one call of read() got. In the text on the right, | is where a message begins or ends, \
and ~ is where a read cuts through one.";

impl Pen {
    /// A read and what it brought; `bytes` are those of the read.
    pub(super) fn read(self, read: &Read, bytes: &[u8]) -> String {
        let mut drawn = String::new();
        self.write_read(&mut drawn, read, bytes).expect(STRING);
        drawn
    }

    /// Where the stream stops to make sense.
    pub(super) fn broken(self, broken: &Broken) -> String {
        let mut drawn = String::new();
        self.write_broken(&mut drawn, broken).expect(STRING);
        drawn
    }

    fn write_read(self, out: &mut String, read: &Read, bytes: &[u8]) -> fmt::Result {
        let heading = format!("read {}", read.number);
        let verdict =
            read.verdict().map_or("no message in it".to_owned(), |verdict| judge(verdict, &read.pieces));
        let (count, offset) = (counted(bytes.len() as u64, "byte"), read.offset);
        let heading = self.colour.paint(STRONG, heading);
        writeln!(out, "{heading}   {count} from byte {offset}   {}", self.colour.paint(STRONG, verdict))?;
        for piece in &read.pieces {
            writeln!(out, "  message {}   {}", piece.lies.message + 1, tell(piece))?;
            self.write_piece(out, piece, bytes, read.offset)?;
        }
        match &read.broken {
            Some(broken) => self.write_broken(out, broken),
            None => Ok(()),
        }
    }

    fn write_piece(self, out: &mut String, piece: &Piece, bytes: &[u8], offset: u64) -> fmt::Result {
        let last = piece.parts.len() - 1;
        for (index, part) in piece.parts.iter().enumerate() {
            let start = if index == 0 { mark(piece.lies.start) } else { ' ' };
            let end = if index == last { mark(piece.lies.end) } else { ' ' };
            let dump = Dump {
                label: label(part),
                bytes: &bytes[part.bytes.clone()],
                offset: offset + part.bytes.start as u64,
                marks: (start, end),
            };
            self.write_dump(out, &dump, part.kind)?;
        }
        Ok(())
    }

    fn write_dump(self, out: &mut String, dump: &Dump<'_>, kind: Kind) -> fmt::Result {
        let rows = dump.bytes.len().div_ceil(ROW_BYTES);
        for row in 0..rows {
            if self.rows == Rows::Abridged && rows > ROWS_MAX && row == ROWS_MAX - 1 {
                let left_out = (rows - ROWS_MAX) * ROW_BYTES;
                writeln!(out, "              ... {left_out} bytes more, --full shows them ...")?;
            }
            if self.rows == Rows::All || row < ROWS_MAX - 1 || row == rows - 1 {
                let line = dump.row(row);
                match kind {
                    Kind::Header => writeln!(out, "{}", self.colour.paint(NAME, line))?,
                    Kind::Payload => writeln!(out, "{line}")?,
                    Kind::Trailer | Kind::Dropped => writeln!(out, "{}", self.colour.paint(DIM, line))?,
                }
            }
        }
        Ok(())
    }

    fn write_broken(self, out: &mut String, broken: &Broken) -> fmt::Result {
        let place = format!("BROKEN at byte {} (0x{0:x})", broken.place);
        writeln!(out, "{}: {}", self.colour.paint(ERROR, place), broken.why.error)?;
        if broken.why.offset != broken.place {
            writeln!(out, "  in the frame that begins at byte {}", broken.why.offset)?;
        }
        let before = broken.place - broken.before.len() as u64;
        let around = [("before", &broken.before, before), ("here", &broken.from, broken.place)];
        for (label, bytes, offset) in around {
            let dump = Dump { label, bytes, offset, marks: (' ', ' ') };
            self.write_dump(out, &dump, Kind::Payload)?;
        }
        Ok(())
    }
}

/// The end of it all, in one paragraph.
pub(super) fn sum_up(tally: &Tally) -> String {
    let Tally { reads, bytes, messages, cut, dropped, whole, merged, split } = *tally;
    let mut text = format!(
        "{} brought {} and {}: {whole} held exactly one message, {merged} several (MERGED), {split} a part of one (SPLIT).",
        counted(reads, "read"),
        counted(bytes, "byte"),
        counted(messages, "whole message"),
    );
    if cut > 0 {
        write!(text, " {} came in more than one read.", counted(cut, "message")).expect(STRING);
    }
    if dropped > 0 {
        write!(text, " {} over the limit.", counted(dropped, "message")).expect(STRING);
    }
    if merged + split + cut > 0 {
        text.push_str(
            " That is how streams are: only the framing says where a message ends, never a read. \
             A reader keeps what it has until a message is whole, and then looks for the next one in what is left.",
        );
    }
    text
}

/// One part of a message, or bytes around a fault.
struct Dump<'a> {
    label: &'static str,
    bytes: &'a [u8],
    /// Of the first byte in the stream.
    offset: u64,
    /// What stands before the first byte of the text and behind the last.
    marks: (char, char),
}

impl Dump<'_> {
    fn row(&self, row: usize) -> String {
        let rows = self.bytes.len().div_ceil(ROW_BYTES);
        let start = row * ROW_BYTES;
        let bytes = &self.bytes[start..self.bytes.len().min(start + ROW_BYTES)];
        let label = if row == 0 { self.label } else { "" };
        let before = if row == 0 { self.marks.0 } else { ' ' };
        let behind = if row + 1 == rows { self.marks.1 } else { ' ' };
        let offset = self.offset + start as u64;
        let line =
            format!("    {offset:08x}  {label:<7}  {:<49} {before}{}{behind}", hex(bytes), text(bytes));
        line.trim_end().to_owned()
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        let gap = if index == ROW_BYTES / 2 { " " } else { "" };
        write!(hex, "{gap}{byte:02x} ").expect(STRING);
    }
    hex
}

fn text(bytes: &[u8]) -> String {
    let is_shown = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    bytes.iter().map(|byte| if is_shown(*byte) { char::from(*byte) } else { '.' }).collect()
}

fn mark(edge: Edge) -> char {
    match edge {
        Edge::Boundary => '|',
        Edge::Cut => '~',
    }
}

fn label(part: &Part) -> &'static str {
    match part.kind {
        Kind::Header => "header",
        Kind::Payload => "payload",
        Kind::Trailer => "trailer",
        Kind::Dropped => "dropped",
    }
}

fn judge(verdict: Verdict, pieces: &[Piece]) -> String {
    let cut_at = |first: bool, last: bool| match (first, last) {
        (true, true) => ", the first and the last cut",
        (true, false) => ", the first cut",
        (false, true) => ", the last cut",
        (false, false) => "",
    };
    let (first, last) =
        (pieces.first().map(|piece| piece.lies.start), pieces.last().map(|piece| piece.lies.end));
    match verdict {
        Verdict::Whole => "exactly one message".to_owned(),
        Verdict::Merged { messages } => {
            format!(
                "MERGED: {messages} messages{}",
                cut_at(first == Some(Edge::Cut), last == Some(Edge::Cut))
            )
        }
        Verdict::Split => match (first, last) {
            (Some(Edge::Boundary), _) => "SPLIT: the beginning of a message".to_owned(),
            (_, Some(Edge::Boundary)) => "SPLIT: the end of a message".to_owned(),
            _ => "SPLIT: a piece from the middle of a message".to_owned(),
        },
    }
}

fn tell(piece: &Piece) -> String {
    let begins = if piece.lies.start == Edge::Boundary { "begins here" } else { "goes on" };
    match piece.fate {
        Fate::Complete { payload_bytes, reads: 1 } => {
            format!("whole: {}", counted(payload_bytes as u64, "byte"))
        }
        Fate::Complete { payload_bytes, reads } => {
            format!("ends here: {} in {reads} reads", counted(payload_bytes as u64, "byte"))
        }
        Fate::Unfinished { missing: Some(missing) } => {
            format!("{begins}, {} still to come", counted(missing as u64, "byte"))
        }
        Fate::Unfinished { missing: None } => format!("{begins}, its end is still to come"),
        Fate::Dropped => "over the limit".to_owned(),
    }
}

/// `1 byte`, `2 bytes`.
pub(super) fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

const ROW_BYTES: usize = 16;

/// A part with more rows is abridged: nobody reads on, and the next message would be pages away.
const ROWS_MAX: usize = 9;

const STRING: &str = "a String takes whatever is written to it";

#[cfg(test)]
mod tests;
