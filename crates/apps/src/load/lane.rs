//! One connection's messages, or one socket's: which were sent, which came back, and what is wrong with those that did
//! not come back as they were sent, once and at their turn. Streams are `ordered`, datagrams `unordered`.

use std::time::Duration;

use reactor::Time;

use super::content::{Content, LaneId, Name};

/// What is on its way on one connection.
pub(super) trait Lane {
    /// For so many messages in flight.
    fn new(id: LaneId, depth: usize) -> Self;

    /// Messages that are waited for.
    fn in_flight(&self) -> usize;

    /// Messages that are not waited for any more, and have not come.
    fn lost(&self) -> u64;

    /// The next message is sent, and waited for from `since` on. Never more than the depth are.
    fn send(&mut self, since: Time) -> Name;

    /// The serial of the message that is to come next; with datagrams, of the first that is waited for.
    fn expected(&self) -> Name;

    /// A message came back.
    fn hear(&mut self, content: &Content, message: &[u8]) -> Heard;

    /// Waits no longer for what should have come before. Streams say nothing for long and lose nothing: they wait.
    fn expire(&mut self, _timeout: Duration, _now: Time) {}
}

/// What to make of a message that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It is one that is waited for, since then.
    Well(Time),
    /// It is one that was given up before.
    Reordered,
    /// It had come already.
    Duplicated,
    /// It belongs to another connection.
    Strayed,
    /// It is none that was ever sent.
    Altered,
}
