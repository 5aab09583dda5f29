//! Messages into a sink that blocks. What goes around a payload is `encode`'s business.

use std::io::{self, ErrorKind, IoSlice, Write};

use super::WriteError;
use crate::spec::FrameSpec;

/// Writes messages into a sink, each with one vectored write if the sink takes it all at once.
///
/// The payload is never copied. Many small messages want a `BufWriter` in between, and a [`flush`](Self::flush).
///
/// ```
/// use switchboard_framing::{FrameSpec, FrameWriter};
///
/// let mut writer = FrameWriter::new(Vec::new(), "u16be".parse::<FrameSpec>()?);
/// writer.write(b"hello")?;
/// assert_eq!(writer.into_sink(), b"\x00\x05hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FrameWriter<W> {
    sink: W,
    spec: FrameSpec,
    health: Health,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    /// Between two frames.
    Whole,
    /// Inside a frame that was cut short.
    Broken,
}

impl<W: Write> FrameWriter<W> {
    /// Writes messages of `spec` into `sink`.
    pub fn new(sink: W, spec: FrameSpec) -> FrameWriter<W> {
        FrameWriter { sink, spec, health: Health::Whole }
    }

    /// Writes one message. Blocks as the sink does; a sink that does not block breaks the stream when it is full.
    pub fn write(&mut self, payload: &[u8]) -> Result<(), WriteError> {
        if self.health == Health::Broken {
            return Err(WriteError::Broken);
        }
        let envelope = self.spec.envelope(payload)?;
        let mut parts = [envelope.header(), payload, envelope.trailer()].map(IoSlice::new);
        self.health = Health::Broken;
        write_all_vectored(&mut self.sink, &mut parts)?;
        self.health = Health::Whole;
        Ok(())
    }

    /// Sends on what the sink holds back.
    pub fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

impl<W> FrameWriter<W> {
    /// The sink.
    pub fn sink(&self) -> &W {
        &self.sink
    }

    /// The sink, e.g. to set a timeout.
    pub fn sink_mut(&mut self) -> &mut W {
        &mut self.sink
    }

    /// Gives the sink back.
    pub fn into_sink(self) -> W {
        self.sink
    }
}

/// Goes on after short writes and signals. (The one in `std` is not stable.)
fn write_all_vectored(sink: &mut impl Write, mut parts: &mut [IoSlice<'_>]) -> io::Result<()> {
    // Empty parts at the front go first, or nothing to write would look like a sink that takes nothing.
    IoSlice::advance_slices(&mut parts, 0);
    while !parts.is_empty() {
        match sink.write_vectored(parts) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(bytes) => IoSlice::advance_slices(&mut parts, bytes),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
