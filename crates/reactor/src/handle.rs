//! The only door into a loop from outside. What waits behind it is the `mailbox`'s.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::groups::GroupId;
use crate::mailbox::{Answer, Item, Mailbox};
use crate::measure::Measure;
use crate::net::Wake;

/// A way to reach a running loop from any thread. Clones reach the same loop.
pub struct Handle<C>(Arc<Mailbox<C>>);

impl<C> Handle<C> {
    pub(crate) fn new(mailbox: Arc<Mailbox<C>>) -> Handle<C> {
        Handle(mailbox)
    }

    /// Hands a command to [`Handler::command`](crate::Handler::command), in the order posted. Never waits.
    ///
    /// # Errors
    /// Gives the command back when the loop has stopped, or when
    /// [`commands_max`](crate::Limits::commands_max) are waiting. A command that the loop took but did not come to
    /// before it stopped is dropped.
    pub fn post(&self, command: C) -> Result<(), PostError<C>> {
        self.0.put(Item::Command(command)).map_err(|error| error.map(Item::into_command))
    }

    /// The same, but waits for room. For threads that may wait: the loop's own thread would wait for itself.
    ///
    /// # Errors
    /// Gives the command back when the loop has stopped, also while waiting.
    pub fn post_blocking(&self, command: C) -> Result<(), PostError<C>> {
        self.0.put_when_room(Item::Command(command)).map_err(|error| error.map(Item::into_command))
    }

    /// Sends bytes to every member of a group on this loop, and only there.
    ///
    /// # Errors
    /// Gives the bytes back when the loop has stopped, or when too much is waiting.
    pub(crate) fn publish_here(&self, group: GroupId, bytes: Bytes) -> Result<(), PostError<Bytes>> {
        self.0.put(Item::Publish(group, bytes)).map_err(|error| error.map(Item::into_bytes))
    }

    /// Asks how the loop is: what it and its handler have counted is given to `answer`, on the loop's thread, in one
    /// of its next turns. A loop that does not turn does not answer.
    ///
    /// # Errors
    /// When the loop has stopped, or when too much is waiting: there will be no answer.
    pub fn measure(&self, answer: impl FnOnce(Vec<Measure>) + Send + 'static) -> Result<(), PostError<()>> {
        self.0.put(Item::Measure(Answer(Box::new(answer)))).map_err(|error| error.map(drop))
    }

    /// Stops the loop at once, whatever it is doing: between two events, not after the whole turn.
    pub fn shutdown(&self) {
        self.0.stop();
    }

    /// Closes listeners and connections gracefully; the loop stops when all are gone, or at the deadline.
    pub fn drain(&self, deadline: Duration) {
        self.0.drain(deadline);
    }
}

/// Rung by another loop that leaves a call to this one.
pub(crate) struct Bell<C>(pub(crate) Handle<C>);

impl<C: Send> Wake for Bell<C> {
    fn wake(&self) {
        self.0.0.leave_call();
    }
}

impl<C> Clone for Handle<C> {
    fn clone(&self) -> Handle<C> {
        Handle(Arc::clone(&self.0))
    }
}

impl<C> fmt::Debug for Handle<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// A command that was not taken, given back.
#[derive(Debug)]
pub enum PostError<C> {
    /// The loop has stopped.
    Stopped(C),
    /// As many commands are waiting as may: [`commands_max`](crate::Limits::commands_max).
    Full(C),
}

impl<C> PostError<C> {
    fn map<D>(self, give_back: impl FnOnce(C) -> D) -> PostError<D> {
        match self {
            PostError::Stopped(item) => PostError::Stopped(give_back(item)),
            PostError::Full(item) => PostError::Full(give_back(item)),
        }
    }
}

impl<C> fmt::Display for PostError<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PostError::Stopped(_) => "the loop has stopped",
            PostError::Full(_) => "as many commands are waiting for the loop as may",
        })
    }
}

impl<C: fmt::Debug> std::error::Error for PostError<C> {}
