//! What servers show to Prometheus with `--metrics`, as a scraper sees it: over plain sockets, and by Prometheus' own
//! Python library. What requests are refused is tried out beside the code; here some go over a real socket.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use e2e::{DEADLINE, Launch, Place, Program, Stream, call, python_with, request, scrape};

/// Starts a server, and gives where it listens and where it shows.
fn start(line: &str) -> (Program, String, String) {
    shown(Launch::ours(line).args(["--metrics", "0"]))
}

fn shown(launch: Launch) -> (Program, String, String) {
    let ours = launch.start();
    let (endpoint, url) = (ours.listening_on(), ours.listening_on());
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/metrics"), "{url}");
    (ours, endpoint, url)
}

fn echo(caller: &mut TcpStream, message: u8) {
    caller.write_all(&[1, message]).expect("an echo takes a message");
    let mut echoed = [0; 2];
    caller.read_exact(&mut echoed).expect("an echo answers");
    assert_eq!(echoed, [1, message]);
}

/// Scrapes until a series has this value: what happens when a connection ends may take a moment.
#[track_caller]
fn wait_for(url: &str, series: &str, wanted: u64) {
    let given_up = Instant::now() + DEADLINE;
    while scrape(url).value(series) != wanted {
        assert!(Instant::now() < given_up, "{series} does not become {wanted}: {:?}", scrape(url));
    }
}

#[track_caller]
fn assert_counted(url: &str, wanted: &[(&str, u64)]) {
    let metrics = scrape(url);
    for (series, count) in wanted {
        assert_eq!(metrics.value(&format!("switchboard_{series}")), *count, "{series}: {metrics:?}");
    }
}

#[test]
fn what_all_workers_count_is_added_up() {
    let (_ours, endpoint, url) = start("sb-echo 127.0.0.1:0 --framing u8 --workers 3");
    let mut callers: Vec<TcpStream> = (0..30).map(|_| call(&endpoint)).collect();
    for caller in &mut callers {
        echo(caller, 1);
        echo(caller, 2);
    }
    let wanted = [
        ("loops", 3),
        ("loops_silent", 0),
        ("loop_connections", 30),
        ("loop_accepted_total", 30),
        ("loop_read_bytes_total", 120),
        ("loop_written_bytes_total", 120),
        ("session_conversations", 30),
        ("session_handshakes_passed_total{dialect=\"none\"}", 30),
        ("session_messages_in_total", 60),
        ("session_messages_out_total", 60),
    ];
    assert_counted(&url, &wanted);
    drop(callers);
    wait_for(&url, "switchboard_loop_finished_total", 30);
    wait_for(&url, "switchboard_session_conversations", 0);
}

#[test]
fn a_handshake_that_fails_is_shown_under_its_dialect() {
    let place = Place::new();
    let key = place.keys("keys", &[("ann", 'a')]);
    let launch = Launch::ours("sb-echo 127.0.0.1:0 --auth mutual --metrics 0 --key-file").arg(key);
    let (_ours, endpoint, url) = shown(launch);
    let mut stranger = call(&endpoint);
    stranger.write_all(&[0; 200]).unwrap();
    let _ = stranger.read_to_end(&mut Vec::new());
    wait_for(&url, "switchboard_session_handshakes_failed_total{dialect=\"mutual\"}", 1);
    assert_counted(&url, &[("session_handshakes_passed_total{dialect=\"mutual\"}", 0)]);
}

#[test]
fn every_server_shows_what_it_counts() {
    for (line, program) in [
        ("sb-echo 127.0.0.1:0", "sb-echo"),
        ("sb-talk listen 127.0.0.1:0", "sb-talk"),
        ("sb-talk listen udp://127.0.0.1:0", "sb-talk"),
        ("sb-hello serve 127.0.0.1:0", "sb-hello"),
        ("sb-chat serve --listen 127.0.0.1:0 --auth none", "sb-chat"),
    ] {
        let (_ours, _, url) = start(line);
        let metrics = scrape(&url);
        assert!(metrics.len() > 40, "{metrics:?}");
        let build = format!("switchboard_build_info{{program=\"{program}\",version=\"0.1.0\"}}");
        assert_eq!(metrics.value(&build), 1);
    }
}

#[test]
fn the_hub_shows_its_members_and_rooms() {
    let (_hub, endpoint, url) = start("sb-chat serve --listen 127.0.0.1:0 --auth none");
    assert_counted(&url, &[("chat_members", 0), ("chat_rooms", 0)]);
    let members: Vec<Program> = ["ann", "bob"]
        .iter()
        .map(|nick| Launch::ours("sb-chat join --auth none --nick").args([nick, &endpoint[..]]).start())
        .collect();
    wait_for(&url, "switchboard_chat_members", 2);
    wait_for(&url, "switchboard_chat_rooms", 1);
    drop(members);
    wait_for(&url, "switchboard_chat_members", 0);
}

#[test]
fn threads_of_blocking_calls_are_shown() {
    let (_ours, endpoint, url) = start("sb-hello serve 127.0.0.1:0");
    let _caller = call(&endpoint);
    wait_for(&url, "switchboard_pool_running", 1);
}

#[test]
fn scrapers_that_stall_harm_neither_each_other_nor_who_is_served() {
    let (_ours, endpoint, url) = start("sb-echo 127.0.0.1:0 --framing u8");
    let place = url.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/metrics")).unwrap();
    let stalled: Vec<TcpStream> = (0..50)
        .map(|number| {
            let mut scraper = call(place);
            scraper.write_all(&b"GET /metrics HTTP/1.1\r\n"[..number % 24]).unwrap();
            scraper
        })
        .collect();
    let mut caller = call(&endpoint);
    for number in 0..50 {
        echo(&mut caller, number);
    }
    // None of the stalled is counted among those who are served.
    assert_counted(&url, &[("loop_connections", 1), ("session_messages_in_total", 50)]);
    drop(stalled);
}

#[test]
fn requests_for_anything_else_are_refused() {
    let (_ours, _, url) = start("sb-echo 127.0.0.1:0");
    let long = format!("GET /metrics HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(9_000));
    for (asked, status) in [
        ("GET /metrics HTTP/1.0\r\n\r\n", 200),
        ("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        ("DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        ("nonsense\r\n\r\n", 400),
        (&long, 431),
    ] {
        let reply = request(&url, asked);
        assert_eq!(reply.status, status, "{asked:?}: {reply:?}");
        assert_eq!(reply.fields.contains_key("allow"), status == 405);
    }
    assert!(request(&url, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n").body.is_empty());
}

#[test]
fn prometheus_own_library_reads_the_same_numbers() {
    let Some(python) = python_with("prometheus-client==0.22.1", "prometheus_client.openmetrics.parser")
    else {
        return;
    };
    let (_ours, endpoint, url) = start("sb-echo 127.0.0.1:0 --framing u8");
    let mut caller = call(&endpoint);
    echo(&mut caller, 1);
    let ending = python.peer("scrape.py").arg(&url).start().finish();
    ending.expect_code(0);
    for line in [
        "switchboard_build_info{program=\"sb-echo\",version=\"0.1.0\"} 1",
        "switchboard_loop_accepted_total{} 1",
        "switchboard_loop_read_bytes_total{} 2",
        "switchboard_loop_timed_out_total{deadline=\"handshake\"} 0",
    ] {
        assert!(ending.stdout.lines().any(|said| said == line), "no {line}\n{ending}");
    }
}

#[test]
fn metrics_may_be_shown_on_a_unix_socket_even_by_a_quiet_server() {
    let place = Place::new();
    let endpoint = place.endpoint("unix", "metrics");
    let mut ours = Launch::ours("sb-echo 127.0.0.1:0 -q --metrics").arg(&endpoint).start();
    ours.listening_on();
    assert_eq!(ours.listening_on(), format!("{endpoint} (/metrics)"));
    let mut scraper = UnixStream::connect(place.path("metrics")).unwrap();
    scraper.set_read_timeout(Some(DEADLINE)).unwrap();
    scraper.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut reply = String::new();
    scraper.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.ends_with("# EOF\n"), "{reply}");
    ours.interrupt();
    ours.wait(DEADLINE).expect_code(0);
    assert!(!place.path("metrics").exists(), "the path goes with the server");
}

#[test]
fn a_place_that_cannot_be_had_ends_the_server_before_it_serves() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (addr, code) in [(&taken[..], 4), ("udp://127.0.0.1:0", 2), ("here", 2), ("fd:77", 2)] {
        let ending = Launch::ours("sb-echo 127.0.0.1:0 --metrics").arg(addr).start().wait(DEADLINE);
        ending.expect_code(code);
        assert!(!ending.stderr.contains("listening on"), "{ending}");
    }
}

#[test]
fn metrics_are_shown_until_the_last_caller_is_gone() {
    let (mut ours, endpoint, url) = start("sb-talk listen 127.0.0.1:0 --framing u8");
    let mut caller = call(&endpoint);
    caller.write_all(b"\x02hi").unwrap();
    ours.expect_line(Stream::Stdout, "hi");
    ours.interrupt();
    // It drains: our end has not come yet.
    let metrics = scrape(&url);
    assert!(metrics.value("switchboard_loop_connections") == 1, "{metrics:?}");
    drop(caller);
    ours.wait(DEADLINE).expect_code(0);
    assert!(TcpStream::connect(e2e::address_of(url.trim_end_matches("/metrics"))).is_err());
}
