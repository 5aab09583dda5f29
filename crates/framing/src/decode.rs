//! The borrowed decoder: says where the next message lies in bytes that the caller owns. Holding the bytes is
//! `decoder`'s business, reading them `blocking`'s.

mod overflow;

use core::ops::Range;

use crate::crc32c;
use crate::error::{FrameError, Malformation};
use crate::header::Header;
use crate::netstring::{self, COMMA};
use crate::plain::{LastLength, Plain};
use crate::spec::{Check, Ending, FrameSpec, Layout};
use crate::{python, varint};

/// What the bytes so far amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// A whole message.
    Message {
        /// Where in the input the message lies, without what is around it.
        payload: Range<usize>,
        /// Bytes of the input that are done with, at least 1. The next call's input starts behind them.
        consumed: usize,
    },
    /// No message yet. Call again with the same bytes and more behind them.
    NeedMore {
        /// So many further bytes have to come before anything can happen, at least 1. It never goes beyond one
        /// frame within the limit; still a peer chose it: reserve what arrives, not what is announced.
        at_least: usize,
    },
    /// Bytes of a message over the limit, to be dropped; only with [`Overflow::Skip`](crate::Overflow::Skip).
    Skipped {
        /// Bytes of the input that are done with, at least 1.
        consumed: usize,
        /// With the first bytes of each such message its length, as in [`FrameError::TooLong`].
        declared: Option<u64>,
    },
}

/// Finds messages in bytes that the caller owns. It copies nothing, allocates nothing and holds no payload.
///
/// Each input starts at the first byte that no earlier call has consumed:
///
/// ```
/// use switchboard_framing::{Decoded, FrameSpec};
///
/// let mut decoder = "u8".parse::<FrameSpec>()?.decoder();
/// let input = b"\x03onetwo";
/// assert_eq!(decoder.decode(input)?, Decoded::Message { payload: 1..4, consumed: 4 });
/// // Their first byte, `t`, says 116; two bytes have come.
/// assert_eq!(decoder.decode(&input[4..])?, Decoded::NeedMore { at_least: 114 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FrameDecoder {
    spec: FrameSpec,
    state: State,
}

/// What a decoder remembers between calls.
#[derive(Debug, Clone, Copy)]
enum State {
    /// Before or inside a frame.
    Scanning {
        /// So many bytes of the input have been searched for a delimiter.
        searched: usize,
        /// Of the plain frames before.
        last: LastLength,
    },
    /// Inside a frame over the limit, so many bytes of it are still to be dropped.
    SkippingBytes(u64),
    /// Before the comma that ends a netstring over the limit.
    SkippingComma,
    /// Inside a message over the limit that a delimiter will end; so many bytes of the input have been searched.
    SkippingToDelimiter(usize),
    /// For good.
    Failed(FrameError),
}

impl State {
    /// Between two frames.
    const START: State = State::Scanning { searched: 0, last: LastLength::FIRST };
}

impl FrameSpec {
    /// A decoder before the first byte of a stream.
    pub fn decoder(&self) -> FrameDecoder {
        FrameDecoder { spec: self.clone(), state: State::START }
    }
}

impl FrameDecoder {
    /// Takes a look at the bytes that have arrived and not been consumed.
    ///
    /// An error is final: every later call returns it again.
    #[inline]
    pub fn decode(&mut self, input: &[u8]) -> Result<Decoded, FrameError> {
        match self.decode_plain(input) {
            Some(payload) => Ok(Decoded::Message { consumed: payload.end, payload }),
            None => self.decode_any(input),
        }
    }

    /// The message at the front of the input, if it is whole and its frame a plain one: an integer, and so many bytes. The
    /// frame ends with the message, and is the only one that the message can have. `None` says nothing: that is for
    /// [`decode`](Self::decode) to find out.
    ///
    /// For a caller that has many messages at a time: in a loop of its own this is a few instructions for each.
    #[inline]
    pub fn decode_plain(&mut self, input: &[u8]) -> Option<Range<usize>> {
        let State::Scanning { last, .. } = &mut self.state else { return None };
        // Two arms that say the same: in that of the usual kind the width is a constant, and the rest a load and an add.
        let (start, declared) = match self.spec.plain? {
            Plain::U32be => (Plain::U32be.width(), Plain::U32be.read(input)?),
            other @ Plain::Other { .. } => (other.width(), other.read(input)?),
        };
        let end = start + last.repeat_or_set(declared, self.spec.bytes_max)?;
        (end <= input.len()).then_some(start..end)
    }

    /// The same as [`decode`](Self::decode) for every framing and input.
    #[inline(never)]
    pub(crate) fn decode_any(&mut self, input: &[u8]) -> Result<Decoded, FrameError> {
        let State::Scanning { searched, .. } = self.state else {
            return self.decode_after_overflow(input);
        };
        let header = match &self.spec.layout {
            Layout::Prefix(prefix) => prefix.read(input, self.spec.check.bytes() as u64),
            Layout::Varint => varint::read(input),
            Layout::Python => python::read(input),
            Layout::Netstring => netstring::read(input),
            Layout::Fixed(bytes) => Ok(Header::Whole { start: 0, body: u64::from(*bytes) }),
            Layout::Delimited(..) => return self.decode_delimited(input, searched),
            Layout::Raw => return Ok(self.decode_raw(input)),
        };
        match header {
            Ok(Header::Whole { start, body }) => self.decode_body(input, start, body),
            Ok(Header::Partial { at_least }) => Ok(Decoded::NeedMore { at_least }),
            Err(error) => self.fail(error),
        }
    }

    /// The stream has ended, and `rest` is what [`decode`](Self::decode) left when it asked for more.
    ///
    /// Nothing left between two messages is a clean end. What is left of a message, an unterminated last line for
    /// one, is [`FrameError::Truncated`]; the bytes are still the caller's.
    pub fn finish(&mut self, rest: &[u8]) -> Result<(), FrameError> {
        let have = rest.len();
        let at_least = match self.state {
            State::Failed(error) => return Err(error),
            State::Scanning { .. } if rest.is_empty() => return Ok(()),
            State::Scanning { .. } => match self.decode(rest)? {
                Decoded::NeedMore { at_least } => at_least,
                Decoded::Message { .. } | Decoded::Skipped { .. } => 0,
            },
            State::SkippingBytes(_) | State::SkippingComma | State::SkippingToDelimiter(_) => 1,
        };
        Err(FrameError::Truncated { have, at_least })
    }

    /// Whether a new decoder of the same spec could go on in its place: it is neither in the middle of a search, nor
    /// dropping a message over the limit, nor has it failed. Whoever has many streams, most of them idle, keeps a
    /// decoder only for the others.
    pub fn is_fresh(&self) -> bool {
        matches!(self.state, State::Scanning { searched: 0, .. })
    }

    /// The spec that this decoder follows.
    #[inline]
    pub fn spec(&self) -> &FrameSpec {
        &self.spec
    }

    /// The front of a frame is there: `body` bytes from `start` on are payload and checksum.
    #[inline]
    fn decode_body(&mut self, input: &[u8], start: usize, body: u64) -> Result<Decoded, FrameError> {
        let check = self.spec.check;
        let Some(payload) = body.checked_sub(check.bytes() as u64) else {
            return self.fail(FrameError::TooShort { declared: body, least: check.bytes() as u64 });
        };
        let payload = match usize::try_from(payload) {
            Ok(bytes) if bytes <= self.spec.payload_bytes_max() => start..start + bytes,
            _ => return self.over_limit(input, start, body),
        };
        let end = payload.end + check.bytes();
        let closing = usize::from(matches!(self.spec.layout, Layout::Netstring));
        if input.len() < end + closing {
            return Ok(Decoded::NeedMore { at_least: end + closing - input.len() });
        }
        if check == Check::Crc32c || closing > 0 {
            self.check_trailer(&input[payload.clone()], &input[payload.end..])?;
        }
        Ok(Decoded::Message { payload, consumed: end + closing })
    }

    /// What follows the payload is there.
    fn check_trailer(&mut self, payload: &[u8], mut trailer: &[u8]) -> Result<(), FrameError> {
        if self.spec.check == Check::Crc32c
            && let Some((stated, behind)) = trailer.split_first_chunk()
        {
            let (stated, computed) = (u32::from_le_bytes(*stated), crc32c::of(payload));
            if stated != computed {
                return self.fail(FrameError::Checksum { stated, computed });
            }
            trailer = behind;
        }
        match trailer {
            [byte, ..] if matches!(self.spec.layout, Layout::Netstring) => self.check_comma(*byte),
            _ => Ok(()),
        }
    }

    fn check_comma(&mut self, byte: u8) -> Result<(), FrameError> {
        match byte {
            COMMA => Ok(()),
            _ => self.fail(FrameError::Malformed { what: Malformation::NetstringComma, byte }),
        }
    }

    /// All there is, up to the limit: a longer read is several messages.
    fn decode_raw(&self, input: &[u8]) -> Decoded {
        match input.len().min(self.spec.payload_bytes_max()) {
            0 => Decoded::NeedMore { at_least: 1 },
            bytes => Decoded::Message { payload: 0..bytes, consumed: bytes },
        }
    }

    fn decode_delimited(&mut self, input: &[u8], searched: usize) -> Result<Decoded, FrameError> {
        let Layout::Delimited(delimiters, ending) = &self.spec.layout else {
            return Ok(Decoded::NeedMore { at_least: 1 });
        };
        // A delimiter that is complete only behind this ends a message over the limit.
        let horizon = self.spec.frame_bytes_max();
        let seen = input.len().min(horizon);
        let Some(found) = delimiters.find(&input[..seen], searched) else {
            if seen == horizon {
                return self.over_limit_delimited(input);
            }
            self.state = State::Scanning { searched: seen, last: LastLength::FIRST };
            return Ok(Decoded::NeedMore { at_least: 1 });
        };
        let payload = match ending {
            Ending::Stripped => 0..found.end - found.bytes,
            Ending::Kept => 0..found.end,
        };
        if payload.end > self.spec.payload_bytes_max() {
            return self.over_limit_delimited(input);
        }
        self.state = State::START;
        Ok(Decoded::Message { payload, consumed: found.end })
    }

    #[cold]
    fn fail<T>(&mut self, error: FrameError) -> Result<T, FrameError> {
        self.state = State::Failed(error);
        Err(error)
    }
}

/// An idle connection holds one of these and no bytes.
const _: () = assert!(usize::BITS != 64 || size_of::<FrameDecoder>() <= 48);
