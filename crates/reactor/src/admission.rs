//! Who may come in: how many calls one source address has, and who among those inside has not shown who it is.
//! Taking and closing calls is the turn's.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use crate::address::Address;
use crate::conn_map::ConnMap;
use crate::ids::ConnId;
use crate::time::Time;

/// The door's book. It holds nothing about calls from sources that are not counted.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    calls_by_source: HashMap<IpAddr, usize>,
    sources: ConnMap<IpAddr>,
    /// Newcomers in the order in which they came; some have left or shown who they are since.
    queue: VecDeque<ConnId>,
    newcomers: usize,
    /// A timer waits for the oldest newcomer's time to be over.
    is_watched: bool,
}

impl Admission {
    /// Whether this source may have another call.
    pub(crate) fn admits(&self, peer: &Address, calls_per_source_max: usize) -> bool {
        let calls = peer.ip().and_then(|peer| self.calls_by_source.get(&peer.ip().to_canonical()));
        calls.is_none_or(|calls| *calls < calls_per_source_max)
    }

    /// A call is taken. Sources are counted only where there is a limit on them.
    pub(crate) fn enter(&mut self, id: ConnId, peer: &Address, calls_per_source_max: usize) {
        self.newcomers += 1;
        self.queue.push_back(id);
        if calls_per_source_max < usize::MAX
            && let Some(peer) = peer.ip()
        {
            let source = peer.ip().to_canonical();
            *self.calls_by_source.entry(source).or_default() += 1;
            self.sources.insert(id, source);
        }
    }

    /// A newcomer is none any more: it has shown who it is, or left. Its place in the queue is found empty later.
    pub(crate) fn settle(&mut self) {
        self.newcomers -= 1;
    }

    /// Drops the empty places of the queue once they outnumber the rest, so that one newcomer that stays does not
    /// make all who pass it be remembered.
    pub(crate) fn tidy(&mut self, is_newcomer: impl FnMut(&ConnId) -> bool) {
        if self.queue.len() > 2 * self.newcomers + EMPTY_PLACES_KEPT {
            self.queue.retain(is_newcomer);
        }
    }

    /// A call has ended.
    pub(crate) fn leave(&mut self, id: ConnId) {
        let Some(source) = self.sources.remove(id) else { return };
        if let Some(calls) = self.calls_by_source.get_mut(&source) {
            *calls -= 1;
            if *calls == 0 {
                self.calls_by_source.remove(&source);
            }
        }
    }

    /// Whether a timer has to be set for newcomers: none is.
    pub(crate) fn begin_watch(&mut self) -> bool {
        !std::mem::replace(&mut self.is_watched, true)
    }

    /// Those whose time is over, and when that of the first of the others will be; with none of those the watch
    /// ends. `end_of` tells it for whoever is still proving itself.
    pub(crate) fn late(
        &mut self,
        now: Time,
        mut end_of: impl FnMut(ConnId) -> Option<Time>,
    ) -> (Vec<ConnId>, Option<Time>) {
        let mut late = Vec::new();
        for id in &self.queue {
            match end_of(*id) {
                Some(end) if end <= now => late.push(*id),
                Some(end) => return (late, Some(end)),
                None => {}
            }
        }
        self.is_watched = false;
        (late, None)
    }

    /// How many have not shown who they are.
    pub(crate) fn newcomers(&self) -> usize {
        self.newcomers
    }

    /// The one that has waited longest; `is_newcomer` tells those who have settled since.
    pub(crate) fn take_oldest(&mut self, mut is_newcomer: impl FnMut(ConnId) -> bool) -> Option<ConnId> {
        while let Some(id) = self.queue.pop_front() {
            if is_newcomer(id) {
                return Some(id);
            }
        }
        None
    }
}

/// Empty places in the queue that are not worth a pass over it.
const EMPTY_PLACES_KEPT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SourceId;

    fn conn(serial: u64) -> ConnId {
        ConnId(SourceId::new(usize::try_from(serial).unwrap(), serial))
    }

    #[test]
    fn a_source_is_forgotten_with_its_last_call() {
        let mut door = Admission::default();
        let peer = "tcp://127.0.0.1:5".parse().unwrap();
        door.enter(conn(1), &peer, 1);
        assert!(!door.admits(&peer, 1));
        door.leave(conn(1));
        assert!(door.admits(&peer, 1) && door.calls_by_source.is_empty() && door.sources.is_empty());
    }

    #[test]
    fn an_ipv4_caller_is_the_same_source_on_a_dual_stack_listener() {
        let mut door = Admission::default();
        door.enter(conn(1), &"tcp://127.0.0.1:5".parse().unwrap(), 1);
        assert!(!door.admits(&"tcp://[::ffff:127.0.0.1]:6".parse().unwrap(), 1));
    }

    #[test]
    fn one_timer_does_for_all_newcomers() {
        let mut door = Admission::default();
        let peer = "unix:/x".parse().unwrap();
        (1..=4).for_each(|serial| door.enter(conn(serial), &peer, usize::MAX));
        assert!(door.begin_watch() && !door.begin_watch());
        // The second has settled; the others run out of time one after the other.
        let end_of = |id: ConnId| (id != conn(2)).then(|| Time::from_nanos(10 * id.as_u64()));
        let ends: Vec<Time> = [1, 3, 4].into_iter().filter_map(|serial| end_of(conn(serial))).collect();
        assert_eq!(door.late(ends[1], end_of), (vec![conn(1), conn(3)], Some(ends[2])));
        assert!(!door.begin_watch(), "the fourth is still waited for");
        assert_eq!(door.late(ends[2], end_of), (vec![conn(1), conn(3), conn(4)], None));
        assert!(door.begin_watch(), "with nobody to wait for there is no timer");
    }

    #[test]
    fn the_queue_of_newcomers_does_not_outlive_them() {
        let mut door = Admission::default();
        let peer = "unix:/x".parse().unwrap();
        let stays = conn(1);
        door.enter(stays, &peer, usize::MAX);
        for serial in 2..=100_000 {
            door.enter(conn(serial), &peer, usize::MAX);
            door.settle();
            door.tidy(|id| *id == stays);
            assert!(door.queue.len() <= EMPTY_PLACES_KEPT + 3);
        }
        assert_eq!(door.take_oldest(|id| id == stays), Some(stays));
    }
}
