//! What members of rooms are alike in, whatever they say: each has one connection, and keeps what it hears there. What it
//! was to hear is for the laws to say.

use switchboard_reactor::{Closed, ConnId, Context};

use super::Ledger;

/// A member's connection, and what came of it.
pub(super) struct Caller {
    ledger: Ledger,
    pub(super) name: u64,
    pub(super) conn: Option<ConnId>,
    pub(super) heard: Vec<u8>,
    pub(super) ended_well: bool,
}

impl Caller {
    pub(super) fn new(name: u64) -> Caller {
        Caller { ledger: Ledger::default(), name, conn: None, heard: Vec::new(), ended_well: false }
    }

    pub(super) fn set_up(&mut self, cx: &mut Context<'_>, id: ConnId) {
        self.ledger.set_up(id);
        cx.established(id);
        self.conn = Some(id);
    }

    pub(super) fn hear(&mut self, input: &[u8]) -> usize {
        self.heard.extend_from_slice(input);
        input.len()
    }

    pub(super) fn finish(&mut self, id: ConnId, why: &Closed) {
        self.ledger.finish(id);
        self.conn = None;
        self.ended_well = why.is_clean();
    }

    pub(super) fn check_balanced(&self) {
        self.ledger.check_balanced();
    }
}

/// The lines that have come to their end.
pub(super) fn whole_lines(input: &[u8]) -> &str {
    let end = input.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    str::from_utf8(&input[..end]).expect("lines are text")
}
