//! A spec as the kit sees it: as the codec whose decoder is the borrowed one. What holds the bytes by itself (the owning
//! decoder, the blocking reader, the codec of tokio-util) is shown to the kit by the tests.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Codec, Event, Feed};
use crate::decode::{Decoded, FrameDecoder};
use crate::error::FrameError;
use crate::spec::FrameSpec;

/// A spec is a codec; its decoder is the borrowed one over a plain vector.
impl Codec for FrameSpec {
    type Decoder = Borrowed;

    fn decoder(&self) -> Borrowed {
        Borrowed { frames: FrameSpec::decoder(self), rest: Vec::new(), consumed: 0 }
    }

    fn encode(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
        let mut frame = Vec::new();
        FrameSpec::encode(self, payload, &mut frame).map_err(|error| error.to_string())?;
        Ok(frame)
    }
}

/// A [`FrameDecoder`] and the bytes that it looks at.
#[derive(Debug)]
pub struct Borrowed {
    frames: FrameDecoder,
    rest: Vec<u8>,
    consumed: u64,
}

impl Feed for Borrowed {
    fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        self.rest.extend_from_slice(bytes);
        loop {
            match self.frames.decode(&self.rest) {
                Ok(Decoded::Message { payload, consumed }) => {
                    events.push(Event::Message(self.rest[payload].to_vec()));
                    self.consume(consumed);
                }
                Ok(Decoded::Skipped { consumed, declared }) => {
                    events.extend(declared.map(Event::Skipped));
                    self.consume(consumed);
                }
                Ok(Decoded::NeedMore { .. }) => return,
                Err(error) => return events.push(self.failed(error)),
            }
        }
    }

    fn finish(&mut self, events: &mut Vec<Event>) {
        if let Err(error) = self.frames.finish(&self.rest) {
            events.push(self.failed(error));
        }
    }
}

impl Borrowed {
    fn consume(&mut self, bytes: usize) {
        self.rest.drain(..bytes);
        self.consumed += bytes as u64;
    }

    fn failed(&self, error: FrameError) -> Event {
        Event::Failed { error: error.to_string(), offset: Some(self.consumed) }
    }
}
