//! What a service may do: send messages, call, hang up. Like the loop's context under it, it only records.

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use framing::EncodeError;
use reactor::{Address, ConnId, Context, GroupId, SocketId, Step, Tag, Time, TimerId};

use super::Ended;
use super::exchange::Exchange;

/// A service's side of the session, lent to each hook.
///
/// Whatever is asked of a conversation that is over is dropped, quietly: ends come at any time.
pub struct Link<'a, 'c> {
    cx: &'a mut Context<'c>,
    exchange: &'a mut Exchange,
}

impl<'a, 'c> Link<'a, 'c> {
    pub(super) fn new(cx: &'a mut Context<'c>, exchange: &'a mut Exchange) -> Link<'a, 'c> {
        Link { cx, exchange }
    }

    /// The time of this turn of the loop.
    pub fn now(&self) -> Time {
        self.cx.now()
    }

    /// Sends a message, framed straight into the loop's output, and sealed if the handshake made a channel.
    ///
    /// # Errors
    /// A message that the framing cannot carry: too long, or with a delimiter inside. Nothing is sent then.
    #[inline]
    pub fn send(&mut self, id: ConnId, message: &[u8]) -> Result<(), EncodeError> {
        self.exchange.send(self.cx, id, message)
    }

    /// Sends a message that others are sent too, whom the service names one by one: framed once for all of them, and
    /// sealed only for those who need it. For the same members over and over there is [`publish`](Link::publish).
    pub fn send_shared(&mut self, id: ConnId, message: &mut Broadcast) -> Result<(), EncodeError> {
        self.exchange.send_shared(self.cx, id, message)
    }

    /// Makes a conversation a member of a group: it is sent what is published from now on, by whichever worker. With
    /// the conversation the membership ends too.
    pub fn join(&mut self, id: ConnId, group: GroupId) {
        self.exchange.join(self.cx, id, group);
    }

    /// Ends a membership: what was published until now is still sent, and nothing after it.
    pub fn leave(&mut self, id: ConnId, group: GroupId) {
        self.exchange.leave(self.cx, id, group);
    }

    /// Sends a message to every member of a group, on every worker, the one whose message it may be among them. It is
    /// framed once; open conversations share its bytes, and only sealed ones have records made for each.
    ///
    /// A member hears what one worker publishes in the order of its `publish` calls, and a member on that worker also
    /// in their order among its `send` calls. Members on different workers may hear two publishers in different orders.
    ///
    /// ```
    /// # use switchboard::reactor::{ConnId, GroupId};
    /// # use switchboard::session::{Caller, Link, Service};
    /// /// Everybody hears everybody.
    /// struct Hub;
    /// const EVERYBODY: GroupId = GroupId(0);
    ///
    /// impl Service for Hub {
    ///     type Command = ();
    ///     fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
    ///         link.join(id, EVERYBODY);
    ///     }
    ///     fn message(&mut self, link: &mut Link<'_, '_>, _: ConnId, message: &[u8]) {
    ///         link.publish(EVERYBODY, message).expect("what fitted the way in fits the way out");
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// A message that the framing cannot carry, as for [`send`](Link::send). Nobody is sent it then.
    pub fn publish(&mut self, group: GroupId, message: &[u8]) -> Result<(), EncodeError> {
        self.exchange.publish(self.cx, group, message)
    }

    /// A message was heard, which has no other frame than the one that lies there in what is being heard.
    #[inline]
    pub(super) fn note_frame(&mut self, message: &[u8], frame: Range<usize>) {
        if let Some(heard) = &mut self.exchange.heard {
            heard.note(message, frame);
        }
    }

    /// A message was heard.
    #[inline]
    pub(super) fn count_message(&mut self) {
        self.exchange.counts.messages_in += 1;
    }

    /// Whether so much is waiting to be sent that no further message should be heard for now.
    pub(super) fn is_full(&self) -> bool {
        self.cx.is_full()
    }

    /// Sends a datagram from a socket of ours.
    pub fn send_datagram(&mut self, socket: SocketId, to: Address, payload: &[u8]) {
        self.cx.send_datagram(socket, to, payload);
    }

    /// Whether a conversation is going on.
    pub fn is_talking(&self, id: ConnId) -> bool {
        self.exchange.is_talking(id)
    }

    /// Ends a conversation once everything sent has been handed over. No further message of it is heard.
    pub fn hang_up(&mut self, id: ConnId) {
        self.end(id, Ended::Well);
    }

    /// Ends a conversation as if it had been lost: nothing more is said, not even goodbye, so that the peer does not
    /// take what it sent for heard.
    pub fn abort(&mut self, id: ConnId) {
        self.cx.abort(id);
    }

    /// Ends our side only: the peer may go on, and is heard.
    pub fn end_sending(&mut self, id: ConnId) {
        self.exchange.end_sending(self.cx, id);
    }

    /// Reads no more from a peer, who is held back when the kernel's buffers are full. Messages that were read
    /// already are still heard.
    pub fn pause(&mut self, id: ConnId) {
        self.cx.pause_reading(id);
    }

    /// Reads on.
    pub fn resume(&mut self, id: ConnId) {
        self.cx.resume_reading(id);
    }

    /// Ends a conversation for a reason, which `close` is told in the end.
    pub(super) fn end(&mut self, id: ConnId, ended: Ended) {
        self.exchange.end(self.cx, id, ended);
    }

    /// Calls an address. `open` follows when the other side has shown who it is; `unreachable` or `turned_away`
    /// when it comes to nothing.
    pub fn call(&mut self, address: Address, tag: Tag) {
        self.cx.connect(address, tag);
    }

    /// The same from an address of ours, each of which has ports of its own.
    pub fn call_from(&mut self, source: IpAddr, address: Address, tag: Tag) {
        self.cx.connect_from(source, address, tag);
    }

    /// Does what a [`reactor::Dialer`] asks for, under the tag by which the service knows its call and its timer. To
    /// look something up is the service's own.
    pub fn follow(&mut self, step: Option<Step>, tag: Tag) {
        match step {
            Some(Step::HangUp(id)) => self.hang_up(id),
            step => self.cx.follow(step, tag),
        }
    }

    /// Asks for `timeout` with this tag, so long from now.
    pub fn set_timer(&mut self, after: Duration, tag: Tag) -> TimerId {
        self.cx.set_timer(after, tag)
    }

    /// Takes a timer back.
    pub fn cancel_timer(&mut self, id: TimerId) {
        self.cx.cancel_timer(id);
    }

    /// Ends every conversation gracefully, and the loop with them, by the deadline at the latest.
    pub fn drain(&mut self, deadline: Duration) {
        self.cx.drain(deadline);
    }

    /// Stops the loop after this turn; conversations that stand are cut.
    pub fn stop(&mut self) {
        self.cx.stop();
    }
}

impl fmt::Debug for Link<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("conversations", &self.exchange.wires.len()).finish_non_exhaustive()
    }
}

/// One message for many: it is framed when the first of them is sent it, and shared after that.
#[derive(Clone, Debug)]
pub struct Broadcast {
    message: Bytes,
    framed: Option<Bytes>,
}

impl Broadcast {
    /// A message, not framed yet.
    pub fn new(message: impl Into<Bytes>) -> Broadcast {
        Broadcast { message: message.into(), framed: None }
    }

    /// The framed message, made by `frame` when it is first asked for.
    pub(super) fn framed(
        &mut self,
        frame: impl FnOnce(&[u8]) -> Result<Bytes, EncodeError>,
    ) -> Result<Bytes, EncodeError> {
        if let Some(framed) = &self.framed {
            return Ok(framed.clone());
        }
        let framed = frame(&self.message)?;
        Ok(self.framed.insert(framed).clone())
    }
}
