//! Records on stdout: blocks of text or JSON objects, each ended by a newline or a NUL. A record is written at once.
//!
//! Leaves what stands in them to `show` and `guess`.

use std::io::{self, Write};

use serde::Serialize;

use crate::cli::colour::Colour;
use crate::cli::lines::Ending;
use crate::cli::output::{Format, OutputError, json_line};

/// The writer of records.
pub(super) struct Records {
    sink: Box<dyn Write + Send>,
    pub(super) format: Format,
    pub(super) colour: Colour,
    ending: Ending,
}

impl Records {
    pub(super) fn stdout(format: Format, ending: Ending) -> Self {
        Self { colour: Colour::stdout(), ..Self::over(io::stdout(), format, ending) }
    }

    /// Records to any writer, without colour.
    pub(super) fn over(sink: impl Write + Send + 'static, format: Format, ending: Ending) -> Self {
        Self { sink: Box::new(sink), format, colour: Colour::Off, ending }
    }

    /// Writes lines as one record.
    pub(super) fn text(&mut self, lines: &str) -> Result<(), OutputError> {
        let mut record = lines.trim_end_matches('\n').as_bytes().to_vec();
        record.push(self.ending.byte());
        Ok(self.sink.write_all(&record).and_then(|()| self.sink.flush())?)
    }

    /// Writes an object as one record.
    pub(super) fn object(&mut self, body: &impl Serialize) -> Result<(), OutputError> {
        self.text(&json_line(body)?)
    }
}
