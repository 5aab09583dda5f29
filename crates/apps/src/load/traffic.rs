//! The traffic of a run of echoes: which message is sent next, on which connection and when, and what the ones that
//! come back add up to. Pure: connections, clocks and printing are left to whoever drives it.

use std::collections::VecDeque;
use std::time::Duration;

use reactor::Time;

use super::content::{Content, LaneId, Name};
use super::lane::{Heard, Lane};
use super::pace::Pace;
use super::plan::Plan;
use super::tally::{Tally, Wrong};

/// All connections' messages.
///
/// Invariant: a lane stands among the roomy ones exactly if it is open and may have one more message in flight.
#[derive(Debug)]
pub(super) struct Traffic<L> {
    content: Content,
    depth: usize,
    lanes: Vec<State<L>>,
    /// Lanes that may send, the next one first.
    roomy: VecDeque<LaneId>,
    pace: Pace,
    /// Messages that may still be sent.
    left: u64,
    in_flight: u64,
    /// Messages that were in flight on connections that broke.
    cut: u64,
    wrong: Wrong,
    /// What is counted since it was last asked for.
    recent: Tally,
    burst: Burst,
}

#[derive(Debug)]
struct State<L> {
    lane: L,
    /// When something was heard, or when there began to be something to wait for.
    heard: Time,
    is_open: bool,
}

/// Messages that were sent together and came back together, as most do: recorded together.
#[derive(Debug, Default)]
struct Burst {
    since: Time,
    until: Time,
    messages: u64,
    bytes: u64,
}

impl<L: Lane> Traffic<L> {
    /// Of a run with so many connections, which begins when they stand.
    pub(super) fn new(plan: &Plan, lanes: u16) -> Traffic<L> {
        let ids = (0..lanes).map(LaneId);
        let state = |id| State { lane: L::new(id, plan.depth), heard: Time::ZERO, is_open: true };
        Traffic {
            content: Content::new(plan.seed, plan.sizes),
            depth: plan.depth,
            lanes: ids.clone().map(state).collect(),
            roomy: ids.collect(),
            pace: Pace::new(plan.rate),
            left: u64::MAX,
            in_flight: 0,
            cut: 0,
            wrong: Wrong::default(),
            recent: Tally::new(),
            burst: Burst::default(),
        }
    }

    /// It begins now.
    pub(super) fn begin(&mut self, now: Time) {
        self.pace.begin(now);
    }

    /// From now on so many messages come back, with those that are in flight.
    pub(super) fn send_until(&mut self, messages: u64) {
        self.left = messages.saturating_sub(self.in_flight);
    }

    /// Sends no more; what is in flight may come back.
    pub(super) fn send_no_more(&mut self) {
        self.left = 0;
    }

    /// The message that is to be sent now, if there is one, and on which connection.
    pub(super) fn next(&mut self, now: Time) -> Option<(LaneId, &[u8])> {
        if self.left == 0 {
            return None;
        }
        let since = self.pace.due(now)?;
        let id = *self.roomy.front()?;
        self.pace.sent(since, now);
        let name = self.send(id, since, now);
        // Messages to one peer in a row are one write, but at a rate all are to have their turn.
        if !self.has_room(id) {
            self.roomy.pop_front();
        } else if self.pace.is_fixed() {
            self.roomy.rotate_left(1);
        }
        Some((id, self.content.make(name)))
    }

    #[inline]
    fn send(&mut self, id: LaneId, since: Time, now: Time) -> Name {
        self.left -= 1;
        self.in_flight += 1;
        let State { lane, heard, .. } = &mut self.lanes[id.index()];
        if lane.in_flight() == 0 {
            *heard = now;
        }
        lane.send(since)
    }

    fn has_room(&self, id: LaneId) -> bool {
        self.lanes[id.index()].lane.in_flight() < self.depth
    }

    /// How long nothing is to be sent; nothing if that does not depend on the time.
    pub(super) fn wait(&self, now: Time) -> Option<Duration> {
        let can_send = self.left > 0 && !self.roomy.is_empty();
        self.pace.next().filter(|_| can_send).map(|at| at.since(now))
    }

    /// How long the message is that is to come next.
    pub(super) fn expected_bytes(&self, id: LaneId) -> usize {
        self.content.bytes(self.lanes[id.index()].lane.expected())
    }

    /// A message came back.
    pub(super) fn hear(&mut self, id: LaneId, message: &[u8], now: Time) {
        let before = self.judge(id, message, now);
        self.answered(id, before, now);
    }

    /// A message came back, and made room for this one on its connection: the same that [`next`](Self::next) gives sooner
    /// or later, in less time. There is none where it is not answers that make the pace, or where all is not well.
    #[inline]
    pub(super) fn hear_and_answer(&mut self, id: LaneId, message: &[u8], now: Time) -> Option<&[u8]> {
        let before = self.judge(id, message, now);
        let State { lane, is_open, .. } = &self.lanes[id.index()];
        let is_one_less = before == self.depth && lane.in_flight() + 1 == before;
        if is_one_less && self.left > 0 && *is_open && !self.pace.is_fixed() {
            // Nobody needs to know that there was room for a moment.
            self.in_flight -= 1;
            let name = self.send(id, now, now);
            return Some(self.content.make(name));
        }
        self.answered(id, before, now);
        None
    }

    /// Counts a message that came back as what it is, and says how many were waited for on its lane before.
    #[inline]
    fn judge(&mut self, id: LaneId, message: &[u8], now: Time) -> usize {
        let State { lane, heard: heard_at, .. } = &mut self.lanes[id.index()];
        *heard_at = now;
        let before = lane.in_flight();
        let heard = lane.hear(&self.content, message);
        self.record(heard, message.len() as u64, now);
        before
    }

    /// Fewer messages are waited for on a lane than before, perhaps.
    fn answered(&mut self, id: LaneId, before: usize, now: Time) {
        let State { lane, is_open, .. } = &self.lanes[id.index()];
        let after = lane.in_flight();
        self.in_flight -= (before - after) as u64;
        if before >= self.depth && after < self.depth && *is_open {
            if self.roomy.is_empty() {
                self.pace.has_room(now);
            }
            self.roomy.push_back(id);
        }
    }

    /// Waits no longer for what should have come by now, where that is a loss and not a silence.
    pub(super) fn expire(&mut self, timeout: Duration, now: Time) {
        for at in 0..self.lanes.len() {
            let State { lane, heard, .. } = &mut self.lanes[at];
            let before = lane.in_flight();
            lane.expire(timeout, now);
            if lane.in_flight() < before {
                *heard = now; // what is counted as lost is no silence
            }
            // There are no more lanes than names for them.
            let id = LaneId(u16::try_from(at).unwrap_or(u16::MAX));
            self.answered(id, before, now);
        }
    }

    #[inline]
    fn record(&mut self, heard: Heard, bytes: u64, now: Time) {
        let Heard::Well(since) = heard else {
            return self.record_wrong(heard, bytes);
        };
        if (since, now) != (self.burst.since, self.burst.until) {
            self.record_burst();
            (self.burst.since, self.burst.until) = (since, now);
        }
        self.burst.messages += 1;
        self.burst.bytes += bytes;
    }

    #[cold]
    fn record_wrong(&mut self, heard: Heard, bytes: u64) {
        self.wrong.record(heard);
        if heard == Heard::Reordered {
            self.recent.record_late(bytes);
        }
    }

    fn record_burst(&mut self) {
        let Burst { since, until, messages, bytes } = std::mem::take(&mut self.burst);
        if messages > 0 {
            self.recent.record(messages, bytes, until.since(since));
        }
    }

    /// A connection is over; nothing comes back on it any more.
    pub(super) fn close(&mut self, id: LaneId) {
        let State { lane, is_open, .. } = &mut self.lanes[id.index()];
        *is_open = false;
        let cut = lane.in_flight() as u64;
        self.in_flight -= cut;
        self.cut += cut;
        self.roomy.retain(|roomy| *roomy != id);
    }

    /// What was counted since this was last asked for, moved into `tally`.
    pub(super) fn take_recent(&mut self, tally: &mut Tally) {
        self.record_burst();
        std::mem::swap(&mut self.recent, tally);
        self.recent.clear();
    }

    /// Messages in flight on connections that stand.
    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Messages that were in flight on connections that broke.
    pub(super) fn cut(&self) -> u64 {
        self.cut
    }

    /// What went wrong so far.
    pub(super) fn wrong(&self) -> Wrong {
        let lost = self.lanes.iter().map(|state| state.lane.lost()).sum();
        Wrong { lost, ..self.wrong }
    }

    /// Whether everything that was to be sent is, and has come back or will not.
    pub(super) fn is_over(&self) -> bool {
        self.left == 0 && self.in_flight == 0
    }

    /// Whether all connections are gone.
    pub(super) fn is_deserted(&self) -> bool {
        self.lanes.iter().all(|state| !state.is_open)
    }

    /// Connections on which answers have been waited for at least this long, and none came.
    pub(super) fn silent(&self, timeout: Duration, now: Time) -> usize {
        let is_silent = |state: &&State<L>| {
            state.is_open && state.lane.in_flight() > 0 && now.since(state.heard) >= timeout
        };
        self.lanes.iter().filter(is_silent).count()
    }

    /// What became of the times at which messages were to be sent.
    pub(super) fn pace(&self) -> &Pace {
        &self.pace
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::ordered::Ordered;
    use crate::load::plan::{Extent, Rate, Sizes};
    use crate::load::unordered::Unordered;

    const MILLI: Duration = Duration::from_millis(1);

    fn plan(depth: usize, rate: Option<f64>) -> Plan {
        Plan {
            depth,
            sizes: Sizes { bytes_min: 32, bytes_max: 32 },
            extent: Extent::Count(1),
            rate: rate.map(|per_second| Rate { per_second }),
            warmup: Duration::ZERO,
            timeout: Duration::from_secs(1),
            hold: Duration::ZERO,
            seed: 3,
        }
    }

    fn at(millis: u32) -> Time {
        Time::ZERO + MILLI * millis
    }

    /// Everything that is to be sent now.
    fn sends(traffic: &mut Traffic<impl Lane>, now: Time) -> Vec<(LaneId, Vec<u8>)> {
        std::iter::from_fn(|| traffic.next(now).map(|(lane, message)| (lane, message.to_vec()))).collect()
    }

    fn echo(traffic: &mut Traffic<Ordered>, messages: &[(LaneId, Vec<u8>)], now: Time) {
        for (lane, message) in messages {
            traffic.hear(*lane, message, now);
        }
    }

    fn counted(traffic: &mut Traffic<Ordered>) -> Tally {
        let mut tally = Tally::new();
        traffic.take_recent(&mut tally);
        tally
    }

    #[test]
    fn every_answer_makes_room_for_one_more_message() {
        let mut traffic = Traffic::<Ordered>::new(&plan(4, None), 3);
        traffic.send_until(100);
        let mut sent = sends(&mut traffic, at(0));
        assert_eq!(sent.len(), 12);
        let mut rounds = 0;
        while !traffic.is_over() {
            rounds += 1;
            echo(&mut traffic, &sent, at(rounds));
            sent = sends(&mut traffic, at(rounds));
            assert!(traffic.in_flight() <= 12);
        }
        let tally = counted(&mut traffic);
        assert_eq!((tally.messages, tally.bytes, traffic.wrong().total()), (100, 3_200, 0));
        assert!(tally.latency().p50_ns.abs_diff(1_000_000) < 1_000);
    }

    #[test]
    fn an_answer_is_answered_on_its_own_connection() {
        let mut traffic = Traffic::<Ordered>::new(&plan(2, None), 3);
        traffic.send_until(7);
        let sent = sends(&mut traffic, at(0));
        let answer = |traffic: &mut Traffic<Ordered>, (lane, message): &(LaneId, Vec<u8>)| {
            traffic.hear_and_answer(*lane, message, at(1)).map(<[u8]>::to_vec)
        };
        let answered = answer(&mut traffic, &sent[2]).expect("there is room, and one is left");
        assert!(sends(&mut traffic, at(1)).is_empty(), "all connections are full again");
        assert_eq!(traffic.in_flight(), 6);
        assert_eq!(answer(&mut traffic, &sent[3]), None, "none is left");
        assert_eq!(answer(&mut traffic, &(LaneId(1), answered)), None);
        assert_eq!((traffic.in_flight(), traffic.wrong().total()), (4, 0));
        assert_eq!(counted(&mut traffic).messages, 3);
    }

    #[test]
    fn what_is_not_answered_at_once_is_answered_in_its_turn() {
        let mut gap = Traffic::<Ordered>::new(&plan(4, None), 1);
        let sent = sends(&mut gap, at(0));
        assert!(gap.hear_and_answer(LaneId(0), &sent[1].1, at(1)).is_none(), "one was passed over");
        assert_eq!((sends(&mut gap, at(1)).len(), gap.wrong().lost), (2, 1));

        let mut paced = Traffic::<Ordered>::new(&plan(1, Some(1_000.0)), 1);
        let sent = sends(&mut paced, at(0));
        let answer = paced.hear_and_answer(LaneId(0), &sent[0].1, at(9));
        assert!(answer.is_none(), "it is the time that makes the pace");
        assert_eq!(sends(&mut paced, at(9)).len(), 1);
    }

    #[test]
    fn a_count_includes_what_is_in_flight() {
        let mut traffic = Traffic::<Ordered>::new(&plan(4, None), 1);
        let warm = sends(&mut traffic, at(0));
        traffic.send_until(10);
        echo(&mut traffic, &warm, at(1));
        let mut messages = warm.len();
        while !traffic.is_over() {
            let sent = sends(&mut traffic, at(1));
            messages += sent.len();
            echo(&mut traffic, &sent, at(1));
        }
        assert_eq!((messages, counted(&mut traffic).messages), (10, 10));
    }

    #[test]
    fn at_a_rate_messages_leave_at_their_times_on_all_connections_in_turn() {
        let mut traffic = Traffic::<Ordered>::new(&plan(100, Some(1_000.0)), 2);
        assert_eq!(sends(&mut traffic, at(0)).len(), 1);
        assert_eq!(traffic.wait(at(0)), Some(MILLI));
        let lanes: Vec<_> = sends(&mut traffic, at(4)).into_iter().map(|(lane, _)| lane.0).collect();
        assert_eq!(lanes, [1, 0, 1, 0]);
        assert_eq!((traffic.wait(at(4)), traffic.pace().overdue(at(4))), (Some(MILLI), 0));
    }

    #[test]
    fn at_a_rate_answers_are_waited_for_from_when_the_message_was_to_be_sent() {
        let mut traffic = Traffic::<Ordered>::new(&plan(1, Some(1_000.0)), 1);
        let first = sends(&mut traffic, at(0));
        // The server stalls: nine more messages have their time meanwhile, and wait for room.
        assert!(sends(&mut traffic, at(9)).is_empty());
        assert_eq!(traffic.wait(at(9)), None, "only an answer makes room");
        assert!(traffic.pace().overdue(at(9)) >= 8);
        echo(&mut traffic, &first, at(300));
        let mut answered = 1;
        while answered < 10 {
            let sent = sends(&mut traffic, at(300));
            answered += sent.len();
            echo(&mut traffic, &sent, at(300));
        }
        let latency = counted(&mut traffic).latency();
        assert!(latency.p50_ns > 290_000_000, "{latency:?}");
    }

    #[test]
    fn what_was_in_flight_on_a_broken_connection_is_cut_and_others_go_on() {
        let mut traffic = Traffic::<Ordered>::new(&plan(2, None), 2);
        traffic.send_until(8);
        let sent = sends(&mut traffic, at(0));
        traffic.close(LaneId(0));
        assert_eq!((traffic.cut(), traffic.in_flight()), (2, 2));
        let mut rest: Vec<_> = sent.into_iter().filter(|(lane, _)| *lane == LaneId(1)).collect();
        while !traffic.is_over() {
            echo(&mut traffic, &rest, at(1));
            rest = sends(&mut traffic, at(1));
            assert!(rest.iter().all(|(lane, _)| *lane == LaneId(1)));
        }
        assert_eq!(counted(&mut traffic).messages, 6);
    }

    #[test]
    fn only_those_who_owe_an_answer_are_silent() {
        let second = Duration::from_secs(1);
        let mut traffic = Traffic::<Ordered>::new(&plan(1, None), 3);
        traffic.send_until(2);
        let sent = sends(&mut traffic, at(0));
        assert_eq!(traffic.silent(second, at(999)), 0);
        assert_eq!(traffic.silent(second, at(1_000)), 2);
        echo(&mut traffic, &sent[..1], at(1_000));
        assert_eq!(traffic.silent(second, at(1_000)), 1);
    }

    #[test]
    fn what_is_lost_shows_as_soon_as_later_ones_have_come() {
        let mut traffic = Traffic::<Ordered>::new(&plan(4, None), 1);
        let sent = sends(&mut traffic, at(0));
        echo(&mut traffic, &sent[2..], at(1));
        assert_eq!(traffic.wrong(), Wrong { lost: 2, ..Wrong::default() });
        assert_eq!(sends(&mut traffic, at(1)).len(), 4, "the connection goes on");
    }

    #[test]
    fn datagrams_that_are_lost_in_a_row_are_no_silence() {
        let mut traffic = Traffic::<Unordered>::new(&plan(2, None), 1);
        traffic.send_until(1);
        assert_eq!(sends(&mut traffic, at(0)).len(), 1);
        traffic.send_until(2);
        assert_eq!(sends(&mut traffic, at(6)).len(), 1);
        traffic.expire(MILLI * 10, at(10));
        assert_eq!((traffic.in_flight(), traffic.wrong().lost), (1, 1));
        assert_eq!(traffic.silent(MILLI * 10, at(10)), 0, "the other one may still come");
    }

    #[test]
    fn a_datagram_that_does_not_come_makes_room_when_it_is_given_up() {
        let mut traffic = Traffic::<Unordered>::new(&plan(2, None), 1);
        traffic.send_until(3);
        let lost = std::iter::from_fn(|| traffic.next(at(0)).map(drop)).count();
        traffic.expire(MILLI * 10, at(9));
        assert!(traffic.next(at(9)).is_none());
        traffic.expire(MILLI * 10, at(10));
        assert_eq!((lost, traffic.in_flight(), traffic.wrong().lost), (2, 0, 2));
        assert!(traffic.next(at(10)).is_some());
        traffic.expire(MILLI * 10, at(20));
        assert!(traffic.is_over());
    }
}
