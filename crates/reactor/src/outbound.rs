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
}

/// Parts of one vectored write: more gain nothing, as a part is mostly a whole flush.
pub(crate) const PARTS_MAX: usize = 16;

impl Outbound {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.bytes)
    }

    /// Since when the peer has taken nothing, if something waits for it.
    pub(crate) fn stalled_since(&self) -> Option<Time> {
        self.0.as_ref().map(|queue| queue.stalled_since)
    }

    pub(crate) fn push(&mut self, chunk: Bytes, now: Time) {
        if chunk.is_empty() {
            return;
        }
        let queue = self
            .0
            .get_or_insert_with(|| Box::new(Queue { chunks: VecDeque::new(), bytes: 0, stalled_since: now }));
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
        while let Some(front) = queue.chunks.front_mut() {
            if taken < front.len() {
                front.advance(taken);
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
