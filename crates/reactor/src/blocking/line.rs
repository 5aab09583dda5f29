//! What lies between the loop and the thread of one call: what was heard, how much is on its way out, and the end.
//! The bytes may as well be whole messages: the line does not look into them.

use std::collections::VecDeque;
use std::sync::PoisonError;

use bytes::Bytes;

use crate::Pressure;
use crate::sync::{Condvar, Mutex, MutexGuard};

/// Heard bytes that wait for the thread before the loop stops reading the call. Enough for a thread to find work
/// when it comes, little enough to wait for by the thousand.
pub const INBOX_BYTES_MAX: usize = 256 * 1024;

/// Sent bytes that the loop has not taken over yet before the thread waits: two reads' worth keeps the loop busy.
pub const OUTSTANDING_BYTES_MAX: usize = 128 * 1024;

/// One call's line. The loop's side never waits, the thread's side does.
#[derive(Debug, Default)]
pub struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    inbox: VecDeque<Bytes>,
    inbox_bytes: usize,
    /// The loop was told to stop reading, and nobody has told it to go on.
    is_paused: bool,
    input_ended: bool,
    outstanding: usize,
    is_pressed: bool,
    /// Why the connection is over, once it is.
    cut: Option<String>,
}

/// Whether the loop may go on reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// There is room.
    Room,
    /// Pause until the thread asks for more.
    Full,
}

/// What the thread has to tell the loop after it took something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// There is room again: resume.
    RoomAgain,
    /// Nothing.
    Nothing,
}

impl Line {
    /// The loop heard something.
    pub fn put(&self, bytes: Bytes) -> Fill {
        let mut state = self.lock();
        state.inbox_bytes += bytes.len();
        state.inbox.push_back(bytes);
        let is_full = state.inbox_bytes >= INBOX_BYTES_MAX;
        state.is_paused |= is_full;
        drop(state);
        self.changed.notify_all();
        if is_full { Fill::Full } else { Fill::Room }
    }

    /// The peer has ended its side.
    pub fn end_input(&self) {
        self.lock().input_ended = true;
        self.changed.notify_all();
    }

    /// The queue towards the peer is full, or has room again.
    pub fn press(&self, pressure: Pressure) {
        self.lock().is_pressed = pressure == Pressure::High;
        self.changed.notify_all();
    }

    /// The loop has taken over so many bytes that the thread sent.
    pub fn handed_over(&self, bytes: usize) {
        let mut state = self.lock();
        state.outstanding = state.outstanding.saturating_sub(bytes);
        drop(state);
        self.changed.notify_all();
    }

    /// The connection is over.
    pub fn cut(&self, why: String) {
        self.lock().cut = Some(why);
        self.changed.notify_all();
    }

    /// Waits for the next bytes; `None` is the peer's end. Says whether the loop should read on.
    ///
    /// # Errors
    /// Why the connection was cut, after everything that was heard before.
    pub fn take(&self) -> Result<(Option<Bytes>, Taken), String> {
        let mut state = self.lock();
        loop {
            if let Some(bytes) = state.inbox.pop_front() {
                state.inbox_bytes -= bytes.len();
                let has_room = state.is_paused && state.inbox_bytes <= INBOX_BYTES_MAX / 2;
                state.is_paused &= !has_room;
                return Ok((Some(bytes), if has_room { Taken::RoomAgain } else { Taken::Nothing }));
            }
            if state.input_ended {
                return Ok((None, Taken::Nothing));
            }
            if let Some(why) = &state.cut {
                return Err(why.clone());
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until so many bytes may be sent, and counts them as sent.
    ///
    /// # Errors
    /// Why the connection was cut.
    pub fn reserve(&self, bytes: usize) -> Result<(), String> {
        let mut state = self.lock();
        loop {
            if let Some(why) = &state.cut {
                return Err(why.clone());
            }
            if !state.is_pressed && state.outstanding < OUTSTANDING_BYTES_MAX {
                state.outstanding += bytes;
                return Ok(());
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// No code of ours panics with the lock held, so a poisoned line is still whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
