//! Specs as text: what is written reads back the same, and what is wrong is said in one line.

use switchboard_framing::{FrameSpec, Overflow, SpecError};

use crate::common::specs::{SPECS, spec, specs_with_limit};

fn error(text: &str) -> String {
    text.parse::<FrameSpec>().unwrap_err().to_string()
}

#[test]
fn every_spec_reads_back_from_its_own_text() {
    for text in SPECS {
        for options in ["", ",max=4KiB", ",over=skip", ",max=123,over=skip"] {
            let Ok(spec) = format!("{text}{options}").parse::<FrameSpec>() else {
                continue;
            };
            assert_eq!(spec.to_string().parse(), Ok(spec.clone()), "{text}{options} as {spec}");
        }
        assert_eq!(spec(text).to_string(), *text);
    }
    for spec in specs_with_limit(77) {
        assert_eq!(spec.to_string().parse(), Ok(spec.clone()), "{spec}");
    }
}

#[test]
fn the_text_of_a_spec_is_the_shortest() {
    for (long, short) in [
        ("u32be,max=16MiB", "u32be"),
        ("u32be,max=1024KiB", "u32be,max=1MiB"),
        ("u32be,max=65537", "u32be,max=65537"),
        ("u8,max=255", "u8"),
        ("u16be,adjust=-2", "u16be,incl"),
        ("u16be,strip=2,offset=0,adjust=0,over=fail", "u16be"),
        ("u16be,crc32c,strip=6,incl,offset=4,max=1KiB", "u16be,max=1KiB,offset=4,incl,strip=6,crc32c"),
        (r"delim=\n", "lines"),
        (r"delim=\x0d\x0A", "crlf"),
        (r"delim=\x00", "nul"),
        (r"delim=\x2c\x7c\\ é", r"delim=\,\|\\ \xc3\xa9"),
        ("fixed=1024", "fixed=1KiB"),
    ] {
        assert_eq!(spec(long).to_string(), short, "{long}");
        assert_eq!(spec(long), spec(short), "{long}");
    }
}

#[test]
fn sizes_have_units() {
    assert_eq!(spec("u32be,max=64KiB").payload_bytes_max(), 65_536);
    assert_eq!(spec("u32be,max=1MiB").payload_bytes_max(), 1 << 20);
    assert_eq!(spec("u32be").payload_bytes_max(), 16 << 20);
    assert_eq!(spec("u64be,max=4294967295").payload_bytes_max(), 0xffff_ffff);
    for wrong in ["", "0", "-1", "+1", "1kb", "1.5MiB", "4GiB", "KiB", "99999999999", " 1"] {
        assert!(format!("u64be,max={wrong}").parse::<FrameSpec>().is_err(), "{wrong:?}");
    }
}

#[test]
fn limits_and_policies_can_be_set_in_code() {
    let spec = spec("u32be").with_payload_bytes_max(10).unwrap().with_overflow(Overflow::Skip);
    assert_eq!((spec.to_string().as_str(), spec.overflow()), ("u32be,max=10,over=skip", Overflow::Skip));
    assert_eq!("raw".parse::<FrameSpec>().unwrap().with_overflow(Overflow::Skip).to_string(), "raw");
    assert_eq!(spec.with_payload_bytes_max(0), Err(SpecError::NothingFits { least: 0, most: 0 }));
}

#[test]
fn the_largest_of_everything_is_allowed_and_one_more_is_not() {
    let delimiters =
        |count| (b'a'..).take(count).map(|byte| char::from(byte).to_string()).collect::<Vec<_>>().join("|");
    for (largest, too_large) in [
        ("u32be,strip=32", "u32be,strip=33"),
        ("u32be,offset=65535", "u32be,offset=65536"),
        ("u64be,max=2GiB,adjust=1073741824", "u64be,max=2GiB,adjust=1073741825"),
        ("u64be,adjust=-1073741824", "u64be,adjust=-1073741825"),
        (&format!("delim={}", "x".repeat(32)), &format!("delim={}", "x".repeat(33))),
        (&format!("delim={}", delimiters(16)), &format!("delim={}", delimiters(17))),
    ] {
        assert!(largest.parse::<FrameSpec>().is_ok(), "{largest}");
        assert!(too_large.parse::<FrameSpec>().is_err(), "{too_large}");
    }
}

#[test]
fn errors_say_in_one_line_what_is_wrong() {
    for (text, says) in [
        ("", "no framing is called ``"),
        ("u32", "no framing is called `u32`: there are raw, u8"),
        ("U32BE", "no framing is called `U32BE`"),
        ("u32be=4", "`u32be=4`: expected no value"),
        ("u32be,", "no option is called ``"),
        ("u32be,mx=1", "no option is called `mx=1`: there are max=SIZE"),
        ("u32be,max", "`max`: expected 1 to 4294967295 bytes"),
        ("u32be,max=1,max=1", "`max` is given twice"),
        ("u32be,incl,adjust=1", "`adjust or incl` is given twice"),
        ("u32be,incl=1", "`incl=1`: expected no value"),
        ("u32be,over=drop", "`over=drop`: expected `skip` or `fail`"),
        ("u32be,strip=33", "`strip=33`: expected 0 to 32 bytes"),
        ("u32be,offset=65536", "`offset=65536`: expected 0 to 65535"),
        ("varint,offset=1", "`varint` takes no `offset`"),
        ("lines,incl", "`lines` takes no `adjust or incl`"),
        ("u8,keep", "`u8` takes no `keep`"),
        ("crlf,keep,keep", "`keep` is given twice"),
        ("raw,crc32c", "`raw` takes no `crc32c`"),
        ("fixed=3,over=skip", "`fixed=3` takes no `over`"),
        ("fixed", "`fixed`: expected 1 to"),
        ("delim=", "`delim=`: expected one or more bytes"),
        ("delim", "`delim`: expected one or more bytes"),
        (r"delim=\n||x", r"`delim=\n||x`: expected one or more bytes"),
        (r"delim=\q", r"`delim=\q`: expected text with no other escapes than \n"),
        (r"delim=\x4", r"`delim=\x4`: expected text with no other escapes"),
        ("delim=123456789012345678901234567890123", "expected at most 32 bytes a delimiter"),
        ("delim=a\nb,x\ny", "no option is called `x\u{fffd}y`"),
    ] {
        let error = error(text);
        assert!(error.contains(says), "{text:?} gives {error:?}, expected {says:?}");
        assert!(!error.contains('\n'), "{text:?} gives more than a line");
    }
}

#[test]
fn specs_that_cannot_round_trip_cannot_be_built() {
    for (text, says) in [
        ("u32be,strip=2", "could not be read back: `strip` cuts the length field in two"),
        ("u16be,offset=3,strip=4", "could not be read back: `strip` cuts the length field in two"),
        ("lines,crc32c", "could not be read back: a checksum may hold the delimiter"),
        (r"delim=\r|\r\n", "could not be read back: one delimiter is complete before the end of another"),
        ("delim=abc|b", "could not be read back: one delimiter is complete before the end of another"),
        ("delim=a|a", "could not be read back: one delimiter is complete before the end of another"),
        ("u8,adjust=-300", "no message would fit: the shortest has 0 bytes, the longest 0"),
        ("u16be,offset=2,max=3", "no message would fit: the shortest has 4 bytes, the longest 3"),
        ("fixed=4,crc32c", "no message would fit: the shortest has 0 bytes, the longest 0"),
        ("crlf,keep,max=1", "no message would fit: the shortest has 2 bytes, the longest 1"),
        ("fixed=2,crc32c", "no message would fit: the shortest has 0 bytes, the longest 0"),
        ("fixed=9,max=8", "no message would fit: the shortest has 9 bytes, the longest 8"),
    ] {
        let error = error(text);
        assert!(error.contains(says), "{text:?} gives {error:?}, expected {says:?}");
    }
}
