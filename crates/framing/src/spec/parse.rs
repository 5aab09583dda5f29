//! A spec from its text: the framing first, then options in any order, each at most once. Which combinations make
//! sense is decided where the parts are put together, at the end.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::str::FromStr;

use super::escape::{self, split_unescaped, unescape};
use super::{Check, Ending, FrameSpec, Layout, Overflow, SpecError, size};
use crate::delimiters::{Delimiters, Unusable};
use crate::envelope::PART_BYTES_MAX;
use crate::field::Field;
use crate::prefix::Prefix;

impl FromStr for FrameSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<FrameSpec, SpecError> {
        let mut parts = split_unescaped(text, ',').into_iter();
        let framing = parts.next().unwrap_or_default();
        let layout = parse_layout(framing)?;
        let mut options = Options::default();
        parts.try_for_each(|part| options.take(part))?;
        options.check_allowed(framing, &layout)?;
        options.build(layout)
    }
}

/// What stands behind the framing, as it was typed.
#[derive(Default)]
struct Options {
    max: Option<u32>,
    offset: Option<u16>,
    adjust: Option<Adjust>,
    strip: Option<u8>,
    ending: Option<Ending>,
    check: Option<Check>,
    overflow: Option<Overflow>,
}

/// What the number in the length field counts.
#[derive(Clone, Copy)]
enum Adjust {
    /// What follows the field, less so many bytes.
    By(i32),
    /// The whole frame.
    Inclusive,
}

impl Options {
    fn take(&mut self, part: &str) -> Result<(), SpecError> {
        let (name, value) = split_value(part);
        match name {
            "max" => set(&mut self.max, "max", parse_value(part, value, size::EXPECTED, size::parse)?),
            "offset" => set(&mut self.offset, "offset", parse_value(part, value, OFFSET, parse_offset)?),
            "adjust" => {
                let by = parse_value(part, value, ADJUST, parse_adjust)?;
                set(&mut self.adjust, "adjust or incl", Adjust::By(by))
            }
            "incl" => {
                no_value(part, value)?;
                set(&mut self.adjust, "adjust or incl", Adjust::Inclusive)
            }
            "strip" => set(&mut self.strip, "strip", parse_value(part, value, STRIP, parse_strip)?),
            "keep" => {
                no_value(part, value)?;
                set(&mut self.ending, "keep", Ending::Kept)
            }
            "crc32c" => {
                no_value(part, value)?;
                set(&mut self.check, "crc32c", Check::Crc32c)
            }
            "over" => {
                set(&mut self.overflow, "over", parse_value(part, value, "`skip` or `fail`", parse_overflow)?)
            }
            _ => Err(SpecError::UnknownOption(shown(part))),
        }
    }

    /// Options about a length field need one; a limit that nothing can exceed needs no policy.
    fn check_allowed(&self, framing: &str, layout: &Layout) -> Result<(), SpecError> {
        let misplaced = |option| Err(SpecError::Misplaced { framing: shown(framing), option });
        if !matches!(layout, Layout::Prefix(_)) {
            match self {
                Options { offset: Some(_), .. } => return misplaced("offset"),
                Options { adjust: Some(_), .. } => return misplaced("adjust or incl"),
                Options { strip: Some(_), .. } => return misplaced("strip"),
                _ => {}
            }
        }
        if self.ending.is_some() && !matches!(layout, Layout::Delimited(..)) {
            return misplaced("keep");
        }
        match layout {
            Layout::Raw | Layout::Fixed(_) if self.overflow.is_some() => misplaced("over"),
            Layout::Raw if self.check.is_some() => misplaced("crc32c"),
            Layout::Delimited(..) if self.check.is_some() => Err(SpecError::NoRoundTrip(CHECKED_DELIMITERS)),
            _ => Ok(()),
        }
    }

    fn build(self, layout: Layout) -> Result<FrameSpec, SpecError> {
        let layout = match layout {
            Layout::Prefix(plain) => Layout::Prefix(self.apply_to(plain.field)?),
            Layout::Delimited(delimiters, _) => {
                Layout::Delimited(delimiters, self.ending.unwrap_or_default())
            }
            other => other,
        };
        let (check, overflow) = (self.check.unwrap_or_default(), self.overflow.unwrap_or_default());
        FrameSpec::new(layout, self.max, check, overflow)
    }

    fn apply_to(&self, field: Field) -> Result<Prefix, SpecError> {
        let offset = self.offset.unwrap_or(0);
        let adjust = match self.adjust {
            None => 0,
            Some(Adjust::By(bytes)) => bytes,
            Some(Adjust::Inclusive) => -Prefix::new(field, offset, 0, None).header_signed(),
        };
        let prefix = Prefix::new(field, offset, adjust, self.strip);
        let is_cut = usize::from(offset) < prefix.strip() && prefix.strip() < prefix.header_bytes();
        if is_cut { Err(SpecError::NoRoundTrip(CUT_FIELD)) } else { Ok(prefix) }
    }
}

fn parse_layout(part: &str) -> Result<Layout, SpecError> {
    let (name, value) = split_value(part);
    match name {
        "delim" => return parse_delimiters(part, value.unwrap_or_default()),
        "fixed" => return Ok(Layout::Fixed(parse_value(part, value, size::EXPECTED, size::parse)?)),
        _ => no_value(part, value)?,
    }
    match name {
        "raw" => Ok(Layout::Raw),
        "varint" => Ok(Layout::Varint),
        "python" => Ok(Layout::Python),
        "netstring" => Ok(Layout::Netstring),
        _ => parse_named(name),
    }
}

/// The names that come from tables.
fn parse_named(name: &str) -> Result<Layout, SpecError> {
    if let Some((_, escaped)) = escape::NAMED_DELIMITERS.iter().find(|(known, _)| *known == name) {
        return parse_delimiters(name, escaped);
    }
    let field = Field::named(name).ok_or_else(|| SpecError::UnknownFraming(shown(name)))?;
    Ok(Layout::Prefix(Prefix::plain(field)))
}

fn parse_delimiters(part: &str, value: &str) -> Result<Layout, SpecError> {
    let wrong = |expected| SpecError::Value { part: shown(part), expected };
    let all: Option<Vec<Box<[u8]>>> = split_unescaped(value, '|').into_iter().map(unescape).collect();
    match Delimiters::new(all.ok_or_else(|| wrong(escape::EXPECTED))?) {
        Ok(delimiters) => Ok(Layout::Delimited(delimiters, Ending::default())),
        Err(Unusable::Empty) => Err(wrong("one or more bytes that end a message")),
        Err(Unusable::TooLong) => Err(wrong("at most 32 bytes a delimiter")),
        Err(Unusable::TooMany) => Err(wrong("at most 16 delimiters")),
        Err(Unusable::Hidden) => Err(SpecError::NoRoundTrip(HIDDEN_DELIMITER)),
    }
}

fn split_value(part: &str) -> (&str, Option<&str>) {
    match part.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (part, None),
    }
}

fn parse_value<T>(
    part: &str,
    value: Option<&str>,
    expected: &'static str,
    parse: fn(&str) -> Option<T>,
) -> Result<T, SpecError> {
    value.and_then(parse).ok_or_else(|| SpecError::Value { part: shown(part), expected })
}

fn no_value(part: &str, value: Option<&str>) -> Result<(), SpecError> {
    match value {
        None => Ok(()),
        Some(_) => Err(SpecError::Value { part: shown(part), expected: "no value" }),
    }
}

fn set<T>(place: &mut Option<T>, name: &'static str, value: T) -> Result<(), SpecError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(SpecError::Repeated(name)),
    }
}

fn parse_offset(text: &str) -> Option<u16> {
    size::unsigned(text)?.try_into().ok()
}

fn parse_strip(text: &str) -> Option<u8> {
    let strip = size::unsigned(text)?.try_into().ok()?;
    (usize::from(strip) <= PART_BYTES_MAX).then_some(strip)
}

fn parse_adjust(text: &str) -> Option<i32> {
    text.parse().ok().filter(|by| (-ADJUST_BYTES_MAX..=ADJUST_BYTES_MAX).contains(by))
}

fn parse_overflow(text: &str) -> Option<Overflow> {
    match text {
        "skip" => Some(Overflow::Skip),
        "fail" => Some(Overflow::Fail),
        _ => None,
    }
}

/// What was typed, safe to be shown in one line.
fn shown(part: &str) -> String {
    let plain =
        part.chars().map(|letter| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter });
    plain.take(SHOWN_CHARS_MAX).collect()
}

/// An error stays a line that fits on a screen.
const SHOWN_CHARS_MAX: usize = 80;

/// Keeps every sum of header sizes within 32 bits; no header comes near it.
const ADJUST_BYTES_MAX: i32 = 1 << 30;

const OFFSET: &str = "0 to 65535 bytes before the length field";
const STRIP: &str = "0 to 32 bytes to leave out at the front";
const ADJUST: &str = "a whole number of bytes, at most 1073741824 either way";
const CHECKED_DELIMITERS: &str = "a checksum may hold the delimiter";
const CUT_FIELD: &str = "`strip` cuts the length field in two";
const HIDDEN_DELIMITER: &str = "one delimiter is complete before the end of another";
