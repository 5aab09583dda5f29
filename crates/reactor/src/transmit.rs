//! Carrying out what handlers asked for, in their order; above all writing: at once where the kernel takes it,
//! one write for all that a peer is sent in a turn, a queue only for what is refused.

use std::io::{self, IoSlice};

use bytes::Bytes;

use crate::conn::{Conn, Phase};
use crate::groups::GroupId;
use crate::handle::PostError;
use crate::handler::{Closed, Handler};
use crate::ids::ConnId;
use crate::limits::SlowPeer;
use crate::net::{Net, Plant};
use crate::ops::{Chunk, Op, Reach};
use crate::outbound::PARTS_MAX;
use crate::pressure::held_max;
use crate::reactor::Reactor;
use crate::series::Series;
use crate::time::Time;
use crate::timers::Timer;

impl<H: Handler, N: Net> Reactor<H, N> {
    /// Carries out everything recorded so far. What hooks record meanwhile waits for the next call.
    pub(crate) fn apply(&mut self) {
        debug_assert!(!self.ops.refers_to_input(), "what lies in the input was carried out over it");
        self.apply_over(&[]);
    }

    /// The same while the input that handlers were shown is still there.
    pub(crate) fn apply_over(&mut self, input: &[u8]) {
        if self.ops.is_empty() {
            return;
        }
        let mut batch = std::mem::take(&mut self.spare);
        self.ops.take_into(&mut batch);
        if batch.names_groups {
            self.expand_groups(&mut batch.list);
        }
        self.count_sends(&batch.list);
        for op in batch.list.drain(..) {
            self.carry_out(op, Places { gathered: &batch.gathered, input });
        }
        self.spare = batch;
    }

    /// Between two hooks of one turn: what they record together is never more than a batch, and what the last one adds.
    /// What those record that are called while a batch is carried out is the next batch, however much it is.
    #[inline]
    pub(crate) fn apply_if_full(&mut self) {
        if self.ops.is_full() {
            self.apply();
        }
    }

    /// Turns what is published into sends to those who are members at that point of the list.
    fn expand_groups(&mut self, list: &mut Vec<Op>) {
        let missed = usize::from(self.net.is_planted(Plant::LostPublication));
        for op in std::mem::take(list) {
            match op {
                Op::Join(id, group) => {
                    if self.sources.conn(id).is_some() {
                        self.groups.join(id, group);
                    }
                }
                Op::Leave(id, group) => self.groups.leave(id, group),
                Op::Publish { group, bytes, reach } => {
                    let send = |to: &ConnId| Op::Send { to: *to, what: Chunk::Shared(bytes.clone()) };
                    list.extend(self.groups.members(group).iter().skip(missed).map(send));
                    if reach == Reach::Everywhere {
                        self.publish_elsewhere(group, &bytes);
                    }
                }
                other => list.push(other),
            }
        }
    }

    fn publish_elsewhere(&mut self, group: GroupId, bytes: &Bytes) {
        for peer in &self.peers {
            // One that has stopped has no members; one that is too far behind to be told loses them something.
            if let Err(PostError::Full(_)) = peer.publish_here(group, bytes.clone()) {
                self.stats.publications_lost += 1;
            }
        }
    }

    /// Tells each connection how many sends are coming, so that only the last of them writes.
    fn count_sends(&mut self, list: &[Op]) {
        if list.len() == 1 {
            return; // nothing else is coming
        }
        for op in list {
            if let Op::Send { to, .. } = op
                && let Some(conn) = self.sources.conn(*to)
            {
                conn.sends_ahead += 1;
            }
        }
    }

    fn carry_out(&mut self, op: Op, places: Places<'_>) {
        match op {
            Op::Send { to, what } => self.send(to, what, places),
            Op::SendDatagrams { socket, to, payload, each } => {
                self.send_datagrams(socket, &to, Series::new(&places.gathered[payload], each));
            }
            Op::ChangeMembership { socket, membership, change } => {
                if let Err(error) = self.change_membership(socket, &membership, change) {
                    self.datagram_trouble(&error);
                }
            }
            Op::EndWriting(id) => self.end_writing(id),
            Op::Close(id) => self.begin_close(id),
            Op::Abort(id) => self.abort(id),
            Op::PauseReading(id) => self.pause_reading(id),
            Op::ResumeReading(id) => self.resume_reading(id),
            Op::OfferAgain(id) => self.offer_again(id),
            Op::WaitsSince(id, since) => self.waits_since(id, since),
            Op::Established(id) => self.established(id),
            // Turned into sends before.
            Op::Join(..) | Op::Leave(..) | Op::Publish { .. } => {}
            Op::Connect(attempt) => self.connect(*attempt),
            Op::SetTimer { id, at, tag } => self.timers.set(at, Timer::User(id, tag)),
            Op::CancelTimer(id) => self.timers.cancel(id),
            Op::Drain(deadline) => self.begin_drain(deadline),
            Op::Stop => self.stop(),
        }
    }

    fn send(&mut self, to: ConnId, what: Chunk, places: Places<'_>) {
        let to = if self.net.is_planted(Plant::StaleId) { self.sources.present_owner(to) } else { to };
        let Some(conn) = self.sources.conn(to) else { return self.too_late(&what, places) };
        conn.sends_ahead = conn.sends_ahead.saturating_sub(1);
        if !conn.takes_sends() {
            self.too_late(&what, places);
            // Sends that came in time may have waited for this one, to leave in one write.
            return self.flush(to);
        }
        let overtakes = self.net.is_planted(Plant::SendOutOfOrder);
        let must_wait = !overtakes && (!conn.out.is_empty() || !conn.flags.writable);
        if conn.sends_ahead > 0 || must_wait {
            self.queue(to, what, places);
        } else {
            self.write_now(to, what, places);
        }
    }

    fn too_late(&mut self, what: &Chunk, places: Places<'_>) {
        self.stats.sends_late += 1;
        self.stats.bytes_lost += what.as_slice(places).len() as u64;
    }

    /// The usual way: nothing queued, nothing else to come. The bytes go out from where they lie.
    fn write_now(&mut self, to: ConnId, what: Chunk, places: Places<'_>) {
        let Some(conn) = self.sources.conn(to) else { return };
        let bytes = what.as_slice(places);
        self.stats.writes += 1;
        match self.net.write(&mut conn.stream, &[IoSlice::new(bytes)]) {
            Ok(taken) => {
                self.stats.bytes_out += taken as u64;
                if taken < bytes.len() {
                    self.queue_begun(to, what.after(taken), places);
                }
            }
            Err(error) => {
                if self.write_failed(to, error) {
                    self.stats.bytes_lost += bytes.len() as u64;
                } else {
                    self.queue(to, what, places);
                }
            }
        }
    }

    /// Queues what could not be written, and flushes if this is the last send for the peer. Nothing is copied to a queue
    /// that would then hold more than it may. Not in the way of what is written at once, which is most.
    #[inline(never)]
    fn queue(&mut self, to: ConnId, what: Chunk, places: Places<'_>) {
        let Some(conn) = self.sources.conn(to) else { return };
        if conn.out.held_with(what.as_slice(places).len()) > held_max(&self.limits) {
            return self.squeeze(to, what, places);
        }
        self.keep(to, what, places);
        self.flush_after_last(to);
    }

    /// Queues the rest of something that has begun to leave.
    #[inline(never)]
    fn queue_begun(&mut self, to: ConnId, rest: Chunk, places: Places<'_>) {
        let Some(conn) = self.sources.conn(to) else { return };
        debug_assert!(conn.out.is_empty(), "only with an empty queue is anything written directly");
        let bytes = rest.as_slice(places).len();
        if bytes > held_max(&self.limits) && self.limits.slow_peer != SlowPeer::DropOldest {
            return self.overflow(to, bytes);
        }
        self.keep(to, rest, places);
        let Some(conn) = self.sources.conn(to) else { return };
        conn.out.begin();
        self.flush_after_last(to);
    }

    fn keep(&mut self, to: ConnId, what: Chunk, places: Places<'_>) {
        let Some(conn) = self.sources.conn(to) else { return };
        let bytes = what.into_bytes(places);
        self.stats.outbound_bytes += bytes.len();
        conn.out.push(bytes, self.now);
    }

    fn flush_after_last(&mut self, to: ConnId) {
        if self.sources.conn(to).is_some_and(|conn| conn.sends_ahead == 0) {
            self.flush(to);
            self.check_pressure(to);
            self.rearm(to);
        }
    }

    /// There is no room in the queue, unless the kernel makes some now.
    #[cold]
    fn squeeze(&mut self, to: ConnId, what: Chunk, places: Places<'_>) {
        self.flush(to);
        let bytes = what.as_slice(places).len();
        let hard = self.limits.outbound_hard;
        let Some(conn) = self.sources.conn(to).filter(|conn| conn.takes_sends()) else {
            return self.too_late(&what, places);
        };
        if conn.out.is_empty() && conn.flags.writable {
            return self.write_now(to, what, places);
        }
        let is_over = conn.out.held_with(bytes) > held_max(&self.limits);
        if is_over && self.limits.slow_peer != SlowPeer::DropOldest {
            return self.overflow(to, bytes);
        }
        self.keep(to, what, places);
        self.drop_oldest(to, hard);
        self.flush_after_last(to);
    }

    /// Writes what is queued until it is gone or the kernel refuses.
    pub(crate) fn flush(&mut self, id: ConnId) {
        while let Some(conn) = self.sources.conn(id) {
            if conn.out.is_empty() || !conn.flags.writable {
                break;
            }
            let result = write_front(&mut self.net, conn);
            self.stats.writes += 1;
            match result {
                Ok(0) => _ = self.write_failed(id, io::ErrorKind::WriteZero.into()),
                Ok(taken) => {
                    conn.out.advance(taken, self.now);
                    self.stats.bytes_out += taken as u64;
                    self.stats.outbound_bytes -= taken;
                }
                Err(error) => _ = self.write_failed(id, error),
            }
        }
        self.relieve(id);
        self.end_our_side_if_written(id);
    }

    /// Takes note of a refused write; says whether the stream is broken, and its queue gone. Only a peer that has hung
    /// up may have said something before, and will be found gone by reading: any other error ends the connection now.
    fn write_failed(&mut self, id: ConnId, error: io::Error) -> bool {
        let Some(conn) = self.sources.conn(id) else { return true };
        match error.kind() {
            io::ErrorKind::WouldBlock => conn.flags.writable = false,
            io::ErrorKind::Interrupted => {}
            kind if tells_of_a_hang_up(kind) => {
                self.broken(id, error);
                return true;
            }
            _ => {
                self.die(id, Closed::Failed(error));
                return true;
            }
        }
        false
    }

    fn pause_reading(&mut self, id: ConnId) {
        if let Some(conn) = self.sources.conn(id) {
            conn.flags.paused = true;
        }
    }

    fn resume_reading(&mut self, id: ConnId) {
        let Some(conn) = self.sources.conn(id) else { return };
        conn.flags.paused = false;
        conn.flags.replay |= conn.rest.len() > 0;
        self.enlist(id.0);
    }

    fn offer_again(&mut self, id: ConnId) {
        let Some(conn) = self.sources.conn(id) else { return };
        if conn.is_conversing() {
            conn.flags.replay = true;
            self.enlist(id.0);
        }
    }

    fn waits_since(&mut self, id: ConnId, since: Option<Time>) {
        let Some(conn) = self.sources.conn(id) else { return };
        conn.rest.wait_since(since);
        self.rearm(id);
    }

    fn established(&mut self, id: ConnId) {
        let now = self.now;
        if let Some(conn) = self.sources.conn(id)
            && matches!(conn.phase, Phase::Embryonic)
        {
            conn.enter(Phase::Open, now);
            if std::mem::take(&mut conn.flags.newcomer) {
                self.admission.settle();
            }
            self.rearm(id);
        }
    }
}

/// Where the bytes of a send lie, if it does not bring them along.
#[derive(Clone, Copy)]
struct Places<'a> {
    gathered: &'a [u8],
    input: &'a [u8],
}

impl Chunk {
    fn as_slice<'a>(&'a self, places: Places<'a>) -> &'a [u8] {
        match self {
            Chunk::Gathered(range) => &places.gathered[range.clone()],
            Chunk::Shown(range) => &places.input[range.clone()],
            Chunk::Shared(bytes) => bytes,
        }
    }

    /// What is left of it when so many bytes of the front have gone.
    fn after(self, taken: usize) -> Chunk {
        match self {
            Chunk::Gathered(range) => Chunk::Gathered(range.start + taken..range.end),
            Chunk::Shown(range) => Chunk::Shown(range.start + taken..range.end),
            Chunk::Shared(bytes) => Chunk::Shared(bytes.slice(taken..)),
        }
    }

    fn into_bytes(self, places: Places<'_>) -> Bytes {
        match self {
            Chunk::Shared(bytes) => bytes,
            lent => Bytes::copy_from_slice(lent.as_slice(places)),
        }
    }
}

fn write_front<N: Net>(net: &mut N, conn: &mut Conn<N::Stream>) -> io::Result<usize> {
    let mut parts = [IoSlice::new(&[]); PARTS_MAX];
    let filled = conn.out.parts(&mut parts);
    net.write(&mut conn.stream, &parts[..filled])
}

fn tells_of_a_hang_up(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::NotConnected
    )
}
