//! Sizes as people write them: `64KiB`, `1MiB`, plain numbers of bytes.

use core::fmt;

use super::PAYLOAD_BYTES_CAP;

/// What a wrong size is told.
pub(super) const EXPECTED: &str = "1 to 4294967295 bytes, also as KiB, MiB or GiB";

/// Largest first: the first one that divides a size is used to write it.
const UNITS: [(&str, u32); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1)];

/// A size of at least 1.
pub(super) fn parse(text: &str) -> Option<u32> {
    let (digits, unit) = UNITS.iter().find_map(|&(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    let size = unsigned(digits)?.checked_mul(unit)?;
    (1..=PAYLOAD_BYTES_CAP).contains(&size).then_some(size)
}

/// Digits and nothing else: no sign, unlike `str::parse`.
pub(super) fn unsigned(digits: &str) -> Option<u32> {
    if digits.starts_with('+') { None } else { digits.parse().ok() }
}

/// Writes a size in the largest unit that loses nothing.
pub(super) fn write(size: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let found = UNITS.iter().find(|(_, unit)| size.is_multiple_of(*unit));
    let (name, unit) = found.expect("one byte divides every size");
    write!(f, "{}{name}", size / unit)
}
