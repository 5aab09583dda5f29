//! What stands in for `signals` without the feature of that name: signals that nobody can catch.

use std::io;

use mio::{Registry, Token};

use crate::signal::Signal;

/// Caught signals. There are none without the crate's feature `signals`.
#[derive(Debug)]
pub enum Signals {}

impl Signals {
    pub(crate) fn watch(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn next(&mut self) -> Option<Signal> {
        match *self {}
    }
}
