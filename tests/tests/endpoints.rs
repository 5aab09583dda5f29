//! Every kind of endpoint that the programs take, between two of our own.
//! What an endpoint's text may look like is left to its own tests.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use e2e::{Launch, Place, Program, Stream, address_of, call, skip};

/// A listener and a caller talk, both ways.
fn talk(listener: &mut Program, endpoint: &str) {
    let mut caller = Launch::ours("sb-talk call --framing u32be").arg(endpoint).start();
    caller.say("ping");
    listener.wait_for_line(Stream::Stdout, |line| line.ends_with("ping"));
    listener.say("pong");
    caller.wait_for_line(Stream::Stdout, |line| line.ends_with("pong"));
    caller.say("q");
    caller.wait(e2e::DEADLINE).expect_code(0);
}

fn listen(endpoint: &str) -> Program {
    Launch::ours("sb-talk listen --framing u32be").arg(endpoint).start()
}

#[test]
fn tcp_and_udp_over_ipv4() {
    for endpoint in ["127.0.0.1:0", "tcp://127.0.0.1:0", "udp://127.0.0.1:0", "localhost:0"] {
        let mut ours = listen(endpoint);
        let real = ours.listening_on();
        assert_ne!(address_of(&real).port(), 0, "the real port is told");
        talk(&mut ours, &real);
    }
}

#[test]
fn tcp_and_udp_over_ipv6() {
    if TcpListener::bind("[::1]:0").is_err() {
        return skip("ipv6");
    }
    for endpoint in ["[::1]:0", "tcp://[::1]:0", "udp://[::1]:0"] {
        let mut ours = listen(endpoint);
        let real = ours.listening_on();
        assert!(address_of(&real).is_ipv6());
        talk(&mut ours, &real);
    }
}

#[test]
fn unix_streams_and_datagrams() {
    let place = Place::new();
    for scheme in ["unix", "unix-dgram"] {
        let endpoint = place.endpoint(scheme, scheme);
        let mut ours = listen(&endpoint);
        assert_eq!(ours.listening_on(), endpoint);
        talk(&mut ours, &endpoint);
    }
}

#[test]
fn a_unix_path_vanishes_with_its_listener() {
    let place = Place::new();
    let mut ours = listen(&place.endpoint("unix", "socket"));
    ours.listening_on();
    assert!(place.path("socket").exists());
    ours.interrupt();
    ours.wait(e2e::DEADLINE);
    assert!(!place.path("socket").exists());
}

#[test]
fn a_unix_path_that_nobody_answers_is_taken_over() {
    let place = Place::new();
    drop(UnixListener::bind(place.path("stale")).unwrap());
    let endpoint = place.endpoint("unix", "stale");
    let mut ours = listen(&endpoint);
    ours.listening_on();
    talk(&mut ours, &endpoint);
}

#[test]
fn a_unix_path_that_somebody_answers_is_in_use() {
    let place = Place::new();
    let alive = UnixListener::bind(place.path("alive")).unwrap();
    let mut ours = listen(&place.endpoint("unix", "alive"));
    ours.wait(e2e::DEADLINE).expect_code(4);
    drop(alive);
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let place = Place::new();
    let path = place.file("precious", "data");
    let ending = listen(&place.endpoint("unix", "precious")).wait(e2e::DEADLINE);
    assert_ne!(ending.code, Some(0), "{ending}");
    assert_eq!(std::fs::read_to_string(path).unwrap(), "data");
}

#[test]
fn an_inherited_listener_is_adopted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
    let echo = Launch::ours("sb-talk listen fd:3 --framing u32be --once");
    let ours = echo.through_shell("exec \"$@\" 3<&0 </dev/null").stdin(listener).start();
    ours.listening_on();
    let mut caller = Launch::ours("sb-talk call --framing u32be").arg(&endpoint).start();
    caller.say("inherited");
    ours.expect_line(Stream::Stdout, "inherited");
}

#[test]
fn an_inherited_connection_is_adopted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let theirs = call(&format!("tcp://{}", listener.local_addr().unwrap()));
    let (accepted, _) = listener.accept().unwrap();
    let echo = Launch::ours("sb-talk call fd:3");
    let ours = echo.through_shell("exec \"$@\" 3<&0 </dev/null").stdin(accepted).start();
    std::io::Write::write_all(&mut &theirs, b"inherited").unwrap();
    ours.expect_line(Stream::Stdout, "inherited");
}

#[test]
fn a_descriptor_that_is_not_open_is_a_fault_of_the_typist() {
    for (line, words) in [("sb-talk listen fd:77", "fd:77"), ("sb-echo fd:77", "fd:77")] {
        Launch::ours(line).start().wait(e2e::DEADLINE).expect_code(2).expect_stderr(words);
    }
}
