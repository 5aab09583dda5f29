//! Who goes by which nick. A nick belongs to the key that took it first; telling others is left to the hub.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::names::{Folded, Nick};
use super::{MemberId, Refusal};

/// Whose a nick is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    /// A key's, for good: whoever proves the key again gets its nick back.
    Key(String),
    /// A member's who proved nothing (`--auth none`), for as long as it is here.
    Member(MemberId),
}

impl Owner {
    /// The key's name, if there is one.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Owner::Key(name) => Some(name),
            Owner::Member(_) => None,
        }
    }
}

/// All nicks that are taken.
#[derive(Debug, Default)]
pub(super) struct Nicks {
    claims: BTreeMap<Folded, Claim>,
    /// How many nicks each key holds.
    held: HashMap<Owner, usize>,
}

#[derive(Debug)]
struct Claim {
    owner: Owner,
    wearers: BTreeSet<MemberId>,
}

impl Nicks {
    /// Lets a member go by a nick, if it is free or its owner's.
    pub(super) fn claim(
        &mut self,
        nick: &Nick,
        owner: &Owner,
        member: MemberId,
        limit: usize,
    ) -> Result<(), Refusal> {
        if let Some(claim) = self.claims.get_mut(&nick.folded()) {
            if claim.owner != *owner {
                return Err(Refusal::NickTaken { nick: nick.to_string() });
            }
            claim.wearers.insert(member);
            return Ok(());
        }
        let held = self.held.entry(owner.clone()).or_default();
        // Only keys hoard: a member without one goes by a single nick, and needs a second while it changes.
        if *held >= limit && matches!(owner, Owner::Key(_)) {
            return Err(Refusal::TooManyNicks { limit });
        }
        *held += 1;
        let claim = Claim { owner: owner.clone(), wearers: BTreeSet::from([member]) };
        self.claims.insert(nick.folded(), claim);
        Ok(())
    }

    /// A member no longer goes by a nick. A key's stays its own.
    pub(super) fn release(&mut self, nick: &Nick, member: MemberId) {
        let Some(claim) = self.claims.get_mut(&nick.folded()) else { return };
        claim.wearers.remove(&member);
        if claim.owner == Owner::Member(member) {
            self.held.remove(&claim.owner);
            self.claims.remove(&nick.folded());
        }
    }

    /// Who goes by a nick now.
    pub(super) fn wearers(&self, nick: &Nick) -> impl Iterator<Item = MemberId> {
        self.claims.get(&nick.folded()).into_iter().flat_map(|claim| claim.wearers.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nick(text: &str) -> Nick {
        Nick::parse(text).unwrap()
    }

    fn key(name: &str) -> Owner {
        Owner::Key(name.to_owned())
    }

    const ONE: MemberId = MemberId(1);
    const TWO: MemberId = MemberId(2);

    #[test]
    fn a_nick_stays_with_the_key_that_took_it_first() {
        let mut nicks = Nicks::default();
        nicks.claim(&nick("Ann"), &key("a"), ONE, 9).unwrap();
        nicks.claim(&nick("ann"), &key("a"), TWO, 9).unwrap();
        assert_eq!(nicks.wearers(&nick("ANN")).collect::<Vec<_>>(), [ONE, TWO]);

        nicks.release(&nick("ann"), ONE);
        nicks.release(&nick("ann"), TWO);
        let taken = nicks.claim(&nick("ann"), &key("b"), ONE, 9);
        assert_eq!(taken, Err(Refusal::NickTaken { nick: "ann".to_owned() }));
        assert_eq!(nicks.claim(&nick("ann"), &key("a"), TWO, 9), Ok(()));
    }

    #[test]
    fn without_a_key_a_nick_is_free_again_when_its_member_goes() {
        let mut nicks = Nicks::default();
        nicks.claim(&nick("ann"), &Owner::Member(ONE), ONE, 9).unwrap();
        assert!(nicks.claim(&nick("ann"), &Owner::Member(TWO), TWO, 9).is_err());
        nicks.release(&nick("ann"), ONE);
        assert_eq!(nicks.claim(&nick("ann"), &Owner::Member(TWO), TWO, 9), Ok(()));
    }

    #[test]
    fn a_key_holds_its_limit_of_nicks_and_not_one_more() {
        let mut nicks = Nicks::default();
        for number in 0..3 {
            nicks.claim(&nick(&format!("n{number}")), &key("a"), ONE, 3).unwrap();
        }
        assert_eq!(nicks.claim(&nick("n3"), &key("a"), ONE, 3), Err(Refusal::TooManyNicks { limit: 3 }));
        assert_eq!(nicks.claim(&nick("n2"), &key("a"), ONE, 3), Ok(()), "its own are its own");
    }
}
