//! Standard input as events: a thread reads line by line and hands each to a callback, but only as
//! many as it was given credit for.
//!
//! Without credit nothing is read, so what is typed into a pipe while nobody listens stays in the pipe
//! and the writer is slowed down. Leaves line editing on a terminal to `cli::terminal`.

use std::io::{self, Read};
use std::sync::mpsc;
use std::thread;

use super::lines::{Ending, LineError, LineReader};

/// What came from the input. Nothing follows `End` or `Failed`.
#[derive(Debug)]
pub enum Input {
    /// A line without its newline; on a pipe any bytes.
    Line(Vec<u8>),
    /// The input has ended (on a terminal: Ctrl-D).
    End,
    /// The input cannot be read further.
    Failed(LineError),
}

/// How many lines may be read. The thread ends when all clones are gone and the credit is used up.
#[derive(Clone, Debug)]
pub struct Credit(mpsc::Sender<usize>);

impl Credit {
    /// Allows that many lines more. The end of the input takes one as well.
    pub fn grant(&self, lines: usize) {
        // A pump that has delivered its end is gone, and has no use for credit.
        let _ = self.0.send(lines);
    }
}

/// Starts reading lines from standard input; nothing is read before credit is granted.
pub fn pump(deliver: impl FnMut(Input) + Send + 'static) -> io::Result<Credit> {
    pump_from(io::stdin(), deliver)
}

/// The same from anything that can be read.
pub fn pump_from(
    input: impl Read + Send + 'static,
    deliver: impl FnMut(Input) + Send + 'static,
) -> io::Result<Credit> {
    let mut lines = LineReader::new(input, Ending::Newline);
    spawn_metered(move || next_input(&mut lines), deliver)
}

/// Runs `next` and `deliver` in turn on a thread of their own, each time against one credit.
pub(super) fn spawn_metered(
    mut next: impl FnMut() -> Input + Send + 'static,
    mut deliver: impl FnMut(Input) + Send + 'static,
) -> io::Result<Credit> {
    let (credit, granted) = mpsc::channel();
    let meter = move || {
        let mut left: usize = 0;
        loop {
            while left == 0 {
                let Ok(lines) = granted.recv() else { return };
                left = left.saturating_add(lines);
            }
            left -= 1;
            let input = next();
            let is_last = !matches!(input, Input::Line(_));
            deliver(input);
            if is_last {
                return;
            }
        }
    };
    thread::Builder::new().name("stdin".into()).spawn(meter)?;
    Ok(Credit(credit))
}

fn next_input(lines: &mut LineReader<impl Read>) -> Input {
    match lines.next_line() {
        Ok(Some(line)) => Input::Line(line.to_vec()),
        Ok(None) => Input::End,
        Err(error) => Input::Failed(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
    use std::time::Duration;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(10);

    /// A pump over `input`, and what it delivers.
    fn pumped(input: impl Read + Send + 'static) -> (Credit, Receiver<Input>) {
        let (deliver, delivered) = channel();
        let credit = pump_from(input, move |input| deliver.send(input).unwrap()).unwrap();
        (credit, delivered)
    }

    fn line(delivered: &Receiver<Input>) -> Vec<u8> {
        match delivered.recv_timeout(DEADLINE) {
            Ok(Input::Line(line)) => line,
            other => panic!("not a line: {other:?}"),
        }
    }

    /// Says on a channel that somebody began to read it, then ends.
    struct Tattler(mpsc::Sender<()>);

    impl Read for Tattler {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.0.send(()).unwrap();
            Ok(0)
        }
    }

    #[test]
    fn lines_come_one_for_each_credit() {
        let (credit, delivered) = pumped(&b"one\ntwo\nthree"[..]);
        credit.grant(2);
        assert_eq!(line(&delivered), b"one");
        assert_eq!(line(&delivered), b"two");

        credit.grant(2);
        assert_eq!(line(&delivered), b"three");
        assert!(matches!(delivered.recv_timeout(DEADLINE), Ok(Input::End)));
    }

    #[test]
    fn nothing_is_read_before_credit_is_granted() {
        let (began, reading) = channel();
        let (credit, delivered) = pumped(Tattler(began));
        // The pump's only way past this point is a grant; had it read already, this would say so.
        assert!(reading.try_recv().is_err());
        credit.grant(1);
        reading.recv_timeout(DEADLINE).unwrap();
        assert!(matches!(delivered.recv_timeout(DEADLINE), Ok(Input::End)));
    }

    #[test]
    fn unlimited_credit_may_be_granted_twice() {
        let (credit, delivered) = pumped(&b"a\nb\n"[..]);
        credit.grant(usize::MAX);
        credit.grant(usize::MAX);
        assert_eq!((line(&delivered), line(&delivered)), (b"a".to_vec(), b"b".to_vec()));
    }

    #[test]
    fn the_pump_ends_when_its_credit_is_dropped() {
        let (credit, delivered) = pumped(io::repeat(b'\n'));
        drop(credit);
        // The callback, and with it the sending end, goes with the thread.
        assert!(matches!(delivered.recv_timeout(DEADLINE), Err(RecvTimeoutError::Disconnected)));
    }
}
