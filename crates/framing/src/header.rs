//! What reading the front of a frame can say. Each framing that announces a length has a reader that returns it.

/// The front of a frame, as far as it has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Header {
    /// The message handed to the user starts at `start`, and `body` bytes (checksum included) follow from there.
    Whole { start: usize, body: u64 },
    /// So many further bytes are needed before more can be said.
    Partial { at_least: usize },
}
