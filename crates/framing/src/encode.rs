//! From payload to frame: what goes around it, or all of it appended to a buffer. Refuses what the decoder on the
//! other side would refuse or read differently.

use core::ops::Range;

use bytes::BufMut;

use crate::crc32c;
use crate::envelope::{AROUND_BYTES_MAX, Envelope};
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
            Some((plain, bytes)) => Ok(plain.envelope(bytes)),
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

    /// Where in `input` the whole frame of this payload lies, if the bytes around it there are the ones that
    /// [`encode`](Self::encode) would put around it: whoever passes a message on as it came need not frame it again.
    ///
    /// `None` for a frame that says the same in another form (a longer varint, a header with more in it), for a payload
    /// that is not the whole of its frame, and for a range beyond the input.
    ///
    /// ```
    /// # use switchboard_framing::FrameSpec;
    /// let spec: FrameSpec = "u8".parse()?;
    /// assert_eq!(spec.frame_around(b"\x01a\x03onetwo", 3..6), Some(2..6));
    /// assert_eq!(spec.frame_around(b"\x01a\x03onetwo", 3..5), None);
    /// # Ok::<(), switchboard_framing::SpecError>(())
    /// ```
    #[inline]
    pub fn frame_around(&self, input: &[u8], payload: Range<usize>) -> Option<Range<usize>> {
        let bytes = input.get(payload.clone())?;
        let Some((Plain::U32be, declared)) = self.plain_for(bytes) else {
            return self.frame_around_any(input, payload);
        };
        let start = payload.start.checked_sub(Plain::U32be.width())?;
        let is_header = Plain::U32be.read(&input[start..]) == Some(u64::from(declared));
        is_header.then_some(start..payload.end)
    }

    /// The same for every framing.
    #[inline(never)]
    fn frame_around_any(&self, input: &[u8], payload: Range<usize>) -> Option<Range<usize>> {
        let envelope = self.envelope(&input[payload.clone()]).ok()?;
        let start = payload.start.checked_sub(envelope.header().len())?;
        let end = payload.end + envelope.trailer().len();
        let frame = input.get(start..end)?;
        (frame.starts_with(envelope.header()) && frame.ends_with(envelope.trailer())).then_some(start..end)
    }

    /// The length of this payload, where that is all that a frame needs and the payload is within the limit.
    #[inline]
    fn plain_for(&self, payload: &[u8]) -> Option<(Plain, u32)> {
        if payload.len() > self.payload_bytes_max() {
            return None;
        }
        Some((self.plain?, u32::try_from(payload.len()).ok()?))
    }

    /// The same as [`envelope`](Self::envelope) for every framing and payload.
    #[inline(never)]
    pub(crate) fn envelope_of_any(&self, payload: &[u8]) -> Result<Envelope, EncodeError> {
        self.check_payload(payload)?;
        Ok(self.around(payload))
    }

    /// The same as [`encode`](Self::encode) for every framing and payload.
    #[inline(never)]
    pub(crate) fn encode_any(&self, payload: &[u8], out: &mut impl BufMut) -> Result<(), EncodeError> {
        self.check_payload(payload)?;
        let room = out.remaining_mut();
        // Only a buffer that is nearly full makes it worth while to know exactly.
        if room < payload.len().saturating_add(AROUND_BYTES_MAX) {
            let needed = payload.len() + self.around(payload).bytes();
            if needed > room {
                return Err(EncodeError::NoRoom { needed, room });
            }
        }
        self.put_header(payload, out);
        out.put_slice(payload);
        self.put_trailer(payload, out);
        Ok(())
    }

    /// The payload has been checked.
    fn around(&self, payload: &[u8]) -> Envelope {
        let mut envelope = Envelope { around: [0; AROUND_BYTES_MAX], header_bytes: 0, bytes: 0 };
        let mut room = &mut envelope.around[..];
        self.put_header(payload, &mut room);
        envelope.header_bytes = AROUND_BYTES_MAX - room.len();
        self.put_trailer(payload, &mut room);
        envelope.bytes = AROUND_BYTES_MAX - room.len();
        envelope
    }

    /// What goes before a payload that has been checked.
    #[inline]
    fn put_header(&self, payload: &[u8], out: &mut impl BufMut) {
        let body = (payload.len() + self.check.bytes()) as u64;
        match &self.layout {
            Layout::Prefix(prefix) => prefix.write(body, out),
            Layout::Varint => varint::write(body, out),
            Layout::Python => python::write(body, out),
            Layout::Netstring => netstring::write(body, out),
            Layout::Raw | Layout::Fixed(_) | Layout::Delimited(..) => {}
        }
    }

    /// What goes behind it.
    #[inline]
    fn put_trailer(&self, payload: &[u8], out: &mut impl BufMut) {
        if self.check == Check::Crc32c {
            out.put_u32_le(crc32c::of(payload));
        }
        match &self.layout {
            Layout::Netstring => out.put_u8(COMMA),
            Layout::Delimited(delimiters, Ending::Stripped) => delimiters.write(out),
            _ => {}
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
