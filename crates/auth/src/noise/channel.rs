//! The records that follow a `noise` handshake: sealing what is to be sent, opening what has come,
//! and telling an end from a cut. What the bytes mean is left to whoever sends them.
//!
//! A record is a 16-bit big-endian length and that many bytes, which decrypt to a type byte and at
//! most 16,384 bytes of payload. The last record of each direction is an empty one of its own type.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::{fmt, mem};

use snow::{HandshakeState, TransportState};
use thiserror::Error;

use super::setup;
use crate::Refused;

/// The two directions of one encrypted conversation. After an error it stays in that error.
pub struct Channel {
    transport: TransportState,
    sending: Direction,
    receiving: Direction,
    /// The first thing that went wrong.
    failed: Option<ChannelError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Open,
    /// Its close record has passed.
    Closed,
}

/// What was found in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// More may come.
    More {
        /// How many bytes of the input are done with; the rest must be presented again.
        consumed: usize,
    },
    /// The peer has said all it had to say.
    Closed {
        /// How many bytes of the input are done with: all of them.
        consumed: usize,
    },
}

impl Channel {
    pub(super) fn after(mut noise: Box<HandshakeState>) -> Box<Channel> {
        let noise = mem::replace(&mut *noise, setup::blank());
        let transport = noise.into_transport_mode().expect("both messages of the handshake have passed");
        let (sending, receiving) = (Direction::Open, Direction::Open);
        Box::new(Channel { transport, sending, receiving, failed: None })
    }

    /// Appends `payload` as sealed records, each as large as it may be.
    pub fn seal(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), ChannelError> {
        self.check_sending()?;
        payload.chunks(PAYLOAD_BYTES_MAX).try_for_each(|piece| self.write(Kind::Data, piece, out))
    }

    /// Appends the record that tells the peer that nothing more comes. Without it the peer takes
    /// the end of the stream for a cut.
    pub fn close(&mut self, out: &mut Vec<u8>) -> Result<(), ChannelError> {
        self.check_sending()?;
        self.sending = Direction::Closed;
        self.write(Kind::Close, &[], out)
    }

    /// Opens every whole record at the front of `input` and appends what is in them. On an error,
    /// what was opened before it stays appended.
    pub fn open(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Opened, ChannelError> {
        self.failed.map_or(Ok(()), Err)?;
        let opened = self.open_all(input, out);
        self.failed = opened.err();
        opened
    }

    /// The stream has ended, with `rest` not consumed: was that the peer's intention?
    pub fn finish(&mut self, rest: &[u8]) -> Result<(), ChannelError> {
        self.failed.map_or(Ok(()), Err)?;
        let ended = match (self.receiving, rest.len()) {
            (Direction::Closed, 0) => Ok(()),
            (Direction::Closed, bytes) => Err(ChannelError::AfterClose { bytes }),
            (Direction::Open, have) => Err(ChannelError::Truncated { have }),
        };
        self.failed = ended.err();
        ended
    }

    fn check_sending(&self) -> Result<(), ChannelError> {
        self.failed.map_or(Ok(()), Err)?;
        match self.sending {
            Direction::Open => Ok(()),
            Direction::Closed => Err(ChannelError::AlreadyClosed),
        }
    }

    /// The client's last word in the handshake.
    pub(super) fn confirm(&mut self, out: &mut Vec<u8>) {
        self.write(Kind::Confirm, &[], out).expect("the first record of a session can be written");
    }

    /// Reads that word; gives what it takes on the wire.
    pub(super) fn read_confirm(&mut self, input: &[u8]) -> Result<Option<usize>, Refused> {
        let Some((length, rest)) = input.split_first_chunk() else { return Ok(None) };
        let (declared, expected) = (u32::from(u16::from_be_bytes(*length)), CONFIRM_SEALED_BYTES);
        if declared != u32::from(expected) {
            return Err(Refused::WrongLength { declared, expected: expected.into() });
        }
        let Some(sealed) = rest.get(..usize::from(expected)) else { return Ok(None) };
        let mut plain = [0; 1];
        self.transport.read_message(sealed, &mut plain).map_err(|_| Refused::WrongProof)?;
        match Kind::of(plain[0]) {
            Some(Kind::Confirm) => Ok(Some(CONFIRM_BYTES)),
            _ => Err(Refused::EarlyData),
        }
    }

    fn open_all(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Opened, ChannelError> {
        let mut consumed = 0;
        while self.receiving == Direction::Open {
            let Some(sealed) = next_record(&input[consumed..])? else { return Ok(Opened::More { consumed }) };
            self.open_record(sealed, out)?;
            consumed += LENGTH_BYTES + sealed.len();
        }
        match input.len() - consumed {
            0 => Ok(Opened::Closed { consumed }),
            bytes => Err(ChannelError::AfterClose { bytes }),
        }
    }

    fn open_record(&mut self, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), ChannelError> {
        let start = out.len();
        out.resize(start + sealed.len() - TAG_BYTES, 0);
        if self.transport.read_message(sealed, &mut out[start..]).is_err() {
            out.truncate(start);
            return Err(ChannelError::Forged);
        }
        let kind = out.remove(start);
        let bytes = out.len() - start;
        match (Kind::of(kind), bytes) {
            (Some(Kind::Data), _) => Ok(()),
            (Some(Kind::Close), 0) => {
                self.receiving = Direction::Closed;
                Ok(())
            }
            _ => {
                out.truncate(start);
                Err(ChannelError::OutOfPlace { kind, bytes })
            }
        }
    }

    /// Appends one record. What is to be sealed stands behind it for a moment: a copy beside it would cost an
    /// allocation for each record.
    fn write(&mut self, kind: Kind, payload: &[u8], out: &mut Vec<u8>) -> Result<(), ChannelError> {
        let sealed = 1 + payload.len() + TAG_BYTES;
        let length = u16::try_from(sealed).expect("a record has at most 16,401 bytes");
        let start = out.len();
        let end = start + LENGTH_BYTES + sealed;
        out.extend_from_slice(&length.to_be_bytes());
        out.resize(end, 0);
        out.push(kind as u8);
        out.extend_from_slice(payload);
        let (record, plain) = out.split_at_mut(end);
        let written = self.transport.write_message(plain, &mut record[start + LENGTH_BYTES..]);
        out.truncate(if written.is_ok() { end } else { start });
        written.map(drop).map_err(|_| ChannelError::Exhausted)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Channel");
        shown.field("sending", &self.sending).field("receiving", &self.receiving);
        shown.finish_non_exhaustive()
    }
}

/// What a record is for.
#[derive(Clone, Copy)]
enum Kind {
    Confirm = 0,
    Data = 1,
    Close = 2,
}

impl Kind {
    fn of(byte: u8) -> Option<Kind> {
        [Kind::Confirm, Kind::Data, Kind::Close].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// Why a channel is of no more use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChannelError {
    // Malformed.
    /// No record has this length.
    #[error("a record of {declared} bytes: from {least} to {limit} are allowed")]
    WrongLength {
        /// What the peer announced.
        declared: u16,
        /// The smallest.
        least: u16,
        /// The largest.
        limit: u16,
    },
    // Misbehaved: the peer, or whoever is between.
    /// The record was not sealed by the peer, not for us, or not next.
    #[error("a record that the peer did not seal, or not in this place")]
    Forged,
    /// A record that has no business here.
    #[error("a record of type {kind} with {bytes} bytes in it, which has no place here")]
    OutOfPlace {
        /// Its type byte.
        kind: u8,
        /// What is in it.
        bytes: usize,
    },
    /// The peer went on after it had closed.
    #[error("{bytes} bytes after the peer's last record")]
    AfterClose {
        /// How many.
        bytes: usize,
    },
    /// The stream ended, and the peer had not said so: somebody may have cut it.
    #[error("the stream was cut, {have} bytes into a record")]
    Truncated {
        /// How much of a record had come.
        have: usize,
    },
    // Our caller's misuse.
    /// We have said that nothing more comes.
    #[error("nothing can be sent after a close record")]
    AlreadyClosed,
    // Limit reached.
    /// As many records as there are numbers for.
    #[error("2^64 records were sent: a new session is needed")]
    Exhausted,
}

/// The sealed bytes of the record at the front. A length that is not allowed is refused at once.
fn next_record(input: &[u8]) -> Result<Option<&[u8]>, ChannelError> {
    let Some((length, rest)) = input.split_first_chunk() else { return Ok(None) };
    let declared = u16::from_be_bytes(*length);
    if !(SEALED_BYTES_MIN..=SEALED_BYTES_MAX).contains(&declared) {
        return Err(ChannelError::WrongLength { declared, least: SEALED_BYTES_MIN, limit: SEALED_BYTES_MAX });
    }
    Ok(rest.get(..usize::from(declared)))
}

/// So that a receiver never has to hold more than one record of this size to say anything.
const PAYLOAD_BYTES_MAX: usize = 16_384;
const LENGTH_BYTES: usize = 2;
/// Of ChaCha20-Poly1305.
const TAG_BYTES: usize = 16;
/// A type byte and a tag.
const SEALED_BYTES_MIN: u16 = 1 + 16;
const SEALED_BYTES_MAX: u16 = 16_384 + SEALED_BYTES_MIN;
const CONFIRM_SEALED_BYTES: u16 = SEALED_BYTES_MIN;
/// A confirm record on the wire.
pub(super) const CONFIRM_BYTES: usize = LENGTH_BYTES + 1 + TAG_BYTES;

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use super::super::setup::Psk;
    use super::*;
    use crate::{Dialect, Key, KeyId, Keyring, Policy};

    /// The two ends as they are before the confirm record: server, client.
    fn channels() -> (Box<Channel>, Box<Channel>) {
        let mut ring = Keyring::new();
        ring.add("alice", Key::from_bytes(&[7; 32])).unwrap();
        let policy = Policy::new(Dialect::Noise, Arc::new(ring)).unwrap();
        let id = KeyId::from([1; 16]);
        let psk = Psk::derive(&[7; 32], &id);
        let mut client = setup::initiator(&psk, &id, &policy.terms, &[2; 32]);
        let mut server = setup::responder(&psk, &id, &policy.terms, &[3; 32]);
        let mut message = [0; 48];
        client.write_message(&[], &mut message).unwrap();
        server.read_message(&message, &mut []).unwrap();
        server.write_message(&[], &mut message).unwrap();
        client.read_message(&message, &mut []).unwrap();
        (Channel::after(server), Channel::after(client))
    }

    /// A record that is sealed as it should be, and holds what a peer would not say.
    fn record(channel: &mut Channel, plain: &[u8]) -> Vec<u8> {
        let length = u16::try_from(plain.len() + TAG_BYTES).unwrap();
        let mut record = [&length.to_be_bytes()[..], plain, &[0; TAG_BYTES]].concat();
        channel.transport.write_message(plain, &mut record[LENGTH_BYTES..]).unwrap();
        record
    }

    #[test]
    fn only_a_confirm_record_confirms() {
        for kind in [1, 2, 3, 255] {
            let (mut server, mut client) = channels();
            let input = record(&mut client, &[kind]);
            assert_eq!(server.read_confirm(&input), Err(Refused::EarlyData), "type {kind}");
        }
        let (mut server, mut client) = channels();
        assert_eq!(server.read_confirm(&record(&mut client, &[0])), Ok(Some(19)));
    }

    #[test]
    fn records_that_have_no_place_are_refused() {
        for plain in [&[0][..], &[0, 9], &[2, 9], &[3], &[255, 9, 9]] {
            let (mut server, mut client) = channels();
            let mut out = b"before".to_vec();
            let result = server.open(&record(&mut client, plain), &mut out);
            let error = ChannelError::OutOfPlace { kind: plain[0], bytes: plain.len() - 1 };
            assert_eq!((result, out.as_slice()), (Err(error), &b"before"[..]));
        }
    }

    #[test]
    fn after_an_error_nothing_works_any_more() {
        let (mut server, _) = channels();
        let mut out = Vec::new();
        let error = server.open(&[0, 0], &mut out).unwrap_err();
        assert_eq!(server.seal(b"x", &mut out), Err(error));
        assert_eq!(server.close(&mut out), Err(error));
        assert_eq!(server.finish(&[]), Err(error));
        assert_eq!(out, b"");
    }

    #[test]
    fn an_end_is_clean_only_right_behind_the_close_record() {
        let (mut server, mut client) = channels();
        let mut close = Vec::new();
        client.close(&mut close).unwrap();
        assert_eq!(server.open(&close, &mut Vec::new()), Ok(Opened::Closed { consumed: 19 }));
        assert_eq!(server.finish(b""), Ok(()));
        let after = Err(ChannelError::AfterClose { bytes: 1 });
        assert_eq!((server.finish(b"!"), server.finish(b"")), (after, after), "and an error stays");
    }
}
