//! The queue of bytes that the kernel would not take yet, for one peer. A connection without such bytes has no
//! queue at all. Writing is left to the turn.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

use crate::time::Time;

/// Bytes waiting for one peer, in order. `None` inside is the usual case and costs one pointer.
#[derive(Debug, Default)]
pub(crate) struct Outbound(Option<Box<Queue>>);

#[derive(Debug)]
struct Queue {
    chunks: VecDeque<Bytes>,
    /// Sum of the chunks' lengths.
    bytes: usize,
    /// Since when the peer has taken nothing.
    stalled_since: Time,
    /// Since when more than the hard mark waits; `NEVER` while it does not.
    over_since: Time,
    /// Part of the first chunk has left: the rest must follow.
    is_begun: bool,
}

/// Parts of one vectored write: more gain nothing, as a part is mostly a whole flush.
pub(crate) const PARTS_MAX: usize = 16;

/// An entry in a ring that may be half empty, and what the allocator adds to a short piece of memory.
pub(crate) const SEND_COST: usize = 96;

impl Queue {
    fn held(&self) -> usize {
        self.bytes + (self.chunks.len() - 1) * SEND_COST
    }
}

impl Outbound {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.bytes)
    }

    /// What keeping all of it takes, beyond a constant: the bytes, and [`SEND_COST`] for every send behind the first.
    pub(crate) fn held(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.held())
    }

    /// The same with so many bytes more.
    pub(crate) fn held_with(&self, bytes: usize) -> usize {
        let before = self.0.as_ref().map_or(0, |queue| queue.held() + SEND_COST);
        before.saturating_add(bytes)
    }

    /// Since when the peer has taken nothing, if something waits for it.
    pub(crate) fn stalled_since(&self) -> Option<Time> {
        self.0.as_ref().map(|queue| queue.stalled_since)
    }

    pub(crate) fn push(&mut self, chunk: Bytes, now: Time) {
        if chunk.is_empty() {
            return;
        }
        let queue = self.0.get_or_insert_with(|| {
            Box::new(Queue {
                chunks: VecDeque::new(),
                bytes: 0,
                stalled_since: now,
                over_since: Time::NEVER,
                is_begun: false,
            })
        });
        queue.bytes += chunk.len();
        queue.chunks.push_back(chunk);
        self.check_invariants();
    }

    /// The first parts, for one write; the number of them that are filled.
    pub(crate) fn parts<'a>(&'a self, parts: &mut [IoSlice<'a>; PARTS_MAX]) -> usize {
        let Some(queue) = &self.0 else { return 0 };
        let mut filled = 0;
        for (part, chunk) in parts.iter_mut().zip(&queue.chunks) {
            *part = IoSlice::new(chunk);
            filled += 1;
        }
        filled
    }

    /// The kernel took so many bytes of the front.
    pub(crate) fn advance(&mut self, mut taken: usize, now: Time) {
        let Some(queue) = &mut self.0 else { return };
        debug_assert!(taken <= queue.bytes, "the kernel takes only what it was given");
        queue.bytes -= taken;
        queue.stalled_since = now;
        queue.is_begun = false;
        while let Some(front) = queue.chunks.front_mut() {
            if taken < front.len() {
                front.advance(taken);
                queue.is_begun = true;
                break;
            }
            taken -= front.len();
            queue.chunks.pop_front();
        }
        if queue.chunks.is_empty() {
            self.0 = None;
        }
        self.check_invariants();
    }

    /// Marks the first chunk as the rest of something that has begun to leave.
    pub(crate) fn begin(&mut self) {
        if let Some(queue) = &mut self.0 {
            queue.is_begun = true;
        }
    }

    /// Since when more than the hard mark waits, if it does.
    pub(crate) fn over_since(&self) -> Option<Time> {
        self.0.as_ref().map(|queue| queue.over_since).filter(|since| *since != Time::NEVER)
    }

    /// More than the hard mark waits, from now on at the latest.
    pub(crate) fn note_over(&mut self, now: Time) {
        if let Some(queue) = &mut self.0 {
            queue.over_since = queue.over_since.min(now);
        }
    }

    /// The peer has come down to the low mark.
    pub(crate) fn note_relieved(&mut self) {
        if let Some(queue) = &mut self.0 {
            queue.over_since = Time::NEVER;
        }
    }

    /// Drops the oldest chunks that have not begun to leave until at most so much is held, or only one is left; gives how
    /// many were dropped, and their bytes.
    pub(crate) fn drop_oldest(&mut self, held_max: usize) -> (u64, usize) {
        let Some(queue) = &mut self.0 else { return (0, 0) };
        let (mut chunks, mut bytes) = (0, 0);
        let first = usize::from(queue.is_begun);
        while queue.held() > held_max && queue.chunks.len() > first + 1 {
            let Some(dropped) = queue.chunks.remove(first) else { break };
            queue.bytes -= dropped.len();
            bytes += dropped.len();
            chunks += 1;
        }
        self.check_invariants();
        (chunks, bytes)
    }

    /// Drops everything that waits; gives how many bytes it was.
    pub(crate) fn clear(&mut self) -> usize {
        self.0.take().map_or(0, |queue| queue.bytes)
    }

    fn check_invariants(&self) {
        if let Some(queue) = &self.0 {
            debug_assert!(!queue.chunks.is_empty(), "an empty queue is no queue");
            debug_assert!(queue.chunks.iter().all(|chunk| !chunk.is_empty()));
            debug_assert_eq!(queue.bytes, queue.chunks.iter().map(Bytes::len).sum::<usize>());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first_but_never_what_has_begun_to_leave() {
        let mut out = Outbound::default();
        for chunk in [&b"begun"[..], b"old", b"newer", b"newest"] {
            out.push(Bytes::copy_from_slice(chunk), Time::ZERO);
        }
        out.advance(2, Time::ZERO);
        assert_eq!(out.drop_oldest(14 + 2 * SEND_COST), (1, 3));
        assert_eq!(out.drop_oldest(0), (1, 5), "the newest is kept, whatever the limit");
        let mut parts = [IoSlice::new(b""); PARTS_MAX];
        assert_eq!(out.parts(&mut parts), 2);
        assert_eq!((&*parts[0], &*parts[1]), (&b"gun"[..], &b"newest"[..]));
    }

    #[test]
    fn bytes_leave_in_order_across_chunks_and_the_queue_goes_with_the_last() {
        let mut out = Outbound::default();
        out.push(Bytes::from_static(b"abc"), Time::ZERO);
        out.push(Bytes::new(), Time::ZERO);
        out.push(Bytes::from_static(b"de"), Time::ZERO);
        out.advance(4, Time::from_nanos(7));
        let mut parts = [IoSlice::new(b""); PARTS_MAX];
        assert_eq!(out.parts(&mut parts), 1);
        assert_eq!(&*parts[0], b"e");
        assert_eq!((out.bytes(), out.stalled_since()), (1, Some(Time::from_nanos(7))));
        out.advance(1, Time::ZERO);
        assert!(out.is_empty());
        assert_eq!(size_of::<Outbound>(), size_of::<usize>());
    }
}
