//! The connections of a session and how they talk: here what is said is framed, sealed where it must be, and ended.
//! Hearing is the session's, asking for any of it a link's.

use bytes::{Bytes, BytesMut};
use framing::{EncodeError, FrameSpec};
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
    pub(super) heard: Option<ConnId>,
    pub(super) profile: Profile,
    /// Members of groups whose every byte is sealed. The loop cannot send them what others share, so it does not know
    /// them as members; all others are the loop's.
    pub(super) sealed_members: Groups,
    pub(super) counts: Counts,
    /// Room in which a message is framed before it is sealed.
    framed: Vec<u8>,
}

impl Exchange {
    pub(super) fn new(profile: Profile) -> Exchange {
        let (wires, counts) = (ConnMap::new(), Counts::default());
        Exchange { wires, heard: None, profile, sealed_members: Groups::new(), counts, framed: Vec::new() }
    }

    pub(super) fn is_talking(&self, id: ConnId) -> bool {
        self.heard == Some(id) || self.wires.get(id).is_some_and(Wire::is_open)
    }

    /// Frames a message straight into the loop's output, which is the usual way.
    #[inline]
    pub(super) fn send(
        &mut self,
        cx: &mut Context<'_>,
        id: ConnId,
        message: &[u8],
    ) -> Result<(), EncodeError> {
        if self.heard != Some(id) || message.len() >= AS_IT_CAME_MIN {
            return self.send_in_its_way(cx, id, message);
        }
        cx.send_with(id, |out| self.profile.framing.encode(message, out))?;
        self.counts.messages_out += 1;
        Ok(())
    }

    /// The same in the way that this message and this conversation need; a sealed one takes a turn in our own room.
    #[inline(never)]
    fn send_in_its_way(
        &mut self,
        cx: &mut Context<'_>,
        id: ConnId,
        message: &[u8],
    ) -> Result<(), EncodeError> {
        match self.wires.get_mut(id) {
            Some(Wire::Open(_)) => match self.as_it_came(cx.input(), message) {
                Some(frame) => cx.send(id, frame),
                None => cx.send_with(id, |out| self.profile.framing.encode(message, out))?,
            },
            Some(Wire::Sealed(sealed)) => {
                self.framed.clear();
                self.profile.framing.encode(message, &mut self.framed)?;
                cx.send_with(id, |out| sealed.seal(&self.framed, out));
                self.framed.clear();
                self.framed.shrink_to(FRAMED_KEPT_MAX);
            }
            _ => return Ok(()),
        }
        self.counts.messages_out += 1;
        Ok(())
    }

    /// A long message that is passed on as it was heard has its frame around it already.
    fn as_it_came<'a>(&self, input: &'a [u8], message: &[u8]) -> Option<&'a [u8]> {
        if message.len() < AS_IT_CAME_MIN {
            None
        } else {
            frame_around(&self.profile.framing, input, message)
        }
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
            self.heard = self.heard.filter(|heard| *heard != id);
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

/// The bytes of the input in which this very message lies, if they are what it would be framed to.
#[inline(never)]
fn frame_around<'a>(framing: &FrameSpec, input: &'a [u8], message: &[u8]) -> Option<&'a [u8]> {
    let envelope = framing.envelope(message).ok()?;
    let at = message.as_ptr().addr().checked_sub(input.as_ptr().addr())?;
    let start = at.checked_sub(envelope.header().len())?;
    let frame = input.get(start..at + message.len() + envelope.trailer().len())?;
    (frame.starts_with(envelope.header()) && frame.ends_with(envelope.trailer())).then_some(frame)
}

/// Messages shorter than this are framed anew: it costs less than looking.
const AS_IT_CAME_MIN: usize = 512;

/// Enough room beside a message for the usual headers and trailers; more only costs a reallocation.
const FRAME_OVERHEAD: usize = 16;

/// Capacity that is kept between messages: a single huge one must not hold its memory for ever.
const FRAMED_KEPT_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn around<'a>(spec: &str, input: &'a [u8], message: &[u8]) -> Option<&'a [u8]> {
        frame_around(&spec.parse().unwrap(), input, message)
    }

    #[test]
    fn a_message_in_its_own_frame_needs_no_other() {
        let input = b"x\x02hiy";
        assert_eq!(around("u8", input, &input[2..4]), Some(&b"\x02hi"[..]));
        assert_eq!(around("u8", input, b"hi"), None, "equal bytes in another place");
        let line = b"one\ntwo\n";
        assert_eq!(around("lines", line, &line[4..7]), Some(&b"two\n"[..]));
    }

    #[test]
    fn whatever_would_be_framed_otherwise_is_framed_anew() {
        // A longer form of the length, a header with more in it, half a message, a frame that is cut, other bytes.
        let varint = b"\x82\x00hi";
        assert_eq!(around("varint", varint, &varint[2..]), None);
        let input = b"\x07\x02hi";
        assert_eq!(around("u8,offset=1", input, &input[2..]), None);
        assert_eq!(around("u8", input, &input[2..3]), None);
        assert_eq!(around("u8", &input[2..], &input[2..]), None);
        assert_eq!(around("lines", b"hi", b"hi"), None);
    }
}
