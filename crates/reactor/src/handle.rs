//! The only door into a loop from outside: a mailbox and what wakes the loop to look into it.
//! Opening the mail is left to the turn.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::groups::GroupId;
use crate::measure::Measure;
use crate::net::Wake;

/// A way to reach a running loop from any thread. Clones reach the same loop.
pub struct Handle<C>(Arc<Mailbox<C>>);

impl<C> Handle<C> {
    pub(crate) fn new(mailbox: Arc<Mailbox<C>>) -> Handle<C> {
        Handle(mailbox)
    }

    /// Hands a command to [`Handler::command`](crate::Handler::command), in the order posted.
    ///
    /// # Errors
    /// Gives the command back when the loop has stopped (one that it had taken but not come to by then is dropped), or when [`COMMANDS_MAX`] are waiting.
    pub fn post(&self, command: C) -> Result<(), PostError<C>> {
        self.put(Item::Command(command)).map_err(|error| error.map(Item::into_command))
    }

    /// Sends bytes to every member of a group on this loop, and only there.
    ///
    /// # Errors
    /// Gives the bytes back when the loop has stopped, or when [`COMMANDS_MAX`] items are waiting.
    pub(crate) fn publish_here(&self, group: GroupId, bytes: Bytes) -> Result<(), PostError<Bytes>> {
        self.put(Item::Publish(group, bytes)).map_err(|error| error.map(Item::into_bytes))
    }

    /// Asks how the loop is: what it and its handler have counted is given to `answer`, on the loop's thread, in one
    /// of its next turns. A loop that does not turn does not answer.
    ///
    /// # Errors
    /// When the loop has stopped, or when [`COMMANDS_MAX`] items are waiting: there will be no answer.
    pub fn measure(&self, answer: impl FnOnce(Vec<Measure>) + Send + 'static) -> Result<(), PostError<()>> {
        self.put(Item::Measure(Answer(Box::new(answer)))).map_err(|error| error.map(drop))
    }

    fn put(&self, item: Item<C>) -> Result<(), PostError<Item<C>>> {
        let mut mail = self.0.lock();
        if mail.closed {
            return Err(PostError::Stopped(item));
        }
        if mail.items.len() >= COMMANDS_MAX {
            mail.refused += 1;
            return Err(PostError::Full(item));
        }
        let is_first = mail.items.is_empty();
        mail.items.push(item);
        drop(mail);
        if is_first {
            self.0.waker.wake();
        }
        Ok(())
    }

    /// Stops the loop at once, whatever it is doing: between two events, not after the whole turn.
    pub fn shutdown(&self) {
        self.0.stop.store(true, Ordering::Release);
        self.0.waker.wake();
    }

    /// Closes listeners and connections gracefully; the loop stops when all are gone, or at the deadline.
    pub fn drain(&self, deadline: Duration) {
        self.0.lock().drain = Some(deadline);
        self.0.waker.wake();
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
    /// [`COMMANDS_MAX`] commands are waiting.
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
        match self {
            PostError::Stopped(_) => f.write_str("the loop has stopped"),
            PostError::Full(_) => write!(f, "{COMMANDS_MAX} commands are waiting already"),
        }
    }
}

impl<C: fmt::Debug> std::error::Error for PostError<C> {}

/// Commands that may wait in a mailbox: a loop that is this far behind is not helped by more.
pub const COMMANDS_MAX: usize = 65_536;

/// What waits for the loop.
pub(crate) struct Mailbox<C> {
    mail: Mutex<Mail<C>>,
    stop: AtomicBool,
    waker: Arc<dyn Wake>,
}

/// Something that was posted. One list for all kinds, so that their order is kept.
#[derive(Debug)]
pub(crate) enum Item<C> {
    /// For the handler.
    Command(C),
    /// For the members of a group on this loop.
    Publish(GroupId, Bytes),
    /// For whoever wants to know how the loop is.
    Measure(Answer),
}

/// Who is told how the loop is.
pub(crate) struct Answer(pub(crate) Box<dyn FnOnce(Vec<Measure>) + Send>);

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

impl<C> Item<C> {
    fn into_command(self) -> C {
        match self {
            Item::Command(command) => command,
            _ => unreachable!("what was posted as a command comes back as one"),
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Item::Publish(_, bytes) => bytes,
            _ => unreachable!("what was published comes back as bytes"),
        }
    }
}

/// The contents of a mailbox.
struct Mail<C> {
    items: Vec<Item<C>>,
    drain: Option<Duration>,
    /// Items that were given back for want of room.
    refused: u64,
    closed: bool,
}

impl<C> Mailbox<C> {
    pub(crate) fn new(waker: Arc<dyn Wake>) -> Mailbox<C> {
        let mail = Mail { items: Vec::new(), drain: None, refused: 0, closed: false };
        Mailbox { mail: Mutex::new(mail), stop: AtomicBool::new(false), waker }
    }

    /// Whether somebody asked to stop at once.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Empties the mailbox: what was posted goes into `items`, the wish to drain is returned.
    pub(crate) fn open(&self, items: &mut Vec<Item<C>>) -> Option<Duration> {
        let mut mail = self.lock();
        std::mem::swap(&mut mail.items, items);
        mail.drain.take()
    }

    /// How many items were given back for want of room.
    pub(crate) fn refused(&self) -> u64 {
        self.lock().refused
    }

    /// Refuses all further mail.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    /// No code of ours panics with the lock held, so a poisoned mailbox is still whole.
    fn lock(&self) -> MutexGuard<'_, Mail<C>> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn mailbox() -> (Arc<Counter>, Arc<Mailbox<usize>>) {
        let counter = Arc::new(Counter::default());
        (Arc::clone(&counter), Arc::new(Mailbox::new(counter)))
    }

    #[test]
    fn a_burst_of_commands_wakes_once_and_keeps_its_order() {
        let (wakes, mailbox) = mailbox();
        let handle = Handle::new(Arc::clone(&mailbox));
        for number in 0..10 {
            handle.post(number).unwrap();
        }
        let mut items = Vec::new();
        mailbox.open(&mut items);
        assert_eq!(
            items.into_iter().map(Item::into_command).collect::<Vec<_>>(),
            (0..10).collect::<Vec<_>>()
        );
        assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_stopped_loop_gives_the_command_back() {
        let (_, mailbox) = mailbox();
        mailbox.close();
        assert!(matches!(Handle::new(mailbox).post(7), Err(PostError::Stopped(7))));
    }

    #[test]
    fn the_mailbox_takes_its_limit_and_not_one_more() {
        let (_, mailbox) = mailbox();
        let handle = Handle::new(mailbox);
        for number in 0..COMMANDS_MAX {
            handle.post(number).unwrap();
        }
        assert!(matches!(handle.post(0), Err(PostError::Full(0))));
    }
}
