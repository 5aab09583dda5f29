//! What a process has cost so far, as Linux tells in `/proc`.

use std::fs;
use std::io;

/// Another process on this machine.
pub struct Process(pub u32);

impl Process {
    /// Nanoseconds that its threads have had a processor.
    pub fn processor_ns(&self) -> io::Result<u64> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.0))?;
        threads.map(|thread| first_number(&fs::read_to_string(thread?.path().join("schedstat"))?)).sum()
    }

    /// Bytes of memory that it holds.
    pub fn resident_bytes(&self) -> io::Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.0))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Rss:"));
        Ok(first_number(line.unwrap_or_default())? * 1024)
    }
}

fn first_number(text: &str) -> io::Result<u64> {
    text.split_whitespace().next().and_then(|word| word.parse().ok()).ok_or(io::ErrorKind::InvalidData.into())
}
