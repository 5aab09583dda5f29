//! Bytes in the text of a spec: escapes, both ways, and the separators that they protect. Which delimiters make
//! sense together is `crate::delimiters`' business.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

/// What `delim=` would have to be told for the framings that are named after their delimiter.
pub(super) const NAMED_DELIMITERS: [(&str, &str); 3] = [("lines", r"\n"), ("crlf", r"\r\n"), ("nul", r"\0")];

/// What a wrong escape is told.
pub(super) const EXPECTED: &str = "text with no other escapes than \\n \\r \\t \\0 \\xHH \\\\ \\, and \\|";

/// Printable ASCII as it is, unless it means something in a spec.
pub(super) fn escape_byte(byte: u8, f: &mut String) -> fmt::Result {
    match byte {
        b'\n' => f.write_str("\\n"),
        b'\r' => f.write_str("\\r"),
        b'\t' => f.write_str("\\t"),
        0 => f.write_str("\\0"),
        b'\\' | b',' | b'|' => write!(f, "\\{}", char::from(byte)),
        b' '..=b'~' => f.write_char(char::from(byte)),
        _ => write!(f, "\\x{byte:02x}"),
    }
}

/// The bytes that a text with escapes stands for.
pub(super) fn unescape(text: &str) -> Option<Box<[u8]>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => escaped(&mut rest)?,
            _ => byte,
        });
    }
    Some(bytes.into_boxed_slice())
}

fn escaped(rest: &mut impl Iterator<Item = u8>) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    match rest.next()? {
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'0' => Some(0),
        b'x' => {
            let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
            u8::try_from(high << 4 | low).ok()
        }
        byte @ (b'\\' | b',' | b'|') => Some(byte),
        _ => None,
    }
}

/// Parts between separators; one behind a backslash separates nothing.
pub(super) fn split_unescaped(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut is_escaped) = (0, false);
    for (at, letter) in text.char_indices() {
        if letter == separator && !is_escaped {
            parts.push(&text[start..at]);
            start = at + 1;
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    parts.push(&text[start..]);
    parts
}
