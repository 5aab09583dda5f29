//! What the errors say, word for word, and what they carry on.

use core::error::Error;

use switchboard_framing::{EncodeError, FrameError, Malformation, SpecError};

#[test]
fn what_a_peer_did_is_said_with_its_numbers() {
    for (error, said) in [
        (FrameError::TooLong { declared: 9, limit: 8 }, "a message of 9 bytes is over the limit of 8"),
        (FrameError::Negative { declared: -2 }, "a message length of -2 is negative"),
        (
            FrameError::TooShort { declared: 1, least: 4 },
            "a length of 1 is too small, 4 is the least that this framing can state",
        ),
        (
            FrameError::Malformed { what: Malformation::HexDigit, byte: 7 },
            "the length holds a byte that is no hexadecimal digit (at byte 0x07)",
        ),
        (
            FrameError::Checksum { stated: 0xab, computed: 0x1234_5678 },
            "the checksum says 000000ab, the payload gives 12345678",
        ),
        (
            FrameError::Truncated { have: 3, at_least: 2 },
            "the stream ended inside a message: 3 bytes of it came, at least 2 are missing",
        ),
    ] {
        assert_eq!(error.to_string(), said);
        assert!(error.source().is_none());
    }
}

#[test]
fn every_broken_rule_has_its_words() {
    for (what, said) in [
        (Malformation::VarintOverflow, "the length is a varint of more than 64 bits"),
        (Malformation::VarintOverlong, "the length is a varint longer than it needs to be"),
        (Malformation::NetstringDigit, "the length of a netstring holds a byte that is no digit"),
        (Malformation::NetstringZero, "the length of a netstring starts with a zero"),
        (Malformation::NetstringOverflow, "the length of a netstring is more than 64 bits"),
        (Malformation::NetstringComma, "a netstring does not end with a comma"),
        (Malformation::HexDigit, "the length holds a byte that is no hexadecimal digit"),
    ] {
        let error: &dyn Error = &what;
        assert_eq!(error.to_string(), said);
    }
}

#[test]
fn what_the_caller_did_is_said_with_its_numbers() {
    for (error, said) in [
        (EncodeError::TooLong { len: 9, limit: 8 }, "a payload of 9 bytes is over the limit of 8"),
        (
            EncodeError::TooShort { len: 1, least: 2 },
            "a payload of 1 bytes is too short, this framing carries 2 or more",
        ),
        (
            EncodeError::HoldsDelimiter { at: 4 },
            "the payload holds a delimiter, only its first 4 bytes would arrive as this message",
        ),
        (EncodeError::LacksDelimiter { len: 5 }, "the payload of 5 bytes has no delimiter at its end"),
        (
            EncodeError::WrongLength { needed: 6 },
            "the length field inside the payload has to say 6 for this frame",
        ),
        (EncodeError::NoRoom { needed: 7, room: 3 }, "the frame takes 7 bytes, the buffer has room for 3"),
    ] {
        assert_eq!(error.to_string(), said);
        assert!(error.source().is_none());
    }
}

#[test]
fn what_is_wrong_with_a_spec_is_said_with_what_would_be_right() {
    for (error, said) in [
        (
            SpecError::UnknownFraming("x".to_owned()),
            "no framing is called `x`: there are raw, u8, u16be, u16le (also u24, u32, ... u64), i32be, i32le, i32, \
             varint, python, netstring, hex4, lines, crlf, nul, delim=TEXT and fixed=BYTES",
        ),
        (
            SpecError::UnknownOption("x".to_owned()),
            "no option is called `x`: there are max=SIZE, offset=BYTES, adjust=BYTES, incl, strip=BYTES, keep, \
             crc32c, over=skip",
        ),
        (SpecError::Misplaced { framing: "u8".to_owned(), option: "keep" }, "`u8` takes no `keep`"),
        (SpecError::Repeated("max"), "`max` is given twice"),
        (SpecError::Value { part: "max=a".to_owned(), expected: "a size" }, "`max=a`: expected a size"),
        (SpecError::NoRoundTrip("why"), "such frames could not be read back: why"),
        (
            SpecError::NothingFits { least: 4, most: 3 },
            "no message would fit: the shortest has 4 bytes, the longest 3",
        ),
    ] {
        assert_eq!(error.to_string(), said);
        assert!(error.source().is_none());
    }
}

#[test]
fn a_reader_and_a_writer_pass_on_what_went_wrong_below() {
    use std::io;
    use switchboard_framing::{ReadError, WriteError};

    let negative = FrameError::Negative { declared: -1 };
    assert_eq!(ReadError::from(negative).to_string(), negative.to_string());
    let short = EncodeError::LacksDelimiter { len: 1 };
    assert_eq!(WriteError::from(short).to_string(), short.to_string());
    assert_eq!(
        WriteError::Broken.to_string(),
        "an earlier message was cut short, so the stream is of no more use"
    );
    // As if it were the I/O error itself: what that one stands on is the source, so nothing is said twice.
    let below = || io::Error::other(negative);
    assert_eq!(ReadError::from(below()).to_string(), below().to_string());
    let (read, write) = (ReadError::from(below()), WriteError::from(below()));
    for error in [&read as &dyn Error, &write] {
        assert_eq!(error.source().map(ToString::to_string), below().source().map(ToString::to_string));
    }
    assert!(ReadError::from(negative).source().is_none() && WriteError::Broken.source().is_none());
}
