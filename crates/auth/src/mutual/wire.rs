//! The bytes of `mutual`'s messages: framing, headers, fields. What they prove is left to `proof`.

use alloc::vec::Vec;

use crate::claim::Claim;
use crate::{KeyId, Refused};

/// What the server sends first.
pub(super) struct Challenge([u8; Challenge::BYTES]);

/// What the client answers.
pub(super) struct Response([u8; Response::BYTES]);

/// What the server ends with.
pub(super) struct Accept([u8; Accept::BYTES]);

pub(super) type Nonce = [u8; 32];
type TagBytes = [u8; 32];

impl Challenge {
    pub(super) const BYTES: usize = HEADER_BYTES + 32;

    pub(super) fn new(nonce: Nonce) -> Challenge {
        Challenge(join(&[&header(), &nonce]))
    }

    pub(super) fn parse(message: &[u8; Challenge::BYTES]) -> Result<Challenge, Refused> {
        check_header(message)?;
        Ok(Challenge(*message))
    }

    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        append(&self.0, out);
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Response {
    pub(super) const BYTES: usize = SIGNED_BYTES + 32;

    /// All but the tag, whose place is kept.
    pub(super) fn unsigned(id: KeyId, nonce: Nonce) -> Response {
        Response(join(&[&header(), id.as_bytes(), &nonce, &[0; 32]]))
    }

    pub(super) fn sign(&mut self, tag: TagBytes) {
        self.0[SIGNED_BYTES..].copy_from_slice(&tag);
    }

    pub(super) fn parse(message: &[u8; Response::BYTES]) -> Result<Response, Refused> {
        check_header(message)?;
        Ok(Response(*message))
    }

    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        append(&self.0, out);
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What the client's tag is about.
    pub(super) fn signed(&self) -> &[u8] {
        &self.0[..SIGNED_BYTES]
    }

    pub(super) fn claim(&self) -> Claim<'_> {
        Claim::new(&self.0[SIGNED_BYTES..])
    }

    pub(super) fn key_id(&self) -> KeyId {
        let id = self.0[HEADER_BYTES..].first_chunk::<{ KeyId::BYTES }>();
        KeyId::from(*id.expect("a response has an id behind its header"))
    }
}

impl Accept {
    pub(super) const BYTES: usize = HEADER_BYTES + 32;

    pub(super) fn new(tag: TagBytes) -> Accept {
        Accept(join(&[&header(), &tag]))
    }

    pub(super) fn parse(message: &[u8; Accept::BYTES]) -> Result<Accept, Refused> {
        check_header(message)?;
        Ok(Accept(*message))
    }

    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        append(&self.0, out);
    }

    pub(super) fn claim(&self) -> Claim<'_> {
        Claim::new(&self.0[HEADER_BYTES..])
    }
}

/// The message at the front of `input`, which must be of exactly `N` bytes. Its length is checked
/// as soon as it is there, so that nobody waits for the rest of something else.
pub(super) fn read<const N: usize>(input: &[u8]) -> Result<Option<&[u8; N]>, Refused> {
    let Some((length, rest)) = input.split_first_chunk() else { return Ok(None) };
    let (declared, expected) = (u32::from_be_bytes(*length), length_of(N));
    if declared != expected {
        return Err(Refused::WrongLength { declared, expected });
    }
    Ok(rest.first_chunk())
}

/// Refuses a peer that did not wait for the reply to its message of `bytes`.
pub(super) fn check_nothing_follows(bytes: usize, input: &[u8]) -> Result<(), Refused> {
    if input.len() > framed(bytes) { Err(Refused::EarlyData) } else { Ok(()) }
}

/// How many bytes a message takes on the wire.
pub(super) const fn framed(bytes: usize) -> usize {
    LENGTH_BYTES + bytes
}

fn append(message: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&length_of(message.len()).to_be_bytes());
    out.extend_from_slice(message);
}

fn length_of(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("messages have at most 96 bytes")
}

fn header() -> [u8; HEADER_BYTES] {
    join(&[&LABEL, &SUITE.to_be_bytes(), &RESERVED])
}

fn check_header(message: &[u8]) -> Result<(), Refused> {
    let (label, rest) = message.split_at(LABEL.len());
    let (suite, rest) = rest.split_at(SUITE_BYTES);
    let reserved = &rest[..RESERVED.len()];
    if label != LABEL {
        return Err(Refused::WrongLabel);
    }
    if suite != SUITE.to_be_bytes() {
        let declared = u16::from_be_bytes([suite[0], suite[1]]);
        return Err(Refused::WrongSuite { declared, expected: SUITE });
    }
    if reserved != RESERVED {
        return Err(Refused::ReservedNotZero);
    }
    Ok(())
}

/// Lays the parts, which must fill the message exactly, side by side.
fn join<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut message = [0; N];
    let mut rest = &mut message[..];
    for part in parts {
        let (place, behind) = rest.split_at_mut(part.len());
        place.copy_from_slice(part);
        rest = behind;
    }
    debug_assert!(rest.is_empty(), "the parts fill the message");
    message
}

/// What every message begins with, and the salt of the key schedule.
pub(super) const LABEL: [u8; 8] = *b"NETAUTH1";
/// HMAC-SHA-256 throughout.
const SUITE: u16 = 1;
const SUITE_BYTES: usize = 2;
/// Room for later versions; checked, so that nobody fills it before.
const RESERVED: [u8; 6] = [0; 6];
const HEADER_BYTES: usize = LABEL.len() + SUITE_BYTES + RESERVED.len();
/// Header, key id, nonce: what stands before the client's tag.
const SIGNED_BYTES: usize = HEADER_BYTES + KeyId::BYTES + 32;
/// The `u32` in front of every message.
const LENGTH_BYTES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_sizes_of_the_design() {
        assert_eq!((Challenge::BYTES, Response::BYTES, Accept::BYTES, SIGNED_BYTES), (48, 96, 48, 64));
    }

    #[test]
    fn each_byte_of_the_header_is_checked() {
        let good = Challenge::new([9; 32]).0;
        assert!(Challenge::parse(&good).is_ok());
        for place in 0..HEADER_BYTES {
            let mut bad = good;
            bad[place] ^= 1;
            let refused = Challenge::parse(&bad).err();
            let expected = match place {
                0..8 => Refused::WrongLabel,
                8 => Refused::WrongSuite { declared: 0x0101, expected: 1 },
                9 => Refused::WrongSuite { declared: 0, expected: 1 },
                _ => Refused::ReservedNotZero,
            };
            assert_eq!(refused, Some(expected), "byte {place}");
        }
    }

    #[test]
    fn a_wrong_length_is_refused_before_the_message_comes() {
        for declared in [0, 47, 49, 96, u32::MAX] {
            let length = declared.to_be_bytes();
            assert_eq!(read::<48>(&length), Err(Refused::WrongLength { declared, expected: 48 }));
        }
        assert_eq!(read::<48>(&[0, 0, 0]), Ok(None));
        assert_eq!(read::<48>(&[0, 0, 0, 48, 1]), Ok(None));
    }
}
