//! CRC-32C (Castagnoli), as iSCSI uses it (RFC 3720, section 12.1), eight bytes a step by tables. What is covered,
//! and where it stands in a frame, is the decoder's and encoder's business.

/// CRC-32C of all the bytes. On the wire it goes lowest byte first, as in RFC 3720.
pub(crate) fn of(bytes: &[u8]) -> u32 {
    let mut crc = !0;
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        crc = step_word(crc, word);
    }
    !words.remainder().iter().fold(crc, |crc, &byte| step_byte(crc, byte))
}

fn step_byte(crc: u32, byte: u8) -> u32 {
    let [lowest, ..] = crc.to_le_bytes();
    TABLES[0][usize::from(lowest ^ byte)] ^ crc >> 8
}

/// The byte that is followed by `n` others is looked up in table `n`.
fn step_word(crc: u32, word: &[u8]) -> u32 {
    let first = crc.to_le_bytes();
    let mut next = 0;
    for (at, &byte) in word.iter().enumerate() {
        let mask = first.get(at).copied().unwrap_or(0);
        next ^= TABLES[word.len() - 1 - at][usize::from(byte ^ mask)];
    }
    next
}

/// `TABLES[n][b]` is the remainder of byte `b` followed by `n` zero bytes. 8 KiB.
static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        tables[0][byte as usize] = remainder(byte);
        byte += 1;
    }
    let mut next = 256;
    while next < 8 * 256 {
        let before = tables[next / 256 - 1][next % 256];
        tables[next / 256][next % 256] = tables[0][(before & 0xff) as usize] ^ before >> 8;
        next += 1;
    }
    tables
}

const fn remainder(byte: u32) -> u32 {
    let mut crc = byte;
    let mut bit = 0;
    while bit < 8 {
        crc = if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
        bit += 1;
    }
    crc
}

/// 0x1edc6f41 with its bits in the order in which they are sent.
const POLYNOMIAL: u32 = 0x82f6_3b78;

#[cfg(test)]
mod tests {
    use super::*;

    fn ascending<const LEN: usize>() -> [u8; LEN] {
        let mut next = 0..;
        [(); LEN].map(|()| next.next().unwrap())
    }

    #[test]
    fn the_vectors_of_rfc_3720_come_out() {
        let ascending: [u8; 32] = ascending();
        let mut descending = ascending;
        descending.reverse();
        let mut read_command = [0; 48];
        read_command[..2].copy_from_slice(b"\x01\xc0");
        read_command[16] = 0x14;
        read_command[22] = 0x04;
        read_command[27] = 0x14;
        read_command[31] = 0x18;
        read_command[32] = 0x28;
        read_command[40] = 0x02;
        let cases: [(&[u8], [u8; 4]); 5] = [
            (&[0; 32], [0xaa, 0x36, 0x91, 0x8a]),
            (&[0xff; 32], [0x43, 0xab, 0xa8, 0x62]),
            (&ascending, [0x4e, 0x79, 0xdd, 0x46]),
            (&descending, [0x5c, 0xdb, 0x3f, 0x11]),
            (&read_command, [0x56, 0x3a, 0x96, 0xd9]),
        ];
        for (bytes, on_the_wire) in cases {
            assert_eq!(of(bytes).to_le_bytes(), on_the_wire);
        }
    }

    #[test]
    fn lengths_that_are_no_multiple_of_eight_agree_with_one_byte_at_a_time() {
        let bytes: [u8; 40] = ascending();
        for len in 0..bytes.len() {
            let slow = !bytes[..len].iter().fold(!0, |crc, &byte| step_byte(crc, byte));
            assert_eq!(of(&bytes[..len]), slow, "{len} bytes");
        }
        assert_eq!(of(b"123456789"), 0xe306_9283, "the check value of the catalogue of CRCs");
    }
}
