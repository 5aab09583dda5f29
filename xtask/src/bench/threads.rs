//! How long each thread of a process has had a processor, as Linux tells in `/proc`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The threads of a process, as they stood.
pub(super) struct Threads {
    folder: PathBuf,
    before: HashMap<PathBuf, f64>,
}

impl Threads {
    pub(super) fn of(pid: u32) -> Threads {
        let folder = PathBuf::from(format!("/proc/{pid}/task"));
        Threads { before: times(&folder), folder }
    }

    /// Nanoseconds that the busiest one has had since.
    pub(super) fn busiest_since(&self) -> f64 {
        let since = |(thread, time): (PathBuf, f64)| time - self.before.get(&thread).copied().unwrap_or(0.0);
        times(&self.folder).into_iter().map(since).fold(0.0, f64::max)
    }
}

/// Of a process that is gone: none.
fn times(folder: &Path) -> HashMap<PathBuf, f64> {
    let threads = fs::read_dir(folder).into_iter().flatten().flatten();
    threads.filter_map(|thread| Some((thread.path(), time(&thread.path())?))).collect()
}

fn time(thread: &Path) -> Option<f64> {
    let text = fs::read_to_string(thread.join("schedstat")).ok()?;
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn work_shows_in_the_thread_that_did_it() {
        let threads = Threads::of(std::process::id());
        let mut state = 1_u64;
        while threads.busiest_since() < 1e7 {
            state = std::hint::black_box(state.wrapping_mul(3));
        }
        assert!(Threads::of(u32::MAX).before.is_empty());
    }
}
