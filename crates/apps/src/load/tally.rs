//! What is counted in a run, and how long answers took. Printing it is left to `report`.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::lane::Heard;

/// Counts and latencies: of a second, or of a whole run.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// Messages that came back as they were sent, at their turn or after it.
    pub(super) messages: u64,
    /// Bytes of these, without what frames them.
    pub(super) bytes: u64,
    latencies: Histogram<u64>,
}

/// Messages that did not come back as they should have, by what happened to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Wrong {
    /// They came, but not with the bytes that were sent.
    pub(super) altered: u64,
    /// They never came, although later ones did.
    pub(super) lost: u64,
    /// They came more than once.
    pub(super) duplicated: u64,
    /// They came after later ones.
    pub(super) reordered: u64,
    /// They came on another connection.
    pub(super) strayed: u64,
}

impl Wrong {
    /// One came back, well or not.
    pub(super) fn record(&mut self, heard: Heard) {
        match heard {
            Heard::Well(_) => {}
            Heard::Altered => self.altered += 1,
            Heard::Duplicated => self.duplicated += 1,
            Heard::Reordered => self.reordered += 1,
            Heard::Strayed => self.strayed += 1,
        }
    }

    pub(super) fn total(self) -> u64 {
        self.altered + self.lost + self.duplicated + self.reordered + self.strayed
    }
}

/// How long answers took, in nanoseconds, to three digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_field_names, reason = "these are the names of the schema, with their unit")]
pub(super) struct Latency {
    pub(super) p50_ns: u64,
    pub(super) p90_ns: u64,
    pub(super) p99_ns: u64,
    pub(super) p999_ns: u64,
    pub(super) max_ns: u64,
}

impl Tally {
    pub(super) fn new() -> Tally {
        let latencies = Histogram::new_with_max(LATENCY_NS_MAX, LATENCY_DIGITS);
        let latencies = latencies.expect("the bounds are within what a histogram can have");
        Tally { messages: 0, bytes: 0, latencies }
    }

    /// So many messages, of so many bytes together, came back well after this long.
    pub(super) fn record(&mut self, count: u64, bytes: u64, latency: Duration) {
        self.messages += count;
        self.bytes += bytes;
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.latencies.saturating_record_n(nanos, count);
    }

    /// One came back well, but nobody knows any more since when it was waited for.
    pub(super) fn record_late(&mut self, bytes: u64) {
        self.messages += 1;
        self.bytes += bytes;
    }

    /// Adds what another has counted.
    pub(super) fn add(&mut self, other: &Tally) {
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.latencies.add(&other.latencies).expect("all have the same bounds");
    }

    /// Begins anew, in the same memory.
    pub(super) fn clear(&mut self) {
        self.messages = 0;
        self.bytes = 0;
        self.latencies.reset();
    }

    pub(super) fn latency(&self) -> Latency {
        let at = |percentile| self.latencies.value_at_percentile(percentile);
        Latency {
            p50_ns: at(50.0),
            p90_ns: at(90.0),
            p99_ns: at(99.0),
            p999_ns: at(99.9),
            max_ns: self.latencies.max(),
        }
    }
}

/// Nobody waits longer for an answer; one that took longer counts as this long.
const LATENCY_NS_MAX: u64 = 3_600_000_000_000;

/// A part in a thousand.
const LATENCY_DIGITS: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let mut tally = Tally::new();
        for micros in 1..=1_000 {
            tally.record(1, 64, Duration::from_micros(micros));
        }
        let latency = tally.latency();
        for (found, micros) in
            [(latency.p50_ns, 500), (latency.p90_ns, 900), (latency.p99_ns, 990), (latency.p999_ns, 999)]
        {
            assert!(found.abs_diff(micros * 1_000) <= 2 * micros, "{found} ns for {micros} us");
        }
        assert!(latency.max_ns.abs_diff(1_000_000) <= 1_000);
        assert_eq!((tally.messages, tally.bytes), (1_000, 64_000));
    }

    #[test]
    fn a_sum_counts_what_its_parts_did() {
        let mut whole = Tally::new();
        let mut part = Tally::new();
        part.record(3, 30, Duration::from_millis(1));
        part.record_late(10);
        whole.add(&part);
        part.clear();
        whole.add(&part);
        assert_eq!((whole.messages, whole.bytes), (4, 40));
        assert_eq!((part.messages, part.latency()), (0, Latency::default()));
    }

    #[test]
    fn what_is_wrong_is_counted_by_what_happened() {
        let mut wrong = Wrong::default();
        for heard in [Heard::Altered, Heard::Duplicated, Heard::Reordered, Heard::Strayed] {
            wrong.record(heard);
        }
        wrong.record(Heard::Well(reactor::Time::ZERO));
        assert_eq!(wrong, Wrong { altered: 1, lost: 0, duplicated: 1, reordered: 1, strayed: 1 });
        assert_eq!(wrong.total(), 4);
    }

    #[test]
    fn longer_than_anybody_waits_is_as_long_as_that() {
        let mut tally = Tally::new();
        tally.record(1, 1, Duration::MAX);
        assert!(tally.latency().p50_ns >= LATENCY_NS_MAX);
    }
}
