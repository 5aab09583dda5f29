//! What a decoder does with a message over the limit: fail, or drop it as it comes in and go on behind it. How a
//! message is found to be one is `decode`'s business.

use super::{Decoded, FrameDecoder, State};
use crate::error::FrameError;
use crate::spec::{Layout, Overflow};

impl FrameDecoder {
    /// The header says so.
    #[cold]
    pub(super) fn over_limit(
        &mut self,
        input: &[u8],
        start: usize,
        body: u64,
    ) -> Result<Decoded, FrameError> {
        let declared = body - self.spec.check.bytes() as u64;
        match self.spec.overflow {
            Overflow::Fail => self.fail(self.too_long(declared)),
            Overflow::Skip => Ok(self.skip_bytes(input, body.saturating_add(start as u64), Some(declared))),
        }
    }

    /// No delimiter has come within the limit.
    #[cold]
    pub(super) fn over_limit_delimited(&mut self, input: &[u8]) -> Result<Decoded, FrameError> {
        let declared = self.spec.payload_bytes_max() as u64 + 1;
        match self.spec.overflow {
            Overflow::Fail => self.fail(self.too_long(declared)),
            Overflow::Skip => Ok(self.skip_to_delimiter(input, 0, Some(declared))),
        }
    }

    /// The calls after the one that found it. An error stays; a message is dropped to its end.
    #[cold]
    pub(super) fn decode_after_overflow(&mut self, input: &[u8]) -> Result<Decoded, FrameError> {
        match self.state {
            State::Failed(error) => Err(error),
            _ if input.is_empty() => Ok(Decoded::NeedMore { at_least: 1 }),
            State::SkippingBytes(left) => Ok(self.skip_bytes(input, left, None)),
            State::SkippingToDelimiter(searched) => Ok(self.skip_to_delimiter(input, searched, None)),
            State::SkippingComma | State::Scanning { .. } => {
                self.check_comma(input[0])?;
                self.state = State::START;
                Ok(Decoded::Skipped { consumed: 1, declared: None })
            }
        }
    }

    /// Drops what there is of the `left` bytes up to the end of the frame.
    fn skip_bytes(&mut self, input: &[u8], left: u64, declared: Option<u64>) -> Decoded {
        let consumed = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        self.state = match left - consumed as u64 {
            0 if matches!(self.spec.layout, Layout::Netstring) => State::SkippingComma,
            0 => State::START,
            left => State::SkippingBytes(left),
        };
        Decoded::Skipped { consumed, declared }
    }

    /// Drops all but the bytes that a delimiter may begin with. Until there are others nothing changes: a message that
    /// is over the limit with its first bytes is found to be so again, and declared when the first of them is dropped.
    fn skip_to_delimiter(&mut self, input: &[u8], searched: usize, declared: Option<u64>) -> Decoded {
        let Layout::Delimited(delimiters, _) = &self.spec.layout else {
            return Decoded::NeedMore { at_least: 1 };
        };
        if let Some(found) = delimiters.find(input, searched) {
            self.state = State::START;
            return Decoded::Skipped { consumed: found.end, declared };
        }
        let kept = delimiters.bytes_max() - 1;
        if input.len() <= kept {
            return Decoded::NeedMore { at_least: 1 };
        }
        self.state = State::SkippingToDelimiter(kept);
        Decoded::Skipped { consumed: input.len() - kept, declared }
    }

    fn too_long(&self, declared: u64) -> FrameError {
        FrameError::TooLong { declared, limit: self.spec.payload_bytes_max() }
    }
}
