//! Several loops behind one address: calls are spread, groups reach across, and no loop goes on alone. How calls to a
//! Unix path are shared is in `shared`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use switchboard_reactor::{
    Address, Closed, ConnId, Context, GroupId, Handle, Handler, Limits, ListenOptions, Origin, Workers,
};

const DEADLINE: Duration = Duration::from_secs(10);
const ROOM: GroupId = GroupId(1);

/// Tells each caller on which worker it is, and what anybody says to everybody. `leave` and `panic` are orders.
struct Hub {
    number: usize,
    ids: Arc<Mutex<Vec<(usize, ConnId)>>>,
}

impl Handler for Hub {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
        self.ids.lock().unwrap().push((self.number, id));
        cx.join(id, ROOM);
        cx.send(id, format!("worker {}\n", self.number).as_bytes());
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        let Some(end) = input.iter().rposition(|byte| *byte == b'\n') else { return 0 };
        match &input[..=end] {
            b"leave\n" => {
                cx.leave(id, ROOM);
                cx.send(id, b"left\n");
            }
            b"panic\n" => panic!("on purpose"),
            said => cx.publish(ROOM, Bytes::copy_from_slice(said)),
        }
        end + 1
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
}

struct Running {
    address: Address,
    handles: Vec<Handle<()>>,
    ids: Arc<Mutex<Vec<(usize, ConnId)>>>,
    thread: Option<JoinHandle<io::Result<Vec<Hub>>>>,
}

impl Running {
    fn start(workers: usize, address: &Address) -> Running {
        let ids = Arc::default();
        let hub = |number| Hub { number, ids: Arc::clone(&ids) };
        let mut workers = Workers::new(NonZeroUsize::new(workers).unwrap(), &Limits::default(), hub).unwrap();
        let address = workers.listen(address, &ListenOptions::default()).unwrap();
        let handles = workers.handles();
        Running { address, handles, ids, thread: Some(thread::spawn(move || workers.run())) }
    }

    fn call(&self) -> Caller<TcpStream> {
        let stream = TcpStream::connect(self.address.ip().unwrap()).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        Caller::meet(stream)
    }

    /// Calls until both workers have been reached: the kernel chooses by a hash of the ports.
    fn call_both(&self) -> (Caller<TcpStream>, Caller<TcpStream>) {
        let first = self.call();
        for _ in 0..1_000 {
            let second = self.call();
            if second.worker != first.worker {
                return (first, second);
            }
        }
        panic!("1,000 calls, and all on one worker");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handles.iter().for_each(Handle::shutdown);
        if let Some(thread) = self.thread.take() {
            // How it ended is looked at by the test that is about that.
            let _ = thread.join();
        }
    }
}

/// A caller that knows which worker has it.
struct Caller<S: Read> {
    worker: String,
    lines: BufReader<S>,
}

impl<S: Read> Caller<S> {
    fn meet(stream: S) -> Caller<S> {
        let mut caller = Caller { worker: String::new(), lines: BufReader::new(stream) };
        caller.worker = caller.hear();
        caller
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }
}

impl Caller<TcpStream> {
    fn say(&mut self, line: &str) {
        self.lines.get_mut().write_all(line.as_bytes()).unwrap();
    }
}

#[test]
fn calls_are_spread_and_every_connection_has_an_id_of_its_own() {
    let running = Running::start(2, &"tcp://127.0.0.1:0".parse().unwrap());
    let callers: Vec<_> = (0..64).map(|_| running.call()).collect();
    let workers: BTreeSet<_> = callers.iter().map(|caller| caller.worker.clone()).collect();
    assert_eq!(workers.len(), 2);
    let ids = running.ids.lock().unwrap();
    let distinct: BTreeSet<_> = ids.iter().map(|(_, id)| *id).collect();
    assert_eq!((ids.len(), distinct.len()), (64, 64));
}

#[test]
fn what_is_published_reaches_members_on_every_worker_in_order() {
    let running = Running::start(2, &"tcp://127.0.0.1:0".parse().unwrap());
    let (mut here, mut there) = running.call_both();
    for number in 0..1_000 {
        here.say(&format!("{number}\n"));
    }
    for caller in [&mut here, &mut there] {
        for number in 0..1_000 {
            assert_eq!(caller.hear(), format!("{number}\n"));
        }
    }
}

#[test]
fn who_has_left_hears_no_more() {
    let running = Running::start(2, &"tcp://127.0.0.1:0".parse().unwrap());
    let (mut here, mut there) = running.call_both();
    there.say("leave\n");
    assert_eq!(there.hear(), "left\n");
    here.say("secret\n");
    assert_eq!(here.hear(), "secret\n");
    // Back in line behind the secret, had there been one.
    there.say("leave\n");
    assert_eq!(there.hear(), "left\n");
}

#[test]
fn no_worker_goes_on_alone_after_a_panic() {
    for panicking in ["worker 0\n", "worker 1\n"] {
        let mut running = Running::start(2, &"tcp://127.0.0.1:0".parse().unwrap());
        let (here, there) = running.call_both();
        let caller = [here, there].into_iter().find(|caller| caller.worker == panicking);
        caller.expect("there are two").say("panic\n");
        let ended = running.thread.take().unwrap().join().unwrap();
        assert!(ended.is_err_and(|error| error.to_string().contains("panicked")));
    }
}

#[test]
fn a_drain_ends_all_workers() {
    let mut running = Running::start(3, &"tcp://127.0.0.1:0".parse().unwrap());
    let mut caller = running.call();
    running.handles.iter().for_each(|handle| handle.drain(DEADLINE));
    assert_eq!(caller.hear(), "", "the loop hangs up");
    drop(caller);
    assert_eq!(running.thread.take().unwrap().join().unwrap().unwrap().len(), 3);
}
