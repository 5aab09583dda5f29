//! Frames over `std::io`: a reader and a writer that block, and what can go wrong with them. For an event loop,
//! use the borrowed decoder on the loop's own buffer.

mod reader;
mod writer;

use std::io;

use thiserror::Error;

pub use self::reader::FrameReader;
pub use self::writer::FrameWriter;
use crate::error::{EncodeError, FrameError};

/// Why no message could be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The source failed. A timeout or `WouldBlock` loses nothing: call again.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The peer sent what is no message, or stopped inside one.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// Why no message could be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The sink failed. The frame may have gone out in part.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The payload is no message of this spec. Nothing went out; the next message can.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// An earlier frame went out in part, so whatever followed would be read as the rest of it.
    #[error("an earlier message was cut short, so the stream is of no more use")]
    Broken,
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
