//! What waits for a loop, and what wakes the loop to look at it. The loop's side never waits.
//! Every interleaving of what is here is tried by `tests/interleaved`.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::groups::GroupId;
use crate::handle::PostError;
use crate::measure::Measure;
use crate::net::Wake;
use crate::sync::{AtomicBool, Condvar, Mutex, MutexGuard, Ordering};

/// One loop's mail, as whoever posts sees it: commands and publications in the order posted, the wish to drain, the
/// wish to stop.
pub(crate) struct Mailbox<C> {
    mail: Mutex<Mail<C>>,
    /// There is room again, or there never will be.
    room: Condvar,
    stop: AtomicBool,
    /// Another loop has left a call to this one.
    call_left: AtomicBool,
    waker: Arc<dyn Wake>,
    items_max: usize,
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
    pub(crate) fn into_command(self) -> C {
        match self {
            Item::Command(command) => command,
            _ => unreachable!("what was posted as a command comes back as one"),
        }
    }

    pub(crate) fn into_bytes(self) -> Bytes {
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
    is_closed: bool,
    /// Items that were given back for want of room.
    refused: u64,
    /// Threads that wait for room: where there are none, the loop need not call anybody.
    waiting: usize,
}

impl<C> Mailbox<C> {
    /// Posts an item, unless there is no room or nobody to open it.
    pub(crate) fn put(&self, item: Item<C>) -> Result<(), PostError<Item<C>>> {
        self.put_into(self.lock(), item)
    }

    /// The same, but waits while there is no room.
    pub(crate) fn put_when_room(&self, item: Item<C>) -> Result<(), PostError<Item<C>>> {
        let mut mail = self.lock();
        while mail.items.len() >= self.items_max && !mail.is_closed {
            mail.waiting += 1;
            mail = self.room.wait(mail).unwrap_or_else(PoisonError::into_inner);
            mail.waiting -= 1;
        }
        self.put_into(mail, item)
    }

    fn put_into(&self, mut mail: MutexGuard<'_, Mail<C>>, item: Item<C>) -> Result<(), PostError<Item<C>>> {
        if mail.is_closed {
            return Err(PostError::Stopped(item));
        }
        if mail.items.len() >= self.items_max {
            mail.refused += 1;
            return Err(PostError::Full(item));
        }
        let is_first = mail.items.is_empty();
        mail.items.push(item);
        drop(mail);
        // Whoever posted the first has woken the loop for all that follow.
        if is_first {
            self.waker.wake();
        }
        Ok(())
    }

    /// Asks the loop to drain.
    pub(crate) fn drain(&self, deadline: Duration) {
        self.lock().drain = Some(deadline);
        self.waker.wake();
    }

    /// Asks the loop to stop at once.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Tells the loop that a call is left to it.
    pub(crate) fn leave_call(&self) {
        self.call_left.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// No code of ours panics with the lock held, so a poisoned mailbox is still whole.
    fn lock(&self) -> MutexGuard<'_, Mail<C>> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The loop's own end of its mailbox. When that is gone, however the loop came to its end, nothing can be posted.
pub(crate) struct Inbox<C>(Arc<Mailbox<C>>);

impl<C> Inbox<C> {
    /// A mailbox for so many items, whose mail is announced by `waker`.
    pub(crate) fn new(waker: Arc<dyn Wake>, items_max: usize) -> Inbox<C> {
        let mail = Mail { items: Vec::new(), drain: None, is_closed: false, refused: 0, waiting: 0 };
        let (mail, room) = (Mutex::new(mail), Condvar::new());
        let (stop, call_left) = (AtomicBool::new(false), AtomicBool::new(false));
        // A mailbox without any room would be waited for without end.
        Inbox(Arc::new(Mailbox { mail, room, stop, call_left, waker, items_max: items_max.max(1) }))
    }

    /// The side that others post to.
    pub(crate) fn mailbox(&self) -> Arc<Mailbox<C>> {
        Arc::clone(&self.0)
    }

    /// Whether somebody asked to stop at once.
    pub(crate) fn is_stopping(&self) -> bool {
        self.0.stop.load(Ordering::Acquire)
    }

    /// Whether a call was left to this loop; once for each time.
    pub(crate) fn takes_call_left(&self) -> bool {
        // Mostly there is none, and to see that costs less than to change it.
        self.0.call_left.load(Ordering::Acquire) && self.0.call_left.swap(false, Ordering::AcqRel)
    }

    /// Empties the mailbox: what was posted goes into `items`, the wish to drain is returned.
    pub(crate) fn open(&self, items: &mut Vec<Item<C>>) -> Option<Duration> {
        let mut mail = self.0.lock();
        std::mem::swap(&mut mail.items, items);
        let drain = mail.drain.take();
        let is_awaited = mail.waiting > 0;
        drop(mail);
        if is_awaited {
            self.0.room.notify_all();
        }
        drain
    }

    /// How many items were given back for want of room.
    pub(crate) fn refused(&self) -> u64 {
        self.0.lock().refused
    }

    /// Refuses all further mail, and drops what lies there.
    pub(crate) fn close(&self) {
        let mut mail = self.0.lock();
        mail.is_closed = true;
        let unopened = std::mem::take(&mut mail.items);
        drop(mail);
        self.0.room.notify_all();
        // Without the lock: a command may hold a handle of this very loop, and use it as it goes.
        drop(unopened);
    }
}

impl<C> Drop for Inbox<C> {
    fn drop(&mut self) {
        self.close();
    }
}
