//! A spec as text, the shortest that reads back as the same spec. Options stand in the order of the documents.

use alloc::string::String;
use core::fmt::{self, Debug, Display, Formatter};

use super::escape::{NAMED_DELIMITERS, escape_byte};
use super::{Check, Ending, FrameSpec, Layout, Overflow, default_bytes_max, payload_bytes_statable, size};
use crate::delimiters::Delimiters;
use crate::prefix::Prefix;

impl Display for FrameSpec {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_layout(&self.layout, f)?;
        if self.bytes_max != self.bytes_max_unasked() {
            f.write_str(",max=")?;
            size::write(self.bytes_max, f)?;
        }
        if let Layout::Prefix(prefix) = &self.layout {
            write_prefix_options(prefix, f)?;
        }
        if let Layout::Delimited(_, Ending::Kept) = &self.layout {
            f.write_str(",keep")?;
        }
        if self.check == Check::Crc32c {
            f.write_str(",crc32c")?;
        }
        if self.overflow == Overflow::Skip {
            f.write_str(",over=skip")?;
        }
        Ok(())
    }
}

/// As the text: what is inside says no more, and less clearly.
impl Debug for FrameSpec {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "FrameSpec({self})")
    }
}

impl FrameSpec {
    /// The limit that the spec has when its text does not say one.
    fn bytes_max_unasked(&self) -> u32 {
        let most = payload_bytes_statable(&self.layout, self.check);
        let default = default_bytes_max(&self.layout);
        u32::try_from(most).unwrap_or(default).min(default)
    }
}

fn write_layout(layout: &Layout, f: &mut Formatter<'_>) -> fmt::Result {
    match layout {
        Layout::Raw => f.write_str("raw"),
        Layout::Prefix(prefix) => f.write_str(prefix.field.name()),
        Layout::Varint => f.write_str("varint"),
        Layout::Python => f.write_str("python"),
        Layout::Netstring => f.write_str("netstring"),
        Layout::Delimited(delimiters, _) => write_delimiters(delimiters, f),
        Layout::Fixed(bytes) => {
            f.write_str("fixed=")?;
            size::write(*bytes, f)
        }
    }
}

fn write_prefix_options(prefix: &Prefix, f: &mut Formatter<'_>) -> fmt::Result {
    if prefix.offset > 0 {
        write!(f, ",offset={}", prefix.offset)?;
    }
    match prefix.adjust() {
        0 => {}
        _ if prefix.is_inclusive() => f.write_str(",incl")?,
        adjust => write!(f, ",adjust={adjust}")?,
    }
    if prefix.strip() != usize::from(prefix.strip_default()) {
        write!(f, ",strip={}", prefix.strip())?;
    }
    Ok(())
}

/// By name if the delimiters have one.
fn write_delimiters(delimiters: &Delimiters, f: &mut Formatter<'_>) -> fmt::Result {
    let mut escaped = String::new();
    for delimiter in delimiters.iter() {
        escaped.push_str(if escaped.is_empty() { "" } else { "|" });
        delimiter.iter().try_for_each(|&byte| escape_byte(byte, &mut escaped))?;
    }
    match NAMED_DELIMITERS.iter().find(|(_, text)| *text == escaped) {
        Some((name, _)) => f.write_str(name),
        None => write!(f, "delim={escaped}"),
    }
}
