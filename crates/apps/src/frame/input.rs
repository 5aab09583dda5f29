//! The bytes themselves: standard input, a file or a live endpoint, read in the same way. How each of them may end is
//! told apart here, as half a message is the file's fault in one of them, and nobody's in another.
//!
//! Leaves which of them was meant to `source`, and connections to `live`.

use std::fs::File;
use std::io::{self, Read, StdinLock};
use std::path::Path;

use anyhow::Context;

use super::live::Live;
use crate::cli::exit::{Blame, Failure, Fault, Result};

/// An open input. When it has been read to its end, or to an error, [`Input::conclude`] says what that means.
pub(super) struct Input(Kind);

enum Kind {
    Stdin(StdinLock<'static>),
    File(File),
    Live(Box<Live>),
}

/// How a live endpoint came to its end, if it did.
#[derive(Debug)]
pub(super) enum Ended {
    /// The peer ended its side.
    ByPeer,
    /// We were told to leave, or had been there for as long as we were to.
    ByUs,
    /// It was lost.
    Lost(Failure),
}

impl Input {
    pub(super) fn of_stdin() -> Self {
        Self(Kind::Stdin(io::stdin().lock()))
    }

    pub(super) fn of_file(path: &Path) -> Result<Self> {
        let context = || format!("{} cannot be read", path.display());
        Ok(Self(Kind::File(File::open(path).with_context(context).blame(Fault::Other)?)))
    }

    pub(super) fn of_live(live: Live) -> Self {
        Self(Kind::Live(Box::new(live)))
    }

    pub(super) fn is_live(&self) -> bool {
        matches!(self.0, Kind::Live(_))
    }

    /// Whose fault it is if the bytes end inside a message: what never came over a connection may come over the next.
    pub(super) fn fault_of_cut(&self) -> Fault {
        if self.is_live() { Fault::Connection } else { Fault::Protocol }
    }

    /// How it ended, if it is a live endpoint that has come to its end.
    pub(super) fn ended(&mut self) -> Option<Ended> {
        match &mut self.0 {
            Kind::Live(live) => live.ended(),
            _ => None,
        }
    }

    /// What came of reading it. Where a connection was lost, that is the reason for whatever went wrong; and if we left
    /// it, nothing did.
    pub(super) fn conclude(mut self, outcome: Result<()>) -> Result<()> {
        match self.ended() {
            Some(Ended::Lost(failure)) => Err(failure),
            Some(Ended::ByUs) => Ok(()),
            Some(Ended::ByPeer) | None => outcome,
        }
    }
}

/// A live endpoint gives an error where a message may be half there and is not to be judged.
impl Read for Input {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Stdin(stdin) => stdin.read(room),
            Kind::File(file) => file.read(room),
            Kind::Live(live) => live.read(room),
        }
    }
}
