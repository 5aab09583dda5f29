//! Lines out of a byte stream: bytes of any kind up to a limit, ended by a newline or a NUL.
//!
//! Leaves to the caller who may read when; see `cli::stdin`.

use std::io::{self, BufRead, BufReader, Read};

/// Reads one line at a time. Holds at most one line and one read buffer.
#[derive(Debug)]
pub struct LineReader<R> {
    input: BufReader<R>,
    ending: Ending,
    bytes_max: usize,
    line: Vec<u8>, // the last line given out; reused for the next
}

impl<R: Read> LineReader<R> {
    /// A reader of lines of at most [`LINE_BYTES_MAX`] bytes.
    pub fn new(input: R, ending: Ending) -> Self {
        Self { input: BufReader::new(input), ending, bytes_max: LINE_BYTES_MAX, line: Vec::new() }
    }

    /// Changes how long a line may be, its ending not counted.
    #[must_use]
    pub fn with_bytes_max(self, bytes_max: usize) -> Self {
        Self { bytes_max, ..self }
    }

    /// The next line without its ending, or `None` after the last. A last line may lack its ending.
    pub fn next_line(&mut self) -> Result<Option<&[u8]>, LineError> {
        self.line.clear();
        let bytes_max = self.bytes_max as u64 + 1; // and its ending
        self.input.by_ref().take(bytes_max).read_until(self.ending.byte(), &mut self.line)?;

        if self.line.last() == Some(&self.ending.byte()) {
            self.line.pop();
        } else if self.line.len() > self.bytes_max {
            return Err(LineError::TooLong { limit: self.bytes_max });
        } else if self.line.is_empty() {
            return Ok(None);
        }
        Ok(Some(&self.line))
    }

    /// Whether the next line has to be waited for: the moment to flush what was made of the ones before.
    pub fn is_drained(&self) -> bool {
        !self.input.buffer().contains(&self.ending.byte())
    }
}

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A newline: text.
    Newline,
    /// A NUL: records that may contain newlines, as `find -print0` writes them.
    Nul,
}

impl Ending {
    /// The byte that ends a line.
    pub fn byte(self) -> u8 {
        match self {
            Self::Newline => b'\n',
            Self::Nul => 0,
        }
    }
}

/// Why there is no next line. Nothing more can be read after it.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The line does not end within the limit.
    #[error("a line is longer than {limit} bytes")]
    TooLong {
        /// The most bytes a line may have.
        limit: usize,
    },
    /// The input cannot be read.
    #[error("the input cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// As much as a message may have by default, so that whatever can be sent can be typed.
pub const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], ending: Ending) -> Vec<Vec<u8>> {
        let mut reader = LineReader::new(input, ending);
        std::iter::from_fn(|| reader.next_line().unwrap().map(<[u8]>::to_vec)).collect()
    }

    #[test]
    fn each_line_comes_without_its_ending_and_the_last_may_lack_it() {
        assert_eq!(lines(b"a\n\n\xff\r\nend", Ending::Newline), [&b"a"[..], b"", b"\xff\r", b"end"]);
        assert_eq!(lines(b"a\nb\0c\0", Ending::Nul), [b"a\nb", &b"c"[..]]);
        assert!(lines(b"", Ending::Newline).is_empty());
    }

    #[test]
    fn half_a_line_has_to_be_waited_for() {
        let mut reader = LineReader::new(&b"one\ntwo\nhal"[..], Ending::Newline);
        assert_eq!((reader.next_line().unwrap().map(<[u8]>::len), reader.is_drained()), (Some(3), false));
        assert_eq!((reader.next_line().unwrap().map(<[u8]>::len), reader.is_drained()), (Some(3), true));
    }

    #[test]
    fn a_line_of_the_limit_is_read_and_one_more_byte_refused() {
        let mut reader = LineReader::new(&b"1234\n12345\n"[..], Ending::Newline).with_bytes_max(4);
        assert_eq!(reader.next_line().unwrap(), Some(&b"1234"[..]));
        assert!(matches!(reader.next_line(), Err(LineError::TooLong { limit: 4 })));

        let mut reader = LineReader::new(&b"1234"[..], Ending::Newline).with_bytes_max(4);
        assert_eq!(reader.next_line().unwrap(), Some(&b"1234"[..]));
        assert_eq!(reader.next_line().unwrap(), None);
    }
}
