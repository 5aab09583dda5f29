//! A connection whose every byte is sealed: records are opened into plaintext, in which messages are found as in any
//! stream, and what is said is sealed for this connection alone. The records themselves are `auth`'s.

use auth::{Channel, ChannelError, Opened};
use framing::{FrameDecoder, FrameError};

/// The state of a sealed conversation.
#[derive(Debug)]
pub(super) struct Sealed {
    channel: Box<Channel>,
    /// Gone while a message is heard, and for good once the peer has said all it had to say.
    ear: Option<Ear>,
}

impl Sealed {
    pub(super) fn new(channel: Box<Channel>, decoder: FrameDecoder) -> Sealed {
        Sealed { channel, ear: Some(Ear { decoder, plain: Vec::new(), room: Room::Own }) }
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
}

/// Whose the plaintext's memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Own,
    /// The session's, which all connections use in turn.
    Lent,
}

impl Ear {
    fn find_room(&mut self, spare: &mut Vec<u8>) {
        if self.plain.is_empty() {
            std::mem::swap(&mut self.plain, spare);
            self.room = Room::Lent;
        }
    }

    /// Forgets the plaintext that was used. Lent room goes back; only a rest is copied.
    pub(super) fn forget(&mut self, used: usize, spare: &mut Vec<u8>) {
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
