//! Frames over `std::io`: a reader and a writer that block, and what can go wrong with them. For an event loop,
//! use the borrowed decoder on the loop's own buffer.

mod reader;
mod writer;

use core::error::Error;
use core::fmt::{self, Display, Formatter};
use std::io;

pub use self::reader::FrameReader;
pub use self::writer::FrameWriter;
use crate::error::{EncodeError, FrameError};

/// Why no message could be read.
#[derive(Debug)]
pub enum ReadError {
    /// The source failed. A timeout or `WouldBlock` loses nothing: call again.
    Io(io::Error),
    /// The peer sent what is no message, or stopped inside one.
    Frame(FrameError),
}

impl Display for ReadError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io(error) => error.fmt(f),
            ReadError::Frame(error) => error.fmt(f),
        }
    }
}

impl Error for ReadError {
    /// What the error within stands on: itself it is said already.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ReadError::Io(error) => error.source(),
            ReadError::Frame(error) => error.source(),
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> ReadError {
        ReadError::Io(error)
    }
}

impl From<FrameError> for ReadError {
    fn from(error: FrameError) -> ReadError {
        ReadError::Frame(error)
    }
}

/// Why no message could be written.
#[derive(Debug)]
pub enum WriteError {
    /// The sink failed. The frame may have gone out in part.
    Io(io::Error),
    /// The payload is no message of this spec. Nothing went out; the next message can.
    Encode(EncodeError),
    /// An earlier frame went out in part, so whatever followed would be read as the rest of it.
    Broken,
}

impl Display for WriteError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::Io(error) => error.fmt(f),
            WriteError::Encode(error) => error.fmt(f),
            WriteError::Broken => {
                f.write_str("an earlier message was cut short, so the stream is of no more use")
            }
        }
    }
}

impl Error for WriteError {
    /// What the error within stands on: itself it is said already.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            WriteError::Io(error) => error.source(),
            WriteError::Encode(error) => error.source(),
            WriteError::Broken => None,
        }
    }
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> WriteError {
        WriteError::Io(error)
    }
}

impl From<EncodeError> for WriteError {
    fn from(error: EncodeError) -> WriteError {
        WriteError::Encode(error)
    }
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> io::Error {
        match error {
            ReadError::Io(error) => error,
            ReadError::Frame(error @ FrameError::Truncated { .. }) => {
                io::Error::new(io::ErrorKind::UnexpectedEof, error)
            }
            ReadError::Frame(error) => io::Error::new(io::ErrorKind::InvalidData, error),
        }
    }
}

impl From<WriteError> for io::Error {
    fn from(error: WriteError) -> io::Error {
        match error {
            WriteError::Io(error) => error,
            WriteError::Encode(error) => io::Error::new(io::ErrorKind::InvalidInput, error),
            error @ WriteError::Broken => io::Error::new(io::ErrorKind::BrokenPipe, error),
        }
    }
}
