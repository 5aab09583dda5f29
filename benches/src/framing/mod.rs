//! Framing: the bytes, those who take messages out of them, and those who put messages in.

mod decode;
mod encode;
mod floor;
mod workload;

pub use self::workload::Workload;

use crate::contender::{Contender, Contest};

/// Everybody who can find the messages of this workload.
pub fn decoding(workload: &Workload) -> Contest {
    let mut contenders: Vec<Box<dyn Contender>> = vec![
        Box::new(floor::Memcpy::new(workload)),
        Box::new(decode::Borrowed::new(workload)),
        Box::new(decode::Owning::new(workload)),
        Box::new(decode::Reader::new(workload)),
        Box::new(decode::OursInTokio::new(workload)),
    ];
    match workload.spec_text() {
        "u32be" => {
            contenders.push(Box::new(floor::ByHand::new(workload)));
            contenders.push(Box::new(decode::LengthDelimited::new(workload)));
        }
        "lines" => {
            contenders.push(Box::new(floor::Memchr::new(workload)));
            contenders.push(Box::new(decode::AnyDelimiter::new(workload)));
            contenders.push(Box::new(decode::Lines::new(workload)));
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
        Box::new(encode::OursInTokio::new(workload)),
    ];
    if workload.spec_text() == "u32be" {
        contenders.push(Box::new(floor::AppendedByHand::new(workload)));
        contenders.push(Box::new(encode::LengthDelimited::new(workload)));
    }
    Contest { title: format!("encode {workload}"), messages: workload.messages(), contenders }
}
