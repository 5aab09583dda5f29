//! What another process of ours has in its memory at this moment, searched for secrets that should not be there any
//! more. Reading it is a matter of files, `/proc/PID/maps` and `/proc/PID/mem`. What is a secret is left to the tests.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

/// All that the process could have written to, as it was when it was looked at.
pub struct Memory {
    regions: Vec<Region>,
}

struct Region {
    bytes: Vec<u8>,
    is_stack: bool,
}

/// Where something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// On the stack that the process named: overwritten by whatever is called next.
    Stack,
    /// On the heap or in a static.
    Heap,
}

impl Memory {
    /// Of a process that holds still, one of whose stacks may be at `stack_address`; nothing where the system does not
    /// let us look.
    pub fn of(process_id: u32, stack_address: Option<u64>) -> Option<Memory> {
        let maps = std::fs::read_to_string(format!("/proc/{process_id}/maps")).ok()?;
        let memory = File::open(format!("/proc/{process_id}/mem")).ok()?;
        let regions: Vec<Region> = maps
            .lines()
            .filter_map(writable)
            .filter_map(|(from, to)| {
                let mut bytes = vec![0; usize::try_from(to - from).ok()?];
                memory.read_exact_at(&mut bytes, from).ok()?;
                Some(Region {
                    bytes: used(&bytes).to_vec(),
                    is_stack: stack_address.is_some_and(|at| (from..to).contains(&at)),
                })
            })
            .collect();
        (!regions.is_empty()).then_some(Memory { regions })
    }

    /// Every place in which these bytes stand.
    pub fn find(&self, sought: &[u8]) -> Vec<Found> {
        let place = |region: &Region| if region.is_stack { Found::Stack } else { Found::Heap };
        let holding = self.regions.iter().filter(|region| holds(&region.bytes, sought));
        holding.map(place).collect()
    }
}

/// The range of a line of `maps`, if it may be written to.
fn writable(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split(' ');
    let (from, to) = words.next()?.split_once('-')?;
    let address = |digits| u64::from_str_radix(digits, 16).ok();
    if words.next()?.starts_with("rw") { Some((address(from)?, address(to)?)) } else { None }
}

/// Most of a stack was never touched.
fn used(bytes: &[u8]) -> &[u8] {
    let is_used = |byte: &u8| *byte != 0;
    let Some(first) = bytes.iter().position(is_used) else { return &[] };
    let last = bytes.iter().rposition(is_used).unwrap_or(first);
    &bytes[first..=last]
}

/// Compares only where the first byte stands.
fn holds(bytes: &[u8], sought: &[u8]) -> bool {
    let Some((first, _)) = sought.split_first() else { return false };
    let mut begins = bytes.iter().enumerate().filter(|(_, byte)| *byte == first);
    begins.any(|(at, _)| bytes[at..].starts_with(sought))
}
