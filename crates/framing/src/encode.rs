//! From payload to frame: what goes around it, or all of it appended to a buffer. Refuses what the decoder on the
//! other side would refuse or read differently.

use bytes::BufMut;

use crate::crc32c;
use crate::envelope::{Envelope, Inline};
use crate::error::EncodeError;
use crate::netstring::{self, COMMA};
use crate::plain::Plain;
use crate::spec::{Check, Ending, FrameSpec, Layout};
use crate::{python, varint};

impl FrameSpec {
    /// What goes before and after this payload, for a vectored write of all three.
    #[inline]
    pub fn envelope(&self, payload: &[u8]) -> Result<Envelope, EncodeError> {
        match self.plain_for(payload) {
            Some((plain, bytes)) => Ok(Envelope { header: plain.header(bytes), trailer: Inline::EMPTY }),
            None => self.envelope_of_any(payload),
        }
    }

    /// Appends the whole frame; nothing on an error.
    #[expect(
        clippy::inline_always,
        reason = "measured: called, it takes half as long again for a small message"
    )]
    #[inline(always)]
    pub fn encode(&self, payload: &[u8], out: &mut impl BufMut) -> Result<(), EncodeError> {
        match self.plain_for(payload) {
            Some((plain, bytes)) if plain.width() + payload.len() <= out.remaining_mut() => {
                plain.put(bytes, out);
                out.put_slice(payload);
                Ok(())
            }
            _ => self.encode_any(payload, out),
        }
    }

    /// The length of this payload, where that is all that a frame needs and the payload is within the limit.
    #[inline]
    fn plain_for(&self, payload: &[u8]) -> Option<(Plain, u32)> {
        let bytes = u32::try_from(payload.len()).ok()?;
        if payload.len() <= self.payload_bytes_max() { Some((self.plain?, bytes)) } else { None }
    }

    /// The same as [`envelope`](Self::envelope) for every framing and payload.
    #[inline(never)]
    pub(crate) fn envelope_of_any(&self, payload: &[u8]) -> Result<Envelope, EncodeError> {
        let mut envelope = Envelope::default();
        self.check_payload(payload)?;
        self.write_around(payload, &mut envelope);
        Ok(envelope)
    }

    /// The same as [`encode`](Self::encode) for every framing and payload.
    #[inline(never)]
    pub(crate) fn encode_any(&self, payload: &[u8], out: &mut impl BufMut) -> Result<(), EncodeError> {
        // Not by `envelope`: moving one that has just been written, byte by byte, costs more than writing it.
        let mut envelope = Envelope::default();
        self.check_payload(payload)?;
        self.write_around(payload, &mut envelope);
        let (needed, room) = (envelope.bytes() + payload.len(), out.remaining_mut());
        if needed > room {
            return Err(EncodeError::NoRoom { needed, room });
        }
        out.put_slice(envelope.header());
        out.put_slice(payload);
        if !envelope.trailer().is_empty() {
            out.put_slice(envelope.trailer());
        }
        Ok(())
    }

    /// The payload has been checked.
    #[inline]
    fn write_around(&self, payload: &[u8], envelope: &mut Envelope) {
        let body = (payload.len() + self.check.bytes()) as u64;
        match &self.layout {
            Layout::Raw | Layout::Fixed(_) | Layout::Delimited(_, Ending::Kept) => {}
            Layout::Prefix(prefix) => prefix.write(body, &mut envelope.header),
            Layout::Varint => varint::write(body, &mut envelope.header),
            Layout::Python => python::write(body, &mut envelope.header),
            Layout::Netstring => netstring::write(body, &mut envelope.header),
            Layout::Delimited(delimiters, Ending::Stripped) => envelope.trailer.push(delimiters.written()),
        }
        if self.check == Check::Crc32c {
            envelope.trailer.push(&crc32c::of(payload).to_le_bytes());
        }
        if matches!(self.layout, Layout::Netstring) {
            envelope.trailer.push(&[COMMA]);
        }
    }

    #[inline]
    fn check_payload(&self, payload: &[u8]) -> Result<(), EncodeError> {
        // On a raw stream every read is a message, so nothing sent can be wrong.
        if self.is_raw() {
            return Ok(());
        }
        let (len, limit) = (payload.len(), self.payload_bytes_max());
        if len > limit {
            return Err(EncodeError::TooLong { len, limit });
        }
        match &self.layout {
            Layout::Prefix(_) | Layout::Fixed(_) if len < self.payload_bytes_min() => {
                Err(EncodeError::TooShort { len, least: self.payload_bytes_min() })
            }
            Layout::Prefix(prefix) => prefix.check_kept_field(payload, (len + self.check.bytes()) as u64),
            Layout::Delimited(delimiters, Ending::Stripped) => match delimiters.cut_within(payload) {
                Some(at) => Err(EncodeError::HoldsDelimiter { at }),
                None => Ok(()),
            },
            Layout::Delimited(delimiters, Ending::Kept) => match delimiters.find(payload, 0) {
                Some(found) if found.end == len => Ok(()),
                Some(found) => Err(EncodeError::HoldsDelimiter { at: found.end }),
                None => Err(EncodeError::LacksDelimiter { len }),
            },
            _ => Ok(()),
        }
    }
}
