//! A secret, and all the shapes in which it must not show up. Where to look for it is left to `watch`.

/// The shapes of one secret.
#[derive(Debug)]
pub(crate) struct Canary {
    shapes: Vec<Shape>,
}

#[derive(Debug)]
struct Shape {
    name: String,
    bytes: Vec<u8>,
}

impl Canary {
    /// Of a secret, and of each half of it where a half is long enough not to come up by chance.
    pub(crate) fn of(secret: &[u8]) -> Canary {
        let halves = secret.split_at(secret.len() / 2);
        let pieces = match secret.len() {
            ..SECRET_BYTES_MIN => vec![],
            SECRET_BYTES_MIN..HALVED_BYTES_MIN => vec![("the whole", secret)],
            // Half of a half is found in whatever holds more of it.
            _ => vec![("the first half", halves.0), ("the second half", halves.1)],
        };
        Canary { shapes: pieces.into_iter().flat_map(|(what, piece)| shapes_of(what, piece)).collect() }
    }

    /// Which shape of it stands in `text`, if any does.
    pub(crate) fn find_in(&self, text: &[u8]) -> Option<&str> {
        self.shapes.iter().find(|shape| contains(text, &shape.bytes)).map(|shape| shape.name.as_str())
    }
}

/// Of the bytes, and of the digits as which they stand in a file: both may be shown as something else.
fn shapes_of(what: &str, piece: &[u8]) -> Vec<Shape> {
    let digits = listed(piece, |byte| format!("{byte:02x}"), "");
    let texts = [("its digits", digits.clone()), ("its capital digits", digits.to_ascii_uppercase())];
    let of_texts = texts.iter().flat_map(|(of, text)| shapes(&format!("{what}, {of},"), text.as_bytes()));
    shapes(what, piece).into_iter().chain(of_texts).collect()
}

fn listed(piece: &[u8], each: fn(&u8) -> String, between: &str) -> String {
    piece.iter().map(each).collect::<Vec<_>>().join(between)
}

fn shapes(what: &str, piece: &[u8]) -> Vec<Shape> {
    let hex = |byte: &u8| format!("{byte:02x}");
    let mut written = vec![
        ("raw", piece.to_vec()),
        ("a list of numbers", listed(piece, u8::to_string, ", ").into()),
        ("a list of numbers without spaces", listed(piece, u8::to_string, ",").into()),
        ("a list in hex", listed(piece, hex, ", ").into()),
        ("a list with 0x", listed(piece, |byte| format!("0x{byte:02x}"), ", ").into()),
        ("escaped", listed(piece, |byte| format!("\\x{byte:02x}"), "").into()),
        ("escaped where it must be", piece.escape_ascii().to_string().into()),
    ];
    for (name, letters) in [("base64", BASE64), ("base64url", BASE64_URL)] {
        // Whatever stands before it moves it by nought to two bytes.
        written.extend((0..3).map(|skipped| (name, base64(&piece[skipped..], letters))));
    }
    let shape = |(name, bytes)| Shape { name: format!("{what} {name}"), bytes };
    written.into_iter().map(shape).collect()
}

/// The letters that depend on these bytes alone.
fn base64(bytes: &[u8], letters: &[u8; 64]) -> Vec<u8> {
    let triples =
        bytes.chunks_exact(3).map(|triple| u32::from_be_bytes([0, triple[0], triple[1], triple[2]]));
    let letter = |bits: u32| letters[usize::try_from(bits & 63).expect("six bits fit")];
    triples.flat_map(|bits| [18, 12, 6, 0].map(|shift| letter(bits >> shift))).collect()
}

/// Looks only where the first byte stands: quick enough for the largest output.
fn contains(text: &[u8], sought: &[u8]) -> bool {
    let Some(first) = sought.first() else { return false };
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        if rest[at..].starts_with(sought) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

/// A shorter one comes up in ordinary words.
const SECRET_BYTES_MIN: usize = 6;
/// Halves of eight bytes and more are looked for.
const HALVED_BYTES_MIN: usize = 16;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(test)]
mod tests {
    use super::*;

    /// Not two bytes of it are the same.
    const KEY: [u8; 32] = *b"\xfb\xef\xbe\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\
                             \xdd\xee\xff\x01\x12\x23\x34\x45\x56\x67\x78\x89\x9a\xab\xbc\xcd";

    fn said(leak: impl AsRef<[u8]>) -> Vec<u8> {
        [b"warning: ", leak.as_ref(), b" is not it\n"].concat()
    }

    #[test]
    fn a_key_is_found_in_every_shape() {
        let canary = Canary::of(&KEY);
        let hex = KEY.map(|byte| format!("{byte:02x}")).concat();
        // As Python writes it, alone and with one and two bytes before it.
        let base64 = [
            "++++ABEiM0RVZneImaq7zN3u/wESIzRFVmd4iZqrvM0=",
            "IfvvvgARIjNEVWZ3iJmqu8zd7v8BEiM0RVZneImaq7zN",
            "ISH7774AESIzRFVmd4iZqrvM3e7/ARIjNEVWZ3iJmqu8zQ==",
        ];
        let shapes = [
            KEY.to_vec(),
            hex.clone().into(),
            hex.to_uppercase().into(),
            format!("{KEY:?}").into(),
            format!("{KEY:?}").replace(' ', "").into(),
            format!("{KEY:02x?}").into(),
            KEY.escape_ascii().to_string().into(),
            format!("{:?}", hex.as_bytes()).into(),
            format!("{:02x?}", hex.to_uppercase().as_bytes()).into(),
        ];
        let encoded = base64.map(|text| text.as_bytes().to_vec());
        let url = base64.map(|text| text.replace('+', "-").replace('/', "_").into_bytes());
        for leak in shapes.into_iter().chain(encoded).chain(url) {
            assert!(canary.find_in(&said(&leak)).is_some(), "{}", String::from_utf8_lossy(&leak));
        }
        assert_eq!(canary.find_in(&said("nothing of it")), None);
    }

    #[test]
    fn half_a_key_is_found_and_a_few_bytes_of_it_are_none() {
        let canary = Canary::of(&KEY);
        assert_eq!(canary.find_in(&said(&KEY[..16])), Some("the first half raw"));
        assert_eq!(canary.find_in(&said(&KEY[16..])), Some("the second half raw"));
        assert_eq!(canary.find_in(&said(&KEY[8..24])), None, "as said: halves");
    }

    #[test]
    fn a_password_is_found_as_a_whole() {
        let canary = Canary::of(b"hunter2!");
        assert_eq!(canary.find_in(&said("hunter2!")), Some("the whole raw"));
        assert_eq!(canary.find_in(&said("68756e7465723221")), Some("the whole, its digits, raw"));
        assert_eq!(canary.find_in(&said("hunter")), None);
    }
}
