//! What tests on real sockets share: a loop on a thread of its own, and how to call it. What its handler tells is in
//! `hooks`; what is asked and expected is each test's.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(dead_code, unused_imports, unreachable_pub, reason = "each test file uses its part of it")]

mod hooks;
#[path = "../../../../tests/src/skip.rs"]
mod skip;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use switchboard_reactor::{Address, Flow, Handle, Handler, Limits, ListenOptions, Reactor, Stats};

pub use hooks::{Hooks, Order, Told, hooks};
pub use skip::skip;

pub const DEADLINE: Duration = Duration::from_secs(10);

/// A loop on a thread of its own; stopped when dropped.
pub struct Running<H: Handler> {
    pub handle: Handle<H::Command>,
    ended: Receiver<(H, Stats, End)>,
    task: Task,
}

/// When a loop's thread came to its end.
pub struct End {
    pub at: Instant,
    /// For how long it had waited for a processor by then.
    pub waited: Duration,
}

impl<H> Running<H>
where
    H: Handler + Send + 'static,
    H::Command: 'static,
{
    /// Starts a loop; `open` gives it its sockets.
    pub fn start<T>(handler: H, limits: Limits, open: impl FnOnce(&mut Reactor<H>) -> T) -> (Running<H>, T) {
        let mut reactor = Reactor::new(handler, limits).unwrap();
        let opened = open(&mut reactor);
        (Running::of(reactor), opened)
    }

    pub fn of(mut reactor: Reactor<H>) -> Running<H> {
        let handle = reactor.handle();
        let ((tell, told), (end, ended)) = (mpsc::channel(), mpsc::channel());
        thread::spawn(move || {
            let task = Task::present();
            tell.send(task.clone()).unwrap();
            while reactor.turn().unwrap() == Flow::Continue {}
            let stats = reactor.stats();
            let handler = reactor.run().unwrap();
            // Whoever has dropped its loop does not want to know.
            let _ = end.send((handler, stats, End { at: Instant::now(), waited: task.waited() }));
        });
        Running { handle, ended, task: told.recv_timeout(DEADLINE).unwrap() }
    }

    pub fn stop(self) -> (H, Stats) {
        self.handle.shutdown();
        self.join()
    }

    /// Waits for its end, which must come in time.
    pub fn join(self) -> (H, Stats) {
        let (handler, stats, _) = self.ended.recv_timeout(DEADLINE).expect("the loop ends, and well");
        (handler, stats)
    }

    /// What the loop shows of itself under this name.
    pub fn value(&self, name: &str) -> u64 {
        let [value] = self.values([name]);
        value
    }

    /// The same for several, at one moment.
    pub fn values<const N: usize>(&self, names: [&str; N]) -> [u64; N] {
        let (tell, told) = mpsc::channel();
        self.handle.measure(move |measures| tell.send(measures).unwrap()).unwrap();
        let measures = told.recv_timeout(DEADLINE).unwrap();
        names.map(|name| measures.iter().find(|measure| measure.name == name).expect("it is measured").value)
    }

    /// Waits until the loop shows what is asked for, and says what that is.
    pub fn wait_until(&self, name: &str, is_it: impl Fn(u64) -> bool) -> u64 {
        let given_up = Instant::now() + DEADLINE;
        loop {
            let value = self.value(name);
            if is_it(value) {
                return value;
            }
            assert!(Instant::now() < given_up, "{name} stays at {value}");
        }
    }

    /// How long the loop takes to end after `ask`.
    pub fn time_to_end(self, ask: impl FnOnce(&Handle<H::Command>)) -> Took {
        let (asked, waited) = (Instant::now(), self.task.waited());
        ask(&self.handle);
        let (.., end) = self.ended.recv_timeout(DEADLINE).expect("the loop ends, and well");
        let elapsed = end.at - asked;
        Took { elapsed, undisturbed: elapsed.saturating_sub(end.waited.saturating_sub(waited)) }
    }
}

/// How long something took.
pub struct Took {
    pub elapsed: Duration,
    /// Without what the thread waited for a processor, which is the rest of the machine's doing.
    pub undisturbed: Duration,
}

/// A thread, as Linux shows it.
#[derive(Clone)]
struct Task(PathBuf);

impl Task {
    fn present() -> Task {
        Task(Path::new("/proc").join(fs::read_link("/proc/thread-self").unwrap_or_default()))
    }

    /// For how long it has waited for a processor: the second number of its schedstat, in nanoseconds. None are known
    /// of a system that does not tell.
    fn waited(&self) -> Duration {
        let text = fs::read_to_string(self.0.join("schedstat")).unwrap_or_default();
        let nanos = text.split_whitespace().nth(1).and_then(|nanos| nanos.parse().ok());
        Duration::from_nanos(nanos.unwrap_or_default())
    }
}

impl<H: Handler> Drop for Running<H> {
    fn drop(&mut self) {
        self.handle.shutdown();
        // That it panicked, or does not end, is found by a test that joins it.
        let _ = self.ended.recv_timeout(DEADLINE);
    }
}

/// A loop that listens there, with [`Hooks`].
pub fn listening_at(address: &Address) -> (Running<Hooks>, Address, Told) {
    let (handler, told) = hooks();
    let (running, address) = Running::start(handler, Limits::default(), |reactor| {
        reactor.listen(address, &ListenOptions::default()).unwrap().1
    });
    (running, address, told)
}

/// The same on a port of its own.
pub fn listening() -> (Running<Hooks>, Address, Told) {
    listening_at(&tcp())
}

/// A loop with a datagram socket there, with [`Hooks`].
pub fn bound_at(address: &Address) -> (Running<Hooks>, Address, Told) {
    let (handler, told) = hooks();
    let (running, address) =
        Running::start(handler, Limits::default(), |reactor| reactor.bind(address).unwrap().1);
    (running, address, told)
}

/// Whether this host has IPv6. Where it has none the test has nothing to check: it says so and returns early, or fails
/// where `SWITCHBOARD_REQUIRE` names `ipv6`.
pub fn has_ipv6() -> bool {
    let has_it = TcpListener::bind("[::1]:0").is_ok();
    if !has_it {
        skip("ipv6");
    }
    has_it
}

/// Any port of this host.
pub fn tcp() -> Address {
    "tcp://127.0.0.1:0".parse().unwrap()
}

/// Calls, and does not wait for an answer for ever.
pub fn call(address: &Address) -> TcpStream {
    let stream = TcpStream::connect(address.ip().unwrap()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// Says something, and hears it back.
pub fn echoes(stream: &mut (impl Read + Write), bytes: &[u8]) {
    stream.write_all(bytes).unwrap();
    let mut back = vec![0; bytes.len()];
    stream.read_exact(&mut back).unwrap();
    assert!(back == bytes, "the echo differs");
}
