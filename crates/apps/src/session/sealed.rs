//! A connection whose every byte is sealed: records are opened into plaintext, in which messages are found as in any
//! stream, and what is said is sealed for this connection alone. The records themselves are `auth`'s.

use auth::{Channel, ChannelError, Opened};
use framing::{FrameDecoder, FrameError};
use reactor::Time;

use super::hearing::Heard;

/// The state of a sealed conversation.
#[derive(Debug)]
pub(super) struct Sealed {
    channel: Box<Channel>,
    /// Gone while a message is heard, and for good once the peer has said all it had to say.
    ear: Option<Ear>,
}

impl Sealed {
    pub(super) fn new(channel: Box<Channel>, decoder: FrameDecoder) -> Sealed {
        Sealed { channel, ear: Some(Ear::new(decoder)) }
    }

    /// Opens what has come, and lends out what is to hear it. An ear that has nothing left from before hears in
    /// `spare`.
    pub(super) fn open(
        &mut self,
        input: &[u8],
        spare: &mut Vec<u8>,
    ) -> (Option<Ear>, Result<Opened, ChannelError>) {
        let Some(mut ear) = self.ear.take() else { return (None, self.channel.open(input, spare)) };
        ear.find_room(spare);
        let opened = self.channel.open(input, &mut ear.plain);
        (Some(ear), opened)
    }

    /// Takes an ear back that was lent out.
    pub(super) fn put_back(&mut self, ear: Ear) {
        self.ear = Some(ear);
    }

    /// Appends framed bytes as records. After a close record, or on a channel that is broken, they are dropped.
    pub(super) fn seal(&mut self, framed: &[u8], out: &mut Vec<u8>) {
        let _ = self.channel.seal(framed, out);
    }

    /// Tells the peer that nothing more comes, unless that was said before or can be no more.
    pub(super) fn close(&mut self, out: &mut Vec<u8>) {
        let _ = self.channel.close(out);
    }

    /// The stream has ended: did the peer mean it?
    pub(super) fn finish(&mut self, rest: &[u8]) -> Result<(), ChannelError> {
        self.channel.finish(rest)
    }
}

/// What finds messages in the plaintext of a connection.
#[derive(Debug)]
pub(super) struct Ear {
    pub(super) decoder: FrameDecoder,
    /// What was opened and is not yet used: nothing, unless a message has come in part.
    pub(super) plain: Vec<u8>,
    room: Room,
    /// Since when the rest of a message has been waited for of which a part lies here.
    waits_since: Option<Time>,
}

/// Whose the plaintext's memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Own,
    /// The session's, which all connections use in turn.
    Lent,
}

impl Ear {
    fn new(decoder: FrameDecoder) -> Ear {
        Ear { decoder, plain: Vec::new(), room: Room::Own, waits_since: None }
    }

    fn find_room(&mut self, spare: &mut Vec<u8>) {
        if self.plain.is_empty() {
            std::mem::swap(&mut self.plain, spare);
            self.room = Room::Lent;
        }
    }

    pub(super) fn waits_since(&self) -> Option<Time> {
        self.waits_since
    }

    /// Forgets the plaintext that was heard; gives since when it was waited for. As in the loop, whoever takes anything
    /// begins to wait anew, and nobody waits for a peer who is not heard for lack of room.
    pub(super) fn forget(&mut self, heard: &Heard, now: Time, spare: &mut Vec<u8>) -> Option<Time> {
        let (used, waits_since) = match heard {
            Heard::All(0) => (0, self.waits_since.or(Some(now))),
            Heard::All(used) => (*used, Some(now)),
            Heard::InPart(used) => (*used, None),
            Heard::Over => (self.plain.len(), None),
        };
        self.drop_front(used, spare);
        let waits_since = waits_since.filter(|_| !self.plain.is_empty());
        std::mem::replace(&mut self.waits_since, waits_since)
    }

    /// Lent room goes back; only a rest is copied.
    fn drop_front(&mut self, used: usize, spare: &mut Vec<u8>) {
        if self.room == Room::Lent {
            let rest = self.plain[used..].to_vec();
            *spare = std::mem::replace(&mut self.plain, rest);
            spare.clear();
            self.room = Room::Own;
        } else if used == self.plain.len() {
            self.plain = Vec::new();
        } else {
            self.plain.drain(..used);
        }
    }

    /// The peer has said all it had to say: between two messages, or inside one.
    pub(super) fn finish(&mut self) -> Result<(), FrameError> {
        self.decoder.finish(&self.plain)
    }
}

#[cfg(test)]
mod tests {
    use framing::FrameSpec;

    use super::*;

    #[test]
    fn a_trickle_does_not_extend_the_wait_for_a_message() {
        let spec: FrameSpec = "u8".parse().unwrap();
        let (mut ear, mut spare) = (Ear::new(spec.decoder()), Vec::new());
        let mut hear = |bytes: &[u8], heard, seconds: u64| {
            ear.find_room(&mut spare);
            ear.plain.extend_from_slice(bytes);
            ear.forget(&heard, Time::from_nanos(seconds), &mut spare);
            ear.waits_since().map(Time::as_nanos)
        };
        assert_eq!(hear(b"\x03a", Heard::All(0), 1), Some(1));
        assert_eq!(hear(b"b", Heard::All(0), 2), Some(1), "nothing was heard");
        assert_eq!(hear(b"c\x03a", Heard::All(4), 3), Some(3), "a message was");
        assert_eq!(hear(b"bc\x01a", Heard::InPart(4), 4), None, "it is we who do not listen");
        assert_eq!(hear(b"", Heard::All(2), 5), None, "nothing is left");
    }
}
