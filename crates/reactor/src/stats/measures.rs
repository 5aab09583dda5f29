//! What the loop counts, named and explained for whoever shows it. What is counted when is in `stats` and the turn.

use super::Stats;
use crate::measure::Measure;

impl Stats {
    /// Every number with its name and what it means.
    pub fn measures(&self) -> Vec<Measure> {
        let mut measures = Vec::new();
        measures.extend(self.of_calls());
        measures.extend(self.of_ends());
        measures.extend(self.of_streams());
        measures.extend(self.of_datagrams());
        measures.extend(self.of_mail());
        measures
    }

    fn of_calls(&self) -> [Measure; 15] {
        let (connections, newcomers) = (self.connections, self.newcomers);
        let (by_source, filled) = (self.refused_by_source, self.listeners_filled);
        [
            Measure::gauge("loop_connections", "Connections now, those on their way included", connections),
            Measure::gauge("loop_newcomers", "Calls now that have not shown who they are", newcomers),
            Measure::counter("loop_accepted", "Calls taken", self.accepted),
            Measure::counter("loop_refused", "Calls that the handler turned away", self.refused),
            Measure::counter(
                "loop_refused_by_source",
                "Calls of a source that had enough already",
                by_source,
            ),
            Measure::counter("loop_evicted", "Newcomers that made room for newer ones", self.evicted),
            Measure::counter("loop_accept_errors", "Failures of accept", self.accept_errors),
            Measure::counter("loop_accepts_deferred", "Stops for want of a place", self.accepts_deferred),
            Measure::counter("loop_listeners_filled", "Stops as a listener had all its calls", filled),
            Measure::counter("loop_connected", "Connections made by us", self.connected),
            Measure::counter(
                "loop_connect_errors",
                "Connections that could not be made",
                self.connect_errors,
            ),
            Measure::counter("loop_connect_timeouts", "Addresses that did not answer", self.connect_timeouts),
            Measure::counter("loop_postponed", "Times a source had used up its turn", self.postponed),
            Measure::counter("loop_turns", "Turns of the event loop", self.turns),
            Measure::gauge("loop_timers", "Timers set, deadlines among them", self.timers),
        ]
    }

    fn of_ends(&self) -> impl Iterator<Item = Measure> {
        let by_deadline = |(name, count)| {
            Measure::counter("loop_timed_out", "Connections ended by a deadline", count)
                .labelled("deadline", name)
        };
        [
            Measure::counter("loop_finished", "Connections ended, whatever the reason", self.finished),
            Measure::counter(
                "loop_overflowed",
                "Connections ended as their peer read too slowly",
                self.overflowed,
            ),
            Measure::counter("loop_untaken", "Connections ended as too much was left untaken", self.untaken),
            Measure::counter(
                "loop_lingered",
                "Connections ended before their peer closed its side",
                self.lingered,
            ),
        ]
        .into_iter()
        .chain(self.deadlines_passed.by_name().map(by_deadline))
    }

    fn of_streams(&self) -> [Measure; 11] {
        let (queued, lost) = (self.outbound_bytes, self.bytes_lost);
        [
            Measure::counter("loop_reads", "Read calls on streams", self.reads),
            Measure::counter("loop_writes", "Write calls on streams", self.writes),
            Measure::counter("loop_read", "Bytes read from streams", self.bytes_in).bytes(),
            Measure::counter("loop_written", "Bytes written to streams", self.bytes_out).bytes(),
            Measure::gauge("loop_outbound", "Bytes queued for peers that read too slowly", queued).bytes(),
            Measure::counter("loop_dropped", "Bytes dropped for slow peers", self.bytes_dropped).bytes(),
            Measure::counter("loop_lost", "Bytes to be sent that were lost with their connection", lost)
                .bytes(),
            Measure::counter("loop_unheard", "Received bytes that nobody heard", self.bytes_unheard).bytes(),
            Measure::counter("loop_sends_dropped", "Sends dropped for slow peers, whole", self.sends_dropped),
            Measure::counter("loop_pressed", "Times that too much waited for a peer", self.pressed),
            Measure::counter("loop_sends_late", "Sends to connections that had ended", self.sends_late),
        ]
    }

    fn of_datagrams(&self) -> [Measure; 7] {
        let (dropped, queued) = (self.datagrams_dropped, self.datagrams_queued);
        let (cut, lost, errors) = (self.datagrams_truncated, self.datagrams_lost, self.datagram_errors);
        [
            Measure::counter("loop_datagrams_in", "Datagrams received", self.datagrams_in),
            Measure::counter("loop_datagrams_out", "Datagrams sent", self.datagrams_out),
            Measure::counter("loop_datagrams_truncated", "Received datagrams that lost their end", cut),
            Measure::counter("loop_datagrams_dropped", "Datagrams dropped for want of room", dropped),
            Measure::gauge("loop_datagrams_queued", "Datagrams for which the system has no room yet", queued),
            Measure::counter("loop_datagrams_lost", "Datagrams that the system refused", lost),
            Measure::counter("loop_datagram_errors", "Errors of datagram sockets", errors),
        ]
    }

    fn of_mail(&self) -> [Measure; 2] {
        let (lost, refused) = (self.publications_lost, self.posts_refused);
        [
            Measure::counter(
                "loop_publications_lost",
                "Publications that another worker had no room for",
                lost,
            ),
            Measure::counter("loop_posts_refused", "Posts to a mailbox that was full", refused),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::DeadlinesPassed;
    use super::*;
    use std::collections::BTreeSet;

    /// Statistics of which no two numbers are alike. Without `..`, so that a new field asks to be shown, too.
    fn distinct() -> Stats {
        let deadlines_passed =
            DeadlinesPassed { handshake: 101, idle: 102, partial: 103, stall: 104, slow: 105, life: 106 };
        Stats {
            turns: 1,
            connections: 2,
            outbound_bytes: 3,
            accepted: 4,
            refused: 5,
            refused_by_source: 6,
            newcomers: 7,
            evicted: 8,
            accept_errors: 9,
            accepts_deferred: 10,
            listeners_filled: 41,
            connected: 11,
            connect_errors: 12,
            finished: 13,
            timed_out: deadlines_passed.total(),
            deadlines_passed,
            overflowed: 14,
            sends_dropped: 15,
            bytes_dropped: 16,
            bytes_lost: 17,
            bytes_unheard: 18,
            untaken: 19,
            bytes_in: 20,
            bytes_out: 21,
            reads: 22,
            writes: 23,
            datagrams_in: 24,
            datagrams_out: 25,
            datagrams_truncated: 26,
            datagrams_queued: 27,
            datagrams_dropped: 28,
            datagrams_lost: 40,
            datagram_errors: 29,
            publications_lost: 30,
            sends_late: 31,
            posts_refused: 32,
            timers: 33,
            postponed: 34,
            connect_timeouts: 35,
            lingered: 36,
            pressed: 37,
        }
    }

    /// The numbers in what `Debug` says: it knows every field.
    fn numbers_in(text: &str) -> BTreeSet<u64> {
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
    }

    #[test]
    fn every_field_is_shown_once() {
        let stats = distinct();
        let mut shown: Vec<u64> = stats.measures().iter().map(|measure| measure.value).collect();
        shown.sort_unstable();
        let mut fields = numbers_in(&format!("{stats:?}"));
        assert!(fields.remove(&stats.timed_out), "all deadlines together are shown one by one");
        assert_eq!(shown, fields.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn no_two_measures_share_a_name_and_a_label() {
        let measures = distinct().measures();
        let names: BTreeSet<_> = measures.iter().map(|measure| (measure.name, measure.label)).collect();
        assert_eq!(names.len(), measures.len());
    }
}
