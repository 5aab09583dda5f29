//! Ctrl-C and SIGTERM: the first asks the program to finish what it has begun, the second to end now.
//!
//! Leaves what finishing means to the program: the reactor's `Handle` has both.

use std::io;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Calls `drain` at the first signal and `end` at the second, on a thread of its own. Later ones are ignored.
pub fn watch(drain: impl FnOnce() + Send + 'static, end: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    thread::Builder::new().name("signals".into()).spawn(move || {
        let mut arrivals = signals.forever();
        answer(&mut arrivals, drain, end);
        // The handlers stay: without them a third Ctrl-C would end a program that is just ending.
    })?;
    Ok(())
}

fn answer(arrivals: &mut impl Iterator<Item = i32>, drain: impl FnOnce(), end: impl FnOnce()) {
    if arrivals.next().is_some() {
        drain();
    }
    if arrivals.next().is_some() {
        end();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn first_signal_drains_and_second_ends() {
        let (said, heard) = channel();
        let say = said.clone();
        watch(move || say.send("drain").unwrap(), move || said.send("end").unwrap()).unwrap();

        for expected in ["drain", "end"] {
            signal_hook::low_level::raise(SIGTERM).unwrap();
            assert_eq!(heard.recv_timeout(Duration::from_secs(10)), Ok(expected));
        }
    }

    #[test]
    fn no_signal_calls_nothing() {
        answer(&mut std::iter::empty(), || panic!("drained"), || panic!("ended"));
    }
}
