//! Opening the connections of a run: the first finds out which address answers, the others follow in small crowds.
//! What is said on them is left to the services.

use reactor::Tag;

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
            link.call(caller.peer.clone(), Tag::default());
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

/// Callers on their way at once: they fit the backlog of any server, and none of them waits long for its handshake.
const CROWD_MAX: u16 = 100;
