//! The law of memory: a peer pays for what we hold with bytes of its own. Counting is the caller's business, since
//! only a program can have an allocator that counts.

use alloc::format;
use alloc::vec::Vec;

use super::violation::Shown;
use super::{Codec, Feed, Law, Violation};

/// What a decoder may hold: `times` the bytes received, and `constant` more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// 2 for a buffer that grows by doubling.
    pub times: usize,
    /// Whatever a decoder needs before its first byte, and for one error.
    pub constant: usize,
}

/// While `stream` comes in, in pieces of `piece_bytes`, no more is held than the allowance whenever `held` looks.
///
/// `held` says how many bytes are allocated, in the whole program or in this thread: twice before the decoder is
/// made, of which the second answer counts, and then after each piece. There are two kinds of it:
///
/// * What is allocated at the moment. Each piece's messages are dropped before. What a decoder takes and drops again
///   within one `feed` is not seen.
/// * The most that was allocated at any time since the last call. Then nothing is missed: neither the announced length,
///   reserved and dropped within one `feed`, nor the messages of the piece, which the allowance has to cover, too.
pub fn memory<C: Codec>(
    codec: &C,
    stream: &[u8],
    piece_bytes: usize,
    allowance: Allowance,
    mut held: impl FnMut() -> usize,
) -> Result<(), Violation> {
    held(); // The most since who knows when, if it tells peaks.
    let before = held();
    let mut decoder = codec.decoder();
    let mut received = 0;
    for piece in stream.chunks(piece_bytes.max(1)) {
        let mut events = Vec::new();
        decoder.feed(piece, &mut events);
        drop(events);
        received += piece.len();
        let (now, allowed) = (held().saturating_sub(before), allowance.of(received));
        if now > allowed {
            let report = format!(
                "stream {}\nafter {received} bytes {now} are held, allowed are {allowed}",
                Shown(&stream[..received])
            );
            return Err(Violation { law: Law::Memory, report });
        }
    }
    Ok(())
}

impl Allowance {
    fn of(self, received: usize) -> usize {
        self.times.saturating_mul(received).saturating_add(self.constant)
    }
}
