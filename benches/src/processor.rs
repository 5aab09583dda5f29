//! How much of a processor something took. What the clock on the wall says depends on whoever else is running. Whose time
//! is asked for, and divided by what, is left to the programs.

use std::io;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;
use rustix::thread::gettid;
use rustix::time::{ClockId, clock_gettime};

/// Of the calling thread, so far.
pub fn of_this_thread() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().expect("a thread's time is not negative")
}

/// A process or a thread whose time can be asked for from elsewhere.
#[derive(Clone, Debug)]
pub struct Meter {
    stat: String,
}

impl Meter {
    /// Of the calling thread.
    pub fn of_this_thread() -> Meter {
        Meter { stat: format!("/proc/self/task/{}/stat", gettid()) }
    }

    /// Of another process.
    pub fn of_process(id: u32) -> Meter {
        Meter { stat: format!("/proc/{id}/stat") }
    }

    /// So far, user and system together, in steps of a kernel's tick (10 ms).
    pub fn read(&self) -> io::Result<Duration> {
        let text = std::fs::read_to_string(&self.stat)?;
        // A name in parentheses may hold anything; the times are the 12th and 13th words behind it.
        let (_, words) = text.rsplit_once(") ").ok_or(io::ErrorKind::InvalidData)?;
        let ticks =
            words.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().map_err(io::Error::other));
        let ticks = ticks.sum::<io::Result<u64>>()?;
        Ok(Duration::from_secs(ticks) / u32::try_from(clock_ticks_per_second()).map_err(io::Error::other)?)
    }
}
