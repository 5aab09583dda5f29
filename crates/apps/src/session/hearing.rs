//! Conversations that stand: finding messages in what has come, plain or sealed, and handing them over. Who may
//! converse at all is the session's to say, answering the link's.

use std::mem;
use std::ops::Range;

use auth::{ChannelError, Opened};
use framing::{Decoded, FrameDecoder, FrameError};
use reactor::{ConnId, Context};

use super::exchange::Hearing;
use super::sealed::Ear;
use super::wire::Wire;
use super::{Ended, Link, Service, Session};

impl<S: Service> Session<S> {
    /// Hands over every whole message in `input`; says how many bytes they took.
    pub(super) fn converse(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        let Some(Wire::Open(kept)) = self.exchange.wires.get_mut(id) else { return input.len() };
        let mut kept = kept.take();
        let decoder = kept.as_deref_mut().unwrap_or(&mut self.fresh);
        // The end of a handshake may stand before it.
        let place = cx.place_in_input(input);
        self.exchange.heard = place.as_ref().map(|_| Hearing::of(id));
        let (input, start) = place.map_or((input, 0), |place| (&cx.input()[..place.end], place.start));
        let mut link = Link::new(cx, &mut self.exchange);
        let heard = deliver(&mut self.service, &mut link, id, decoder, input, start);
        self.exchange.heard = None;
        self.keep(id, kept);
        match heard {
            // What is left is shown again by the loop: with more behind it, or once there is room.
            Heard::All(used) | Heard::InPart(used) => used - start,
            Heard::Over => input.len() - start,
        }
    }

    /// Keeps a decoder for this conversation, but only while it remembers something.
    fn keep(&mut self, id: ConnId, own: Option<Box<FrameDecoder>>) {
        let keeps = match own {
            None if self.fresh.is_fresh() => return,
            None => Box::new(mem::replace(&mut self.fresh, self.exchange.profile.framing.decoder())),
            Some(own) if own.is_fresh() => return,
            Some(own) => own,
        };
        if let Some(Wire::Open(kept)) = self.exchange.wires.get_mut(id) {
            *kept = Some(keeps);
        }
    }

    /// The same for a sealed conversation. What was well said is heard before anything that is wrong after it.
    pub(super) fn converse_sealed(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        let Some(Wire::Sealed(sealed)) = self.exchange.wires.get_mut(id) else { return input.len() };
        let (ear, opened) = sealed.open(input, &mut self.plain);
        match (ear, opened) {
            (Some(ear), opened) => self.listen(cx, id, ear, opened),
            (None, Err(error)) => self.exchange.end(cx, id, Ended::Sealing(error)),
            // Nothing is opened after the peer's last record.
            (None, Ok(_)) => {}
        }
        match opened {
            Ok(Opened::More { consumed }) => consumed,
            Ok(Opened::Closed { .. }) | Err(_) => input.len(),
        }
    }

    /// Hands over every whole message that was opened, and then acts on what the opening came to.
    fn listen(
        &mut self,
        cx: &mut Context<'_>,
        id: ConnId,
        mut ear: Ear,
        opened: Result<Opened, ChannelError>,
    ) {
        let mut link = Link::new(cx, &mut self.exchange);
        let heard = deliver(&mut self.service, &mut link, id, &mut ear.decoder, &ear.plain, 0);
        let waited = ear.forget(&heard, cx.now(), &mut self.plain);
        if waited.is_some() || ear.waits_since().is_some() {
            cx.waits_since(id, ear.waits_since());
        }
        match (heard, opened) {
            (Heard::Over, _) => {}
            (Heard::InPart(_), _) => {
                self.exchange.put_back(id, ear);
                cx.offer_again(id);
            }
            (Heard::All(_), Ok(Opened::More { .. })) => self.exchange.put_back(id, ear),
            (Heard::All(_), Ok(Opened::Closed { .. })) => self.input_ended(cx, id, ear.finish()),
            (Heard::All(_), Err(error)) => self.exchange.end(cx, id, Ended::Sealing(error)),
        }
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

/// How much of what there was a service has heard.
pub(super) enum Heard {
    /// Every whole message; the input up to here.
    All(usize),
    /// The input up to here, as there was no room for more answers. What is left may hold whole messages.
    InPart(usize),
    /// What it had to: the conversation ended over it.
    Over,
}

/// Hands over the whole messages in `input` from `start` on.
fn deliver<S: Service>(
    service: &mut S,
    link: &mut Link<'_, '_>,
    id: ConnId,
    decoder: &mut FrameDecoder,
    input: &[u8],
    start: usize,
) -> Heard {
    let mut used = start;
    while used < input.len() {
        let rest = &input[used..];
        let message = match decoder.decode_plain(rest) {
            Some(payload) => {
                let frame = used..used + payload.end;
                used = frame.end;
                link.note_frame(&rest[payload.clone()], frame);
                &rest[payload]
            }
            None => match decode(decoder, rest) {
                Ok((consumed, Some(payload))) => {
                    used += consumed;
                    &rest[payload]
                }
                Ok((0, None)) => return Heard::All(used),
                Ok((skipped, None)) => {
                    used += skipped;
                    continue;
                }
                Err(error) => {
                    link.end(id, Ended::Frame(error));
                    return Heard::Over;
                }
            },
        };
        link.count_message();
        service.message(link, id, message);
        if !link.is_talking(id) {
            return Heard::Over;
        }
        if link.is_full() {
            return Heard::InPart(used);
        }
    }
    Heard::All(used)
}

/// What the bytes amount to that are no plain frame: so many are done with, and among them lies a message or not.
#[inline(never)]
fn decode(decoder: &mut FrameDecoder, input: &[u8]) -> Result<(usize, Option<Range<usize>>), FrameError> {
    Ok(match decoder.decode(input)? {
        Decoded::Message { payload, consumed } => (consumed, Some(payload)),
        Decoded::Skipped { consumed, .. } => (consumed, None),
        Decoded::NeedMore { .. } => (0, None),
    })
}
