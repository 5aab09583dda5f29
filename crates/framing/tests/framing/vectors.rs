//! Bytes that other programs made. A pair of ours only proves that both ends agree with each other.

use switchboard_framing::Decoder;

use crate::common::specs::spec;

/// The frame that somebody else made is the one that we make, and it reads back.
fn assert_frame(text: &str, payload: &[u8], frame: &[u8]) {
    let spec = spec(text);
    let mut ours = Vec::new();
    spec.encode(payload, &mut ours).unwrap();
    assert_eq!(ours.escape_ascii().to_string(), frame.escape_ascii().to_string(), "{spec}");
    let mut decoder = Decoder::new(spec);
    decoder.feed(frame);
    assert_eq!(decoder.next().unwrap().as_deref(), Some(payload));
    decoder.finish().unwrap();
}

/// `struct.pack(format, 11) + b'hello world'`, the format in the comment.
#[test]
fn struct_pack_frames_are_ours() {
    let cases: [(&str, &[u8]); 13] = [
        ("u8", b"\x0b"),                                 // B
        ("u16be", b"\x00\x0b"),                          // >H
        ("u16le", b"\x0b\x00"),                          // <H
        ("u24be", b"\x00\x00\x0b"),                      // >I, without its first byte
        ("u24le", b"\x0b\x00\x00"),                      // <I, without its last byte
        ("u32be", b"\x00\x00\x00\x0b"),                  // >I
        ("u32le", b"\x0b\x00\x00\x00"),                  // <I
        ("i32be", b"\x00\x00\x00\x0b"),                  // >i
        ("i32le", b"\x0b\x00\x00\x00"),                  // <i
        ("u64be", b"\x00\x00\x00\x00\x00\x00\x00\x0b"),  // >Q
        ("u64le", b"\x0b\x00\x00\x00\x00\x00\x00\x00"),  // <Q
        ("u16be,incl", b"\x00\x0d"),                     // >H, of 13
        ("u16be,offset=2,strip=4", b"\x00\x00\x00\x0b"), // >xxH
    ];
    for (spec, header) in cases {
        assert_frame(spec, b"hello world", &[header, b"hello world"].concat());
    }
    #[cfg(target_endian = "little")]
    assert_frame("i32", b"hello world", b"\x0b\x00\x00\x00hello world"); // i
}

/// As `multiprocessing.connection` sends them.
#[test]
fn multiprocessing_frames_are_ours() {
    assert_frame("python", b"#WELCOME#", b"\x00\x00\x00\x09#WELCOME#");
    assert_frame("python", b"#FAILURE#", b"\x00\x00\x00\x09#FAILURE#");
    let challenge =
        b"#CHALLENGE#\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13";
    assert_frame("python", challenge, &[b"\x00\x00\x00\x1f", &challenge[..]].concat());
}

/// The escape for long messages, with a short one: Python reads such a frame, although it never writes it.
#[test]
fn the_long_header_of_multiprocessing_is_read() {
    let mut decoder = Decoder::new(spec("python"));
    decoder.feed(b"\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x02hi");
    assert_eq!(decoder.next().unwrap().as_deref(), Some(&b"hi"[..]));
}

/// From protobuf's documentation: 150 is `96 01`.
#[test]
fn protobuf_lengths_are_ours() {
    assert_frame("varint", &[7; 150], &[&b"\x96\x01"[..], &[7; 150]].concat());
}

/// From the paper that describes netstrings.
#[test]
fn netstrings_are_ours() {
    assert_frame("netstring", b"hello world!", b"12:hello world!,");
    assert_frame("netstring", b"", b"0:,");
}

/// From git's description of pkt-line.
#[test]
fn pkt_lines_are_ours() {
    assert_frame("hex4,incl", b"a\n", b"0006a\n");
    assert_frame("hex4,incl", b"foobar\n", b"000bfoobar\n");
    assert_frame("hex4,incl", b"", b"0004");
    assert_frame("hex4", b"foobar\n", b"0007foobar\n");
}

/// RFC 3720, B.4: 32 bytes of zeroes, and of ones.
#[test]
fn checksums_are_those_of_iscsi() {
    assert_frame("u8,crc32c", &[0; 32], &[&b"\x24"[..], &[0; 32], b"\xaa\x36\x91\x8a"].concat());
    assert_frame("u8,crc32c", &[0xff; 32], &[&b"\x24"[..], &[0xff; 32], b"\x43\xab\xa8\x62"].concat());
}
