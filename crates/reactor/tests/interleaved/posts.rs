//! The mailbox and its waker: what is posted is heard, who asks to stop is obeyed, who waits for room goes on.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::Duration;

use loom::sync::{Condvar, Mutex};
use loom::thread;

use crate::handle::{Handle, PostError};
use crate::mailbox::{Inbox, Item};
use crate::net::Wake;
use crate::{in_every_order, in_most_orders};

/// What ends a poll, as an eventfd does it: a wake that comes before the poll ends the next one.
#[derive(Default)]
pub(crate) struct Bell {
    is_rung: Mutex<bool>,
    rung: Condvar,
    /// A planted mistake: a ring that comes before the poll is forgotten.
    is_deaf: bool,
}

impl Wake for Bell {
    fn wake(&self) {
        *self.is_rung.lock().unwrap() = true;
        self.rung.notify_one();
    }
}

impl Bell {
    /// Whether it was rung, without waiting.
    pub(crate) fn has_rung(&self) -> bool {
        std::mem::take(&mut *self.is_rung.lock().unwrap())
    }

    /// A poll in which nothing else happens.
    pub(crate) fn poll(&self) {
        let mut is_rung = self.is_rung.lock().unwrap();
        *is_rung &= !self.is_deaf;
        while !*is_rung {
            is_rung = self.rung.wait(is_rung).unwrap();
        }
        *is_rung = false;
    }
}

/// The part of a loop that deals with its mail.
struct Loop {
    /// Not dropped by itself: where loom finds a fault it unwinds, and closing locks.
    inbox: ManuallyDrop<Inbox<u32>>,
    bell: Arc<Bell>,
    heard: Vec<u32>,
    drains: usize,
    slip: Slip,
}

/// A mistake in the order of a turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slip {
    None,
    /// The mail is looked at before the poll that says whether there is any.
    OpensBeforeItPolls,
    /// What is posted while the loop ends is neither heard nor refused.
    LeavesTheDoorOpen,
}

impl Loop {
    fn new(items_max: usize) -> Loop {
        Loop::with(items_max, Bell::default(), Slip::None)
    }

    fn with(items_max: usize, bell: Bell, slip: Slip) -> Loop {
        let bell = Arc::new(bell);
        let inbox = Inbox::new(Arc::clone(&bell) as Arc<dyn Wake>, items_max);
        Loop { inbox: ManuallyDrop::new(inbox), bell, heard: Vec::new(), drains: 0, slip }
    }

    fn handle(&self) -> Handle<u32> {
        Handle::new(self.inbox.mailbox())
    }

    /// What `Reactor::turn` does with its mailbox, in its order.
    fn turn(&mut self) {
        if self.slip == Slip::OpensBeforeItPolls {
            self.open();
        }
        if !self.inbox.is_stopping() {
            self.bell.poll();
        }
        if self.slip != Slip::OpensBeforeItPolls {
            self.open();
        }
    }

    fn open(&mut self) {
        let mut items = Vec::new();
        self.drains += usize::from(self.inbox.open(&mut items).is_some());
        self.heard.extend(items.into_iter().map(Item::into_command));
    }

    /// Turns until so many commands have been heard.
    fn hear(&mut self, commands: usize) {
        while self.heard.len() < commands {
            self.turn();
        }
    }

    /// Turns until it is told to stop.
    fn run(mut self) -> Vec<u32> {
        while !self.inbox.is_stopping() {
            self.turn();
        }
        if self.slip != Slip::LeavesTheDoorOpen {
            self.inbox.close();
        }
        std::mem::take(&mut self.heard)
    }
}

/// Starts a thread that posts these numbers.
fn posting(handle: Handle<u32>, numbers: &'static [u32]) -> thread::JoinHandle<()> {
    thread::spawn(move || numbers.iter().for_each(|number| handle.post(*number).unwrap()))
}

/// Two threads post what is given; the loop must hear all of it.
fn posted_is_heard(mut it: Loop, first: &'static [u32], second: &'static [u32]) {
    let posters = [posting(it.handle(), first), posting(it.handle(), second)];
    it.hear(first.len() + second.len());
    for poster in posters {
        poster.join().unwrap();
    }
    for posted in [first, second] {
        let heard: Vec<u32> = it.heard.iter().copied().filter(|number| posted.contains(number)).collect();
        assert_eq!(heard, posted, "in the order in which they were posted");
    }
}

#[test]
fn every_command_is_heard_whenever_it_comes() {
    in_every_order(|| posted_is_heard(Loop::new(9), &[1], &[10]));
}

#[test]
fn the_commands_of_one_thread_are_heard_in_their_order() {
    in_most_orders(|| posted_is_heard(Loop::new(9), &[1, 2], &[10, 11]));
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_waker_that_forgets_is_found() {
    in_every_order(|| {
        let deaf = Bell { is_deaf: true, ..Bell::default() };
        posted_is_heard(Loop::with(9, deaf, Slip::None), &[1], &[10]);
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_loop_that_opens_its_mail_before_it_polls_is_found() {
    in_every_order(|| posted_is_heard(Loop::with(9, Bell::default(), Slip::OpensBeforeItPolls), &[1], &[10]));
}

#[test]
fn a_burst_of_commands_wakes_the_loop_once() {
    in_every_order(|| {
        let it = Loop::new(9);
        let handle = it.handle();
        (0..5).for_each(|number| handle.post(number).unwrap());
        it.bell.poll();
        assert!(!*it.bell.is_rung.lock().unwrap());
        it.inbox.open(&mut Vec::new());
        handle.post(5).unwrap();
        assert!(*it.bell.is_rung.lock().unwrap(), "the next one is the first again");
    });
}

#[test]
fn the_mailbox_takes_its_limit_and_not_one_more() {
    in_every_order(|| {
        let it = Loop::new(2);
        let handle = it.handle();
        assert!(handle.post(1).is_ok() && handle.post(2).is_ok());
        assert!(matches!(handle.post(3), Err(PostError::Full(3))));
        it.inbox.open(&mut Vec::new());
        assert!(handle.post(3).is_ok());
    });
}

/// A loop is told to stop while somebody posts.
fn stopped_while_posting(posted: &'static [u32]) {
    let it = Loop::new(9);
    let (stopper, handle) = (it.handle(), it.handle());
    let stopping = thread::spawn(move || stopper.shutdown());
    let posting = thread::spawn({
        let handle = handle.clone();
        move || posted.iter().take_while(|number| handle.post(**number).is_ok()).count()
    });
    let heard = it.run();
    stopping.join().unwrap();
    let taken = posting.join().unwrap();
    // What was taken and not come to is dropped; what was refused is not heard, and nothing out of order.
    assert!(posted[..taken].starts_with(&heard), "{heard:?} of {taken}");
    assert!(matches!(handle.post(7), Err(PostError::Stopped(7))), "the loop has ended");
}

#[test]
fn a_shutdown_ends_the_loop_whenever_it_comes() {
    in_every_order(|| stopped_while_posting(&[1]));
    in_most_orders(|| stopped_while_posting(&[1, 2, 3]));
}

#[test]
fn a_handle_that_outlives_its_loop_keeps_nothing_for_it() {
    in_every_order(|| {
        let held = Arc::new(());
        let inbox = Inbox::new(Arc::new(Bell::default()), 9);
        let handle = Handle::new(inbox.mailbox());
        let posting = thread::spawn({
            let (handle, held) = (handle.clone(), Arc::clone(&held));
            move || drop(handle.post(held))
        });
        drop(inbox);
        posting.join().unwrap();
        assert_eq!(Arc::strong_count(&held), 1, "taken or refused, it is gone");
        drop(handle);
    });
}

#[test]
fn a_wish_to_drain_is_heard() {
    in_every_order(|| {
        let mut it = Loop::new(9);
        let (drainer, poster) = (it.handle(), posting(it.handle(), &[1]));
        let draining = thread::spawn(move || drainer.drain(Duration::ZERO));
        while it.drains == 0 || it.heard.is_empty() {
            it.turn();
        }
        draining.join().unwrap();
        poster.join().unwrap();
    });
}

/// Starts a thread that posts these numbers, waiting for room.
fn insisting(handle: Handle<u32>, numbers: &'static [u32]) -> thread::JoinHandle<bool> {
    thread::spawn(move || numbers.iter().all(|number| handle.post_blocking(*number).is_ok()))
}

/// Two threads post what is given to a mailbox with room for one.
fn insisted_is_heard(first: &'static [u32], second: &'static [u32]) {
    let mut it = Loop::new(1);
    let posters = [insisting(it.handle(), first), insisting(it.handle(), second)];
    it.hear(first.len() + second.len());
    assert!(posters.map(|poster| poster.join().unwrap()) == [true, true]);
    for posted in [first, second] {
        let heard: Vec<u32> = it.heard.iter().copied().filter(|number| posted.contains(number)).collect();
        assert_eq!(heard, posted);
    }
}

#[test]
fn who_waits_for_room_goes_on_when_there_is_some() {
    in_every_order(|| insisted_is_heard(&[1, 2], &[]));
    in_every_order(|| insisted_is_heard(&[1], &[10]));
    in_most_orders(|| insisted_is_heard(&[1, 2], &[10, 11]));
}

#[test]
fn who_waits_for_room_is_sent_home_when_the_loop_ends() {
    in_every_order(|| {
        let it = Loop::new(1);
        let posters = [insisting(it.handle(), &[1, 2]), insisting(it.handle(), &[10])];
        it.handle().shutdown();
        it.run();
        // Whether they were all taken depends; that they return does not.
        let _ = posters.map(|poster| poster.join().unwrap());
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_loop_that_ends_without_a_word_is_found() {
    in_every_order(|| {
        let it = Loop::with(1, Bell::default(), Slip::LeavesTheDoorOpen);
        let inbox_kept = it.inbox.mailbox();
        let poster = insisting(it.handle(), &[1, 2]);
        it.handle().shutdown();
        poster.join().unwrap();
        drop(inbox_kept);
    });
}
