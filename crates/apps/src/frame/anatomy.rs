//! The parts of a frame that has not come whole: how much of its front is header, how much of its end is trailer.
//!
//! `framing` says so of whole frames only. What has to be known earlier is read from the text of the spec, which is
//! its public form; that both agree is tested here.

use framing::{FrameError, FrameSpec, Malformation};

/// What stands around the payloads of one framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Anatomy {
    header: Header,
    trailer_bytes: usize,
    /// The front of a frame says where it ends; a frame that ends with a delimiter does not.
    pub(super) is_measured: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Header {
    Bytes(usize),
    Varint,
    Python,
    Netstring,
}

impl Anatomy {
    pub(super) fn of(spec: &FrameSpec) -> Self {
        let text = spec.to_string();
        let name = text.split([',', '=']).next().unwrap_or_default();
        let header = match name {
            "varint" => Header::Varint,
            "python" => Header::Python,
            "netstring" => Header::Netstring,
            "raw" | "lines" | "crlf" | "nul" | "delim" | "fixed" => Header::Bytes(0),
            field => Header::Bytes(stripped_bytes(field, &text)),
        };
        // Delimiters take no checksum, so whatever their text holds is no option.
        let is_measured = !matches!(name, "raw" | "lines" | "crlf" | "nul" | "delim");
        let has_checksum = is_measured && text.split(',').any(|option| option == "crc32c");
        let trailer_bytes = usize::from(header == Header::Netstring) + if has_checksum { 4 } else { 0 };
        Self { header, trailer_bytes, is_measured }
    }

    /// Bytes of the header at the front of a frame, or `None` while it has not come whole.
    pub(super) fn header_bytes(&self, front: &[u8]) -> Option<usize> {
        let bytes = match self.header {
            Header::Bytes(bytes) => bytes,
            Header::Varint => front.iter().position(|byte| *byte < 0x80)? + 1,
            Header::Netstring => front.iter().position(|byte| *byte == b':')? + 1,
            Header::Python if front.starts_with(&[0xff; 4]) => 12,
            Header::Python => 4,
        };
        (bytes <= front.len()).then_some(bytes)
    }

    /// Where in a frame is the byte that an error is about, if it is about one.
    pub(super) fn misplaced(&self, frame: &[u8], error: FrameError) -> Option<usize> {
        match error {
            FrameError::Malformed { what: Malformation::NetstringComma, .. } => {
                let header = self.header_bytes(frame)?;
                let payload: usize = std::str::from_utf8(&frame[..header - 1]).ok()?.parse().ok()?;
                header.checked_add(payload)
            }
            FrameError::Malformed { what: Malformation::VarintOverflow, .. } => Some(9),
            FrameError::Malformed { byte, .. } => frame.iter().position(|here| *here == byte),
            _ => None,
        }
        .filter(|at| *at < frame.len())
    }

    /// Bytes behind the payload, for a measured frame.
    pub(super) fn trailer_bytes(&self) -> usize {
        self.trailer_bytes
    }
}

/// As the options say: without an offset the field itself, with one nothing, unless there is a `strip`.
fn stripped_bytes(field: &str, text: &str) -> usize {
    let option = |name: &str| text.split(',').find_map(|option| option.strip_prefix(name)?.parse().ok());
    match (option("strip="), option("offset=")) {
        (Some(strip), _) => strip,
        (None, Some(1_usize..)) => 0,
        (None, _) => field_bytes(field),
    }
}

fn field_bytes(name: &str) -> usize {
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    let number: usize = digits.parse().unwrap_or(0);
    if name.starts_with("hex") { number } else { number / 8 }
}

#[cfg(test)]
mod tests {
    use framing::Decoded;

    use super::*;

    const SPECS: &[&str] = &[
        "u8",
        "u16be",
        "u24le",
        "u32be",
        "u40be",
        "u64le",
        "i32be",
        "i32",
        "hex4",
        "hex4,incl",
        "varint",
        "python",
        "netstring",
        "fixed=5",
        "u32be,incl",
        "u16be,offset=2",
        "u16be,offset=2,strip=4",
        "u16be,offset=2,strip=1",
        "u16be,strip=0",
        "u8,strip=3,adjust=2",
        "u32be,crc32c",
        "netstring,crc32c",
        "python,crc32c,max=1KiB",
    ];

    /// A frame of five bytes of payload, whose own field is right where the payload keeps it.
    fn frame(spec: &FrameSpec) -> Vec<u8> {
        for length in 0..=255_u8 {
            for payload in [
                *b"hello",
                [0, 0, 0, length, b'x'],
                [0, 0, length, b'x', b'x'],
                [0, length, b'x', b'x', b'x'],
            ] {
                let mut frame = Vec::new();
                if spec.encode(&payload, &mut frame).is_ok() {
                    return frame;
                }
            }
        }
        panic!("{spec} carries none of the payloads");
    }

    #[test]
    fn what_is_read_from_the_text_is_what_the_decoder_does() {
        for text in SPECS {
            let spec: FrameSpec = text.parse().unwrap();
            let (anatomy, frame) = (Anatomy::of(&spec), frame(&spec));
            let decoded = spec.decoder().decode(&frame).unwrap();
            let Decoded::Message { payload, consumed } = decoded else { panic!("{text}: {decoded:?}") };
            assert_eq!(anatomy.header_bytes(&frame), Some(payload.start), "{text}");
            assert_eq!(anatomy.trailer_bytes(), consumed - payload.end, "{text}");
            assert!(anatomy.is_measured, "{text}");
        }
    }

    #[test]
    fn a_header_that_has_not_come_whole_is_not_known() {
        for (text, front) in [("u32be", &b"\0\0\0"[..]), ("varint", b"\x80\x80"), ("netstring", b"12")] {
            assert_eq!(Anatomy::of(&text.parse().unwrap()).header_bytes(front), None, "{text}");
        }
    }

    #[test]
    fn the_text_of_a_delimiter_is_not_taken_for_options() {
        let anatomy = Anatomy::of(&r"delim=\,crc32c\,|\,strip=3\,".parse().unwrap());
        assert_eq!(
            (anatomy.header_bytes(b"x"), anatomy.trailer_bytes(), anatomy.is_measured),
            (Some(0), 0, false)
        );
    }
}
