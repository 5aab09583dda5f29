//! On real sockets: two loops behind one address, members on both.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use switchboard::auth::Dialect;
use switchboard::reactor::{ConnId, Handle, Limits, ListenOptions, Workers};
use switchboard::session::{Caller, Ended, Link, Service, Session};

use super::peer::{DEADLINE, Peer};
use super::{DIALECTS, ROOM, profile};

/// Tells each caller on which worker it is, and everybody what anybody says: by itself, and between two answers to the
/// one who said it.
struct Hub {
    number: usize,
    ends: Sender<String>,
}

impl Service for Hub {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        link.join(id, ROOM);
        link.send(id, self.number.to_string().as_bytes()).unwrap();
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        link.send(id, b"before").unwrap();
        link.publish(ROOM, message).unwrap();
        link.send(id, b"after").unwrap();
    }

    fn close(&mut self, _: &mut Link<'_, '_>, _: ConnId, ended: &Ended) {
        let _ = self.ends.send(ended.to_string());
    }
}

struct Serving {
    dialect: Dialect,
    address: SocketAddr,
    handles: Vec<Handle<()>>,
    ends: Receiver<String>,
    thread: Option<JoinHandle<io::Result<Vec<Session<Hub>>>>>,
}

impl Serving {
    fn start(dialect: Dialect, limits: &Limits) -> Serving {
        let (said, ends) = channel();
        let hub = |number| Session::new(Hub { number, ends: said.clone() }, profile(dialect));
        let mut workers = Workers::new(NonZeroUsize::new(2).unwrap(), limits, hub).unwrap();
        let any = "tcp://127.0.0.1:0".parse().unwrap();
        let address = workers.listen(&any, &ListenOptions::default()).unwrap().ip().unwrap();
        let handles = workers.handles();
        let thread = Some(thread::spawn(move || workers.run()));
        Serving { dialect, address, handles, ends, thread }
    }

    /// A member, and the worker that it is on.
    fn call(&self) -> (Peer, String) {
        let mut peer = Peer::call(self.address, self.dialect);
        let worker = peer.hear();
        (peer, worker)
    }

    /// So many members on each worker: the kernel chooses by a hash of the ports.
    fn call_both(&self, each: usize) -> Vec<Peer> {
        let mut members: [Vec<Peer>; 2] = [Vec::new(), Vec::new()];
        for _ in 0..1_000 {
            let (peer, worker) = self.call();
            let there = &mut members[worker.parse::<usize>().unwrap()];
            if there.len() < each {
                there.push(peer);
            }
            if members.iter().all(|there| there.len() == each) {
                return members.into_iter().flatten().collect();
            }
        }
        panic!("1,000 calls, and not {each} on each worker");
    }

    /// The sessions, once their loops have stopped.
    fn stop(mut self) -> Vec<Session<Hub>> {
        self.handles.iter().for_each(Handle::shutdown);
        self.thread.take().unwrap().join().unwrap().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.handles.iter().for_each(Handle::shutdown);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[test]
fn members_on_every_worker_hear_what_is_published_in_order_and_framed_once() {
    const LINES: usize = 500;
    for dialect in DIALECTS {
        let serving = Serving::start(dialect, &Limits::default());
        let mut members = serving.call_both(2);
        let (speaker, others) = members.split_first_mut().unwrap();
        for number in 0..LINES {
            speaker.say(&format!("line {number}"));
        }
        for number in 0..LINES {
            assert_eq!(
                [(); 3].map(|()| speaker.hear()),
                ["before", &format!("line {number}"), "after"],
                "{dialect}"
            );
        }
        for other in others {
            for number in 0..LINES {
                assert_eq!(other.hear(), format!("line {number}"), "{dialect}");
            }
        }
        let sessions = serving.stop();
        let framings: u64 = sessions.iter().map(|session| session.counts().messages_out).sum();
        let calls = framings - 3 * LINES as u64;
        assert!(
            (4..=1_000).contains(&calls),
            "{dialect}: {framings} for {LINES} lines, and one for each caller"
        );
    }
}

#[test]
fn a_member_that_stops_reading_harms_only_itself() {
    const LINES: usize = 1_500;
    let limits = Limits { outbound_hard: 256 * 1024, ..Limits::default() };
    let padding = "x".repeat(4_000);
    for dialect in DIALECTS {
        let serving = Serving::start(dialect, &limits);
        let _dead = dead_reader(&serving);
        let mut members = serving.call_both(3);
        for number in 0..LINES {
            members[0].say(&format!("{number} {padding}"));
            // In step: those who read are never behind, whatever this machine is busy with.
            for member in &mut members {
                hear_line(member, number);
            }
        }
        // Those who were one too many on their worker have left as well.
        while !serving.ends.recv_timeout(DEADLINE).unwrap().contains("does not read") {}
    }
}

/// A member that reads as far as it must to become one, and has room for little more.
fn dead_reader(serving: &Serving) -> Peer {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.connect(&serving.address.into()).unwrap();
    let mut peer = Peer::meet(TcpStream::from(socket), serving.dialect);
    peer.hear();
    peer
}

/// Hears until that line has come; the speaker also hears what is said to it alone.
fn hear_line(member: &mut Peer, number: usize) {
    loop {
        let message = member.hear();
        match message.split_once(' ') {
            Some((heard, _)) => return assert_eq!(heard, number.to_string()),
            None => assert!(["before", "after"].contains(&message.as_str())),
        }
    }
}
