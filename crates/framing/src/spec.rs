//! How messages are told apart on a stream, as a value: what a spec is made of, and which ones cannot be.
//! Its text is `spec/parse.rs` and `spec/display.rs`; what it does is `encode` and `decode`.

mod display;
mod error;
mod escape;
mod parse;
mod size;

pub use self::error::SpecError;

use crate::delimiters::Delimiters;
use crate::plain::Plain;
use crate::prefix::Prefix;
use crate::{netstring, python, varint};

/// How messages are told apart on a stream. Both directions follow from it.
///
/// It is made from text, the same in code, on a command line and in documents. Equal framings are equal specs,
/// whatever text they came from.
///
/// ```
/// use switchboard_framing::FrameSpec;
///
/// let spec: FrameSpec = "u32be,max=65536".parse()?;
/// assert_eq!(spec.payload_bytes_max(), 65_536);
/// assert_eq!(spec.to_string(), "u32be,max=64KiB");
/// # Ok::<(), switchboard_framing::SpecError>(())
/// ```
///
#[doc = include_str!("../docs/specs.md")]
///
#[doc = include_str!("../docs/elsewhere.md")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FrameSpec {
    pub(crate) layout: Layout,
    /// At most what the layout can state, so that everything up to it can be sent.
    pub(crate) bytes_max: u32,
    pub(crate) check: Check,
    pub(crate) overflow: Overflow,
    /// Follows from the rest; here so that it is found out once.
    pub(crate) plain: Option<Plain>,
}

/// What to do with a message that is longer than the limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Overflow {
    /// Fail, for good: a peer that sends such a thing does not keep to the protocol.
    #[default]
    Fail,
    /// Drop exactly that message as its bytes come in, and go on with the next. Without a boundary that can be
    /// trusted (a negative length, a malformed one) there is no next, so those still fail.
    Skip,
}

/// What marks the end of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Layout {
    Raw,
    Prefix(Prefix),
    Varint,
    Python,
    Netstring,
    Delimited(Delimiters, Ending),
    /// Every frame has so many bytes, checksum included.
    Fixed(u32),
}

/// Whether a message is handed over with the delimiter that ended it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) enum Ending {
    #[default]
    Stripped,
    Kept,
}

/// What follows the payload inside the frame, so that a reader without checksums still finds every frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) enum Check {
    #[default]
    None,
    /// CRC-32C of the payload that is handed over, lowest byte first.
    Crc32c,
}

impl FrameSpec {
    /// The most bytes that a message handed over can have, the `max=` of the text.
    #[inline]
    pub fn payload_bytes_max(&self) -> usize {
        self.bytes_max as usize
    }

    /// The fewest bytes that a message can have; above 0 for `fixed=` and where a header or
    /// a delimiter is kept in the message.
    pub fn payload_bytes_min(&self) -> usize {
        usize::try_from(payload_bytes_min(&self.layout, self.check)).unwrap_or(usize::MAX)
    }

    /// The most bytes that a frame takes on the stream: what a buffer has to hold before a message can be handed over.
    pub fn frame_bytes_max(&self) -> usize {
        let around = match &self.layout {
            Layout::Raw | Layout::Fixed(_) | Layout::Delimited(_, Ending::Kept) => 0,
            Layout::Prefix(prefix) => prefix.strip(),
            Layout::Varint => varint::BYTES_MAX,
            Layout::Python => python::LONG_BYTES,
            Layout::Netstring => netstring::HEADER_BYTES_MAX + 1,
            Layout::Delimited(delimiters, Ending::Stripped) => delimiters.bytes_max(),
        };
        self.payload_bytes_max() + around + self.check.bytes()
    }

    /// There are no messages on the stream, only bytes: `raw`.
    #[inline]
    pub fn is_raw(&self) -> bool {
        matches!(self.layout, Layout::Raw)
    }

    /// What happens to a message over the limit, the `over=` of the text.
    pub fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// The same framing with another limit, as `max=` in the text would have it.
    pub fn with_payload_bytes_max(self, bytes_max: usize) -> Result<FrameSpec, SpecError> {
        let bytes_max = u32::try_from(bytes_max.min(PAYLOAD_BYTES_CAP as usize)).unwrap_or(PAYLOAD_BYTES_CAP);
        FrameSpec::new(self.layout, Some(bytes_max), self.check, self.overflow)
    }

    /// The same framing with another policy for what is over the limit. Nothing is with `raw` and `fixed=`, so there
    /// it changes nothing.
    #[must_use]
    pub fn with_overflow(self, overflow: Overflow) -> FrameSpec {
        match self.layout {
            Layout::Raw | Layout::Fixed(_) => self,
            _ => FrameSpec { overflow, ..self },
        }
    }

    /// Refuses what could not be sent, or would not come back as it was sent.
    fn new(
        layout: Layout,
        max: Option<u32>,
        check: Check,
        overflow: Overflow,
    ) -> Result<FrameSpec, SpecError> {
        let (least, most) = (payload_bytes_min(&layout, check), payload_bytes_statable(&layout, check));
        if least > most || most == 0 {
            return Err(SpecError::NothingFits { least, most });
        }
        let wanted = max.unwrap_or_else(|| default_bytes_max(&layout));
        if u64::from(wanted) < least.max(1) {
            return Err(SpecError::NothingFits { least, most: wanted.into() });
        }
        let bytes_max = u32::try_from(most).unwrap_or(wanted).min(wanted);
        let plain = Plain::of(&layout, check, bytes_max);
        Ok(FrameSpec { layout, bytes_max, check, overflow, plain })
    }
}

impl Check {
    /// Bytes of the trailer.
    #[inline]
    pub(crate) fn bytes(self) -> usize {
        match self {
            Check::None => 0,
            Check::Crc32c => 4,
        }
    }
}

/// The fewest payload bytes that a frame can state.
#[inline]
fn payload_bytes_min(layout: &Layout, check: Check) -> u64 {
    let trailer = check.bytes() as u64;
    match layout {
        Layout::Prefix(prefix) => prefix.body_bytes_min(trailer) - trailer,
        Layout::Fixed(bytes) => u64::from(*bytes).saturating_sub(trailer),
        Layout::Delimited(delimiters, Ending::Kept) => delimiters.bytes_min() as u64,
        _ => 0,
    }
}

/// The most payload bytes that a frame can state, whatever the limit.
fn payload_bytes_statable(layout: &Layout, check: Check) -> u64 {
    let body = match layout {
        Layout::Prefix(prefix) => prefix.body_bytes_max().unwrap_or(0),
        Layout::Fixed(bytes) => u64::from(*bytes),
        _ => u64::MAX,
    };
    body.saturating_sub(check.bytes() as u64)
}

/// `fixed=N` is its own limit.
fn default_bytes_max(layout: &Layout) -> u32 {
    match layout {
        Layout::Fixed(bytes) => *bytes,
        _ => PAYLOAD_BYTES_MAX_DEFAULT,
    }
}

/// Far above what an ordinary protocol sends, and small enough that a few hostile peers do not fill the memory.
const PAYLOAD_BYTES_MAX_DEFAULT: u32 = 16 << 20;

/// A message is handed over in one piece of memory, so there is no use in more; and all sums of offsets fit a `usize`.
pub(crate) const PAYLOAD_BYTES_CAP: u32 = if usize::BITS > 32 { u32::MAX } else { 1 << 30 };
