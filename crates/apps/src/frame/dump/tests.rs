//! What is drawn, in full: these texts are what a person sees.

use super::super::xray::Xray;
use super::*;

const PLAIN: Pen = Pen { colour: Colour::Off, rows: Rows::Abridged };

fn drawn(pen: Pen, spec: &str, pieces: &[&[u8]]) -> String {
    let mut xray = Xray::new(&spec.parse().unwrap());
    pieces.iter().map(|piece| pen.read(&xray.feed(piece), piece)).collect()
}

#[test]
fn a_merged_and_a_split_read() {
    let drawn = drawn(PLAIN, "u32be", &[b"\0\0\0\x05hello\0\0\0\x05wo", b"rld"]);
    assert_eq!(
        drawn,
        "\
read 1   15 bytes from byte 0   MERGED: 2 messages, the last cut
  message 1   whole: 5 bytes
    00000000  header   00 00 00 05                                       |....
    00000004  payload  68 65 6c 6c 6f                                     hello|
  message 2   begins here, 3 bytes still to come
    00000009  header   00 00 00 05                                       |....
    0000000d  payload  77 6f                                              wo~
read 2   3 bytes from byte 15   SPLIT: the end of a message
  message 2   ends here: 5 bytes in 2 reads
    0000000f  payload  72 6c 64                                          ~rld|
"
    );
}

#[test]
fn a_frame_with_a_trailer_and_a_message_that_lacks_an_end() {
    assert_eq!(
        drawn(PLAIN, "netstring", &[b"2:hi,1"]),
        "\
read 1   6 bytes from byte 0   MERGED: 2 messages, the last cut
  message 1   whole: 2 bytes
    00000000  header   32 3a                                             |2:
    00000002  payload  68 69                                              hi
    00000004  trailer  2c                                                 ,|
  message 2   begins here, its end is still to come
    00000005  header   31                                                |1~
"
    );
}

#[test]
fn the_bytes_around_a_break() {
    assert_eq!(
        drawn(PLAIN, "i32be", &[b"\0\0\0\x02hi\xff\xff\xff\xfe\x1b[2J"]),
        "\
read 1   14 bytes from byte 0   exactly one message
  message 1   whole: 2 bytes
    00000000  header   00 00 00 02                                       |....
    00000004  payload  68 69                                              hi|
BROKEN at byte 6 (0x6): a message length of -2 is negative
    00000000  before   00 00 00 02 68 69                                  ....hi
    00000006  here     ff ff ff fe 1b 5b 32 4a                            .....[2J
"
    );
}

#[test]
fn long_messages_are_abridged_unless_asked_for() {
    let message = [&[0xff][..], &[b'x'; 255]].concat();
    let short = drawn(PLAIN, "u8", &[&message]);
    assert_eq!(short.lines().count(), 2 + 1 + ROWS_MAX + 1, "{short}");
    assert!(short.contains("... 112 bytes more, --full shows them ..."), "{short}");
    assert!(short.lines().last().unwrap().starts_with("    000000f1"), "{short}");
    let full = drawn(Pen { rows: Rows::All, ..PLAIN }, "u8", &[&message]);
    assert_eq!(full.lines().count(), 2 + 1 + 16, "{full}");
}

#[test]
fn colour_adds_nothing_but_colour() {
    let pieces: [&[u8]; 2] = [b"\x02hi\x03y", b"ou\x02"];
    let painted = drawn(Pen { colour: Colour::On, ..PLAIN }, "u8", &pieces);
    let mut bare = String::new();
    for (index, piece) in painted.split('\x1b').enumerate() {
        bare.push_str(if index == 0 { piece } else { piece.split_once('m').unwrap().1 });
    }
    assert_ne!(painted, bare);
    assert_eq!(bare, drawn(PLAIN, "u8", &pieces));
}

#[test]
fn nothing_that_a_terminal_obeys_is_drawn() {
    let every: Vec<u8> = (0..=255).collect();
    let drawn = drawn(Pen { rows: Rows::All, ..PLAIN }, "raw", &[&every]);
    assert!(drawn.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)));
}

#[test]
fn the_sum_counts_and_explains() {
    let tally = Tally { reads: 3, bytes: 20, messages: 2, cut: 1, merged: 1, split: 1, whole: 1, dropped: 0 };
    let sum = sum_up(&tally);
    assert!(
        sum.starts_with(
            "3 reads brought 20 bytes and 2 whole messages: 1 held exactly one message, 1 several (MERGED), \
             1 a part of one (SPLIT). 1 message came in more than one read. That is how streams are:"
        ),
        "{sum}"
    );
    assert!(
        !sum_up(&Tally { reads: 1, bytes: 3, messages: 1, whole: 1, ..Tally::default() }).contains("That is")
    );
}
