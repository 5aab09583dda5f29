//! The blocking reader and writer over sources and sinks that behave as badly as they may.

use std::io::{self, ErrorKind, IoSlice, Read, Write};

use switchboard_framing::testkit::{self, Random, Seed};
use switchboard_framing::{FrameError, FrameReader, FrameWriter, ReadError, WriteError};

use crate::common::specs::spec;

const SEED: Seed = Seed(0xb10c);

/// Gives and takes a few bytes at a time, with interruptions.
struct Fitful {
    bytes: Vec<u8>,
    taken: usize,
    random: Random,
}

impl Fitful {
    fn new(bytes: Vec<u8>) -> Fitful {
        Fitful { bytes, taken: 0, random: Random::new(SEED) }
    }

    fn interrupt(&mut self) -> io::Result<usize> {
        if self.random.below(4) == 0 {
            Err(ErrorKind::Interrupted.into())
        } else {
            Ok(1 + self.random.below(7))
        }
    }
}

impl Read for Fitful {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.interrupt()?.min(buffer.len()).min(self.bytes.len() - self.taken);
        buffer[..bytes].copy_from_slice(&self.bytes[self.taken..self.taken + bytes]);
        self.taken += bytes;
        Ok(bytes)
    }
}

impl Write for Fitful {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let bytes = self.interrupt()?.min(buffer.len());
        self.bytes.extend_from_slice(&buffer[..bytes]);
        Ok(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn messages_survive_short_reads_short_writes_and_interruptions() {
    for text in ["u32be", "varint,crc32c", "netstring", "delim=--end--"] {
        let payloads = testkit::payloads(SEED, 40, 20_000);
        let mut writer = FrameWriter::new(Fitful::new(Vec::new()), spec(text));
        for payload in &payloads {
            writer.write(payload).unwrap();
        }
        let mut reader = FrameReader::new(writer.into_sink(), spec(text));
        for payload in &payloads {
            assert_eq!(reader.read().unwrap(), Some(&payload[..]), "{text}, {SEED:?}");
        }
        assert_eq!(reader.read().unwrap(), None);
    }
}

/// Counts calls, and takes everything.
#[derive(Default)]
struct Counting {
    calls: usize,
    bytes: Vec<u8>,
}

impl Write for Counting {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buffer)])
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.calls += 1;
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        Ok(parts.iter().map(|part| part.len()).sum())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_message_is_one_write_and_an_empty_one_of_raw_is_none() {
    let mut writer = FrameWriter::new(Counting::default(), spec("netstring,crc32c"));
    writer.write(b"hello").unwrap();
    assert_eq!((writer.sink().calls, writer.sink().bytes.len()), (1, 2 + 5 + 4 + 1));
    let mut writer = FrameWriter::new(Counting::default(), spec("raw"));
    writer.write(b"").unwrap();
    assert_eq!(writer.sink().calls, 0);
}

#[test]
fn the_end_of_a_stream_inside_a_message_is_told_from_a_clean_end() {
    let mut reader = FrameReader::new(&b"\x02hi\x02h"[..], spec("u8"));
    assert_eq!(reader.read().unwrap(), Some(&b"hi"[..]));
    let error = reader.read().unwrap_err();
    assert!(matches!(error, ReadError::Frame(FrameError::Truncated { have: 2, at_least: 1 })), "{error}");
    assert_eq!(io::Error::from(error).kind(), ErrorKind::UnexpectedEof);
    assert_eq!(reader.into_parts().1, b"\x02h");
}

#[test]
fn messages_over_the_limit_end_the_stream_or_are_skipped() {
    let stream = &b"\x03abc\x01z"[..];
    let mut reader = FrameReader::new(stream, spec("u8,max=2"));
    let error = reader.read().unwrap_err();
    assert!(matches!(error, ReadError::Frame(FrameError::TooLong { declared: 3, limit: 2 })), "{error}");
    let mut reader = FrameReader::new(stream, spec("u8,max=2,over=skip"));
    assert_eq!(reader.read().unwrap(), Some(&b"z"[..]));
    assert_eq!(reader.skipped(), 1);
}

/// Takes so many bytes, and then no more.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let bytes = buffer.len().min(self.0);
        self.0 -= bytes;
        if bytes == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn nothing_follows_a_message_that_was_cut_short() {
    let mut writer = FrameWriter::new(Full(3), spec("u8,max=10"));
    let refused = writer.write(&[0; 11]).unwrap_err();
    assert!(matches!(refused, WriteError::Encode(_)), "a refused payload breaks nothing: {refused}");
    assert!(matches!(writer.write(b"hello").unwrap_err(), WriteError::Io(_)));
    assert!(matches!(writer.write(b"again").unwrap_err(), WriteError::Broken));
}
