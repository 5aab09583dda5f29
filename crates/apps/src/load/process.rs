//! What a process costs, as Linux tells in `/proc`: the time its threads had a processor, and its resident memory.
//! When to look is left to the run.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;

/// A process that is looked at from time to time.
#[derive(Debug)]
pub(super) struct Process {
    folder: PathBuf,
    /// The time of each thread that was ever seen, to the nanosecond: what one took that is gone by now still counts.
    threads_ns: BTreeMap<u64, u64>,
}

impl Process {
    /// The process of this id, if it can be looked at.
    pub(super) fn new(pid: u32) -> io::Result<Process> {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let mut process = Process { folder, threads_ns: BTreeMap::new() };
        process.cpu()?;
        Ok(process)
    }

    /// The time that its threads had a processor, all together. Those that came and went between two looks show only in
    /// the sum that the system keeps, which has coarser steps and is never ahead.
    pub(super) fn cpu(&mut self) -> io::Result<Duration> {
        Ok(self.cpu_of_threads_seen()?.max(self.cpu_in_ticks()?))
    }

    fn cpu_of_threads_seen(&mut self) -> io::Result<Duration> {
        for thread in fs::read_dir(self.folder.join("task"))? {
            let thread = thread?;
            let Some(id) = thread.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // One that has ended meanwhile keeps what it had.
            if let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) {
                self.threads_ns.insert(id, first_number(&text)?);
            }
        }
        Ok(Duration::from_nanos(self.threads_ns.values().sum()))
    }

    /// In steps of the system's tick, mostly 10 ms.
    fn cpu_in_ticks(&self) -> io::Result<Duration> {
        let text = fs::read_to_string(self.folder.join("stat"))?;
        let ticks = ticks(&text).ok_or_else(unclear)?;
        let per_second = u32::try_from(clock_ticks_per_second()).map_err(|_| unclear())?;
        Ok(Duration::from_secs(ticks) / per_second)
    }

    /// The bytes of memory that it holds.
    pub(super) fn resident_bytes(&self) -> io::Result<u64> {
        // Counted page by page; `statm` may be off by a quarter of a megabyte for each processor.
        let text = fs::read_to_string(self.folder.join("smaps_rollup"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Rss:")).ok_or_else(unclear)?;
        Ok(first_number(line)? * 1024)
    }
}

/// User and system time in the text of `stat`: the 12th and the 13th word behind a name in parentheses, which may hold
/// anything. See `proc(5)`.
fn ticks(stat: &str) -> Option<u64> {
    let (_, words) = stat.rsplit_once(") ")?;
    let mut words = words.split(' ').skip(11);
    Some(words.next()?.parse::<u64>().ok()? + words.next()?.parse::<u64>().ok()?)
}

fn first_number(text: &str) -> io::Result<u64> {
    text.split_whitespace().next().and_then(|word| word.parse().ok()).ok_or_else(unclear)
}

fn unclear() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "/proc says something else than it used to")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::hint::black_box;
    use std::time::Instant;

    use rustix::time::{ClockId, clock_gettime};

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(10);

    fn ourselves() -> Process {
        Process::new(std::process::id()).expect("we can look at ourselves")
    }

    #[test]
    fn work_of_any_thread_shows_also_when_the_thread_is_gone() {
        let mut process = ourselves();
        let before = process.cpu().unwrap();
        let (finished, finish) = std::sync::mpsc::channel::<()>();
        let work = std::thread::spawn(move || {
            let began = Instant::now();
            while finish.try_recv().is_err() && began.elapsed() < DEADLINE {
                black_box((0..1_000).sum::<u64>());
            }
        });
        let began = Instant::now();
        while process.cpu().unwrap() < before + Duration::from_millis(30) {
            assert!(began.elapsed() < DEADLINE, "nothing to be seen of it");
            std::thread::yield_now();
        }
        finished.send(()).unwrap();
        work.join().unwrap();
        assert!(process.cpu().unwrap() >= before + Duration::from_millis(30));
    }

    #[test]
    fn work_of_a_thread_that_nobody_ever_saw_shows_too() {
        const WORK: Duration = Duration::from_millis(300);
        let taken = |clock| Duration::try_from(clock_gettime(clock)).expect("no time is negative");
        let worker = std::thread::spawn(move || {
            while taken(ClockId::ThreadCPUTime) < WORK {
                black_box((0..1_000).sum::<u64>());
            }
        });
        worker.join().unwrap();
        let all = taken(ClockId::ProcessCPUTime);
        let seen = ourselves().cpu().unwrap();
        assert!(seen + WORK / 2 > all, "{seen:?} of {all:?}");
    }

    #[test]
    fn times_are_found_behind_whatever_a_program_is_called() {
        let stat = "7 (a) R (b) S 1 7 7 0 -1 4194304 100 0 0 0 40 2 9 9 20 0 1 0 5 6 7";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!((ticks("7 (a) S 1"), ticks("")), (None, None));
    }

    #[test]
    fn memory_that_is_used_shows() {
        const BYTES: usize = 32 << 20;
        let process = ourselves();
        let before = process.resident_bytes().unwrap();
        let used = black_box(vec![1_u8; BYTES]);
        let grown = process.resident_bytes().unwrap().saturating_sub(before);
        assert!(grown >= BYTES as u64 / 2, "{grown} bytes for {}", used.len());
    }

    #[test]
    fn nobody_cannot_be_looked_at() {
        assert_eq!(Process::new(u32::MAX).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
