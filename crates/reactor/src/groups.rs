//! Groups of connections that hear the same: who is in which. Sending is the turn's, or the handler's for groups that
//! it keeps itself.

use std::collections::HashMap;

use crate::conn_map::ConnMap;
use crate::ids::ConnId;

/// A group of connections, by the handler's own number. The same number is the same group on every worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub u64);

/// Who is in which group. Joining and leaving take the same time in a group of three and of ten thousand.
///
/// The loop has one for [`Context::publish`](crate::Context::publish). A handler has one of its own for connections that
/// cannot be sent the same bytes as others, and serves them itself; see [`Handler::published`](crate::Handler::published).
#[derive(Debug, Default)]
pub struct Groups {
    members: HashMap<GroupId, Vec<ConnId>>,
    /// For each connection its groups, and its place in each.
    places: ConnMap<Vec<(GroupId, usize)>>,
}

impl Groups {
    /// Groups without members.
    pub fn new() -> Groups {
        Groups::default()
    }

    /// Whether nobody is in any group.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Everybody in a group, in no meaningful order.
    pub fn members(&self, group: GroupId) -> &[ConnId] {
        self.members.get(&group).map_or(&[], Vec::as_slice)
    }

    /// Makes a connection a member; once is enough.
    pub fn join(&mut self, id: ConnId, group: GroupId) {
        if self.place(id, group).is_some() {
            return;
        }
        let members = self.members.entry(group).or_default();
        members.push(id);
        let place = (group, members.len() - 1);
        match self.places.get_mut(id) {
            Some(places) => places.push(place),
            None => drop(self.places.insert(id, vec![place])),
        }
    }

    /// Ends a membership, if there is one.
    pub fn leave(&mut self, id: ConnId, group: GroupId) {
        let Some(place) = self.place(id, group) else { return };
        self.vacate(group, place);
        if let Some(places) = self.places.get_mut(id) {
            places.retain(|(other, _)| *other != group);
            if places.is_empty() {
                self.places.remove(id);
            }
        }
    }

    /// Ends all memberships of a connection, which it does not do by itself when it ends.
    pub fn leave_all(&mut self, id: ConnId) {
        for (group, place) in self.places.remove(id).unwrap_or_default() {
            self.vacate(group, place);
        }
    }

    fn place(&self, id: ConnId, group: GroupId) -> Option<usize> {
        self.places.get(id)?.iter().find(|(other, _)| *other == group).map(|(_, place)| *place)
    }

    /// Takes whoever is at this place out; the last member moves there.
    fn vacate(&mut self, group: GroupId, place: usize) {
        let Some(members) = self.members.get_mut(&group) else { return };
        members.swap_remove(place);
        let moved = members.get(place).copied();
        if members.is_empty() {
            self.members.remove(&group);
        }
        let places = moved.and_then(|moved| self.places.get_mut(moved));
        let entry = places.and_then(|places| places.iter_mut().find(|(other, _)| *other == group));
        if let Some((_, old)) = entry {
            *old = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SourceId;
    use std::collections::BTreeSet;

    fn conn(serial: u64) -> ConnId {
        ConnId(SourceId::new(usize::try_from(serial).unwrap(), serial + 1))
    }

    /// A small generator: the sequence is the same in every run.
    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state >> 33
    }

    #[test]
    fn groups_hold_exactly_who_joined_and_did_not_leave() {
        let (mut groups, mut state) = (Groups::default(), 7);
        let mut model: BTreeSet<(u64, u64)> = BTreeSet::new();
        for _ in 0..20_000 {
            let (id, group) = (next(&mut state) % 20, next(&mut state) % 5);
            match next(&mut state) % 5 {
                0 | 1 => {
                    groups.join(conn(id), GroupId(group));
                    model.insert((group, id));
                }
                2 | 3 => {
                    groups.leave(conn(id), GroupId(group));
                    model.remove(&(group, id));
                }
                _ => {
                    groups.leave_all(conn(id));
                    model.retain(|(_, other)| *other != id);
                }
            }
            let kept: BTreeSet<(u64, u64)> = (0..5)
                .flat_map(|group| {
                    groups.members(GroupId(group)).iter().map(move |id| (group, id.slot() as u64))
                })
                .collect();
            assert_eq!(kept, model);
        }
        (0..20).for_each(|id| groups.leave_all(conn(id)));
        assert!(groups.is_empty() && groups.places.is_empty());
    }
}
