//! Opening the connections of a run: the first finds out which address answers, the others follow in small crowds.
//! What is said on them is left to the services.

use std::net::{IpAddr, Ipv4Addr};

use reactor::{Address, Tag};

use crate::calling::Route;
use crate::session::{Caller, Link, Via};

/// Connections that are to stand before anything is measured.
#[derive(Debug)]
pub(super) struct Opener {
    /// For the first of them.
    pub(super) route: Route,
    wanted: u16,
    asked: u16,
    standing: u16,
    /// What tells this run from others.
    salt: u64,
}

impl Opener {
    /// For so many, of which the first is called by `calling`.
    pub(super) fn new(wanted: u16, salt: u64) -> Opener {
        Opener { route: Route::default(), wanted, asked: 1, standing: 0, salt }
    }

    /// One more stands; calls others where it was found.
    pub(super) fn stands(&mut self, link: &mut Link<'_, '_>, caller: &Caller) {
        self.standing += 1;
        if caller.via == Via::Adoption {
            return;
        }
        while self.asked < self.wanted && self.asked - self.standing < CROWD_MAX {
            let server = caller.peer.clone();
            match source(&server, self.asked, self.salt) {
                None => link.call(server, Tag::default()),
                Some(source) => link.call_from(source, server, Tag::default()),
            }
            self.asked += 1;
        }
    }

    pub(super) fn standing(&self) -> u16 {
        self.standing
    }

    pub(super) fn is_done(&self) -> bool {
        self.standing == self.wanted
    }
}

/// The address of ours from which the call of this number is made, if not the system's choice. A source has only so many
/// ports, for the last of which the system searches long, so those to a server on this host come from several. Which
/// ones differs from run to run, as ports are kept for a minute.
fn source(server: &Address, number: u16, salt: u64) -> Option<IpAddr> {
    let is_here = server.ip().is_some_and(|server| server.ip() == Ipv4Addr::LOCALHOST);
    let block = u64::from(number / CALLS_PER_SOURCE);
    let last = u8::try_from(2 + salt.wrapping_add(block) % SOURCES).ok()?;
    (is_here && cfg!(target_os = "linux") && block > 0).then(|| Ipv4Addr::new(127, 0, 0, last).into())
}

/// Well below half of the ports that a source has.
const CALLS_PER_SOURCE: u16 = 8_192;

/// From 127.0.0.2 on.
const SOURCES: u64 = 250;

/// Callers on their way at once: they fit the backlog of any server, and none of them waits long for its handshake.
const CROWD_MAX: u16 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_used_for_so_many_calls_and_then_the_next() {
        let here: Address = "tcp://127.0.0.1:9".parse().unwrap();
        let source = |number, salt| source(&here, number, salt).map(|source| source.to_string());
        assert_eq!(source(CALLS_PER_SOURCE - 1, 7), None, "the system's choice");
        assert_eq!(source(CALLS_PER_SOURCE, 7).as_deref(), Some("127.0.0.10"));
        assert_eq!(source(2 * CALLS_PER_SOURCE, 7).as_deref(), Some("127.0.0.11"));
        assert_eq!(source(2 * CALLS_PER_SOURCE, 248).as_deref(), Some("127.0.0.2"), "round and round");
    }

    #[test]
    fn servers_elsewhere_are_called_as_the_system_likes() {
        for server in ["tcp://192.0.2.1:9", "tcp://[::1]:9", "unix:/run/x"] {
            assert_eq!(source(&server.parse().unwrap(), CALLS_PER_SOURCE, 7), None, "{server}");
        }
    }
}
