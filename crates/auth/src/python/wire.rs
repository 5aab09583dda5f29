//! The bytes of Python's handshake: how messages are framed, and how challenges and answers are
//! written. Whether an answer is right is left to the module above.

use alloc::vec::Vec;

use crate::Refused;
use crate::claim::Claim;

use super::Digest;

/// A message at the front of the input.
pub(super) struct Message<'a> {
    pub(super) body: &'a [u8],
    /// What it takes on the wire.
    pub(super) consumed: usize,
}

/// Reads a message: a signed 32-bit big-endian length, and at most [`MESSAGE_BYTES_MAX`]. A length
/// that is not allowed is refused as soon as it is there.
pub(super) fn read(input: &[u8]) -> Result<Option<Message<'_>>, Refused> {
    let Some((length, rest)) = input.split_first_chunk() else { return Ok(None) };
    let declared = i32::from_be_bytes(*length);
    let declared = u32::try_from(declared).map_err(|_| Refused::NegativeLength { declared })?;
    if declared > MESSAGE_BYTES_MAX {
        return Err(Refused::TooLong { declared, limit: MESSAGE_BYTES_MAX });
    }
    let bytes = usize::try_from(declared).expect("256 fits any usize");
    Ok(rest.get(..bytes).map(|body| Message { body, consumed: LENGTH_BYTES + bytes }))
}

/// Appends a message made of `parts`.
pub(super) fn append(parts: &[&[u8]], out: &mut Vec<u8>) {
    let bytes = parts.iter().map(|part| part.len()).sum::<usize>();
    let length = i32::try_from(bytes).expect("our messages are short");
    out.extend_from_slice(&length.to_be_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// What a challenge wants signed: everything behind its label, and with which digest.
pub(super) fn parse_challenge(body: &[u8]) -> Result<(Digest, Form, &[u8]), Refused> {
    let message = body.strip_prefix(CHALLENGE).ok_or(Refused::WrongLabel)?;
    let bytes = message.len();
    if bytes < LEGACY_CHALLENGE_BYTES {
        return Err(Refused::ShortChallenge { bytes, least: LEGACY_CHALLENGE_BYTES });
    }
    if bytes == LEGACY_CHALLENGE_BYTES {
        return Ok((Digest::Md5, Form::Legacy, message));
    }
    let (digest, _) = split_digest(message).ok_or(Refused::UnknownDigest)?;
    Ok((digest, Form::Modern, message))
}

/// An answer's digest and what it claims. Sixteen bytes and nothing else is what Pythons before 3.12 send.
pub(super) fn parse_answer(body: &[u8]) -> Result<(Digest, Claim<'_>), Refused> {
    let (digest, tag) = match body.len() {
        LEGACY_ANSWER_BYTES => (Digest::Md5, body),
        _ => split_digest(body).ok_or(Refused::UnknownDigest)?,
    };
    Ok((digest, Claim::new(tag)))
}

/// How the two generations of Python write an answer.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// The tag alone.
    Legacy,
    /// The digest's name in braces, then the tag.
    Modern,
}

/// `{name}` and what is behind it.
fn split_digest(message: &[u8]) -> Option<(Digest, &[u8])> {
    let named = message.strip_prefix(b"{")?;
    Digest::ALL.into_iter().find_map(|digest| {
        let rest = named.strip_prefix(digest.name().as_bytes())?;
        Some((digest, rest.strip_prefix(b"}")?))
    })
}

pub(super) const CHALLENGE: &[u8] = b"#CHALLENGE#";
pub(super) const WELCOME: &[u8] = b"#WELCOME#";
pub(super) const FAILURE: &[u8] = b"#FAILURE#";

/// What Python accepts from a peer that has not proved itself (`recv_bytes(256)`).
const MESSAGE_BYTES_MAX: u32 = 256;
/// The same on the wire.
pub(super) const FRAMED_BYTES_MAX: usize = LENGTH_BYTES + MESSAGE_BYTES_MAX as usize;
const LENGTH_BYTES: usize = 4;
/// The length by which Python tells a challenge of an old Python from a new one's.
const LEGACY_CHALLENGE_BYTES: usize = 20;
/// The length of an MD5 digest.
const LEGACY_ANSWER_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_at_most_256_bytes() {
        let message = |bytes: i32| [&bytes.to_be_bytes()[..], &[7; 300]].concat();
        assert_eq!(read(&message(256)).unwrap().map(|message| message.consumed), Some(260));
        assert_eq!(read(&message(257)).err(), Some(Refused::TooLong { declared: 257, limit: 256 }));
        assert_eq!(read(&message(0)).unwrap().map(|message| message.consumed), Some(4));
        assert_eq!(read(&message(-1)).err(), Some(Refused::NegativeLength { declared: -1 }));
        assert_eq!(read(&message(i32::MIN)).err(), Some(Refused::NegativeLength { declared: i32::MIN }));
    }

    #[test]
    fn the_farewell_is_a_framed_failure() {
        let mut framed = Vec::new();
        append(&[FAILURE], &mut framed);
        assert_eq!(framed, crate::python::FAREWELL);
    }

    #[test]
    fn a_challenge_has_at_least_20_bytes() {
        let challenge = |bytes: usize| [CHALLENGE, &alloc::vec![b'x'; bytes]].concat();
        let refused = Refused::ShortChallenge { bytes: 19, least: 20 };
        assert_eq!(parse_challenge(&challenge(19)).err(), Some(refused));
        assert!(matches!(parse_challenge(&challenge(20)), Ok((Digest::Md5, Form::Legacy, _))));
        assert_eq!(parse_challenge(&challenge(21)).err(), Some(Refused::UnknownDigest));
    }

    #[test]
    fn a_digest_is_named_exactly() {
        assert_eq!(split_digest(b"{sha3_256}x"), Some((Digest::Sha3_256, &b"x"[..])));
        for wrong in [&b"{sha256"[..], b"sha256}x", b"{SHA256}x", b"{sha2567}x", b"{}x", b"", b"{ md5}x"] {
            assert_eq!(split_digest(wrong), None);
        }
    }
}
