//! A server without descriptors: it never ends, never spins, and serves whoever waits as soon as there is one again.
//!
//! The limit of descriptors is a whole process's, so the server is this test again, in a child process under `prlimit`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use support::{DEADLINE, Hooks, Running, call, echoes, listening};
use switchboard_reactor::Address;

/// What the server may have open.
const DESCRIPTORS: usize = 48;
/// What it keeps open for no reason, and gives back one by one when told to.
const SPARE: usize = 9;
/// Callers: more than it can serve, with the spare ones given back too.
const CALLERS: usize = 100;

const IN_CHILD: &str = "SWITCHBOARD_TEST_STARVED";

/// In the child: serves until its input ends. A line of it is a wish.
fn serve() {
    let (running, address, _told) = listening();
    let mut spare: Vec<File> = (0..SPARE).map(|_| File::open("/dev/null").unwrap()).collect();
    println!("\nserving {address}");
    for wish in io::stdin().lines() {
        match wish.unwrap().as_str() {
            "release" => drop(spare.pop()),
            _ => println!("counted {:?}", count(&running)),
        }
    }
    running.stop();
}

/// Connections that stand, and failures of `accept`.
fn count(running: &Running<Hooks>) -> (u64, u64) {
    running.values(["loop_connections", "loop_accept_errors"]).into()
}

/// The child, from outside.
struct Starved {
    child: Child,
    wishes: Option<ChildStdin>,
    said: Receiver<String>,
    address: Address,
}

impl Starved {
    fn start(test: &str) -> Starved {
        let mut child = Command::new("prlimit")
            .arg(format!("--nofile={DESCRIPTORS}:{DESCRIPTORS}"))
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(IN_CHILD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, said) = mpsc::channel();
        // Until its end, so that it never waits for us.
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        let wishes = child.stdin.take();
        let mut starved = Starved { child, wishes, said, address: Address::Unnamed };
        starved.address = starved.hear("serving ").parse().unwrap();
        starved
    }

    fn hear(&self, beginning: &str) -> String {
        let given_up = Instant::now() + DEADLINE;
        loop {
            let left = given_up.saturating_duration_since(Instant::now());
            let line = self.said.recv_timeout(left).expect("the server lives and answers");
            if let Some(rest) = line.strip_prefix(beginning) {
                return rest.to_owned();
            }
        }
    }

    fn wish(&mut self, wish: &str) {
        writeln!(self.wishes.as_mut().unwrap(), "{wish}").unwrap();
    }

    /// Connections that stand, and failures of `accept` so far.
    fn count(&mut self) -> (usize, u64) {
        self.wish("count");
        let counted = self.hear("counted ");
        let (connections, errors) = counted.trim_matches(['(', ')']).split_once(", ").unwrap();
        (connections.parse().unwrap(), errors.parse().unwrap())
    }

    /// Waits until it has no descriptor left; gives how many calls it serves.
    fn count_when_starved(&mut self) -> usize {
        let given_up = Instant::now() + DEADLINE;
        while Instant::now() < given_up {
            if let (connections, 1..) = self.count() {
                return connections;
            }
        }
        panic!("descriptors never ran out");
    }

    /// User and system time, in hundredths of a second: fields 14 and 15 of /proc/PID/stat, see proc(5).
    fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after_name = stat.rsplit(')').next().unwrap();
        after_name.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
    }

    fn end(mut self) {
        drop(self.wishes.take());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Starved {
    fn drop(&mut self) {
        // After a panic of the test: the child's input has ended, so it ends too.
        drop(self.wishes.take());
        let _ = self.child.wait();
    }
}

/// Callers that have all said something; those that are served have been answered.
fn crowd(address: &Address) -> Vec<TcpStream> {
    let mut callers: Vec<TcpStream> = (0..CALLERS).map(|_| call(address)).collect();
    for caller in &mut callers {
        caller.write_all(b"x").unwrap();
    }
    callers
}

/// Waits so long for an answer that must not come.
fn waits(caller: &mut TcpStream, time: Duration) {
    caller.set_read_timeout(Some(time)).unwrap();
    let waited = caller.read(&mut [0; 1]).unwrap_err();
    assert!(matches!(waited.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{waited}");
    caller.set_read_timeout(Some(DEADLINE)).unwrap();
}

#[test]
fn it_neither_ends_nor_spins() {
    if std::env::var_os(IN_CHILD).is_some() {
        return serve();
    }
    let mut server = Starved::start("it_neither_ends_nor_spins");
    let mut callers = crowd(&server.address);
    let inside = server.count_when_starved();
    assert!(inside > 10 && inside < DESCRIPTORS, "{inside} calls are served");
    let (before, errors_before) = (server.cpu_ticks(), server.count().1);
    // A storm meanwhile: everybody who comes is one more reason to look, and in vain.
    let storm: Vec<TcpStream> = (0..400).map(|_| call(&server.address)).collect();
    waits(&mut callers[inside], Duration::from_secs(1));
    let (ticks, errors) = (server.cpu_ticks() - before, server.count().1 - errors_before);
    println!("{ticks} hundredths of a second of CPU and {errors} failures of accept in more than a second");
    assert!(ticks < 10, "{ticks} hundredths of a second of CPU: the loop spins");
    assert!((1..100).contains(&errors), "{errors} failures of accept");
    // Those inside are served as ever, and when all have gone, so is the next.
    echoes(&mut callers[0], b"x"); // takes the first answer; the one to this stays
    drop((callers, storm));
    echoes(&mut call(&server.address), b"the next one");
    server.end();
}

/// How long it takes, mostly, until the next of those who wait is served after something has happened.
fn time_to_serve(test: &str, mut free: impl FnMut(&mut Starved, &mut Vec<TcpStream>)) -> Duration {
    let mut server = Starved::start(test);
    let mut inside = crowd(&server.address);
    let waiting = inside.split_off(server.count_when_starved());
    let mut times: Vec<Duration> = Vec::new();
    // In the order in which they called. Nobody calls meanwhile.
    for mut next in waiting.into_iter().take(SPARE) {
        let freed = Instant::now();
        free(&mut server, &mut inside);
        next.read_exact(&mut [0; 1]).unwrap();
        times.push(freed.elapsed());
        inside.push(next);
    }
    server.end();
    times.sort();
    println!("{times:?}");
    // What else this machine does makes times longer, never shorter.
    times[SPARE / 3]
}

const SERVED_WITHIN: Duration = Duration::from_millis(200);

#[test]
fn the_place_of_a_call_that_ends_is_given_to_the_next_in_time() {
    if std::env::var_os(IN_CHILD).is_some() {
        return serve();
    }
    let time = time_to_serve("the_place_of_a_call_that_ends_is_given_to_the_next_in_time", |_, inside| {
        drop(inside.remove(0));
    });
    assert!(time < SERVED_WITHIN, "{time:?}");
}

#[test]
fn a_descriptor_that_is_freed_elsewhere_is_given_to_the_next_in_time() {
    if std::env::var_os(IN_CHILD).is_some() {
        return serve();
    }
    let test = "a_descriptor_that_is_freed_elsewhere_is_given_to_the_next_in_time";
    let time = time_to_serve(test, |server, _| server.wish("release"));
    assert!(time < SERVED_WITHIN, "{time:?}");
}
