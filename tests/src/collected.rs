//! What a process prints, collected on a thread so that it never blocks on a full pipe.
//! Which lines matter is left to `program`.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// One output of a process: all of it so far.
#[derive(Clone, Default)]
pub(crate) struct Collected {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    /// Bytes of the lines that a wait has seen: the next wait begins after them.
    seen: usize,
    is_closed: bool,
}

/// Why a wait ended without its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missed {
    /// The output ended.
    Closed,
    /// The deadline passed.
    Late,
}

impl Collected {
    /// Starts to collect until the end of `source`.
    pub(crate) fn of(source: impl Read + Send + 'static) -> Collected {
        let collected = Collected::default();
        let ours = collected.clone();
        std::thread::spawn(move || ours.collect(source));
        collected
    }

    /// Of an output that goes elsewhere: it is at its end.
    pub(crate) fn nothing() -> Collected {
        let collected = Collected::default();
        collected.state().is_closed = true;
        collected
    }

    fn collect(&self, mut source: impl Read) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = source.read(&mut buffer) {
            self.state().bytes.extend_from_slice(&buffer[..count]);
            self.shared.changed.notify_all();
        }
        self.state().is_closed = true;
        self.shared.changed.notify_all();
    }

    /// The next line that `is_wanted`, without its newline; lines before it are passed over.
    pub(crate) fn next_line(
        &self,
        is_wanted: impl Fn(&str) -> bool,
        deadline: Instant,
    ) -> Result<String, Missed> {
        self.wait(deadline, |state| {
            while let Some(line) = state.take_line() {
                if is_wanted(&line) {
                    return Some(Ok(line));
                }
            }
            state.is_closed.then_some(Err(Missed::Closed))
        })
        .unwrap_or(Err(Missed::Late))
    }

    /// Waits for the end; false when the deadline came first.
    pub(crate) fn is_closed_by(&self, deadline: Instant) -> bool {
        self.wait(deadline, |state| state.is_closed.then_some(())).is_some()
    }

    /// Everything so far; what is no UTF-8 is replaced.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.state().bytes).into_owned()
    }

    /// Everything so far, as it came. Of a huge output, mostly one huge message, the beginning and the end.
    pub(crate) fn ends(&self) -> Vec<u8> {
        let bytes = &self.state().bytes;
        match bytes.len().checked_sub(2 * END_BYTES) {
            None | Some(0) => bytes.clone(),
            Some(_) => [&bytes[..END_BYTES], &bytes[bytes.len() - END_BYTES..]].concat(),
        }
    }

    fn wait<T>(&self, deadline: Instant, look: impl Fn(&mut State) -> Option<T>) -> Option<T> {
        let mut state = self.state();
        loop {
            if let Some(found) = look(&mut state) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            let woken = self.shared.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A test that failed while it held the lock is reported on its own.
    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The next whole line, or what is left when the output has ended.
    fn take_line(&mut self) -> Option<String> {
        let rest = &self.bytes[self.seen..];
        let (line_bytes, taken) = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end, end + 1),
            None if self.is_closed && !rest.is_empty() => (rest.len(), rest.len()),
            None => return None,
        };
        let line = String::from_utf8_lossy(&rest[..line_bytes]).into_owned();
        self.seen += taken;
        Some(line)
    }
}

/// More than a program says of its own.
const END_BYTES: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn a_wait_begins_after_the_line_of_the_last_one() {
        let collected = Collected::of(&b"one\ntwo\none\nrest"[..]);
        assert_eq!(collected.next_line(|line| line == "one", soon()), Ok("one".into()));
        assert_eq!(collected.next_line(|line| line == "one", soon()), Ok("one".into()));
        assert_eq!(collected.next_line(|_| true, soon()), Ok("rest".into()));
        assert_eq!(collected.next_line(|_| true, soon()), Err(Missed::Closed));
        assert_eq!(collected.text(), "one\ntwo\none\nrest");
    }

    #[test]
    fn of_a_huge_output_both_ends_are_kept() {
        let collected = Collected::of(&b"all of it"[..]);
        assert!(collected.is_closed_by(soon()));
        assert_eq!(collected.ends(), b"all of it");

        let huge = [vec![b'a'; END_BYTES], b"between".to_vec(), vec![b'b'; END_BYTES]].concat();
        let collected = Collected::of(std::io::Cursor::new(huge));
        assert!(collected.is_closed_by(soon()));
        assert!(collected.ends() == [vec![b'a'; END_BYTES], vec![b'b'; END_BYTES]].concat());
    }

    #[test]
    fn a_line_that_never_comes_is_late() {
        let (reader, _writer) = std::io::pipe().unwrap();
        let collected = Collected::of(reader);
        assert_eq!(collected.next_line(|_| true, Instant::now()), Err(Missed::Late));
        assert!(!collected.is_closed_by(Instant::now()));
    }
}
