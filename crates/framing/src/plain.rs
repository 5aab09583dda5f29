//! Plain frames, which most frames are: an integer, so many bytes of message, and nothing else. They have a way of
//! their own through decoder and encoder, short enough to become part of the caller's loop. Whatever is not plain,
//! not whole or not right is left to `decode` and `encode`, which know every framing.

use bytes::BufMut;

use crate::envelope::Inline;
use crate::field::Order;
use crate::spec::{Check, Layout};

/// The integer at the front of each frame. It counts what follows it, and is not part of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Plain {
    /// Bytes of the integer, 1 to 8.
    width: u8,
    order: Order,
}

impl Plain {
    /// `None` if frames of this kind are not plain. Every length up to `bytes_max` has the one form of the integer:
    /// signs and escapes begin above it.
    pub(crate) fn of(layout: &Layout, check: Check, bytes_max: u32) -> Option<Plain> {
        let (width, order) = match (layout, check) {
            (Layout::Prefix(prefix), Check::None) if prefix.is_plain() => prefix.field.integer()?,
            (Layout::Python, Check::None) if bytes_max <= i32::MAX.cast_unsigned() => (4, Order::Big),
            _ => return None,
        };
        Some(Plain { width, order })
    }

    /// Bytes in front of the payload.
    #[inline]
    pub(crate) fn width(self) -> usize {
        usize::from(self.width)
    }

    /// The number at the front of the input, if there are as many bytes as the widest integer has: then one load
    /// does for all widths.
    #[inline]
    pub(crate) fn read(self, input: &[u8]) -> Option<u64> {
        let word = *input.first_chunk()?;
        if self.order.is_big() {
            Some(u64::from_be_bytes(word) >> self.unused_bits())
        } else {
            Some(u64::from_le_bytes(word) << self.unused_bits() >> self.unused_bits())
        }
    }

    /// Appends the integer. The usual width is one store in the caller's loop; all of them there would be too much.
    #[inline]
    pub(crate) fn put(self, bytes: u32, out: &mut impl BufMut) {
        match (self.width, self.order.is_big()) {
            (4, true) => out.put_u32(bytes),
            (4, false) => out.put_u32_le(bytes),
            _ => self.put_rarer(bytes, out),
        }
    }

    /// The other powers of two are spelled out because each is then one store, too.
    #[inline(never)]
    fn put_rarer(self, bytes: u32, out: &mut impl BufMut) {
        match (self.width, self.word(bytes)) {
            (1, [a, ..]) => out.put_u8(a),
            (2, [a, b, ..]) => out.put_slice(&[a, b]),
            (8, word) => out.put_slice(&word),
            (width, word) => out.put_slice(&word[..usize::from(width)]),
        }
    }

    /// The integer as a value.
    #[inline]
    pub(crate) fn header(self, bytes: u32) -> Inline {
        Inline::from_word(self.word(bytes), self.width())
    }

    /// The bytes of the integer, and zeros behind them.
    #[inline]
    fn word(self, bytes: u32) -> [u8; 8] {
        if self.order.is_big() {
            (u64::from(bytes) << self.unused_bits()).to_be_bytes()
        } else {
            u64::from(bytes).to_le_bytes()
        }
    }

    #[inline]
    fn unused_bits(self) -> u32 {
        u64::BITS - 8 * u32::from(self.width)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use std::format;

    use crate::decode::Decoded;
    use crate::field;
    use crate::spec::{FrameSpec, Overflow};
    use crate::testkit::{Random, Seed};

    /// Printed by a failing test; change it to try others.
    const SEED: Seed = Seed(0x91a1);

    /// The limit of most of the specs here.
    const LIMIT: usize = 40;

    /// Every field with every option, and every other framing; with a limit that is often exceeded, and without.
    fn specs() -> Vec<FrameSpec> {
        const OPTIONS: &[&str] = &[
            "",
            ",incl",
            ",adjust=2",
            ",adjust=-2",
            ",offset=1",
            ",offset=1,strip=9",
            ",strip=0",
            ",crc32c",
        ];
        const OTHERS: &[&str] =
            &["raw", "varint", "python", "python,crc32c", "netstring", "lines", "nul", "delim=ab", "fixed=7"];
        let fields = field::NAMED
            .iter()
            .flat_map(|(name, _)| OPTIONS.iter().map(move |option| format!("{name}{option}")));
        let texts = fields.chain(OTHERS.iter().map(|&text| text.into()));
        let specs = texts.filter_map(|text| text.parse::<FrameSpec>().ok());
        specs
            .flat_map(|spec| [spec.clone().with_payload_bytes_max(LIMIT).unwrap_or(spec.clone()), spec])
            .collect()
    }

    /// Frames within the limit of `spec` and over it, and bytes that are none.
    fn stream_for(spec: &FrameSpec, random: &mut Random) -> Vec<u8> {
        let lax = spec.clone().with_payload_bytes_max(2 * LIMIT).unwrap_or(spec.clone());
        let mut stream = Vec::new();
        for _ in 0..random.below(6) {
            let mut payload = random.bytes(LIMIT);
            payload.resize(random.below(LIMIT + LIMIT / 8), 0);
            // What cannot be sent is missing.
            let _ = lax.encode_any(&payload, &mut stream);
        }
        if random.below(2) == 0 {
            let len = random.below(12);
            stream.extend((0..len).map(|_| random.byte() & [0, 3, 0xff][random.below(3)]));
        }
        stream
    }

    /// How many messages of the stream went the short way; all of them must be what the long way gives, and leave
    /// the decoder as it leaves it.
    fn plain_messages(spec: &FrameSpec, mut rest: &[u8]) -> usize {
        let (mut decoder, mut plain_messages) = (spec.decoder(), 0);
        loop {
            let (before, plain) = (format!("{decoder:?}"), decoder.decode_plain(rest));
            let result = decoder.decode_any(rest);
            if let Some(message) = plain {
                assert_eq!(result, Ok(message), "{spec}, {SEED:?}: {}", rest.escape_ascii());
                assert_eq!(format!("{decoder:?}"), before, "{spec}, {SEED:?}: {}", rest.escape_ascii());
                plain_messages += 1;
            }
            match result {
                Ok(Decoded::Message { consumed, .. } | Decoded::Skipped { consumed, .. }) => {
                    rest = &rest[consumed..];
                }
                // Once more, since an error is for good; the rest of the stream would be a message.
                Err(_) if rest.len() > 8 => rest = &rest[8..],
                Ok(Decoded::NeedMore { .. }) | Err(_) => return plain_messages,
            }
        }
    }

    #[test]
    fn the_short_way_decodes_what_the_long_way_does() {
        let mut random = Random::new(SEED);
        for spec in specs() {
            let spec = spec.with_overflow([Overflow::Fail, Overflow::Skip][random.below(2)]);
            let messages: usize =
                (0..150).map(|_| plain_messages(&spec, &stream_for(&spec, &mut random))).sum();
            assert_eq!(
                messages > 100,
                spec.plain.is_some(),
                "{spec}, {SEED:?}: {messages} went the short way"
            );
        }
    }

    #[test]
    fn the_short_way_encodes_what_the_long_way_does() {
        let mut random = Random::new(SEED);
        for spec in specs() {
            for len in
                [0, 1, LIMIT - 1, LIMIT, LIMIT + 1, 255, 256, random.below(LIMIT), (1 << 16) - 1, 1 << 16]
            {
                let payload = random.bytes(len);
                let (mut short, mut long) = (Vec::from(*b"before"), Vec::from(*b"before"));
                let results = (spec.encode(&payload, &mut short), spec.encode_any(&payload, &mut long));
                assert_eq!(results.0, results.1, "{spec}, {SEED:?}, {len} bytes");
                assert_eq!(short, long, "{spec}, {SEED:?}, {len} bytes");
                assert_eq!(spec.envelope(&payload), spec.envelope_of_any(&payload), "{spec}, {len} bytes");
            }
        }
    }

    #[test]
    fn a_buffer_without_room_is_refused_by_either_way() {
        for spec in specs() {
            for room in 0..20 {
                let (mut short, mut long) = ([0; 20], [0; 20]);
                let results = (
                    spec.encode(b"0123456", &mut &mut short[..room]),
                    spec.encode_any(b"0123456", &mut &mut long[..room]),
                );
                assert_eq!((results.0, short), (results.1, long), "{spec}, room for {room}");
            }
        }
    }
}
