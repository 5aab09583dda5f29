//! Any codec of tokio-util, as the kit sees it.

use bytes::BytesMut;
use switchboard_framing::testkit::{Codec, Event, Feed};
use tokio_util::codec::{Decoder, Encoder};

/// Makes a fresh codec for each stream.
pub(crate) struct Tokio<C>(pub(crate) fn() -> C);

impl<C: Decoder + Encoder<bytes::Bytes>> Codec for Tokio<C>
where
    C::Item: AsRef<[u8]>,
    <C as Decoder>::Error: ToString,
    <C as Encoder<bytes::Bytes>>::Error: ToString,
{
    type Decoder = Streaming<C>;

    fn decoder(&self) -> Streaming<C> {
        Streaming { codec: self.0(), held: BytesMut::new() }
    }

    fn encode(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
        let mut frame = BytesMut::new();
        self.0().encode(payload.to_vec().into(), &mut frame).map_err(|error| error.to_string())?;
        Ok(frame.to_vec())
    }
}

pub(crate) struct Streaming<C> {
    codec: C,
    held: BytesMut,
}

impl<C: Decoder> Feed for Streaming<C>
where
    C::Item: AsRef<[u8]>,
    C::Error: ToString,
{
    fn feed(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        self.held.extend_from_slice(bytes);
        loop {
            match self.codec.decode(&mut self.held) {
                Ok(Some(message)) => events.push(Event::Message(message.as_ref().to_vec())),
                Ok(None) => return,
                Err(error) => return events.push(failed(&error)),
            }
        }
    }

    fn finish(&mut self, events: &mut Vec<Event>) {
        loop {
            match self.codec.decode_eof(&mut self.held) {
                Ok(Some(message)) => events.push(Event::Message(message.as_ref().to_vec())),
                Ok(None) => return,
                Err(error) => return events.push(failed(&error)),
            }
        }
    }
}

fn failed(error: &impl ToString) -> Event {
    Event::Failed { error: error.to_string(), offset: None }
}
