//! What can hardly be beaten: a copy of the bytes, the least that a program can do which knows its one framing by
//! heart and trusts its peer, and the fastest search for a newline.

use std::hint::black_box;

use super::Workload;
use crate::contender::Contender;

/// Copies all frames at once.
pub(super) struct Memcpy {
    source: Vec<u8>,
    target: Vec<u8>,
    messages: usize,
}

impl Memcpy {
    pub(super) fn new(workload: &Workload) -> Memcpy {
        let source = workload.stream().to_vec();
        Memcpy { target: vec![0; source.len()], source, messages: workload.messages() }
    }
}

impl Contender for Memcpy {
    fn name(&self) -> &'static str {
        "memcpy"
    }

    fn pass(&mut self) -> usize {
        self.target.copy_from_slice(black_box(&self.source));
        black_box(&mut self.target);
        self.messages
    }
}

/// Reads every length and steps over its message; knows `u32be` only, and no limit.
pub(super) struct ByHand(Vec<u8>);

impl ByHand {
    pub(super) fn new(workload: &Workload) -> ByHand {
        ByHand(workload.stream().to_vec())
    }
}

impl Contender for ByHand {
    fn name(&self) -> &'static str {
        "a loop by hand, u32be only"
    }

    fn pass(&mut self) -> usize {
        let mut rest = &black_box(&self.0)[..];
        let mut messages = 0;
        while let Some((header, behind)) = rest.split_first_chunk() {
            let bytes = u32::from_be_bytes(*header) as usize;
            let Some((payload, behind)) = behind.split_at_checked(bytes) else { break };
            black_box(payload);
            rest = behind;
            messages += 1;
        }
        messages
    }
}

/// The same, but with the length of the message before for as long as it is right: the next header is looked for
/// before this one has come from the cache.
pub(super) struct RepeatingByHand {
    stream: Vec<u8>,
    /// Two fields of one value, so that the compiler does not take the one that was just read for the other.
    compared: u32,
    used: usize,
}

impl RepeatingByHand {
    pub(super) fn new(workload: &Workload) -> RepeatingByHand {
        RepeatingByHand { stream: workload.stream().to_vec(), compared: 0, used: 0 }
    }
}

impl Contender for RepeatingByHand {
    fn name(&self) -> &'static str {
        "by hand, repeating the last length"
    }

    fn pass(&mut self) -> usize {
        let mut rest = &black_box(&self.stream)[..];
        let mut messages = 0;
        while let Some((header, behind)) = rest.split_first_chunk() {
            let bytes = u32::from_be_bytes(*header);
            if bytes != self.compared {
                (self.compared, self.used) = (bytes, bytes as usize);
            }
            let Some((payload, behind)) = behind.split_at_checked(self.used) else { break };
            black_box(payload);
            rest = behind;
            messages += 1;
        }
        messages
    }
}

/// Appends every length and its message; knows `u32be` only, and no limit.
pub(super) struct AppendedByHand {
    payloads: Vec<&'static [u8]>,
    out: Vec<u8>,
}

impl AppendedByHand {
    pub(super) fn new(workload: &Workload) -> AppendedByHand {
        let payloads = workload.payloads();
        AppendedByHand { payloads, out: Vec::with_capacity(workload.stream().len()) }
    }
}

impl Contender for AppendedByHand {
    fn name(&self) -> &'static str {
        "a loop by hand, u32be only"
    }

    fn prepare(&mut self) {
        self.out.clear();
    }

    fn pass(&mut self) -> usize {
        for payload in black_box(&self.payloads) {
            self.out.extend_from_slice(&(payload.len() as u32).to_be_bytes());
            self.out.extend_from_slice(payload);
        }
        black_box(&mut self.out);
        self.payloads.len()
    }
}

/// Writes every length and its message into a slice: no vector that could have to grow.
pub(super) struct FilledByHand {
    payloads: Vec<&'static [u8]>,
    out: Vec<u8>,
}

impl FilledByHand {
    pub(super) fn new(workload: &Workload) -> FilledByHand {
        FilledByHand { payloads: workload.payloads(), out: vec![0; workload.stream().len()] }
    }
}

impl Contender for FilledByHand {
    fn name(&self) -> &'static str {
        "by hand, into a slice"
    }

    fn pass(&mut self) -> usize {
        let mut room = &mut self.out[..];
        for payload in black_box(&self.payloads) {
            let Some((header, behind)) = room.split_first_chunk_mut() else { break };
            let Some((body, behind)) = behind.split_at_mut_checked(payload.len()) else { break };
            *header = (payload.len() as u32).to_be_bytes();
            body.copy_from_slice(payload);
            room = behind;
        }
        black_box(&mut self.out);
        self.payloads.len()
    }
}

/// Finds every newline with the crate `memchr`, without a limit or a state.
pub(super) struct Memchr(Vec<u8>);

impl Memchr {
    pub(super) fn new(workload: &Workload) -> Memchr {
        Memchr(workload.stream().to_vec())
    }
}

impl Contender for Memchr {
    fn name(&self) -> &'static str {
        "memchr, a bare search"
    }

    fn pass(&mut self) -> usize {
        let mut rest = &black_box(&self.0)[..];
        let mut messages = 0;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            black_box(&rest[..end]);
            rest = &rest[end + 1..];
            messages += 1;
        }
        messages
    }
}
