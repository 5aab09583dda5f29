//! What is measured: loads, who takes part, what is read off, and what we want to reach.

use super::figure::{Figure, Rate};

/// A load that everybody gets.
pub(super) struct Shape {
    /// How it is called on the command line and in the page's template.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) loader: Loader,
    /// The words for it.
    pub(super) load: &'static str,
    pub(super) figure: Figure,
    /// The first one is what others are compared with.
    pub(super) peers: &'static [&'static str],
    /// Who could take part and does not, and why.
    pub(super) left_out: &'static [(&'static str, &'static str)],
    pub(super) goals: &'static [Goal],
}

/// Who makes the load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Loader {
    /// `sb-load`: messages that come back.
    Echo,
    /// `benches/src/bin/load_room.rs`: messages to everybody in a room.
    Room,
}

impl Loader {
    /// As the page calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Loader::Echo => "sb-load",
            Loader::Room => "load_room",
        }
    }
}

/// What a peer is to reach in its shape.
pub(super) struct Goal {
    pub(super) peer: &'static str,
    pub(super) most: Most,
}

/// The most that a figure may be.
#[derive(Clone, Copy)]
pub(super) enum Most {
    /// Times that of the first peer.
    Ratio(f64),
    /// In the figure's own unit.
    Amount(f64),
    /// That of every other peer that is not ours and not a floor.
    Anybody,
}

const EVERYBODY: &[&str] = &[
    "floor",
    "raw",
    "switchboard",
    "switchboard-noise",
    "libuv",
    "tokio-batched",
    "tokio-codec",
    "message-io",
    "asyncio",
    "uvloop",
    "socketserver",
];

const NO_CROWDS: &[(&str, &str)] = &[("socketserver", "a thread for each of so many connections")];

const WITHOUT_SOCKETSERVER: &[&str] = EVERYBODY.split_at(EVERYBODY.len() - 1).0;

const OURS: &str = "switchboard";
const WITHIN_A_TENTH: &[Goal] =
    &[Goal { peer: OURS, most: Most::Ratio(1.10) }, Goal { peer: OURS, most: Most::Anybody }];
const WITHIN_A_TWENTIETH: &[Goal] =
    &[Goal { peer: OURS, most: Most::Ratio(1.05) }, Goal { peer: OURS, most: Most::Anybody }];

/// Everything, in the order of the page.
pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "batch",
        title: "Messages of 64 B, 64 in flight on each of 64 connections",
        loader: Loader::Echo,
        load: "-c 64 -d 64 -s 64",
        figure: Figure::Processor("message"),
        peers: EVERYBODY,
        left_out: &[],
        goals: WITHIN_A_TENTH,
    },
    Shape {
        name: "ping",
        title: "Messages of 64 B, one in flight on each of 64 connections",
        loader: Loader::Echo,
        load: "-c 64 -d 1 -s 64",
        figure: Figure::Processor("message"),
        peers: EVERYBODY,
        left_out: &[],
        goals: WITHIN_A_TWENTIETH,
    },
    Shape {
        name: "kilobyte",
        title: "Messages of 1 KiB, 16 in flight on each of 16 connections",
        loader: Loader::Echo,
        load: "-c 16 -d 16 -s 1KiB",
        figure: Figure::Processor("message"),
        peers: EVERYBODY,
        left_out: &[],
        goals: WITHIN_A_TENTH,
    },
    Shape {
        name: "large",
        title: "Messages of 64 KiB, 4 in flight on each of 4 connections",
        loader: Loader::Echo,
        load: "-c 4 -d 4 -s 64KiB",
        figure: Figure::Processor("message"),
        peers: EVERYBODY,
        left_out: &[],
        goals: WITHIN_A_TENTH,
    },
    Shape {
        name: "crowd",
        title: "Messages of 64 B, one in flight on each of 5,000 connections",
        loader: Loader::Echo,
        load: "-c 5000 -d 1 -s 64",
        figure: Figure::Processor("message"),
        peers: WITHOUT_SOCKETSERVER,
        left_out: NO_CROWDS,
        goals: WITHIN_A_TENTH,
    },
    Shape {
        name: "memory",
        title: "18,000 idle connections, after one echoed message of 1,000 B on each",
        loader: Loader::Echo,
        load: "--mode idle -c 18000 -s 1000",
        figure: Figure::Memory,
        peers: &[
            "floor",
            "switchboard",
            "switchboard-mutual",
            "switchboard-loud",
            "switchboard-noise",
            "libuv",
            "tokio-batched",
            "tokio-codec",
            "message-io",
            "asyncio",
            "uvloop",
        ],
        left_out: NO_CROWDS,
        goals: &[Goal { peer: "switchboard-mutual", most: Most::Amount(200.0) }],
    },
    Shape {
        name: "calls",
        title: "Calls: connect, shake hands, one message of 64 B, good-bye; 16 under way at once",
        loader: Loader::Echo,
        load: "--mode connect -c 16 -s 64",
        figure: Figure::Processor("call"),
        peers: &[
            "floor",
            "switchboard",
            "switchboard-mutual",
            "switchboard-noise",
            "libuv",
            "tokio-batched",
            "tokio-codec",
            "message-io",
            "asyncio",
            "uvloop",
            "socketserver",
        ],
        left_out: &[],
        goals: &[],
    },
    Shape {
        name: "tail",
        title: "Latency at half of what each can do: messages of 64 B on 64 connections",
        loader: Loader::Echo,
        load: "-c 64 -s 64",
        figure: Figure::Tail(Rate::Half),
        peers: EVERYBODY,
        left_out: &[],
        goals: &[],
    },
    Shape {
        name: "steady",
        title: "Latency at the same rate for all: messages of 64 B on 64 connections",
        loader: Loader::Echo,
        // Everybody here can do that with half of a processor, Python on a slow machine, too.
        load: "-c 64 -s 64 --rate 20000",
        figure: Figure::Tail(Rate::Told),
        peers: EVERYBODY,
        left_out: &[],
        goals: &[],
    },
    Shape {
        name: "workers",
        title: "Two workers beside one: messages of 64 B, one in flight on each of 1,000 connections",
        loader: Loader::Echo,
        load: "-c 1000 -d 1 -s 64",
        figure: Figure::Busiest,
        peers: &["one-worker", "two-workers"],
        left_out: &[],
        goals: &[Goal { peer: "two-workers", most: Most::Ratio(1.0 / 1.8) }],
    },
    Shape {
        name: "datagrams",
        title: "Datagrams of 64 B, 8 in flight on each of 16 sockets",
        loader: Loader::Echo,
        load: "-c 16 -d 8 -s 64",
        figure: Figure::Processor("datagram"),
        peers: &["udp-floor", "switchboard-udp"],
        left_out: &[],
        goals: &[],
    },
    Shape {
        name: "members",
        title: "9,000 members of a hub in rooms of 50, each with a nick, after `--auth mutual`",
        loader: Loader::Room,
        load: "-c 9000 --room 50 --mode idle",
        figure: Figure::Memory,
        peers: &["sb-chat"],
        left_out: &[],
        goals: &[],
    },
    Shape {
        name: "room",
        title: "One message to a room of 1,000: 145 B for everybody",
        loader: Loader::Room,
        load: "-c 1000 --room 1000",
        figure: Figure::Processor("message"),
        peers: &["room-floor", "sb-chat"],
        left_out: &[],
        goals: &[Goal { peer: "sb-chat", most: Most::Ratio(1.3) }],
    },
];
