//! Conversations that stand: finding messages in what has come, plain or sealed, and handing them over. Who may
//! converse at all is the session's to say, answering the link's.

use auth::Opened;
use framing::{Decoded, FrameDecoder, FrameError};
use reactor::{ConnId, Context};

use super::wire::Wire;
use super::{Ended, Link, Service, Session};

impl<S: Service> Session<S> {
    /// Hands over every whole message in `input`; says how many bytes they took.
    pub(super) fn converse(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        let Some(wire) = self.exchange.wires.get_mut(id) else { return input.len() };
        let Wire::Open(mut decoder) = std::mem::replace(wire, Wire::Busy) else { return input.len() };
        let mut link = Link::new(cx, &mut self.exchange);
        match deliver(&mut self.service, &mut link, id, &mut decoder, input) {
            Some(used) => {
                link.put_back(id, decoder);
                used
            }
            None => input.len(),
        }
    }

    /// The same for a sealed conversation. What was well said is heard before anything that is wrong after it.
    pub(super) fn converse_sealed(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        let Some(Wire::Sealed(sealed)) = self.exchange.wires.get_mut(id) else { return input.len() };
        let (mut ear, opened) = sealed.open(input, &mut self.plain);
        let mut link = Link::new(cx, &mut self.exchange);
        if let Some(ear) = &mut ear {
            let used = deliver(&mut self.service, &mut link, id, &mut ear.decoder, &ear.plain);
            ear.forget(used.unwrap_or(ear.plain.len()), &mut self.plain);
        }
        match (opened, ear) {
            (Ok(Opened::More { consumed }), Some(ear)) => {
                self.exchange.put_back(id, ear);
                return consumed;
            }
            (Ok(Opened::Closed { .. }), Some(mut ear)) => self.input_ended(cx, id, ear.finish()),
            (Err(error), _) => link.end(id, Ended::Sealing(error)),
            // Nothing is opened after the peer's last record.
            (Ok(_), None) => {}
        }
        input.len()
    }

    /// The peer ended its side while in conversation: between two messages, or inside one.
    pub(super) fn input_ended(&mut self, cx: &mut Context<'_>, id: ConnId, how: Result<(), FrameError>) {
        self.with_link(cx, |service, link| match how {
            _ if !link.is_talking(id) => {}
            Ok(()) => service.end_of_input(link, id),
            Err(error) => link.end(id, Ended::Frame(error)),
        });
    }

    /// The stream of a sealed conversation ended. If the peer meant it, that was heard before.
    pub(super) fn sealed_stream_ended(&mut self, cx: &mut Context<'_>, id: ConnId, rest: &[u8]) {
        let Some(Wire::Sealed(sealed)) = self.exchange.wires.get_mut(id) else { return };
        if let Err(error) = sealed.finish(rest) {
            self.exchange.end(cx, id, Ended::Sealing(error));
        }
    }
}

/// Hands over every whole message in `input`; says how many bytes they took, or nothing if the conversation has ended
/// over them.
fn deliver<S: Service>(
    service: &mut S,
    link: &mut Link<'_, '_>,
    id: ConnId,
    decoder: &mut FrameDecoder,
    input: &[u8],
) -> Option<usize> {
    let mut used = 0;
    loop {
        match decoder.decode(&input[used..]) {
            Ok(Decoded::Message { payload, consumed }) => {
                let message = &input[used..][payload];
                used += consumed;
                link.count_message();
                service.message(link, id, message);
                if !link.is_talking(id) {
                    return None;
                }
                // The loop shows us the rest again once there is room.
                if link.is_full() {
                    return Some(used);
                }
            }
            Ok(Decoded::Skipped { consumed, .. }) => used += consumed,
            Ok(Decoded::NeedMore { .. }) => return Some(used),
            Err(error) => {
                link.end(id, Ended::Frame(error));
                return None;
            }
        }
    }
}
