//! Lines to frames. Streams: a frame leaves before the next line is waited for.

use std::io::{Read, Write};

use anyhow::Context;
use framing::FrameSpec;

use crate::cli::exit::{Blame, Fault, Result};
use crate::cli::lines::{LineError, LineReader};
use crate::cli::output::OutputError;

/// Writes each line as a frame. A line that the framing cannot carry ends it, after the frames before.
pub(super) fn pack(mut lines: LineReader<impl Read>, spec: &FrameSpec, mut sink: impl Write) -> Result<()> {
    let mut frames = Vec::with_capacity(FLUSH_BYTES);
    let mut number = 0;
    let ended = loop {
        number += 1;
        match pack_next(&mut lines, spec, &mut frames, number) {
            Ok(Step::Packed) => {}
            Ok(Step::End) => break Ok(()),
            Err(failure) => break Err(failure),
        }
        if lines.is_drained() || frames.len() >= FLUSH_BYTES {
            write_out(&mut frames, &mut sink)?;
        }
    };
    write_out(&mut frames, &mut sink)?;
    ended
}

enum Step {
    Packed,
    End,
}

fn pack_next(
    lines: &mut LineReader<impl Read>,
    spec: &FrameSpec,
    frames: &mut Vec<u8>,
    number: u64,
) -> Result<Step> {
    let place = || format!("line {number}");
    let line = match lines.next_line() {
        Ok(Some(line)) => line,
        Ok(None) => return Ok(Step::End),
        Err(error @ LineError::TooLong { .. }) => {
            return Err(error).with_context(place).blame(Fault::Protocol);
        }
        Err(error) => return Err(error.into()),
    };
    spec.encode(line, frames).with_context(place).blame(Fault::Protocol)?;
    Ok(Step::Packed)
}

fn write_out(frames: &mut Vec<u8>, sink: &mut impl Write) -> Result<(), OutputError> {
    sink.write_all(frames)?;
    sink.flush()?;
    frames.clear();
    Ok(())
}

/// Enough for the cost of a write to vanish beside that of its bytes.
const FLUSH_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind};

    use super::*;
    use crate::cli::lines::Ending;

    fn packed(input: &[u8], spec: &str) -> (Vec<u8>, Result<()>) {
        let mut frames = Vec::new();
        let ended = pack(LineReader::new(input, Ending::Newline), &spec.parse().unwrap(), &mut frames);
        (frames, ended)
    }

    #[test]
    fn each_line_becomes_a_frame_and_an_empty_line_an_empty_one() {
        let (frames, ended) = packed(b"hi\n\nthere", "u16be");
        assert_eq!(frames, b"\x00\x02hi\x00\x00\x00\x05there");
        ended.unwrap();
    }

    #[test]
    fn a_line_that_does_not_fit_is_named_after_the_frames_before_it() {
        let (frames, ended) = packed(b"hi\n123456\nlost\n", "u8,max=5");
        assert_eq!(frames, b"\x02hi");
        let failure = ended.unwrap_err();
        assert_eq!(failure.fault(), Fault::Protocol);
        assert_eq!(failure.message(), "line 2: a payload of 6 bytes is over the limit of 5");
    }

    /// Gives one line a read, and fails the test if the frame of the one before has not left by then.
    struct Watched<'a> {
        lines: Vec<&'static [u8]>,
        written: &'a std::cell::RefCell<Vec<u8>>,
        expected: usize,
    }

    impl Read for Watched<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            assert_eq!(self.written.borrow().len(), self.expected, "a frame waits for the next line");
            let Some(line) = self.lines.pop() else { return Ok(0) };
            room[..line.len()].copy_from_slice(line);
            self.expected += line.len(); // one byte of header instead of the newline
            Ok(line.len())
        }
    }

    struct Into<'a>(&'a std::cell::RefCell<Vec<u8>>);

    impl Write for Into<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_frame_leaves_before_the_next_line_is_waited_for() {
        let written = std::cell::RefCell::default();
        let input = Watched { lines: vec![b"two\n", b"one\n"], written: &written, expected: 0 };
        pack(LineReader::new(input, Ending::Newline), &"u8".parse().unwrap(), Into(&written)).unwrap();
        assert_eq!(*written.borrow(), b"\x03one\x03two");
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_sink_ends_it_as_a_closed_stdout_does() {
        let lines = LineReader::new(io::repeat(b'\n'), Ending::Newline);
        let failure = pack(lines, &"u8".parse().unwrap(), Closed).unwrap_err();
        assert_eq!(failure.message(), OutputError::Closed.to_string());
    }
}
