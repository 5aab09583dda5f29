//! What one worker publishes reaches the members on all, and the handlers of the others are told of it.

use bytes::Bytes;
use switchboard_reactor::sim::{Faults, Rest, Turn, World, join_workers};
use switchboard_reactor::{
    Closed, ConnId, Context, GroupId, Handler, Limits, ListenOptions, Origin, Reactor, Tag,
};

use super::{HOUR, listen_address};

const ROOM: GroupId = GroupId(3);

/// A worker that makes each caller a member, and publishes what it hears.
#[derive(Default)]
struct Worker {
    told: Vec<Bytes>,
}

impl Handler for Worker {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
        cx.join(id, ROOM);
    }

    fn handle(&mut self, cx: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        cx.publish(ROOM, Bytes::copy_from_slice(input));
        cx.publish(GroupId(4), Bytes::from_static(b"to nobody"));
        input.len()
    }

    fn published(&mut self, _: &mut Context<'_>, group: GroupId, bytes: &Bytes) {
        if group == ROOM {
            self.told.push(bytes.clone());
        }
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
}

/// Says something when it is told to, and keeps what it hears.
#[derive(Default)]
struct Member {
    conn: Option<ConnId>,
    heard: Vec<u8>,
}

impl Handler for Member {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
        self.conn = Some(id);
    }

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        self.heard.extend_from_slice(input);
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
}

#[test]
fn a_handler_is_told_of_what_other_workers_publish_and_not_of_its_own() {
    let world = World::new(1, Faults::none());
    let mut workers = [(); 3].map(|()| Reactor::with_net(world.host(), Worker::default(), Limits::default()));
    join_workers(&mut workers);
    let mut members = [(); 3].map(|()| Reactor::with_net(world.host(), Member::default(), Limits::default()));
    for (worker, member) in workers.iter_mut().zip(&mut members) {
        let (_, address) = worker.listen(&listen_address(), &ListenOptions::default()).unwrap();
        member.with_context(|_, cx| cx.connect(address, Tag(0)));
    }
    let run = |workers: &mut [Reactor<Worker, _>], members: &mut [Reactor<Member, _>]| {
        let mut loops: Vec<&mut dyn Turn> = Vec::new();
        loops.extend(workers.iter_mut().map(|worker| worker as &mut dyn Turn));
        loops.extend(members.iter_mut().map(|member| member as &mut dyn Turn));
        assert_eq!(world.run(&mut loops, HOUR).unwrap(), Rest::Quiet);
    };
    run(&mut workers, &mut members);
    members[1].with_context(|member, cx| cx.send(member.conn.unwrap(), b"hello"));
    run(&mut workers, &mut members);
    assert!(members.iter().all(|member| member.handler().heard == b"hello"));
    let told = workers.each_ref().map(|worker| worker.handler().told.concat());
    assert_eq!(told, [&b"hello"[..], b"", b"hello"]);
}
