//! Who is measured: what each peer is, what starts it, and which framing it speaks.
//! In which shapes it takes part is said there.

/// An echo server.
pub(super) struct Peer {
    /// How it is called in tables, and on the command line.
    pub(super) name: &'static str,
    /// For the page: who it is.
    pub(super) about: &'static str,
    pub(super) program: Program,
    /// Its own words after the program.
    pub(super) arguments: &'static [&'static str],
    /// What the load has to be told besides the shape.
    pub(super) load: &'static [&'static str],
}

/// What is started.
pub(super) enum Program {
    /// `sb-echo`.
    Ours,
    /// `sb-chat`.
    Hub,
    /// A program of `benches/src/bin`.
    Bench(&'static str),
    /// `benches/peers/libuv_echo.c`.
    Libuv,
    /// A script of `benches/peers`.
    Python(&'static str),
    /// The same, with the `uvloop` of `PyPI`.
    PythonWithUvloop(&'static str),
}

const ANYWHERE: &str = "tcp://127.0.0.1:0";

/// In the order of the tables, after the one that a shape compares with.
pub(super) const PEERS: &[Peer] = &[
    Peer {
        name: "floor",
        about: "a loop written by hand on epoll for this one purpose: one read buffer for everybody, whole `u32be` \
                frames answered where they lie with one write",
        program: Program::Bench("peer_epoll"),
        arguments: &[],
        load: &[],
    },
    Peer {
        name: "raw",
        about: "the same loop without looking at lengths: whatever bytes came go back",
        program: Program::Bench("peer_epoll"),
        arguments: &["raw"],
        load: &[],
    },
    Peer {
        name: "switchboard",
        about: "`sb-echo -q`: the session with framing, limits and deadlines, as everybody gets it",
        program: Program::Ours,
        arguments: &[ANYWHERE, "-q"],
        load: &[],
    },
    Peer {
        name: "switchboard-mutual",
        about: "the same with `--auth mutual`",
        program: Program::Ours,
        arguments: &[ANYWHERE, "-q", "--auth", "mutual"],
        load: &["--auth", "mutual"],
    },
    Peer {
        name: "switchboard-loud",
        about: "the same without `-q`: it remembers where callers are, for the lines about broken calls",
        program: Program::Ours,
        arguments: &[ANYWHERE, "--auth", "mutual"],
        load: &["--auth", "mutual"],
    },
    Peer {
        name: "switchboard-noise",
        about: "the same with `--auth noise`: every message sealed",
        program: Program::Ours,
        arguments: &[ANYWHERE, "-q", "--auth", "noise"],
        load: &["--auth", "noise"],
    },
    Peer {
        name: "one-worker",
        about: "`sb-echo -q --workers 1`, on both processors",
        program: Program::Ours,
        arguments: &[ANYWHERE, "-q", "--workers", "1"],
        load: &[],
    },
    Peer {
        name: "two-workers",
        about: "`sb-echo -q --workers 2`, on both processors",
        program: Program::Ours,
        arguments: &[ANYWHERE, "-q", "--workers", "2"],
        load: &[],
    },
    Peer {
        name: "libuv",
        about: "C on libuv, written like the floor: `uv_try_write` first, a queued write for what is refused",
        program: Program::Libuv,
        arguments: &[],
        load: &[],
    },
    Peer {
        name: "tokio-batched",
        about: "tokio by somebody who has measured: a task for each connection on one thread, frames found by hand in \
                what one read gave, all answers in one write",
        program: Program::Bench("peer_tokio_batched"),
        arguments: &[],
        load: &[],
    },
    Peer {
        name: "tokio-codec",
        about: "tokio with `LengthDelimitedCodec` as their documentation shows it: `Framed`, a task for each \
                connection on the multi-threaded runtime, `send` for each message",
        program: Program::Bench("peer_tokio_codec"),
        arguments: &[],
        load: &[],
    },
    Peer {
        name: "message-io",
        about: "message-io's `FramedTcp` as its README shows it. Its lengths are `varint`, so its load speaks that; \
                it does not switch Nagle's algorithm off",
        program: Program::Bench("peer_message_io"),
        arguments: &[],
        load: &["--framing", "varint"],
    },
    Peer {
        name: "asyncio",
        about: "Python's asyncio with streams",
        program: Program::Python("asyncio_echo.py"),
        arguments: &[],
        load: &[],
    },
    Peer {
        name: "uvloop",
        about: "the same script on uvloop",
        program: Program::PythonWithUvloop("asyncio_echo.py"),
        arguments: &["uvloop"],
        load: &[],
    },
    Peer {
        name: "socketserver",
        about: "Python's `ThreadingTCPServer`",
        program: Program::Python("socketserver_echo.py"),
        arguments: &[],
        load: &[],
    },
    Peer {
        name: "udp-floor",
        about: "a blocking loop of `recvfrom` and `sendto`",
        program: Program::Bench("peer_udp"),
        arguments: &[],
        load: &[],
    },
    Peer {
        name: "switchboard-udp",
        about: "`sb-echo -q udp://...`. It sends several datagrams to one place in one call that the kernel cuts, which \
                the bare loop does not",
        program: Program::Ours,
        arguments: &["udp://127.0.0.1:0", "-q"],
        load: &[],
    },
    Peer {
        name: "room-floor",
        about: "whoever says something has it written to 1,000 connections, a bare `write` for each",
        program: Program::Bench("peer_room"),
        arguments: &[],
        load: &["--mode", "bare"],
    },
    Peer {
        name: "sb-chat",
        about: "`sb-chat serve`, with names, rooms, a history and JSON",
        program: Program::Hub,
        arguments: &["serve", "-q", "--listen", ANYWHERE, "--members-max", "17000", "--rate", "1000000"],
        load: &[],
    },
];
