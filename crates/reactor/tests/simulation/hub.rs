//! Everybody hears everybody, in order and without gaps.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use switchboard_reactor::sim::{Faults, Rest, Rng, Turn, World, each_seed};
use switchboard_reactor::{Closed, ConnId, Context, Handler, Limits, ListenOptions, Origin, Reactor, Tag};

use super::{HOUR, Ledger, SEEDS, listen_address, replay};

/// Sends every line that it hears to everybody, once encoded.
#[derive(Default)]
struct Hub {
    ledger: Ledger,
}

impl Handler for Hub {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        self.ledger.set_up(id);
        cx.established(id);
    }

    fn handle(&mut self, cx: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        let Some(end) = input.iter().rposition(|byte| *byte == b'\n') else { return 0 };
        let lines = Bytes::copy_from_slice(&input[..=end]);
        for (member, ()) in self.ledger.open.iter() {
            cx.send_shared(member, lines.clone());
        }
        end + 1
    }

    fn finish(&mut self, _: &mut Context<'_>, id: ConnId, _: Closed) {
        self.ledger.finish(id);
    }
}

/// Says numbered lines on one connection, and checks that those of each member come in order and without gaps
/// from the first that it sees.
struct Member {
    ledger: Ledger,
    rng: Rng,
    name: u64,
    conn: Option<ConnId>,
    said: u64,
    expected: HashMap<u64, u64>,
}

const LINES: u64 = 30;

impl Member {
    fn new(seed: u64, name: u64) -> Member {
        let rng = Rng::new(seed ^ name << 32);
        Member { ledger: Ledger::default(), rng, name, conn: None, said: 0, expected: HashMap::new() }
    }

    fn check(&mut self, line: &str) {
        let (name, number) = line.split_once(' ').expect("a line is a name and a number");
        let (name, number): (u64, u64) = (name.parse().unwrap(), number.parse().unwrap());
        let expected = self.expected.entry(name).or_insert(number);
        assert_eq!(*expected, number, "{} saw a gap or a repetition in what {name} said", self.name);
        *expected += 1;
    }
}

impl Handler for Member {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        self.ledger.set_up(id);
        cx.established(id);
        self.conn = Some(id);
        cx.set_timer(Duration::from_millis(self.rng.below(20)), Tag(0));
    }

    fn timeout(&mut self, cx: &mut Context<'_>, _: Tag) {
        let Some(id) = self.conn else { return };
        if self.said < LINES {
            cx.send(id, format!("{} {}\n", self.name, self.said).as_bytes());
            self.said += 1;
            cx.set_timer(Duration::from_millis(self.rng.below(20)), Tag(0));
        } else {
            // Listens for a while longer, so that everybody hears everybody's last line.
            self.conn = None;
            cx.set_timer(Duration::from_secs(5), Tag(1));
            cx.end_writing(id);
        }
    }

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        let Some(end) = input.iter().rposition(|byte| *byte == b'\n') else { return 0 };
        for line in input[..end].split(|byte| *byte == b'\n') {
            self.check(std::str::from_utf8(line).expect("lines are text"));
        }
        end + 1
    }

    fn finish(&mut self, _: &mut Context<'_>, id: ConnId, _: Closed) {
        self.ledger.finish(id);
        self.conn = None;
    }
}

#[test]
fn every_member_hears_everybody_in_order_and_without_gaps() {
    each_seed(&replay("every_member_hears_everybody_in_order_and_without_gaps"), 0..SEEDS, |seed| {
        let world = World::new(seed, Faults::rough());
        let mut hub = Reactor::with_net(world.host(), Hub::default(), Limits::default());
        let (_, address) = hub.listen(&listen_address(), &ListenOptions::default()).unwrap();
        let mut members: Vec<_> = (0..4)
            .map(|name| Reactor::with_net(world.host(), Member::new(seed, name), Limits::default()))
            .collect();
        for member in &mut members {
            member.with_context(|_, cx| cx.connect(address.clone(), Tag(9)));
        }
        let mut loops: Vec<&mut dyn Turn> = vec![&mut hub];
        loops.extend(members.iter_mut().map(|member| member as &mut dyn Turn));
        // Half of the runs become calm when everybody has said about half of it.
        if seed.is_multiple_of(2) {
            world.run(&mut loops, Duration::from_millis(300)).unwrap();
            world.calm();
        }
        assert_eq!(world.run(&mut loops, HOUR).unwrap(), Rest::Quiet);
        hub.handler().ledger.check_balanced();
        for member in &members {
            member.handler().ledger.check_balanced();
        }
        assert_eq!(world.open_ends(), 0);
    });
}
