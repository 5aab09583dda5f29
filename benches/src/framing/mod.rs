//! Framing: the bytes, those who take messages out of them, and those who put messages in.

mod decode;
mod encode;
mod floor;
mod workload;

use tokio_util::codec::LengthDelimitedCodec;

pub use self::workload::{Sizes, Workload};
use crate::contender::{Contender, Contest};

/// Everybody who can find the messages of this workload.
pub fn decoding(workload: &Workload) -> Contest {
    let mut contenders: Vec<Box<dyn Contender>> = vec![
        Box::new(floor::Memcpy::new(workload)),
        Box::new(decode::Borrowed::new(workload)),
        Box::new(decode::Owning::new(workload)),
        Box::new(decode::Reader::new(workload)),
        Box::new(decode::ours_in_tokio(workload)),
    ];
    match workload.spec_text() {
        "u32be" => {
            contenders.push(Box::new(floor::ByHand::new(workload)));
            contenders.push(Box::new(floor::RepeatingByHand::new(workload)));
            contenders.push(Box::new(decode::length_delimited(workload)));
        }
        "lines" => {
            contenders.push(Box::new(floor::Memchr::new(workload)));
            contenders.push(Box::new(decode::any_delimiter(workload)));
            contenders.push(Box::new(decode::lines(workload)));
        }
        _ => {}
    }
    Contest { title: format!("decode {workload}"), messages: workload.messages(), contenders }
}

/// Everybody who can make the frames of this workload.
pub fn encoding(workload: &Workload) -> Contest {
    let mut contenders: Vec<Box<dyn Contender>> = vec![
        Box::new(floor::Memcpy::new(workload)),
        Box::new(encode::Appended::new(workload)),
        Box::new(encode::Envelopes::new(workload)),
        Box::new(encode::ours_in_tokio(workload)),
    ];
    if workload.spec_text() == "u32be" {
        contenders.push(Box::new(floor::AppendedByHand::new(workload)));
        contenders.push(Box::new(floor::FilledByHand::new(workload)));
        contenders.push(Box::new(encode::length_delimited(workload)));
        contenders.push(Box::new(encode::length_delimited_counted(workload)));
    }
    Contest { title: format!("encode {workload}"), messages: workload.messages(), contenders }
}

/// What `u32be` is called there.
fn length_delimited_codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(16 << 20).new_codec()
}
