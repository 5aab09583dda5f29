//! The law of the limit: exactly what is documented, in both directions.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::violation::{Listed, Shown};
use super::{Codec, Event, Law, Violation, run};

/// `longest` is a payload of exactly the limit, and passes in both directions. `longer` has one byte more: the
/// encoder refuses it, and `frame_of_longer`, made by a codec with a larger limit, makes the decoder fail or skip.
pub fn limit<C: Codec>(
    codec: &C,
    longest: &[u8],
    longer: &[u8],
    frame_of_longer: &[u8],
) -> Result<(), Violation> {
    let frame = codec
        .encode(longest)
        .map_err(|error| violation(format!("refused to encode {}: {error}", Shown(longest))))?;
    let events = run(codec, [&frame[..]]);
    if events != [Event::Message(Vec::from(longest))] {
        return Err(violation(format!(
            "frame {}\nof the longest message gives\n{}",
            Shown(&frame),
            Listed(&events)
        )));
    }
    if let Ok(frame) = codec.encode(longer) {
        return Err(violation(format!("encoded {} although it is over the limit", Shown(&frame))));
    }
    let events = run(codec, [frame_of_longer]);
    match events[..] {
        [Event::Failed { .. } | Event::Skipped(_)] => Ok(()),
        _ => Err(violation(format!(
            "frame {}\nover the limit gives\n{}",
            Shown(frame_of_longer),
            Listed(&events)
        ))),
    }
}

fn violation(report: String) -> Violation {
    Violation { law: Law::Limit, report }
}
