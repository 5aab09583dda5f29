//! One reader that is dead among fifty that live, on real sockets: under each policy the live ones hear everything in
//! order, the dead one harms only itself, and the counters say what happened.
//!
//! The live ones are never more than a round behind, which is less than the high mark: whoever meets a mark is dead.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use bytes::Bytes;
use socket2::{Domain, SockRef, Socket, Type};
use support::{DEADLINE, Running};
use switchboard_reactor::{
    Closed, ConnId, Context, GroupId, Handler, Limits, MioNet, Origin, Pressure, SlowPeer,
};
use tempfile::TempDir;

const LIVE: usize = 50;
const MESSAGE: usize = 8 << 10;
/// Messages of a round: half of the high mark.
const ROUND: usize = 8;
const HIGH: usize = 2 * ROUND * MESSAGE;
const HARD: usize = 4 * HIGH;
/// What the queue itself takes counts, too.
const ALMOST_HARD: usize = HARD - 2 * MESSAGE;
const EVERYBODY: GroupId = GroupId(0);

/// Sends everybody what it is told to, and tells the test what happens to whom, by number.
struct Hub {
    members: Vec<ConnId>,
    told: Sender<Told>,
}

#[derive(Debug)]
enum Told {
    Heard(usize),
    Pressed(usize, Pressure),
    Finished(usize, Closed),
}

impl Hub {
    fn tell(&self, id: ConnId, what: impl FnOnce(usize) -> Told) {
        let number = self.members.iter().position(|member| *member == id).unwrap();
        // A test that has seen enough is not there any more.
        let _ = self.told.send(what(number));
    }
}

impl Handler for Hub {
    type Command = Bytes;

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
        cx.join(id, EVERYBODY);
        cx.send(id, b"!");
        self.members.push(id);
    }

    fn handle(&mut self, _: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        self.tell(id, Told::Heard);
        input.len()
    }

    fn pressure(&mut self, _: &mut Context<'_>, id: ConnId, pressure: Pressure) {
        self.tell(id, |number| Told::Pressed(number, pressure));
    }

    fn finish(&mut self, _: &mut Context<'_>, id: ConnId, why: Closed) {
        self.tell(id, |number| Told::Finished(number, why));
    }

    fn command(&mut self, cx: &mut Context<'_>, bytes: Bytes) {
        cx.publish(EVERYBODY, bytes);
    }
}

trait Stream: Read + Write {}
impl Stream for TcpStream {}
impl Stream for UnixStream {}

/// Where the hub listens. Its side of a TCP connection, and the dead reader's, hold little.
enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl Place {
    fn tcp() -> (Place, OwnedFd) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        SockRef::from(&listener).set_send_buffer_size(MESSAGE).unwrap();
        (Place::Tcp(listener.local_addr().unwrap()), listener.into())
    }

    fn unix(folder: &TempDir) -> (Place, OwnedFd) {
        let path = folder.path().join("hub");
        let listener = UnixListener::bind(&path).unwrap();
        (Place::Unix(path), listener.into())
    }

    fn call(&self) -> Box<dyn Stream> {
        match self {
            Place::Tcp(address) => {
                let socket = Socket::new(Domain::for_address(*address), Type::STREAM, None).unwrap();
                socket.set_recv_buffer_size(MESSAGE).unwrap();
                socket.set_read_timeout(Some(DEADLINE)).unwrap();
                socket.connect(&(*address).into()).unwrap();
                Box::new(TcpStream::from(socket))
            }
            Place::Unix(path) => {
                let stream = UnixStream::connect(path).unwrap();
                stream.set_read_timeout(Some(DEADLINE)).unwrap();
                Box::new(stream)
            }
        }
    }
}

/// A hub, and those who call it: the first does not read.
struct Room {
    running: Running<Hub>,
    told: Receiver<Told>,
    dead: Box<dyn Stream>,
    live: Vec<Box<dyn Stream>>,
    /// Messages so far.
    said: usize,
}

const DEAD: usize = 0;

impl Room {
    fn open((place, listener): (Place, OwnedFd), slow_peer: SlowPeer) -> Room {
        let (tell, told) = mpsc::channel();
        let limits = Limits {
            outbound_high: HIGH,
            outbound_low: HIGH / 4,
            outbound_hard: HARD,
            slow_peer,
            ..Limits::default()
        };
        let (running, _) = Running::start(Hub { members: Vec::new(), told: tell }, limits, |reactor| {
            reactor.adopt(MioNet::sort(listener).unwrap(), usize::MAX).unwrap()
        });
        let member = |_| {
            let mut stream = place.call();
            stream.read_exact(&mut [0]).unwrap();
            stream
        };
        let dead = member(0);
        Room { running, told, dead, live: (0..LIVE).map(member).collect(), said: 0 }
    }

    /// Says something to everybody, and has every live one hear it.
    fn round(&mut self) {
        let messages: Vec<u8> = (self.said..self.said + ROUND).flat_map(message).collect();
        for message in messages.chunks(MESSAGE) {
            self.running.handle.post(Bytes::copy_from_slice(message)).unwrap();
        }
        self.said += ROUND;
        let mut heard = vec![0; messages.len()];
        for live in &mut self.live {
            live.read_exact(&mut heard).unwrap();
            assert!(heard == messages, "a live one heard something else");
        }
    }

    /// Goes on until something has happened.
    fn rounds_until(&mut self, mut has_happened: impl FnMut(&Room) -> bool) {
        for _ in 0..500 {
            self.round();
            if has_happened(self) {
                return;
            }
        }
        panic!("500 rounds, and nothing happened");
    }

    fn value(&self, name: &str) -> usize {
        usize::try_from(self.running.value(name)).unwrap()
    }

    /// Waits for what is told next of anybody.
    fn next(&self) -> Told {
        self.told.recv_timeout(DEADLINE).unwrap()
    }

    /// What the dead one hears in the end: message by message, until the newest.
    fn revive(&mut self) -> Vec<usize> {
        let mut heard = Vec::new();
        let mut bytes = vec![0; MESSAGE];
        while heard.last() != Some(&(self.said - 1)) {
            self.dead.read_exact(&mut bytes).unwrap();
            let number = usize::try_from(u32::from_be_bytes(bytes[..4].try_into().unwrap())).unwrap();
            assert!(bytes.iter().copied().eq(message(number)), "half of a message, or two halves");
            heard.push(number);
        }
        heard
    }

    /// What the dead one hears in the end, if that is an end.
    fn last_words(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A reset is an end, too.
        let _ = self.dead.read_to_end(&mut bytes);
        bytes
    }

    fn everything(&self) -> Vec<u8> {
        (0..self.said).flat_map(message).collect()
    }
}

/// Its number, and then bytes that are all of their places.
fn message(number: usize) -> impl Iterator<Item = u8> {
    let head = u32::try_from(number).unwrap().to_be_bytes();
    let place = move |at: usize| ((number * MESSAGE + at).wrapping_mul(31) >> 3).to_le_bytes()[0];
    head.into_iter().chain((4..MESSAGE).map(place))
}

/// Over TCP and over a Unix path.
fn everywhere(slow_peer: SlowPeer, test: impl Fn(Room)) {
    test(Room::open(Place::tcp(), slow_peer));
    let folder = tempfile::tempdir().unwrap();
    test(Room::open(Place::unix(&folder), slow_peer));
}

#[test]
fn one_that_is_given_up_at_once_takes_nobody_with_it() {
    everywhere(SlowPeer::Close, |mut room| {
        room.rounds_until(|room| room.value("loop_connections") == LIVE);
        assert!(matches!(room.next(), Told::Pressed(DEAD, Pressure::High)));
        let Told::Finished(DEAD, Closed::Overflowed { bytes }) = room.next() else {
            panic!("it is given up")
        };
        assert!(bytes > ALMOST_HARD, "{bytes} bytes would have waited");
        let everything = room.everything();
        room.round();
        let heard = room.last_words();
        assert!(everything.starts_with(&heard) && heard.len() < everything.len());
        let (_, stats) = room.running.stop();
        assert_eq!((stats.overflowed, stats.pressed, stats.timed_out, stats.sends_dropped), (1, 1, 0, 0));
        assert!(stats.bytes_lost > ALMOST_HARD as u64, "{stats:?}");
    });
}

#[test]
fn one_that_loses_its_oldest_messages_has_whole_ones_and_the_newest() {
    everywhere(SlowPeer::DropOldest, |mut room| {
        room.rounds_until(|room| room.value("loop_sends_dropped") > 5 * ROUND);
        assert!(matches!(room.next(), Told::Pressed(DEAD, Pressure::High)));
        let heard = room.revive();
        assert!(heard.is_sorted_by(|one, next| one < next), "{heard:?}");
        assert!(matches!(room.next(), Told::Pressed(DEAD, Pressure::Low)));
        room.round();
        assert_eq!(room.revive().len(), ROUND, "it lives again");
        let missed = room.said - ROUND - heard.len();
        let (_, stats) = room.running.stop();
        assert_eq!((stats.sends_dropped, stats.bytes_dropped), (missed as u64, (missed * MESSAGE) as u64));
        assert_eq!((stats.overflowed, stats.pressed, stats.timed_out), (0, 1, 0));
    });
}

#[test]
fn one_that_does_not_catch_up_in_time_is_given_up_then_and_not_before() {
    let after = Duration::from_millis(300);
    everywhere(SlowPeer::CloseAfter(after), |mut room| {
        let mut over = Instant::now();
        room.rounds_until(|room| {
            let is_over = room.value("loop_outbound") > HARD;
            over = if is_over { over } else { Instant::now() };
            is_over
        });
        assert!(matches!(room.next(), Told::Pressed(DEAD, Pressure::High)));
        let Told::Finished(DEAD, why) = room.next() else { panic!("only the dead one is given up") };
        assert!(over.elapsed() >= after, "{why} after {:?}", over.elapsed());
        assert_eq!(why.to_string(), "timed out: reading too slowly");
        room.round();
        let (_, stats) = room.running.stop();
        assert_eq!((stats.deadlines_passed.slow, stats.timed_out, stats.pressed), (1, 1, 1));
        assert_eq!((stats.overflowed, stats.sends_dropped), (0, 0));
    });
}

#[test]
fn one_that_catches_up_in_time_has_missed_nothing() {
    everywhere(SlowPeer::CloseAfter(DEADLINE), |mut room| {
        room.rounds_until(|room| room.value("loop_outbound") > HARD);
        let heard = room.revive();
        assert!(heard.iter().copied().eq(0..room.said), "{heard:?}");
        room.round();
        let (_, stats) = room.running.stop();
        assert_eq!((stats.overflowed, stats.timed_out, stats.bytes_dropped, stats.pressed), (0, 0, 0, 1));
    });
}

#[test]
fn one_that_speaks_without_reading_is_not_heard_until_it_reads() {
    everywhere(SlowPeer::Close, |mut room| {
        room.rounds_until(|room| room.value("loop_outbound") > HIGH);
        assert!(matches!(room.next(), Told::Pressed(DEAD, Pressure::High)));
        room.dead.write_all(b"hello").unwrap();
        // Long enough for it to come, were it read.
        room.live[0].write_all(b"hello").unwrap();
        assert!(matches!(room.next(), Told::Heard(1)), "members are numbered from the dead one");
        room.round();
        let heard = room.revive();
        assert!(heard.iter().copied().eq(0..room.said), "{heard:?}");
        assert!(matches!(room.next(), Told::Pressed(DEAD, Pressure::Low)));
        assert!(matches!(room.next(), Told::Heard(DEAD)));
    });
}
