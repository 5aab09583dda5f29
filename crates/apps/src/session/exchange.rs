//! The connections of a session and how they talk: here what is said is framed, sealed where it must be, and ended.
//! Hearing is the session's, asking for any of it a link's.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use framing::EncodeError;
use reactor::{ConnId, ConnMap, Context, GroupId, Groups};

use super::sealed::Ear;
use super::wire::Wire;
use super::{Broadcast, Counts, Ended, Profile};

/// What the session and its links share.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) wires: ConnMap<Wire>,
    /// The conversation whose messages are being handed over, while it is open and not sealed: what is asked about it
    /// meanwhile need not be looked up.
    pub(super) heard: Option<Hearing>,
    pub(super) profile: Profile,
    /// Members of groups whose every byte is sealed. The loop cannot send them what others share, so it does not know
    /// them as members; all others are the loop's.
    pub(super) sealed_members: Groups,
    pub(super) counts: Counts,
    /// Room in which a message is framed before it is sealed.
    framed: Vec<u8>,
}

/// What is being handed over.
#[derive(Debug)]
pub(super) struct Hearing {
    id: ConnId,
    /// The last message whose frame is the only one that it can have: its address and length, by which it is known again
    /// if it is sent back as it came.
    message: (usize, usize),
    /// Where in the loop's input that frame lies.
    frame: Range<usize>,
}

impl Hearing {
    /// No message yet.
    pub(super) fn of(id: ConnId) -> Hearing {
        Hearing { id, message: (0, 0), frame: 0..0 }
    }

    #[inline]
    pub(super) fn note(&mut self, message: &[u8], frame: Range<usize>) {
        self.message = (message.as_ptr().addr(), message.len());
        self.frame = frame;
    }

    /// No copy of it: that lies elsewhere.
    #[inline]
    fn is_last(&self, message: &[u8]) -> bool {
        self.message == (message.as_ptr().addr(), message.len())
    }
}

impl Exchange {
    pub(super) fn new(profile: Profile) -> Exchange {
        let (wires, counts) = (ConnMap::new(), Counts::default());
        Exchange { wires, heard: None, profile, sealed_members: Groups::new(), counts, framed: Vec::new() }
    }

    #[inline]
    pub(super) fn is_talking(&self, id: ConnId) -> bool {
        self.is_heard(id) || self.wires.get(id).is_some_and(Wire::is_open)
    }

    #[inline]
    fn is_heard(&self, id: ConnId) -> bool {
        self.heard.as_ref().is_some_and(|heard| heard.id == id)
    }

    /// Sends a message. One that goes back as it was heard has its frame around it already.
    #[inline]
    pub(super) fn send(
        &mut self,
        cx: &mut Context<'_>,
        id: ConnId,
        message: &[u8],
    ) -> Result<(), EncodeError> {
        match &self.heard {
            Some(heard) if heard.id == id => {
                if heard.is_last(message) {
                    cx.send_input(id, heard.frame.clone());
                    self.counts.messages_out += 1;
                    Ok(())
                } else {
                    self.send_openly(cx, id, message)
                }
            }
            _ => self.send_elsewhere(cx, id, message),
        }
    }

    /// The same to a conversation that is not sealed. What is passed on may have come in the very frame that it is to be
    /// sent in; anything else is framed straight into the loop's output.
    #[inline(never)]
    fn send_openly(&mut self, cx: &mut Context<'_>, id: ConnId, message: &[u8]) -> Result<(), EncodeError> {
        match self.as_it_came(cx, message) {
            Some(frame) => cx.send_input(id, frame),
            None => cx.send_with(id, |out| self.profile.framing.encode(message, out))?,
        }
        self.counts.messages_out += 1;
        Ok(())
    }

    fn as_it_came(&self, cx: &Context<'_>, message: &[u8]) -> Option<Range<usize>> {
        let place = cx.place_in_input(message)?;
        self.profile.framing.frame_around(cx.input(), place)
    }

    /// The same to any conversation. What is sealed is framed in our own room first.
    #[inline(never)]
    fn send_elsewhere(
        &mut self,
        cx: &mut Context<'_>,
        id: ConnId,
        message: &[u8],
    ) -> Result<(), EncodeError> {
        match self.wires.get_mut(id) {
            Some(Wire::Open(_)) => return self.send_openly(cx, id, message),
            Some(Wire::Sealed(sealed)) => {
                self.framed.clear();
                self.profile.framing.encode(message, &mut self.framed)?;
                cx.send_with(id, |out| sealed.seal(&self.framed, out));
                self.framed.clear();
                self.framed.shrink_to(FRAMED_KEPT_MAX);
                self.counts.messages_out += 1;
            }
            _ => {}
        }
        Ok(())
    }

    /// The same for a message that is framed once for many. Plain connections share its bytes; each sealed one has
    /// records of its own.
    pub(super) fn send_shared(
        &mut self,
        cx: &mut Context<'_>,
        id: ConnId,
        message: &mut Broadcast,
    ) -> Result<(), EncodeError> {
        if !self.is_talking(id) {
            return Ok(());
        }
        let framed = message.framed(|message| self.frame(message))?;
        match self.wires.get_mut(id) {
            Some(Wire::Sealed(sealed)) => cx.send_with(id, |out| sealed.seal(&framed, out)),
            _ => cx.send_shared(id, framed),
        }
        Ok(())
    }

    /// Makes a conversation a member of a group. A connection that is in no conversation hears nothing.
    pub(super) fn join(&mut self, cx: &mut Context<'_>, id: ConnId, group: GroupId) {
        match self.wires.get(id) {
            Some(Wire::Open(_)) => cx.join(id, group),
            Some(Wire::Sealed(_)) => self.sealed_members.join(id, group),
            _ => {}
        }
    }

    pub(super) fn leave(&mut self, cx: &mut Context<'_>, id: ConnId, group: GroupId) {
        self.sealed_members.leave(id, group);
        cx.leave(id, group);
    }

    /// Frames a message for all members of a group, on every worker.
    pub(super) fn publish(
        &mut self,
        cx: &mut Context<'_>,
        group: GroupId,
        message: &[u8],
    ) -> Result<(), EncodeError> {
        let framed = self.frame(message)?;
        self.seal_for_members(cx, group, &framed);
        cx.publish(group, framed);
        Ok(())
    }

    /// Sends what was framed for a group to those of its members here who need records of their own.
    pub(super) fn seal_for_members(&mut self, cx: &mut Context<'_>, group: GroupId, framed: &[u8]) {
        for id in self.sealed_members.members(group) {
            if let Some(Wire::Sealed(sealed)) = self.wires.get_mut(*id) {
                cx.send_with(*id, |out| sealed.seal(framed, out));
            }
        }
    }

    /// A connection is gone: gives back what it was.
    pub(super) fn forget(&mut self, id: ConnId) -> Option<Wire> {
        if !self.sealed_members.is_empty() {
            self.sealed_members.leave_all(id);
        }
        self.wires.remove(id)
    }

    /// A message in the form in which open connections share it.
    fn frame(&mut self, message: &[u8]) -> Result<Bytes, EncodeError> {
        let mut out = BytesMut::with_capacity(message.len() + FRAME_OVERHEAD);
        self.profile.framing.encode(message, &mut out)?;
        self.counts.messages_out += 1;
        Ok(out.freeze())
    }

    /// Ends our side only.
    pub(super) fn end_sending(&mut self, cx: &mut Context<'_>, id: ConnId) {
        self.say_closed(cx, id);
        cx.end_writing(id);
    }

    /// Ends a conversation for a reason, which the service is told in the end.
    pub(super) fn end(&mut self, cx: &mut Context<'_>, id: ConnId, ended: Ended) {
        // Only a good end is said: after any other, the peer must not take what it sent for heard.
        if ended.is_well() {
            self.say_closed(cx, id);
        }
        if let Some(wire) = self.wires.get_mut(id)
            && wire.is_open()
        {
            self.heard.take_if(|heard| heard.id == id);
            *wire = Wire::Over(Box::new(ended));
            cx.close(id);
        }
    }

    /// The loop is about to end every connection: whose end has to be said is told so.
    pub(super) fn end_all(&mut self, cx: &mut Context<'_>) {
        let is_sealed = |(id, wire): (ConnId, &Wire)| matches!(wire, Wire::Sealed(_)).then_some(id);
        let sealed: Vec<_> = self.wires.iter().filter_map(is_sealed).collect();
        for id in sealed {
            self.say_closed(cx, id);
        }
    }

    /// Gives back what hears a sealed conversation, unless that has ended meanwhile.
    pub(super) fn put_back(&mut self, id: ConnId, ear: Ear) {
        if let Some(Wire::Sealed(sealed)) = self.wires.get_mut(id) {
            sealed.put_back(ear);
        }
    }

    fn say_closed(&mut self, cx: &mut Context<'_>, id: ConnId) {
        if let Some(Wire::Sealed(sealed)) = self.wires.get_mut(id) {
            cx.send_with(id, |out| sealed.close(out));
        }
    }
}

/// Enough room beside a message for the usual headers and trailers; more only costs a reallocation.
const FRAME_OVERHEAD: usize = 16;

/// Capacity that is kept between messages: a single huge one must not hold its memory for ever.
const FRAMED_KEPT_MAX: usize = 64 * 1024;
