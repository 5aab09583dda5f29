//! `sb-load` against real servers: what is right is counted, what is wrong is found and named, and each end has its
//! exit code. What it makes of single messages is left to its own tests.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use e2e::{DEADLINE, Ending, Launch, Place, Program, Stream, answer_one, python};
use serde_json::Value;

const USAGE: i32 = 2;
const AUTHENTICATION: i32 = 3;
const CONNECTION: i32 = 4;
const PROTOCOL: i32 = 5;
const INTEGRITY: i32 = 6;

fn echo(endpoint: &str) -> (Program, String) {
    let server = Launch::ours(&format!("sb-echo {endpoint}")).start();
    let endpoint = server.listening_on();
    (server, endpoint)
}

/// How a load ends.
fn load(endpoint: &str, flags: &str) -> Ending {
    Launch::ours(&format!("sb-load {endpoint} --json {flags}")).start().wait(DEADLINE)
}

/// The summary, which is the last line of what is printed.
#[track_caller]
fn summary(ending: &Ending) -> Value {
    let last = ending.stdout.lines().last().unwrap_or_else(|| panic!("no summary\n{ending}"));
    let summary: Value = serde_json::from_str(last).expect("JSON");
    assert_eq!((&summary["v"], &summary["type"]), (&1.into(), &"summary".into()), "{summary}");
    summary
}

/// Fails the test unless that many messages came back, and all of them well.
#[track_caller]
fn expect_all(ending: &Ending, messages: u64) -> Value {
    ending.expect_code(0);
    let summary = summary(ending);
    assert_eq!(summary["messages"], messages, "{summary}");
    assert_eq!((&summary["unanswered"], wrong(&summary)), (&0.into(), vec![]), "{summary}");
    summary
}

/// What is counted as wrong, by name.
fn wrong(summary: &Value) -> Vec<(String, u64)> {
    let counts = summary["wrong"].as_object().expect("an object of counts");
    let counts = counts.iter().map(|(what, count)| (what.clone(), count.as_u64().expect("a count")));
    counts.filter(|(_, count)| *count > 0).collect()
}

fn nanos(summary: &Value, percentile: &str) -> u64 {
    summary["latency"][percentile].as_u64().expect("a latency")
}

#[test]
fn every_message_that_was_ordered_comes_back_once() {
    let place = Place::new();
    for place in ["tcp://127.0.0.1:0", "udp://127.0.0.1:0"]
        .map(str::to_owned)
        .into_iter()
        .chain([place.endpoint("unix", "stream"), place.endpoint("unix-dgram", "datagrams")])
    {
        let (_server, endpoint) = echo(&place);
        expect_all(&load(&endpoint, "-n 1001 -c 7 -d 5 -s 1..3000"), 1001);
    }
}

#[test]
fn each_of_the_connections_has_as_many_messages_in_flight_as_were_asked_for_and_no_more() {
    let (answer, may_answer) = mpsc::channel::<()>();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let five = |mut caller: TcpStream| {
            caller.set_read_timeout(Some(DEADLINE)).unwrap();
            let messages: Vec<_> = (0..5).map(|_| read_message(&mut caller).expect("a message")).collect();
            (caller, messages)
        };
        let held: Vec<_> = (0..3).map(|_| five(listener.accept().unwrap().0)).collect();
        let sizes: Vec<usize> = held.iter().flat_map(|(_, messages)| messages).map(Vec::len).collect();
        may_answer.recv_timeout(DEADLINE).expect("the load tells of a second");
        for (caller, _) in &held {
            expect_no_more(caller);
        }
        let echo = |(caller, messages)| thread::spawn(move || echo_all(caller, messages));
        let echoes: Vec<_> = held.into_iter().map(echo).collect();
        assert!(echoes.into_iter().all(|echo| echo.join().is_ok()));
        sizes
    });
    let mut load = Launch::ours(&format!("sb-load {endpoint} --json -c 3 -d 5 -s 20..40 -n 60")).start();
    let second = load.wait_for_line(Stream::Stdout, |line| line.contains(r#""type":"second""#));
    assert!(second.contains(r#""in_flight":15"#), "{second}");
    answer.send(()).unwrap();
    let summary = expect_all(&load.wait(DEADLINE), 60);
    assert_eq!((&summary["connections"], &summary["depth"]), (&3.into(), &5.into()), "{summary}");
    let sizes = server.join().unwrap();
    assert!(sizes.iter().all(|bytes| (20..=40).contains(bytes)), "{sizes:?}");
    assert!(sizes.iter().any(|bytes| *bytes != sizes[0]), "{sizes:?}");
}

fn expect_no_more(caller: &TcpStream) {
    caller.set_nonblocking(true).expect("a socket can do both");
    let more = caller.peek(&mut [0]).map_err(|error| error.kind());
    assert_eq!(more, Err(ErrorKind::WouldBlock), "a message too many");
    caller.set_nonblocking(false).expect("a socket can do both");
}

/// Sends back what was heard so far, and all that follows.
fn echo_all(mut caller: TcpStream, heard: Vec<Vec<u8>>) {
    let mut heard = heard.into_iter();
    while let Some(message) = heard.next().or_else(|| read_message(&mut caller)) {
        caller.write_all(&framed(&message)).expect("a reader");
    }
}

#[test]
fn every_dialect_carries_it() {
    let place = Place::new();
    let key = place.keys("key", &[("ann", 'a')]);
    for dialect in ["tutorial", "python", "mutual", "noise"] {
        let flags = format!("--auth {dialect} --key-file {}", key.display());
        let (_server, endpoint) = echo(&format!("tcp://127.0.0.1:0 {flags}"));
        let summary = expect_all(&load(&endpoint, &format!("-n 200 -c 3 -d 9 {flags}")), 200);
        assert_eq!(summary["auth"], dialect);
        expect_all(&load(&endpoint, &format!("-n 20 -c 3 --mode connect {flags}")), 20);
    }
}

#[test]
fn pythons_own_servers_are_fit_for_it() {
    let Some(python) = python() else { return };
    for framing in ["raw", "lines", "u32be"] {
        let server = python.peer("echo_server.py").args(["127.0.0.1", "0", framing]).start();
        let endpoint = format!("127.0.0.1:{}", server.ready_port());
        let flags = format!("--framing {framing} -n 300 -c 3 -d 4");
        expect_all(&load(&endpoint, &format!("{flags} -s 1..2000")), 300);
        expect_all(&load(&endpoint, &format!("--framing {framing} -n 30 -c 3 -s 3000 --mode connect")), 30);
    }
}

#[test]
fn python_servers_that_are_measured_beside_ours_send_back_what_they_are_sent() {
    let Some(python) = python() else { return };
    for script in ["asyncio_echo.py", "socketserver_echo.py"] {
        let server = python.script(&format!("benches/peers/{script}")).start();
        expect_all(&load(&server.listening_on(), "-n 300 -c 3 -d 4 -s 1..2000"), 300);
    }
}

#[test]
fn what_a_server_costs_is_told() {
    let (server, endpoint) = echo("tcp://127.0.0.1:0");
    let pid = server.id();
    server.expect_threads(1); // what those cost that have ended is in no file any more
    let before = processor_ns(pid);
    let busy = expect_all(&load(&endpoint, &format!("-n 20000 -c 4 -d 8 --pid {pid}")), 20_000);
    let cost = processor_ns(pid) - before;
    let told = busy["server"]["cpu_ns_per_message"].as_f64().expect("a time") * 20_000.0;
    assert!(told > cost / 2.0 && told <= cost, "{told} ns of {cost} ns were for messages: {busy}");
    assert_eq!(busy["server"]["pid"], pid);

    let idle = expect_all(&load(&endpoint, &format!("-c 100 --mode idle -s 1000 -t 10ms --pid {pid}")), 100);
    let resident = |when: &str| idle["server"][when].as_f64().expect("bytes");
    let grown = resident("resident_bytes_after") - resident("resident_bytes_before");
    assert!((resident("resident_bytes_per_connection") - grown / 100.0).abs() < 1.0, "{idle}");
    assert!(resident("resident_bytes_before") > 100_000.0, "{idle}");

    let nobody = load(&endpoint, "-n 1 --pid 4194305"); // more than any system gives
    nobody.expect_code(USAGE).expect_stderr("--pid 4194305");
}

/// One that is not needed costs something with each call of the kernel.
#[test]
fn a_server_has_a_thread_for_each_loop_and_no_other() {
    for workers in [1, 3] {
        let (server, endpoint) = echo(&format!("tcp://127.0.0.1:0 --workers {workers}"));
        server.expect_threads(workers);
        // What is said about a stranger is written by one more, which then ends.
        expect_all(&load(&endpoint, "-n 1"), 1);
        drop(TcpStream::connect(e2e::address_of(&endpoint)).and_then(|mut caller| caller.write_all(b"\xff")));
        server.wait_for_line(Stream::Stderr, |line| line.starts_with("tcp://"));
        server.expect_threads(workers);
    }
}

/// What the threads of a process have had of a processor so far.
fn processor_ns(pid: u32) -> f64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    let of_thread = |thread: std::path::PathBuf| {
        let text = std::fs::read_to_string(thread.join("schedstat")).expect("Linux tells");
        text.split(' ').next().and_then(|word| word.parse::<f64>().ok()).expect("a number")
    };
    threads.map(|thread| of_thread(thread.expect("a thread").path())).sum()
}

#[test]
fn a_run_for_a_time_tells_of_every_second() {
    let (_server, endpoint) = echo("tcp://127.0.0.1:0");
    let began = Instant::now();
    let ending = load(&endpoint, "-t 1s --warmup 1500ms -c 2");
    assert!(began.elapsed() >= Duration::from_millis(2_500));
    ending.expect_code(0);
    let lines: Vec<Value> = ending.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seconds: Vec<_> = lines.iter().filter(|line| line["type"] == "second").collect();
    assert!(seconds.len() >= 2 && seconds.iter().all(|second| second["v"] == 1), "{ending}");
    assert_eq!(seconds[0]["is_warmup"], true, "{ending}");
    let ends: Vec<f64> = seconds.iter().map(|second| second["at_s"].as_f64().expect("a time")).collect();
    assert!(ends[0] >= 1.0 && ends.windows(2).all(|pair| pair[1] - pair[0] >= 0.9), "{ends:?}");
    let summary = summary(&ending);
    let told: u64 = lines.iter().filter_map(|line| line["messages"].as_u64()).sum();
    let measured = summary["messages"].as_u64().expect("a count");
    assert!(measured > 0 && measured < told, "the warm-up is not measured: {ending}");
}

#[test]
fn without_json_only_the_summary_is_on_stdout() {
    let (_server, endpoint) = echo("tcp://127.0.0.1:0");
    let ending = Launch::ours(&format!("sb-load {endpoint} -n 50")).start().wait(DEADLINE);
    ending.expect_code(0);
    assert!(ending.stdout.starts_with("50 messages in "), "{ending}");
    assert!(ending.stdout.contains("p99.9 "), "{ending}");
}

#[test]
fn threads_that_end_with_their_connection_have_cost_something_too() {
    let Some(python) = python() else { return };
    let server = python.script("benches/peers/socketserver_echo.py").start();
    let line = format!("-n 2000 -c 2 --pid {}", server.id());
    let summary = expect_all(&load(&server.listening_on(), &line), 2000);
    let cost = summary["server"]["cpu_ns_per_message"].as_f64().expect("a time");
    assert!(cost > 1_000.0, "{cost} ns for a message through an interpreter");
}

/// Serves one caller: what it answers to each message, counted from 0, is up to `answer`.
fn answers(
    answer: impl Fn(usize, Vec<u8>) -> Vec<Vec<u8>> + Send + 'static,
) -> (String, thread::JoinHandle<()>) {
    answer_one(move |mut caller| {
        for number in 0.. {
            let Some(message) = read_message(&mut caller) else { return };
            let framed =
                answer(number, message).iter().flat_map(|message| framed(message)).collect::<Vec<u8>>();
            if caller.write_all(&framed).is_err() {
                return;
            }
        }
    })
}

fn read_message(caller: &mut TcpStream) -> Option<Vec<u8>> {
    let mut header = [0; 4];
    caller.read_exact(&mut header).ok()?;
    let mut message = vec![0; usize::try_from(u32::from_be_bytes(header)).ok()?];
    caller.read_exact(&mut message).ok()?;
    Some(message)
}

fn framed(message: &[u8]) -> Vec<u8> {
    let header = u32::try_from(message.len()).expect("short messages").to_be_bytes();
    [&header[..], message].concat()
}

type Lie = fn(Vec<u8>) -> Vec<Vec<u8>>;

#[test]
fn what_is_wrong_is_found_and_named() {
    let lies: [(&str, Lie); 4] = [
        ("altered", |mut message| {
            message[40] ^= 2;
            vec![message]
        }),
        ("altered", |message| vec![message[1..].to_vec()]),
        ("lost", |_| vec![]),
        ("duplicated", |message| vec![message.clone(), message]),
    ];
    for (what, lie) in lies {
        let (endpoint, server) =
            answers(move |number, message| if number == 20 { lie(message) } else { vec![message] });
        let ending = load(&endpoint, "-n 100 -d 8");
        ending.expect_code(INTEGRITY).expect_stderr(&format!("1 {what}"));
        assert_eq!(wrong(&summary(&ending)), [(what.to_owned(), 1)], "{ending}");
        server.join().unwrap();
    }
}

#[test]
fn swapped_messages_are_reordered_and_not_lost() {
    let held = std::sync::Mutex::new(Vec::new());
    let (endpoint, server) = answers(move |number, message| {
        let mut held = held.lock().expect("nobody fails with it");
        held.insert(0, message);
        if number == 20 { vec![] } else { held.drain(..).collect() }
    });
    let ending = load(&endpoint, "-n 100 -d 8");
    ending.expect_code(INTEGRITY);
    assert_eq!(wrong(&summary(&ending)), [("reordered".to_owned(), 1)], "{ending}");
    server.join().unwrap();
}

#[test]
fn at_a_rate_messages_take_their_time() {
    let (_server, endpoint) = echo("tcp://127.0.0.1:0");
    let summary = expect_all(&load(&endpoint, "-r 200 -n 101 -c 3"), 101);
    // The last one has its time half a second after the first.
    assert!(summary["seconds"].as_f64() >= Some(0.5), "{summary}");
    assert_eq!((&summary["rate"], &summary["depth"]), (&200.0.into(), &1024.into()), "{summary}");
}

const STALL: Duration = Duration::from_millis(300);

/// A server that does nothing for a while after its hundredth message.
fn stalls() -> (String, thread::JoinHandle<()>) {
    answers(|number, message| {
        let began = Instant::now();
        while number == 100 && began.elapsed() < STALL {
            thread::park_timeout(STALL); // the stall is what is measured
        }
        vec![message]
    })
}

#[test]
fn at_a_rate_a_stall_shows_in_every_message_that_it_delayed() {
    const SLOW_NS: u64 = 100_000_000;
    let (endpoint, server) = stalls();
    let paced = expect_all(&load(&endpoint, "-r 200 -n 300 -d 1"), 300);
    server.join().unwrap();
    // One message was on its way when the server stalled. The forty that were to be sent in the 200 ms after it took
    // more than 100 ms from their own times, and are more than one in ten.
    assert!(nanos(&paced, "p90_ns") > SLOW_NS, "{paced}");

    let (endpoint, server) = stalls();
    let closed = expect_all(&load(&endpoint, "-n 300 -d 1"), 300);
    server.join().unwrap();
    assert!(nanos(&closed, "max_ns") > SLOW_NS && nanos(&closed, "p90_ns") < SLOW_NS, "{closed}");
}

#[test]
fn lost_datagrams_are_counted_and_nobodys_fault() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(DEADLINE)).unwrap();
    let endpoint = format!("udp://{}", server.local_addr().unwrap());
    let lossy = thread::spawn(move || {
        let mut datagram = [0; 100];
        for number in 0..100 {
            let (bytes, from) = server.recv_from(&mut datagram).expect("a datagram");
            if number % 10 != 3 {
                server.send_to(&datagram[..bytes], from).expect("a reader");
            }
        }
    });
    let ending = load(&endpoint, "-n 100 -d 4 --timeout 500ms");
    ending.expect_code(0);
    let summary = summary(&ending);
    assert_eq!(
        (&summary["messages"], wrong(&summary)),
        (&90.into(), vec![("lost".to_owned(), 10)]),
        "{ending}"
    );
    lossy.join().unwrap();

    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("udp://{}", silent.local_addr().unwrap());
    load(&endpoint, "-n 3 --timeout 50ms").expect_code(CONNECTION).expect_stderr("nobody answers");
}

#[test]
fn nobody_there_is_one_line() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for flags in ["-n 1", "-n 1 --mode connect"] {
        let ending = load(&closed, flags);
        ending.expect_code(CONNECTION).expect_stderr(&format!("cannot reach tcp://{closed}"));
        assert_eq!((ending.stderr.lines().count(), &*ending.stdout), (1, ""), "{ending}");
    }
}

#[test]
fn a_wrong_key_is_one_line() {
    let place = Place::new();
    let ours = place.keys("ours", &[("ann", 'a')]);
    let server = Launch::ours("sb-echo tcp://127.0.0.1:0 -q --auth mutual --key-file").arg(ours).start();
    let theirs = place.keys("theirs", &[("bob", 'b')]);
    let ending =
        load(&server.listening_on(), &format!("-n 1 -c 10 --auth mutual --key-file {}", theirs.display()));
    ending.expect_code(AUTHENTICATION);
    assert_eq!((ending.stderr.lines().count(), &*ending.stdout), (1, ""), "{ending}");
}

#[test]
fn a_server_that_stops_answering_is_given_up() {
    let (endpoint, server) = answers(|number, message| if number < 10 { vec![message] } else { vec![] });
    let ending = load(&endpoint, "-n 100 -d 4 --timeout 1s");
    ending.expect_code(CONNECTION).expect_stderr("no answer for 1s on 1 of 1 connections");
    let summary = summary(&ending);
    assert_eq!((&summary["messages"], &summary["unanswered"]), (&10.into(), &4.into()), "{ending}");
    server.join().unwrap();
}

#[test]
fn a_server_that_hangs_up_leaves_what_was_not_answered() {
    let (endpoint, server) = answer_one(|mut caller| {
        let first = read_message(&mut caller).expect("a message");
        caller.write_all(&framed(&first)).expect("a reader");
    });
    let ending = load(&endpoint, "-n 100 -d 4");
    ending.expect_code(CONNECTION);
    let summary = summary(&ending);
    assert_eq!((&summary["messages"], &summary["connections_lost"]), (&1.into(), &1.into()), "{ending}");
    server.join().unwrap();
}

#[test]
fn a_server_that_does_not_hang_up_is_left() {
    let (leave, left) = mpsc::channel::<()>();
    let (endpoint, server) = answer_one(move |mut caller| {
        while let Some(message) = read_message(&mut caller) {
            caller.write_all(&framed(&message)).expect("a reader");
        }
        left.recv_timeout(DEADLINE).expect("the load ends before");
    });
    expect_all(&load(&endpoint, "-n 10"), 10);
    leave.send(()).expect("the server waits for it");
    server.join().unwrap();
}

#[test]
fn a_server_that_breaks_the_framing_is_told_so() {
    let (endpoint, server) = answer_one(|mut caller| {
        read_message(&mut caller).expect("a message");
        caller.write_all(&[0xff; 4]).expect("a reader");
        let _ = caller.read(&mut [0]); // until it hangs up
    });
    load(&endpoint, "-n 1").expect_code(PROTOCOL).expect_stderr("framing broken");
    server.join().unwrap();
}

#[test]
fn what_cannot_work_is_refused_before_a_server_is_bothered() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for (flags, words) in [
        ("-s 2000 --framing u32be,max=1KiB", "--size 2000"),
        ("-s 10 --framing fixed=8", "--size 10"),
        ("--mode idle -d 2", "--mode idle"),
        ("-n 1 -t 1s", "--time"),
        ("-s 0", "cannot be checked"),
    ] {
        load(&closed, flags).expect_code(USAGE).expect_stderr(words);
    }
    load("udp://127.0.0.1:9", "-s 64KiB").expect_code(USAGE).expect_stderr("at most 65507 bytes");
    load("udp://127.0.0.1:9", "--mode idle").expect_code(USAGE).expect_stderr("have no connections");
    load("udp://127.0.0.1:9", "--auth mutual --key-file /").expect_code(USAGE);
    let crowd = Launch::ours(&format!("sb-load {closed} -c 100")).through_shell("ulimit -n 64; exec \"$@\"");
    crowd.start().wait(DEADLINE).expect_code(USAGE).expect_stderr("may have 64");
}

#[test]
fn an_interrupted_run_tells_what_it_has() {
    let (_server, endpoint) = echo("tcp://127.0.0.1:0");
    let mut load = Launch::ours(&format!("sb-load {endpoint} -t 1m -c 2")).start();
    load.wait_for_line(Stream::Stderr, |line| line.contains(" msg/s "));
    load.interrupt();
    let ending = load.wait(DEADLINE);
    ending.expect_code(0);
    assert!(ending.stdout.contains(" messages in "), "{ending}");
}
