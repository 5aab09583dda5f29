//! What a session counts besides what the loop under it does: handshakes and messages. Showing it is the program's.

use auth::Dialect;
use reactor::Measure;

/// Counters since the session began, and one gauge. Datagrams are the loop's to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Gauge: conversations now.
    pub conversations: usize,
    /// Handshakes that ended well, of calls that came in and of ours.
    pub handshakes_passed: u64,
    /// Connections that ended before their conversation began.
    pub handshakes_failed: u64,
    /// Messages heard.
    pub messages_in: u64,
    /// Messages said: framed once, and counted once, however many hear it.
    pub messages_out: u64,
}

impl Counts {
    /// Every number with its name and what it means. Handshakes are those of this dialect.
    pub fn measures(&self, dialect: Dialect) -> [Measure; 5] {
        let Counts { conversations, handshakes_passed, handshakes_failed, messages_in, messages_out } = *self;
        let passed =
            Measure::counter("session_handshakes_passed", "Handshakes that ended well", handshakes_passed);
        let help = "Connections that ended before their conversation began";
        let failed = Measure::counter("session_handshakes_failed", help, handshakes_failed);
        [
            Measure::gauge("session_conversations", "Conversations now", conversations),
            passed.labelled("dialect", dialect.name()),
            failed.labelled("dialect", dialect.name()),
            Measure::counter("session_messages_in", "Messages heard", messages_in),
            Measure::counter("session_messages_out", "Messages said", messages_out),
        ]
    }
}
