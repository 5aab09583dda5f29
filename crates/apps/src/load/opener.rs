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
}

impl Opener {
    /// For so many, of which the first is called by `calling`.
    pub(super) fn new(wanted: u16) -> Opener {
        Opener { route: Route::default(), wanted, asked: 1, standing: 0 }
    }

    /// One more stands; calls others where it was found.
    pub(super) fn stands(&mut self, link: &mut Link<'_, '_>, caller: &Caller) {
        self.standing += 1;
        if caller.via == Via::Adoption {
            return;
        }
        while self.asked < self.wanted && self.asked - self.standing < CROWD_MAX {
            call(link, caller.peer.clone(), self.asked.into(), Tag::default());
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

/// Makes the call of this number. Those to a server on this host come from several of its addresses: a source has only
/// so many ports, and the system searches long for the last of them.
pub(super) fn call(link: &mut Link<'_, '_>, server: Address, number: u64, tag: Tag) {
    match source(&server, number) {
        None => link.call(server, tag),
        Some(source) => link.call_from(source, server, tag),
    }
}

fn source(server: &Address, number: u64) -> Option<IpAddr> {
    let is_here = server.ip().is_some_and(|server| server.ip() == Ipv4Addr::LOCALHOST);
    let number = u8::try_from(number / CALLS_PER_SOURCE % SOURCES).ok()?;
    (is_here && cfg!(target_os = "linux") && number > 0).then(|| Ipv4Addr::new(127, 0, 0, number + 1).into())
}

/// Well below half of the ports that a source has: in use, and not to be used again for a minute.
const CALLS_PER_SOURCE: u64 = 8_192;

/// 127.0.0.1 and those after it.
const SOURCES: u64 = 200;

/// Callers on their way at once: they fit the backlog of any server, and none of them waits long for its handshake.
const CROWD_MAX: u16 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_used_for_so_many_calls_and_then_the_next() {
        let here: Address = "tcp://127.0.0.1:9".parse().unwrap();
        let source = |number| source(&here, number).map(|source| source.to_string());
        assert_eq!(source(CALLS_PER_SOURCE - 1), None, "the system's choice");
        assert_eq!(source(CALLS_PER_SOURCE).as_deref(), Some("127.0.0.2"));
        assert_eq!(source(CALLS_PER_SOURCE * SOURCES - 1).as_deref(), Some("127.0.0.200"));
        assert_eq!(source(CALLS_PER_SOURCE * SOURCES), None, "and from the beginning");
    }

    #[test]
    fn servers_elsewhere_are_called_as_the_system_likes() {
        for server in ["tcp://192.0.2.1:9", "tcp://[::1]:9", "unix:/run/x"] {
            assert_eq!(source(&server.parse().unwrap(), CALLS_PER_SOURCE), None, "{server}");
        }
    }
}
