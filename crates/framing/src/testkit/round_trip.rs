//! The laws that what was sent comes back, and that a stream which stops early is noticed.

use alloc::format;
use alloc::vec::Vec;

use super::violation::{Listed, Shown, in_common};
use super::{Codec, Event, Law, Violation, run};

/// Those of `payloads` that the codec can encode come back from one stream, in order, unchanged, and the stream
/// ends cleanly. Cut off inside the last frame, it does not end cleanly, and gives all messages but the last.
///
/// A codec may refuse to encode a payload. If it refuses all of them, that is a violation, too.
pub fn round_trip<C: Codec>(codec: &C, payloads: &[Vec<u8>]) -> Result<(), Violation> {
    let encoded = payloads.iter().filter_map(|payload| Some((payload, codec.encode(payload).ok()?)));
    let (sent, frames): (Vec<&Vec<u8>>, Vec<Vec<u8>>) = encoded.unzip();
    let Some(last) = frames.last() else {
        let report = format!("all {} payloads were refused by the encoder", payloads.len());
        return Err(Violation { law: Law::RoundTrip, report });
    };
    let stream = frames.concat();
    let expected: Vec<Event> = sent.into_iter().map(|payload| Event::Message(payload.clone())).collect();
    compare(&stream, &expected, &run(codec, [&stream[..]]))?;
    (stream.len() + 1 - last.len()..stream.len())
        .try_for_each(|end| check_cut_short(codec, &stream[..end], &expected[..expected.len() - 1]))
}

fn compare(stream: &[u8], expected: &[Event], events: &[Event]) -> Result<(), Violation> {
    if events == expected {
        return Ok(());
    }
    let differs = in_common(expected, events);
    let report = format!(
        "stream {}\nfrom message {differs} on, sent was\n{}but it gives\n{}",
        Shown(stream),
        Listed(&expected[differs..]),
        Listed(&events[differs..])
    );
    Err(Violation { law: Law::RoundTrip, report })
}

fn check_cut_short<C: Codec>(codec: &C, stream: &[u8], whole: &[Event]) -> Result<(), Violation> {
    let events = run(codec, [stream]);
    if let Some((Event::Failed { .. }, before)) = events.split_last()
        && before == whole
    {
        return Ok(());
    }
    let same = in_common(whole, &events);
    let report = format!(
        "stream {}\nstops inside message {}, but after {same} messages it gives\n{}",
        Shown(stream),
        whole.len(),
        Listed(&events[same..])
    );
    Err(Violation { law: Law::CleanEnd, report })
}
