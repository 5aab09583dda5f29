//! Plain frames, which most frames are: an integer, so many bytes of message, and nothing else. They have a way of
//! their own through decoder and encoder, short enough to become part of the caller's loop. Whatever is not plain,
//! not whole or not right is left to `decode` and `encode`, which know every framing.

use bytes::BufMut;

use crate::envelope::Envelope;
use crate::field::Order;
use crate::spec::{Check, Layout};

/// The integer at the front of each frame. It counts what follows it, and is not part of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Plain {
    /// The usual one, which is a load or a store in the caller's loop; all of them there would be too much.
    U32be,
    /// Any other.
    Other {
        /// Bytes of the integer, 1 to 8.
        width: u8,
        order: Order,
    },
}

impl Plain {
    /// `None` if frames of this kind are not plain. Every length up to `bytes_max` has the one form of the integer:
    /// signs and escapes begin above it.
    pub(crate) fn of(layout: &Layout, check: Check, bytes_max: u32) -> Option<Plain> {
        let integer = match (layout, check) {
            (Layout::Prefix(prefix), Check::None) if prefix.is_plain() => prefix.field.integer()?,
            (Layout::Python, Check::None) if bytes_max <= i32::MAX.cast_unsigned() => (4, Order::Big),
            _ => return None,
        };
        Some(match integer {
            (4, Order::Big) => Plain::U32be,
            (width, order) => Plain::Other { width, order },
        })
    }

    /// Bytes in front of the payload.
    #[inline]
    pub(crate) fn width(self) -> usize {
        match self {
            Plain::U32be => 4,
            Plain::Other { width, .. } => usize::from(width),
        }
    }

    /// The number at the front of the input. Of the rarer ones only if there are as many bytes as the widest has: then
    /// one load does for all.
    #[inline]
    pub(crate) fn read(self, input: &[u8]) -> Option<u64> {
        match self {
            Plain::U32be => Some(u32::from_be_bytes(*input.first_chunk()?).into()),
            Plain::Other { width, order } => Some(order.first_of_word(*input.first_chunk()?, width)),
        }
    }

    /// Appends the integer.
    #[inline]
    pub(crate) fn put(self, bytes: u32, out: &mut impl BufMut) {
        match self {
            Plain::U32be => out.put_u32(bytes),
            Plain::Other { width, order } => put_other(width, order, bytes, out),
        }
    }

    /// The integer as a value.
    #[inline]
    pub(crate) fn envelope(self, bytes: u32) -> Envelope {
        match self {
            Plain::U32be => Envelope::of_word((u64::from(bytes) << 32).to_be_bytes(), 4),
            Plain::Other { width, order } => Envelope::of_word(order.word(bytes.into(), width), width.into()),
        }
    }
}

#[inline(never)]
fn put_other(width: u8, order: Order, bytes: u32, out: &mut impl BufMut) {
    order.put(bytes.into(), width, out);
}

/// The length of the message before, twice: lengths repeat, so the one is compared with what the next header says, and
/// the other used in its place. What is used does not have to come from the input, so the processor looks for the
/// frame behind the next one while the next one's length is still on its way from the cache.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LastLength {
    compared: u32,
    used: u32,
}

impl LastLength {
    /// As if an empty message had been before the first.
    pub(crate) const FIRST: LastLength = LastLength { compared: 0, used: 0 };

    /// The same length again, or the new one; `None` if that is over the limit.
    #[inline]
    pub(crate) fn repeat_or_set(&mut self, declared: u64, limit: u32) -> Option<usize> {
        if declared != u64::from(self.compared) {
            let bytes = u32::try_from(declared).ok().filter(|bytes| *bytes <= limit)?;
            *self = LastLength { compared: bytes, used: bytes };
        }
        Some(self.used as usize)
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

    /// Frames within the limit of `spec` and over it, some of them repeated, and bytes that are none.
    fn stream_for(spec: &FrameSpec, random: &mut Random) -> Vec<u8> {
        let lax = spec.clone().with_payload_bytes_max(2 * LIMIT).unwrap_or(spec.clone());
        let mut stream = Vec::new();
        for _ in 0..random.below(6) {
            let mut payload = random.bytes(LIMIT);
            payload.resize(random.below(LIMIT + LIMIT / 8), 0);
            for _ in 0..=random.below(3) {
                // What cannot be sent is missing.
                let _ = lax.encode_any(&payload, &mut stream);
            }
        }
        if random.below(2) == 0 {
            let len = random.below(12);
            stream.extend((0..len).map(|_| random.byte() & [0, 3, 0xff][random.below(3)]));
        }
        stream
    }

    /// How many messages of the stream went the short way; each must be what a decoder gives that knows only the long
    /// one.
    fn plain_messages(spec: &FrameSpec, mut rest: &[u8]) -> usize {
        let (mut short, mut long, mut plain_messages) = (spec.decoder(), spec.decoder(), 0);
        loop {
            plain_messages += usize::from(short.clone().decode_plain(rest).is_some());
            let result = short.decode(rest);
            assert_eq!(result, long.decode_any(rest), "{spec}, {SEED:?}: {}", rest.escape_ascii());
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

    /// A frame of three bytes.
    fn short_frame(spec: &FrameSpec) -> Vec<u8> {
        let mut frame = Vec::new();
        spec.encode_any(b"abc", &mut frame).unwrap();
        frame
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

    /// The length that a decoder starts with, and the largest that four and eight bytes hold, is one like any other.
    #[test]
    fn the_first_length_of_all_is_not_taken_for_a_repeated_one() {
        for spec in ["u32be,max=4294967295", "u64le,max=4294967295", "u32le,max=9"] {
            let spec: FrameSpec = spec.parse().unwrap();
            for stream in [[0; 12], [0xff; 12], [1; 12]] {
                plain_messages(&spec, &stream);
                plain_messages(&spec, &[&short_frame(&spec)[..], &stream].concat());
            }
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

    /// What stands around a message in the bytes that it came in, where it is what would be sent.
    fn assert_frames_are_found(spec: &FrameSpec, stream: &[u8], frames: &mut usize) {
        let (mut decoder, mut at) = (spec.decoder(), 0);
        while let Ok(Decoded::Message { payload, consumed }) = decoder.decode(&stream[at..]) {
            let payload = at + payload.start..at + payload.end;
            let mut sent = Vec::new();
            let is_sent = spec.encode_any(&stream[payload.clone()], &mut sent).is_ok();
            let found = spec.frame_around(stream, payload);
            let came = at..at + consumed;
            let expected = (is_sent && sent == stream[came.clone()]).then_some(came);
            assert!(
                expected.is_some() || spec.plain.is_none(),
                "{spec}, {SEED:?}: {}",
                stream.escape_ascii()
            );
            assert_eq!(found, expected, "{spec}, {SEED:?}: {}", stream.escape_ascii());
            *frames += usize::from(found.is_some());
            at += consumed;
        }
    }

    #[test]
    fn the_frame_of_a_message_is_found_where_it_came_if_it_would_be_sent_like_that() {
        let mut random = Random::new(SEED);
        for spec in specs() {
            let mut frames = 0;
            for _ in 0..100 {
                assert_frames_are_found(&spec, &stream_for(&spec, &mut random), &mut frames);
            }
            // Where a header is part of the message, few random messages can be sent.
            assert!(frames > 50 || spec.plain.is_none(), "{spec}, {SEED:?}: {frames} frames");
        }
    }

    #[test]
    fn no_frame_is_found_around_half_a_message_or_beyond_the_input() {
        for spec in ["u32be", "u8", "varint", "netstring", "u16le,crc32c"] {
            let spec: FrameSpec = spec.parse().unwrap();
            let frame = short_frame(&spec);
            let Ok(Decoded::Message { payload, .. }) = spec.decoder().decode(&frame) else {
                panic!("{spec}")
            };
            assert_eq!(spec.frame_around(&frame, payload.clone()), Some(0..frame.len()));
            for other in [
                payload.start..payload.end - 1,
                payload.start + 1..payload.end,
                0..0,
                payload.start..frame.len() + 1,
                frame.len() + 1..frame.len() + 2,
            ] {
                assert_eq!(spec.frame_around(&frame, other.clone()), None, "{spec}, {other:?}");
            }
            assert_eq!(spec.frame_around(&frame[1..], payload.start - 1..payload.end - 1), None, "{spec}");
            let cut = &frame[..frame.len() - 1];
            assert_eq!(spec.frame_around(cut, payload.clone()), None, "{spec}");
        }
    }

    #[test]
    fn a_frame_that_ends_otherwise_is_not_what_would_be_sent() {
        for (spec, input, expected) in [
            ("lines", "one\ntwo\n", Some(0..4)),
            ("lines", "one\r\n", None),
            ("lines", "ones\n", None),
            ("lines", "one", None),
            ("delim=;|/", "one;", Some(0..4)),
            ("delim=;|/", "one/", None),
        ] {
            let spec: FrameSpec = spec.parse().unwrap();
            assert_eq!(spec.frame_around(input.as_bytes(), 0..3), expected, "{spec}: {input:?}");
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
