//! The specs that every law is run on.

use switchboard_framing::FrameSpec;

/// Each framing, each option, and the combinations that other libraries are known for.
pub(crate) const SPECS: &[&str] = &[
    "u8",
    "u16be",
    "u16le",
    "u24be",
    "u24le",
    "u32be",
    "u32le",
    "u40be",
    "u48le",
    "u56be",
    "u64be",
    "u64le",
    "i32be",
    "i32le",
    "i32",
    "varint",
    "python",
    "netstring",
    "hex4",
    "hex4,incl",
    "lines",
    "crlf",
    "nul",
    r"delim=\n|\r\n",
    "delim=--end--",
    "delim=aa",
    r"delim=\0\xff\,\||;",
    "lines,keep",
    r"delim=\n|\r\n,keep",
    "fixed=1",
    "fixed=7",
    "fixed=7,crc32c",
    "u32be,crc32c",
    "u8,crc32c",
    "varint,crc32c",
    "python,crc32c",
    "netstring,crc32c",
    "u16be,incl",
    "u16be,adjust=-5",
    "u16be,adjust=3",
    "u32le,offset=2,strip=6",
    "u32le,offset=2,strip=9",
    "u16be,strip=0",
    "u16be,incl,strip=0",
    "u16be,offset=2",
    "u16be,offset=2,incl",
    "u16be,offset=2,adjust=-1,strip=1,crc32c",
    "hex4,offset=1,strip=5",
];

/// One of them, or any other.
pub(crate) fn spec(text: &str) -> FrameSpec {
    text.parse().unwrap()
}

/// All of them with this limit, but for those whose shortest message is longer.
pub(crate) fn specs_with_limit(bytes_max: usize) -> Vec<FrameSpec> {
    let specs = SPECS.iter().map(|text| spec(text));
    specs.map(|spec| spec.clone().with_payload_bytes_max(bytes_max).unwrap_or(spec)).collect()
}
