//! What is said beside the messages, on its way out: a bounded queue, and the thread that writes it.
//!
//! Whoever speaks never waits for whoever reads, so that a stderr that nobody reads stops no server; what finds no
//! room is counted instead. The thread is there only while there is something to write, and a moment longer: a process
//! that has but one pays less for each call of the kernel, and servers say little. Leaves what is said, and how it
//! looks, to `cli::notes`.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Where lines end up.
pub(super) type Sink = Arc<Mutex<dyn Write + Send>>;

/// Queues a line on the process's backlog. On a machine without a thread to spare it stays there until the next one.
pub(super) fn say(sink: &Sink, line: String, keep: Keep) {
    if BACKLOG.push(sink, line, keep) == Writer::Wanted {
        start_writer();
    }
}

/// Waits until all that was said is written, or the patience is over. Not for a loop: without a thread to spare it is
/// written here if it is sure not to wait, and else lost.
pub(super) fn flush(patience: Duration) {
    if BACKLOG.claim() == Writer::Wanted && !start_writer() {
        if stderr_takes_a_page() && BACKLOG.state().bytes <= PAGE_BYTES {
            BACKLOG.write_on(Duration::ZERO);
        }
        return;
    }
    BACKLOG.flush(patience);
}

/// A pipe that poll(2) calls writable has room for that much.
fn stderr_takes_a_page() -> bool {
    let stderr = io::stderr();
    let mut polled = [PollFd::new(&stderr, PollFlags::OUT)];
    poll(&mut polled, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// Says whether there is one.
fn start_writer() -> bool {
    let writer = thread::Builder::new().name("notes".into()).spawn(|| BACKLOG.write_on(LINGER));
    if writer.is_err() {
        BACKLOG.give_up();
    }
    writer.is_ok()
}

/// What to do with a line that finds no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Take it all the same: a line that is said once in a program's life.
    Always,
    /// Drop and count it.
    IfRoom,
}

/// Whether somebody writes what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    Present,
    /// Whoever is told so, sees to it that somebody does.
    Wanted,
}

/// Lines on their way.
struct Backlog {
    state: Mutex<State>,
    changed: Condvar,
    bytes_max: usize,
}

struct State {
    waiting: VecDeque<Entry>,
    /// Of the lines that wait.
    bytes: usize,
    writer: Writer,
    /// It has taken lines, and is not through with them.
    is_writing: bool,
}

struct Entry {
    sink: Sink,
    said: Said,
}

enum Said {
    Line(String),
    /// So many lines were said here, and there was no room.
    Dropped(u64),
}

impl Backlog {
    const fn new(bytes_max: usize) -> Self {
        let state = State { waiting: VecDeque::new(), bytes: 0, writer: Writer::Wanted, is_writing: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), bytes_max }
    }

    fn push(&self, sink: &Sink, line: String, keep: Keep) -> Writer {
        let mut state = self.state();
        if keep == Keep::Always || state.bytes + line.len() <= self.bytes_max {
            state.bytes += line.len();
            state.waiting.push_back(Entry { sink: Arc::clone(sink), said: Said::Line(line) });
        } else if let Some(Entry { said: Said::Dropped(lines), .. }) = state.waiting.back_mut() {
            *lines += 1;
        } else {
            // Takes room itself, but there is one at most for each line that found some.
            state.waiting.push_back(Entry { sink: Arc::clone(sink), said: Said::Dropped(1) });
        }
        self.changed.notify_all();
        mem::replace(&mut state.writer, Writer::Present)
    }

    /// Whether a writer is missed by something that waits. Whoever is told so is to see to it.
    fn claim(&self) -> Writer {
        let mut state = self.state();
        if state.waiting.is_empty() {
            return Writer::Present;
        }
        mem::replace(&mut state.writer, Writer::Present)
    }

    /// Whoever was to see to it could not.
    fn give_up(&self) {
        self.state().writer = Writer::Wanted;
    }

    /// Writes until nothing has been said for so long.
    fn write_on(&self, linger: Duration) {
        while let Some(batch) = self.take(linger) {
            write_batch(batch);
            self.state().is_writing = false;
            self.changed.notify_all();
        }
    }

    /// Everything that waits, as soon as something does. If nothing does for so long, the writer has leave to go.
    fn take(&self, patience: Duration) -> Option<VecDeque<Entry>> {
        let is_idle = |state: &mut State| state.waiting.is_empty();
        let waited = self.changed.wait_timeout_while(self.state(), patience, is_idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.waiting.is_empty() {
            state.writer = Writer::Wanted;
            return None;
        }
        state.bytes = 0;
        state.is_writing = true;
        Some(mem::take(&mut state.waiting))
    }

    fn flush(&self, patience: Duration) {
        let is_pending = |state: &mut State| state.is_writing || !state.waiting.is_empty();
        // Late or not, there is nothing more to be done.
        drop(self.changed.wait_timeout_while(self.state(), patience, is_pending));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Said {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Line(line) => line.into(),
            Self::Dropped(1) => "(1 note was dropped: nobody read it)\n".into(),
            Self::Dropped(lines) => format!("({lines} notes were dropped: nobody read them)\n").into(),
        }
    }
}

/// Lines for the same place leave in one write.
fn write_batch(batch: VecDeque<Entry>) {
    let mut batch = batch.into_iter().peekable();
    while let Some(Entry { sink, said }) = batch.next() {
        let mut lines = said.text().into_owned();
        while let Some(next) = batch.next_if(|next| Arc::ptr_eq(&next.sink, &sink)) {
            lines.push_str(&next.said.text());
        }
        write_out(&sink, &lines);
    }
}

/// Writes at once. A stderr that is gone takes no complaint about it either.
pub(super) fn write_out(sink: &Sink, lines: &str) {
    let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = sink.write_all(lines.as_bytes()).and_then(|()| sink.flush());
}

/// One for the process, so that what is said in several places comes in the order in which it was said.
static BACKLOG: Backlog = Backlog::new(BYTES_MAX);

/// Some thousand lines: more than is said at once to somebody who reads.
const BYTES_MAX: usize = 256 * 1024;

/// Of the smallest page of memory there is.
const PAGE_BYTES: usize = 4 * 1024;

/// So that a flood of notes costs ten threads a second at most, and not one for each line.
const LINGER: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::kept::Kept;

    fn sink() -> (Sink, Kept) {
        let kept = Kept::default();
        (Arc::new(Mutex::new(kept.clone())), kept)
    }

    #[test]
    fn a_line_of_the_limit_is_kept_and_what_exceeds_it_is_counted() {
        let (sink, written) = sink();
        let backlog = Backlog::new(4);
        for line in ["abc\n", "x\n", "y\n"] {
            backlog.push(&sink, line.to_owned(), Keep::IfRoom);
        }
        backlog.push(&sink, "must\n".to_owned(), Keep::Always);
        backlog.push(&sink, "z\n".to_owned(), Keep::IfRoom);
        write_batch(backlog.take(Duration::ZERO).unwrap());
        assert_eq!(
            written.text(),
            "abc\n(2 notes were dropped: nobody read them)\nmust\n(1 note was dropped: nobody read it)\n"
        );
        backlog.push(&sink, "room\n".to_owned(), Keep::Always);
        assert_eq!(backlog.state().waiting.len(), 1);
    }

    #[test]
    fn places_are_written_to_in_the_order_in_which_lines_were_said() {
        let (one, written) = sink();
        let other: Sink = Arc::new(Mutex::new(written.clone()));
        let backlog = Backlog::new(100);
        for (sink, line) in [(&one, "a\n"), (&one, "b\n"), (&other, "c\n"), (&one, "d\n")] {
            backlog.push(sink, line.to_owned(), Keep::IfRoom);
        }
        write_batch(backlog.take(Duration::ZERO).unwrap());
        assert_eq!(written.text(), "a\nb\nc\nd\n");
    }

    #[test]
    fn a_flush_waits_for_the_line_that_is_being_written() {
        let (sink, written) = sink();
        let backlog: &'static Backlog = Box::leak(Box::new(Backlog::new(100)));
        thread::spawn(|| backlog.write_on(Duration::from_secs(10)));
        backlog.push(&sink, "said\n".to_owned(), Keep::IfRoom);
        backlog.flush(Duration::from_secs(10));
        assert_eq!(written.text(), "said\n");
    }

    #[test]
    fn a_writer_that_has_left_is_wanted_again_and_once_only() {
        let (sink, written) = sink();
        let backlog = Backlog::new(100);
        let say = |line: &str| backlog.push(&sink, line.to_owned(), Keep::IfRoom);
        for round in ["first\n", "again\n"] {
            assert_eq!((say(round), say(round)), (Writer::Wanted, Writer::Present));
            backlog.write_on(Duration::ZERO);
        }
        assert_eq!(written.text(), "first\nfirst\nagain\nagain\n");
    }

    #[test]
    fn what_is_said_while_no_writer_can_be_had_is_kept_for_the_next() {
        let (sink, written) = sink();
        let backlog = Backlog::new(100);
        assert_eq!(backlog.claim(), Writer::Present, "there is nothing to write");
        for line in ["first\n", "second\n"] {
            assert_eq!(backlog.push(&sink, line.to_owned(), Keep::IfRoom), Writer::Wanted);
            backlog.give_up();
        }
        assert_eq!((backlog.claim(), backlog.claim()), (Writer::Wanted, Writer::Present));
        backlog.write_on(Duration::ZERO);
        assert_eq!(written.text(), "first\nsecond\n");
    }

    #[test]
    fn a_flush_of_what_nobody_takes_ends() {
        let (sink, written) = sink();
        let backlog = Backlog::new(100);
        backlog.push(&sink, "said\n".to_owned(), Keep::IfRoom);
        backlog.flush(Duration::ZERO);
        assert_eq!(written.text(), "");
    }
}
