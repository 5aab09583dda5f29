//! Frames to lines. Streams: a message is written before more bytes are waited for.

use std::io::{self, BufWriter, Read, Write};

use anyhow::Context;
use framing::FrameSpec;
use serde::Serialize;

use super::dump::counted;
use super::frames::{Frames, Message};
use crate::cli::exit::{Blame, Fault, Result};
use crate::cli::lines::Ending;
use crate::cli::notes::Notes;
use crate::cli::output::{OutputError, Payload, json_line};
use crate::escape;

/// How messages are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Records {
    /// Byte for byte, each followed by its ending.
    Exact(Ending),
    /// Lines for a terminal, escaped.
    Shown,
    /// Objects, one a line.
    Json,
}

/// How frames are read.
pub(super) struct Unpacking<'a> {
    pub(super) spec: &'a FrameSpec,
    pub(super) records: Records,
    /// Whose fault an end inside a frame is.
    pub(super) fault_of_cut: Fault,
}

/// Writes each message as a record. A bad frame ends it, after the messages before.
pub(super) fn unpack(
    input: impl Read,
    unpacking: &Unpacking<'_>,
    sink: impl Write,
    notes: &Notes,
) -> Result<()> {
    let Unpacking { spec, records, fault_of_cut } = *unpacking;
    let mut frames = Frames::new(spec);
    let mut sink = BufWriter::with_capacity(READ_BYTES, sink);
    let mut ambiguous = 0;
    let copied = copy(input, &mut frames, &mut sink, |message, sink| {
        ambiguous += u64::from(records.is_ambiguous(message.payload));
        records.write(message, sink)
    });
    let ended = copied.and_then(|()| frames.finish().blame(fault_of_cut));
    sink.flush().map_err(OutputError::from)?;
    note_skipped(frames.skipped(), notes);
    if ambiguous > 0 {
        notes.note(format_args!("{}{}", counted(ambiguous, "message"), records.ambiguity()));
    }
    ended
}

fn note_skipped(skipped: u64, notes: &Notes) {
    if skipped > 0 {
        let were = if skipped == 1 { "was" } else { "were" };
        notes.note(format_args!("{} over the limit {were} skipped", counted(skipped, "message")));
    }
}

/// To the end of the input, which may be inside a frame.
fn copy<W: Write>(
    mut input: impl Read,
    frames: &mut Frames,
    sink: &mut W,
    mut write: impl FnMut(&Message<'_>, &mut W) -> Result<(), OutputError>,
) -> Result<()> {
    let mut piece = vec![0; READ_BYTES];
    loop {
        let got = match input.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).context("the input cannot be read").blame(Fault::Other),
        };
        frames.feed(&piece[..got]);
        while let Some(message) = frames.next_message().blame(Fault::Protocol)? {
            write(&message, sink)?;
        }
        sink.flush().map_err(OutputError::from)?;
    }
}

impl Records {
    /// Whether whoever reads the records takes this message for several.
    fn is_ambiguous(self, payload: &[u8]) -> bool {
        matches!(self, Self::Exact(ending) if payload.contains(&ending.byte()))
    }

    /// What is to be said of messages that are ambiguous.
    fn ambiguity(self) -> &'static str {
        match self {
            Self::Exact(Ending::Nul) => {
                " with a NUL inside, as the records end with: --json tells them apart"
            }
            _ => " with a newline inside, as the records end with: -0 or --json tells them apart",
        }
    }

    fn write(self, message: &Message<'_>, sink: &mut impl Write) -> Result<(), OutputError> {
        match self {
            Self::Exact(ending) => {
                sink.write_all(message.payload)?;
                sink.write_all(&[ending.byte()])?;
            }
            Self::Shown => writeln!(sink, "{}", escape::for_terminal(message.payload))?,
            Self::Json => sink.write_all(json_line(&Record::of(message))?.as_bytes())?,
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    offset: u64,
    bytes: usize,
    #[serde(flatten)]
    payload: Payload<'a>,
}

impl<'a> Record<'a> {
    fn of(message: &Message<'a>) -> Self {
        let (offset, bytes) = (message.offset, message.payload.len());
        Self { kind: "message", offset, bytes, payload: Payload::of(message.payload) }
    }
}

/// As much as a pipe holds.
const READ_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::notes::Volume;

    fn unpacked(input: &[u8], spec: &str, records: Records) -> (Vec<u8>, Result<()>) {
        let mut written = Vec::new();
        let notes = Notes::stderr(Volume::Quiet);
        let spec = spec.parse().unwrap();
        let unpacking = Unpacking { spec: &spec, records, fault_of_cut: Fault::Connection };
        let ended = unpack(input, &unpacking, &mut written, &notes);
        (written, ended)
    }

    #[test]
    fn messages_become_records_of_every_kind() {
        let stream = b"\x02hi\x03a\n\xff";
        for (records, expected) in [
            (Records::Exact(Ending::Newline), &b"hi\na\n\xff\n"[..]),
            (Records::Exact(Ending::Nul), b"hi\0a\n\xff\0"),
            (Records::Shown, b"hi\na\\n\\xff\n"),
            (
                Records::Json,
                b"{\"v\":1,\"type\":\"message\",\"offset\":0,\"bytes\":2,\"text\":\"hi\"}\n\
                  {\"v\":1,\"type\":\"message\",\"offset\":3,\"bytes\":3,\"hex\":\"610aff\"}\n",
            ),
        ] {
            let (written, ended) = unpacked(stream, "u8", records);
            ended.unwrap();
            assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(expected));
        }
    }

    #[test]
    fn a_bad_frame_is_the_protocols_fault_after_the_messages_before_it() {
        for (input, message) in [
            (&b"\0\0\0\x02hi\xff\xff\xff\xff"[..], "the frame at byte 6: a message length of -1 is negative"),
            (b"\0\0\0\x02hi\0\0\0\x09", "the frame at byte 6: a message of 9 bytes is over the limit of 8"),
        ] {
            let (written, ended) = unpacked(input, "i32be,max=8", Records::Exact(Ending::Newline));
            let failure = ended.unwrap_err();
            assert_eq!((written.as_slice(), failure.fault()), (&b"hi\n"[..], Fault::Protocol));
            assert_eq!(failure.message(), message);
        }
    }

    #[test]
    fn an_end_inside_a_frame_is_told() {
        let (_, ended) = unpacked(b"\x05he", "u8", Records::Shown);
        let failure = ended.unwrap_err();
        assert_eq!(failure.fault(), Fault::Connection);
        assert!(failure.message().starts_with("the frame at byte 0: "), "{}", failure.message());
    }
}
