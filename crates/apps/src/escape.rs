//! What peers send, made fit to be shown: for a terminal, for a pipe, and inside a line of JSON.
//!
//! A terminal obeys control characters, and readers are fooled by characters that turn the direction of
//! text; both are shown as what they are (`\x1b`, `\u{202e}`). Nothing here can be undone: whoever needs
//! the exact bytes asks for `--json`. Leaves the deciding who is looking to `cli::output`.

use std::borrow::Cow;
use std::fmt::Write;

/// Everything that a terminal or its reader could mistake is escaped, a newline too: one message, one line.
/// A tab stays.
pub fn for_terminal(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(is_dangerous) => Cow::Borrowed(text),
        _ => Cow::Owned(escape(bytes, is_dangerous)),
    }
}

/// Only bytes that are no UTF-8 are escaped, so that programs can read the rest as it was sent.
pub fn for_pipe(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(escape(bytes, |_| false)),
    }
}

/// A line of JSON with every dangerous character as `\uXXXX`: the same JSON, fit for a terminal.
///
/// Outside of strings JSON is plain ASCII, so whatever is replaced stands in a string. The line's own
/// newline is to be added afterwards.
pub fn in_json(line: &str) -> Cow<'_, str> {
    if !line.contains(is_dangerous) {
        return Cow::Borrowed(line);
    }
    let mut escaped = String::with_capacity(line.len() + ESCAPED_CHAR_BYTES);
    let mut units = [0; 2];
    for c in line.chars() {
        if is_dangerous(c) {
            for unit in c.encode_utf16(&mut units) {
                put(&mut escaped, "\\u", 4, *unit);
            }
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        put(&mut out, "", 2, *byte);
    }
    out
}

/// Whether a character moves the cursor, starts a command, or changes how its neighbours are read.
pub fn is_dangerous(c: char) -> bool {
    // C0, DEL and C1: some terminals take U+009B for the start of an escape sequence.
    (c.is_control() && c != '\t') || turns_text(c) || is_invisible(c)
}

/// Marks, embeddings, overrides and isolates of the bidirectional algorithm (UAX #9).
fn turns_text(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Line and paragraph separators, annotations, and the byte order mark. Joiners are not among them:
/// scripts and emoji need those.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}' | '\u{feff}')
}

fn escape(bytes: &[u8], is_escaped: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(bytes.len() + ESCAPED_CHAR_BYTES);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_escaped(c) { push_escaped(&mut out, c) } else { out.push(c) }
        }
        for byte in chunk.invalid() {
            put(&mut out, "\\x", 2, *byte);
        }
    }
    out
}

fn push_escaped(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        c if c.is_ascii() => put(out, "\\x", 2, u32::from(c)),
        c => out.extend(c.escape_unicode()),
    }
}

fn put(out: &mut String, prefix: &str, digits: usize, value: impl std::fmt::LowerHex) {
    write!(out, "{prefix}{value:0digits$x}").expect("a String takes whatever is written to it");
}

/// Room for a few escapes before the string has to grow.
const ESCAPED_CHAR_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_text_is_borrowed_unchanged() {
        for text in ["", "hello", "tab\there", "grüße, 世界 👩‍👩‍👧", "back\\slash"] {
            assert!(matches!(for_terminal(text.as_bytes()), Cow::Borrowed(same) if same == text));
            assert!(matches!(for_pipe(text.as_bytes()), Cow::Borrowed(same) if same == text));
            assert!(matches!(in_json(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn dangerous_characters_are_shown_by_their_number() {
        assert_eq!(for_terminal(b"\x1b[2Jbye\x07\x7f"), "\\x1b[2Jbye\\x07\\x7f");
        assert_eq!(for_terminal(b"a\r\nb"), "a\\r\\nb");
        assert_eq!(for_terminal("\u{9b}31m".as_bytes()), "\\u{9b}31m");
        assert_eq!(for_terminal("\u{202e}cod.exe\u{2066}".as_bytes()), "\\u{202e}cod.exe\\u{2066}");
    }

    #[test]
    fn bytes_that_are_no_utf8_are_shown_in_hex() {
        assert_eq!(for_terminal(b"ok\xff\xc3("), "ok\\xff\\xc3(");
        assert_eq!(for_pipe(b"ok\xff\x1b\xc3("), "ok\\xff\x1b\\xc3(");
        assert_eq!(hex(b"\x00\xff"), "00ff");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let text = "\u{202e}\u{9b}\u{feff}é\t";
        let line = serde_json::to_string(text).unwrap();
        let safe = in_json(&line);
        assert_eq!(safe, "\"\\u202e\\u009b\\ufeffé\\t\"");
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
    }

    proptest! {
        #[test]
        fn nothing_dangerous_reaches_a_terminal(bytes: Vec<u8>, text: String) {
            prop_assert!(!for_terminal(&bytes).contains(is_dangerous));
            prop_assert!(!for_terminal(text.as_bytes()).contains(is_dangerous));
        }

        #[test]
        fn a_pipe_gets_valid_utf8_as_it_was_sent(text: String) {
            prop_assert_eq!(for_pipe(text.as_bytes()), text.as_str());
        }

        #[test]
        fn only_invalid_bytes_grow_in_a_pipe(bytes: Vec<u8>) {
            let invalid: usize = bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
            prop_assert_eq!(for_pipe(&bytes).len(), bytes.len() + 3 * invalid);
        }

        #[test]
        fn escaped_json_parses_to_the_same_text(text: String) {
            let line = serde_json::to_string(&text).unwrap();
            let safe = in_json(&line);
            prop_assert!(!safe.contains(is_dangerous));
            prop_assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
        }
    }
}
