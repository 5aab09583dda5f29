//! What the resolver said of a name, kept: the addresses that were found harmless are those that are used.
//!
//! Asking the resolver is left to `resolve`, and judging what it says to whoever asks for an endpoint's addresses.

use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

/// The first answer about a name. Clones share it, even those made before there was one.
///
/// It is no part of what an endpoint is: all answers are equal, and hash to nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer(Arc<OnceLock<Vec<SocketAddr>>>);

impl Answer {
    /// The answer that was given before, or else the one that `ask` gives now. A failure is not kept.
    pub(super) fn or_ask<E>(
        &self,
        ask: impl FnOnce() -> Result<Vec<SocketAddr>, E>,
    ) -> Result<Vec<SocketAddr>, E> {
        if let Some(kept) = self.0.get() {
            return Ok(kept.clone());
        }
        let asked = ask()?;
        // Where two ask at once both go by the answer that came first.
        Ok(self.0.get_or_init(|| asked).clone())
    }
}

impl PartialEq for Answer {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Answer {}

impl Hash for Answer {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(address: &str) -> Vec<SocketAddr> {
        vec![address.parse().unwrap()]
    }

    #[test]
    fn the_first_answer_stays_and_a_failure_does_not() {
        let answer = Answer::default();
        let earlier_clone = answer.clone();
        assert_eq!(answer.or_ask(|| Err("not now")), Err("not now"));
        assert_eq!(answer.or_ask(|| Ok::<_, ()>(one("127.0.0.1:1"))), Ok(one("127.0.0.1:1")));
        for later in [answer.clone(), answer, earlier_clone] {
            assert_eq!(later.or_ask(|| Ok::<_, ()>(one("192.0.2.1:1"))), Ok(one("127.0.0.1:1")));
        }
    }
}
