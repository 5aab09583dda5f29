//! What one source may do in a turn: the rest waits for the next one, and everybody else comes in between.

use std::time::Duration;

use switchboard_reactor::sim::{Faults, SimNet, World};
use switchboard_reactor::{Context, Datagram, Handler, Limits, Reactor, SocketId};

use super::no_connections::no_connections;
use super::recorder::{Event, Recorder};
use super::{Loop, pair, quiet_world};

/// A server on which so many calls wait, each of which has said so much.
fn waited_for(limits: Limits, calls: u64, says: usize) -> Loop {
    let world = quiet_world();
    let caller = Recorder::new(move |cx, event| {
        if let Event::SetUp(id) = event {
            cx.send(*id, &vec![7; says]);
        }
    });
    let (server, mut caller) = pair(&world, Recorder::idle(), limits, caller, calls);
    world.run(&mut [&mut caller], Duration::from_secs(1)).unwrap();
    server
}

#[test]
fn a_turn_takes_its_budget_of_calls_and_the_next_one_the_rest() {
    for (calls, taken, postponed) in [(2, [2, 2], 0), (3, [3, 3], 1), (4, [3, 4], 1)] {
        let limits = Limits { accepts_per_turn: 3, ..Limits::default() };
        let mut server = waited_for(limits, calls, 0);
        let seen = taken.map(|_| {
            server.turn().unwrap();
            server.stats().accepted
        });
        assert_eq!((seen, server.stats().postponed), (taken, postponed), "{calls} calls");
    }
}

#[test]
fn a_turn_reads_its_budget_and_the_next_one_the_rest() {
    for (says, reads, postponed) in [(30, [3, 3], 0), (31, [3, 4], 1)] {
        let limits = Limits { read_bytes: 10, reads_per_turn: 3, ..Limits::default() };
        let mut server = waited_for(limits, 1, says);
        server.turn().unwrap(); // takes the call
        let seen = reads.map(|_| {
            server.turn().unwrap();
            server.stats().reads
        });
        assert_eq!((seen, server.stats().postponed), (reads, postponed), "{says} bytes");
    }
}

#[test]
fn a_read_takes_as_much_as_it_may() {
    for (says, heard) in [(10, vec![10]), (11, vec![10, 1])] {
        let mut server = waited_for(Limits { read_bytes: 10, ..Limits::default() }, 1, says);
        server.turn().unwrap();
        server.turn().unwrap();
        let events = server.handler().events.borrow();
        let seen = events.iter().filter_map(|event| match event {
            Event::Heard(bytes) => Some(*bytes),
            _ => None,
        });
        assert_eq!((seen.collect::<Vec<_>>(), server.stats().reads), (heard.clone(), heard.len() as u64));
    }
}

/// Notes how long datagrams were, and whether that was all of them.
#[derive(Default)]
struct Post(Vec<(usize, bool)>);

impl Handler for Post {
    type Command = ();

    no_connections!();

    fn datagram(&mut self, _: &mut Context<'_>, _: SocketId, datagram: Datagram<'_>) {
        self.0.push((datagram.payload.len(), datagram.truncated));
    }
}

/// A socket at which so many datagrams of this length have come.
fn written_to(limits: Limits, datagrams: usize, bytes: usize) -> Reactor<Post, SimNet> {
    let world = quiet_world();
    let mut post = Reactor::with_net(world.host(), Post::default(), limits);
    let (_, address) = post.bind(&"udp://10.0.0.1:0".parse().unwrap()).unwrap();
    let mut sender = Reactor::with_net(world.host(), Post::default(), Limits::default());
    let (socket, _) = sender.bind(&"udp://10.0.0.2:0".parse().unwrap()).unwrap();
    sender.with_context(|_, cx| {
        (0..datagrams).for_each(|_| cx.send_datagram(socket, address.clone(), &vec![7; bytes]));
    });
    world.run(&mut [&mut sender], Duration::from_secs(1)).unwrap();
    post
}

#[test]
fn a_turn_takes_its_budget_of_datagrams_and_the_next_one_the_rest() {
    for (datagrams, taken, postponed) in [(2, [2, 2], 0), (3, [3, 3], 1), (4, [3, 4], 1)] {
        let mut post = written_to(Limits { datagrams_per_turn: 3, ..Limits::default() }, datagrams, 1);
        let seen = taken.map(|_| {
            post.turn().unwrap();
            post.stats().datagrams_in
        });
        assert_eq!((seen, post.stats().postponed), (taken, postponed), "{datagrams} datagrams");
    }
}

#[test]
fn a_datagram_is_whole_at_its_limit_and_cut_beyond_it() {
    for (bytes, heard, cut) in [(10, (10, false), 0), (11, (10, true), 1)] {
        let mut post = written_to(Limits { datagram_bytes_max: 10, ..Limits::default() }, 1, bytes);
        post.turn().unwrap();
        assert_eq!((&post.handler().0[..], post.stats().datagrams_truncated), (&[heard][..], cut));
    }
}

#[test]
fn datagrams_wait_for_room_up_to_their_limit_and_the_oldest_gives_way() {
    for (datagrams, dropped) in [(3, 0), (4, 1)] {
        let world = World::new(1, Faults { datagram_refusals: 1.0, ..Faults::none() });
        let limits = Limits { datagrams_queued_max: 3, ..Limits::default() };
        let mut sender = Reactor::with_net(world.host(), Post::default(), limits);
        let (socket, address) = sender.bind(&"udp://10.0.0.1:0".parse().unwrap()).unwrap();
        sender.with_context(|_, cx| {
            (0..datagrams).for_each(|_| cx.send_datagram(socket, address.clone(), b"x"));
        });
        sender.turn().unwrap();
        let stats = sender.stats();
        assert_eq!((stats.datagrams_queued, stats.datagrams_dropped), (3, dropped));
    }
}

#[test]
fn commands_wait_up_to_their_limit_and_the_next_is_given_back() {
    let limits = Limits { commands_max: 3, ..Limits::default() };
    let mut server = Reactor::with_net(quiet_world().host(), Recorder::idle(), limits);
    let handle = server.handle();
    for _ in 0..2 {
        assert!((0..3).all(|_| handle.post(()).is_ok()));
        assert!(handle.post(()).is_err());
        server.turn().unwrap();
    }
    assert_eq!(server.stats().posts_refused, 2);
}
