//! Datagrams come whole or not at all, and to every member of a group.

use std::io;
use std::time::Duration;

use switchboard_reactor::sim::{Fault, Faults, Rest, Turn, World, each_seed};
use switchboard_reactor::{
    Address, Context, Datagram, Handler, Limits, Membership, Plant, Pressure, Reactor, SocketId, Tag,
};

use super::no_connections::no_connections;
use super::{HOUR, Met, SEEDS, replay};

/// Answers each datagram to its sender.
struct DatagramEcho;

impl Handler for DatagramEcho {
    type Command = ();

    no_connections!();

    fn datagram(&mut self, cx: &mut Context<'_>, socket: SocketId, datagram: Datagram<'_>) {
        cx.send_datagram(socket, datagram.from.clone(), datagram.payload);
    }
}

/// Sends numbered datagrams, and collects the numbers that come back.
struct DatagramCaller {
    socket: Option<SocketId>,
    to: Address,
    sent: u32,
    heard: Vec<u32>,
}

impl Handler for DatagramCaller {
    type Command = ();

    no_connections!();

    fn timeout(&mut self, cx: &mut Context<'_>, tag: Tag) {
        let socket = self.socket.expect("bound before the first timer");
        cx.send_datagram(socket, self.to.clone(), &self.sent.to_be_bytes());
        self.sent += 1;
        if self.sent < 100 {
            cx.set_timer(Duration::from_millis(1), tag);
        }
    }

    fn datagram(&mut self, _: &mut Context<'_>, _: SocketId, datagram: Datagram<'_>) {
        let bytes: [u8; 4] = datagram.payload.try_into().expect("a datagram is whole or lost, never cut");
        self.heard.push(u32::from_be_bytes(bytes));
    }
}

/// A hundred datagrams and their answers; gives the trace and what they were put through.
fn datagrams_once(seed: u64) -> (u64, Met) {
    let world = World::new(seed, Faults::rough());
    let udp = Address::Udp("10.0.0.1:0".parse().unwrap());
    let mut server = Reactor::with_net(world.host(), DatagramEcho, Limits::default());
    let (_, to) = server.bind(&udp).unwrap();
    let handler = DatagramCaller { socket: None, to, sent: 0, heard: Vec::new() };
    let mut caller = Reactor::with_net(world.host(), handler, Limits::default());
    let (socket, _) = caller.bind(&udp).unwrap();
    caller.with_context(|handler, cx| {
        handler.socket = Some(socket);
        cx.set_timer(Duration::ZERO, Tag(0));
    });
    assert_eq!(world.run(&mut [&mut server, &mut caller], HOUR).unwrap(), Rest::Quiet);
    let heard = &caller.handler().heard;
    assert!(heard.iter().all(|number| *number < 100), "something came that was never sent");
    let distinct: std::collections::BTreeSet<_> = heard.iter().collect();
    let (lost, doubled) = (100 - distinct.len(), heard.len() - distinct.len());
    let happened = |fault| usize::try_from(world.happened(fault)).unwrap();
    assert!(lost <= happened(Fault::Loss), "{lost} lost, and the network did not lose them");
    assert!(doubled <= 3 * happened(Fault::Double), "{doubled} doubled");
    (world.trace(), Met::of(&world))
}

#[test]
fn datagrams_come_whole_or_not_at_all() {
    let mut met = Met::default();
    each_seed(&replay("datagrams_come_whole_or_not_at_all"), 0..SEEDS, |seed| {
        met.add(&datagrams_once(seed).1);
    });
    met.check(&[
        Fault::Loss,
        Fault::Double,
        Fault::Overtaking,
        Fault::Delay,
        Fault::DatagramRefusal,
        Fault::ClockStep,
    ]);
}

#[test]
fn equal_seeds_give_equal_datagrams() {
    for seed in 0..20 {
        assert_eq!(datagrams_once(seed), datagrams_once(seed), "seed {seed}");
    }
    assert_ne!(datagrams_once(1).0, datagrams_once(2).0);
}

/// One run in which datagrams are refused now and then, and never lost on their way or overtaken there.
pub(super) fn every_datagram_leaves(seed: u64, plant: Option<Plant>) {
    let faults = Faults { datagram_refusals: 0.5, ..Faults::none() };
    let world = World::new(seed, faults);
    let udp = Address::Udp("10.0.0.1:0".parse().unwrap());
    let mut server = Reactor::with_net(world.host(), Member::default(), Limits::default());
    let (_, to) = server.bind(&udp).unwrap();
    let handler = DatagramCaller { socket: None, to, sent: 0, heard: Vec::new() };
    let mut caller = Reactor::with_net(world.host(), handler, Limits::default());
    let (socket, _) = caller.bind(&udp).unwrap();
    if let Some(plant) = plant {
        world.plant(plant);
    }
    caller.with_context(|handler, cx| {
        handler.socket = Some(socket);
        cx.set_timer(Duration::ZERO, Tag(0));
    });
    assert_eq!(world.run(&mut [&mut server, &mut caller], HOUR).unwrap(), Rest::Quiet);
    let stats = caller.stats();
    assert_eq!((stats.datagrams_out, stats.datagrams_queued, stats.datagrams_dropped), (100, 0, 0));
    let expected: String =
        (0..100_u32).map(|number| String::from_utf8_lossy(&number.to_be_bytes()).into_owned()).collect();
    assert_eq!(server.handler().0.concat(), expected);
}

#[test]
fn what_is_refused_leaves_later_in_its_order() {
    let replay = replay("what_is_refused_leaves_later_in_its_order");
    each_seed(&replay, 0..SEEDS / 10, |seed| every_datagram_leaves(seed, None));
}

/// Says lines in bursts, now to one member and now to the other.
struct Bursts {
    socket: Option<SocketId>,
    to: [Address; 2],
    said: usize,
}

impl Bursts {
    const LINES: usize = 300;

    /// Several of one length, one behind the other, to the same member; then others.
    fn line(number: usize) -> (usize, String) {
        (number / 20 % 2, format!("{number:0width$} ", width = 4 + number / 7 % 3))
    }

    /// What a member is to hear.
    fn lines_to(member: usize) -> String {
        let lines = (0..Bursts::LINES).map(Bursts::line);
        lines.filter(|(to, _)| *to == member).map(|(_, line)| line).collect()
    }
}

impl Handler for Bursts {
    type Command = ();

    no_connections!();

    fn timeout(&mut self, cx: &mut Context<'_>, tag: Tag) {
        let socket = self.socket.expect("bound before the first timer");
        let burst = 1 + self.said % 30;
        for number in (self.said..Bursts::LINES).take(burst) {
            let (member, line) = Bursts::line(number);
            cx.send_datagram(socket, self.to[member].clone(), line.as_bytes());
            self.said += 1;
        }
        if self.said < Bursts::LINES {
            cx.set_timer(Duration::from_millis(1), tag);
        }
    }
}

#[test]
fn a_burst_that_is_refused_in_its_midst_leaves_whole_and_in_its_order() {
    let replay = replay("a_burst_that_is_refused_in_its_midst_leaves_whole_and_in_its_order");
    each_seed(&replay, 0..SEEDS / 10, |seed| {
        let world = World::new(seed, Faults { datagram_refusals: 0.1, ..Faults::none() });
        let udp = Address::Udp("10.0.0.1:0".parse().unwrap());
        let mut members =
            [0, 1].map(|_| Reactor::with_net(world.host(), Member::default(), Limits::default()));
        let to = members.each_mut().map(|member| member.bind(&udp).unwrap().1);
        let limits = Limits { datagrams_queued_max: Bursts::LINES, ..Limits::default() };
        let mut sender = Reactor::with_net(world.host(), Bursts { socket: None, to, said: 0 }, limits);
        let (socket, _) = sender.bind(&udp).unwrap();
        sender.with_context(|handler, cx| {
            handler.socket = Some(socket);
            cx.set_timer(Duration::ZERO, Tag(0));
        });
        let [one, two] = &mut members;
        assert_eq!(world.run(&mut [&mut sender, one, two], HOUR).unwrap(), Rest::Quiet);
        assert!(world.happened(Fault::DatagramRefusal) > 0);
        let stats = sender.stats();
        let gone = (stats.datagrams_out, stats.datagrams_queued, stats.datagrams_dropped);
        assert_eq!(gone, (Bursts::LINES as u64, 0, 0));
        for (member, heard) in members.iter().map(|member| member.handler().0.concat()).enumerate() {
            assert_eq!(heard, Bursts::lines_to(member));
        }
    });
}

/// Notes what it hears and which errors it is told.
#[derive(Default)]
struct Complainer {
    heard: Vec<u8>,
    errors: u64,
}

impl Handler for Complainer {
    type Command = ();

    no_connections!();

    fn datagram(&mut self, _: &mut Context<'_>, _: SocketId, datagram: Datagram<'_>) {
        self.heard.extend_from_slice(datagram.payload);
    }

    fn handle_error(&mut self, _: &mut Context<'_>, _: &io::Error) {
        self.errors += 1;
    }
}

#[test]
fn a_socket_that_cannot_receive_is_tried_now_and_then_until_it_can() {
    let world = World::new(1, Faults { receive_errors: 1.0, ..Faults::none() });
    let mut hearer = Reactor::with_net(world.host(), Complainer::default(), Limits::default());
    let (_, to) = hearer.bind(&"udp://10.0.0.1:0".parse().unwrap()).unwrap();
    let mut sender = Reactor::with_net(world.host(), Complainer::default(), Limits::default());
    let (socket, _) = sender.bind(&"udp://10.0.0.2:0".parse().unwrap()).unwrap();
    // They keep coming, which is no reason to try more often.
    for second in 1..=10 {
        sender.with_context(|_, cx| cx.send_datagram(socket, to.clone(), &[second]));
        world.run(&mut [&mut hearer, &mut sender], Duration::from_secs(1)).unwrap();
    }
    let stats = hearer.stats();
    assert_eq!(hearer.handler().errors, 1, "it is told once");
    assert!((90..=110).contains(&stats.datagram_errors), "{} attempts in ten seconds", stats.datagram_errors);
    assert!(stats.turns < 250, "{} turns for ten seconds of waiting", stats.turns);

    world.calm();
    assert_eq!(world.run(&mut [&mut hearer, &mut sender], HOUR).unwrap(), Rest::Quiet);
    assert_eq!(hearer.handler().heard, (1..=10).collect::<Vec<u8>>());
}

#[test]
fn an_error_that_passes_holds_up_no_datagram_and_an_interruption_is_none() {
    let replay = replay("an_error_that_passes_holds_up_no_datagram_and_an_interruption_is_none");
    each_seed(&replay, 0..SEEDS / 10, |seed| {
        let world = World::new(seed, Faults { receive_errors: 0.3, interruptions: 0.3, ..Faults::none() });
        let mut hearer = Reactor::with_net(world.host(), Complainer::default(), Limits::default());
        let (_, to) = hearer.bind(&"udp://10.0.0.1:0".parse().unwrap()).unwrap();
        let mut sender = Reactor::with_net(world.host(), Complainer::default(), Limits::default());
        let (socket, _) = sender.bind(&"udp://10.0.0.2:0".parse().unwrap()).unwrap();
        sender.with_context(|_, cx| {
            (0..50).for_each(|number| cx.send_datagram(socket, to.clone(), &[number]));
        });
        assert_eq!(world.run(&mut [&mut hearer, &mut sender], HOUR).unwrap(), Rest::Quiet);
        assert_eq!(hearer.handler().heard, (0..50).collect::<Vec<u8>>());
        let errors = [&hearer, &sender].map(|one| one.stats().datagram_errors).iter().sum::<u64>();
        assert_eq!(errors, world.happened(Fault::ReceiveError));
    });
}

/// Sends datagrams into a socket without room, and minds what it is told.
#[derive(Default)]
struct Pressed(Vec<Pressure>);

impl Handler for Pressed {
    type Command = ();

    no_connections!();

    fn datagram_pressure(&mut self, _: &mut Context<'_>, _: SocketId, pressure: Pressure) {
        self.0.push(pressure);
    }
}

#[test]
fn a_full_queue_drops_its_oldest_tells_in_time_and_empties_when_there_is_room() {
    const MAX: usize = 4;
    for (count, dropped) in [(MAX, 0), (MAX + 1, 1), (10, 6)] {
        let world = World::new(1, Faults { datagram_refusals: 1.0, ..Faults::none() });
        let limits = Limits { datagrams_queued_max: MAX, ..Limits::default() };
        let mut sender = Reactor::with_net(world.host(), Pressed::default(), limits);
        let mut member = Reactor::with_net(world.host(), Member::default(), Limits::default());
        let any = Address::Udp("10.0.0.1:0".parse().unwrap());
        let (_, to) = member.bind(&any).unwrap();
        let (socket, _) = sender.bind(&any).unwrap();
        sender.with_context(|_, cx| {
            for number in (b'0'..).take(count) {
                cx.send_datagram(socket, to.clone(), &[number]);
            }
        });
        // Nothing is sent for as long as there is no room, but it is tried ever more rarely.
        assert_eq!(
            world.run(&mut [&mut sender, &mut member], Duration::from_secs(10)).unwrap(),
            Rest::TimeUp
        );
        let stats = sender.stats();
        assert_eq!((stats.datagrams_queued, stats.datagrams_dropped), (MAX.min(count), dropped), "{count}");
        assert!(stats.turns < 400, "{} turns for ten seconds of waiting", stats.turns);
        assert_eq!(sender.handler().0, [Pressure::High]);

        world.calm();
        assert_eq!(world.run(&mut [&mut sender, &mut member], HOUR).unwrap(), Rest::Quiet);
        assert_eq!(sender.handler().0, [Pressure::High, Pressure::Low]);
        let newest: String = ('0'..).take(count).skip(count - MAX).collect();
        assert_eq!(member.handler().0.concat(), newest, "{count}");
    }
}

/// Collects what it hears; says one word to a group.
#[derive(Default)]
struct Member(Vec<String>);

impl Handler for Member {
    type Command = ();

    no_connections!();

    fn datagram(&mut self, _: &mut Context<'_>, _: SocketId, datagram: Datagram<'_>) {
        self.0.push(String::from_utf8_lossy(datagram.payload).into_owned());
    }
}

#[test]
fn a_simulated_group_is_heard_by_who_is_in_it() {
    let group = Membership::of(std::net::Ipv4Addr::new(239, 1, 2, 3));
    let world = World::new(1, Faults::none());
    let mut members: Vec<_> =
        (0..4).map(|_| Reactor::with_net(world.host(), Member::default(), Limits::default())).collect();
    let mut sockets = Vec::new();
    for (number, member) in members.iter_mut().enumerate() {
        let address = format!("udp://10.0.0.{number}:9").parse().unwrap();
        sockets.push(member.bind(&address).unwrap().0);
    }
    for number in 1..4 {
        members[number].with_context(|_, cx| cx.join_multicast(sockets[number], group));
    }
    members[3].with_context(|_, cx| cx.leave_multicast(sockets[3], group));
    let run = |members: &mut Vec<Reactor<Member, _>>| {
        let mut loops: Vec<&mut dyn Turn> = Vec::new();
        loops.extend(members.iter_mut().map(|member| member as &mut dyn Turn));
        world.run(&mut loops, HOUR).unwrap()
    };
    run(&mut members);
    let to: Address = "udp://239.1.2.3:9".parse().unwrap();
    members[0].with_context(|_, cx| cx.send_datagram(sockets[0], to, b"all"));
    assert_eq!(run(&mut members), Rest::Quiet);
    let heard: Vec<_> = members.iter().map(|member| member.handler().0.concat()).collect();
    assert_eq!(heard, ["", "all", "all", ""]);
}
