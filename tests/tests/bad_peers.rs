//! Peers that break the rules of framing: our server closes that call and serves the next,
//! our caller ends with the exit code for a fault of the protocol.
//! Which bytes are malformed in which framing is left to framing's own tests.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use e2e::{DEADLINE, Launch, Program, Stream, answer_one, call};

const CONNECTION: i32 = 4;
const PROTOCOL: i32 = 5;

/// A framing, and bytes that no peer may send in it.
const BROKEN: &[(&str, &str, &[u8])] = &[
    ("a length over the limit", "u32be,max=1KiB", b"\x00\x00\x04\x01"),
    ("the longest length there is", "u32be", b"\xff\xff\xff\xff"),
    ("a negative length", "i32be", b"\xff\xff\xff\xfe"),
    ("a negative length in multiprocessing's", "python", b"\xff\xff\xff\xfe"),
    ("no length at all", "netstring", b"hello"),
    ("a line without an end", "lines,max=8", b"far too long for it"),
];

fn listen(framing: &str) -> (Program, String) {
    let ours = Launch::ours("sb-talk listen tcp://127.0.0.1:0 --framing").arg(framing).start();
    let endpoint = ours.listening_on();
    (ours, endpoint)
}

/// Whether the other side has ended the connection, cleanly or not.
fn is_hung_up_on(mut stream: TcpStream) -> bool {
    let mut byte = [0];
    match stream.read(&mut byte) {
        Ok(count) => count == 0,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn our_server_closes_a_broken_call_and_serves_the_next() {
    for (what, framing, bytes) in BROKEN {
        let (ours, endpoint) = listen(framing);
        let mut broken = call(&endpoint);
        broken.write_all(bytes).unwrap();
        assert!(is_hung_up_on(broken), "{what}");
        ours.wait_for_line(Stream::Stderr, |line| line.contains("framing broken"));
        talks(&ours, &endpoint, framing);
    }
}

#[test]
fn our_server_outlives_a_caller_who_leaves_inside_a_message() {
    let (ours, endpoint) = listen("u32be");
    let mut broken = call(&endpoint);
    broken.write_all(b"\x00\x00\x00\x05he").unwrap();
    broken.shutdown(Shutdown::Write).unwrap();
    assert!(is_hung_up_on(broken));
    ours.wait_for_line(Stream::Stderr, |line| line.contains("ended inside a message"));
    talks(&ours, &endpoint, "u32be");
}

#[test]
fn our_server_outlives_a_caller_who_says_nothing() {
    let (ours, endpoint) = listen("u32be");
    drop(call(&endpoint));
    talks(&ours, &endpoint, "u32be");
}

/// A caller of our own is heard.
fn talks(ours: &Program, endpoint: &str, framing: &str) {
    let mut next = Launch::ours("sb-talk call").args([endpoint, "--framing", framing]).start();
    next.say("still");
    ours.expect_line(Stream::Stdout, "still");
    next.say("q");
    next.wait(DEADLINE).expect_code(0);
}

#[test]
fn our_caller_ends_with_a_fault_of_the_protocol() {
    for (what, framing, bytes) in BROKEN {
        let (endpoint, peer) = answer_one(move |mut stream| {
            stream.write_all(bytes).expect("the caller reads");
            is_hung_up_on(stream)
        });
        let mut ours = Launch::ours("sb-talk call").args([&endpoint, "--framing", framing]).start();
        ours.wait(DEADLINE).expect_code(PROTOCOL).expect_stderr("error: ");
        assert!(peer.join().unwrap(), "{what}");
    }
}

#[test]
fn our_caller_tells_an_end_inside_a_message_from_a_clean_one() {
    for (bytes, code) in [(&b"\x00\x00\x00\x05he"[..], CONNECTION), (&b"\x00\x00\x00\x02he"[..], 0)] {
        let (endpoint, peer) = answer_one(move |mut stream| stream.write_all(bytes));
        let mut ours = Launch::ours("sb-talk call").args([&endpoint, "--framing", "u32be"]).start();
        ours.wait(DEADLINE).expect_code(code);
        peer.join().unwrap().unwrap();
    }
}

#[test]
fn a_broken_call_does_not_disturb_the_others() {
    let ours = Launch::ours("sb-echo tcp://127.0.0.1:0 --framing u32be,max=1KiB").start();
    let endpoint = ours.listening_on();
    let mut good = call(&endpoint);
    let mut bad = call(&endpoint);
    bad.write_all(b"\x7f\xff\xff\xff").unwrap();
    assert!(is_hung_up_on(bad));
    good.write_all(b"\x00\x00\x00\x04ping").unwrap();
    let mut echoed = [0; 8];
    good.read_exact(&mut echoed).unwrap();
    assert_eq!(&echoed, b"\x00\x00\x00\x04ping");
}

#[test]
fn the_limit_is_on_the_payload_at_n_and_n_plus_one() {
    let ours = Launch::ours("sb-echo tcp://127.0.0.1:0 --framing u16be,max=8").start();
    let endpoint = ours.listening_on();
    let mut fits = call(&endpoint);
    fits.write_all(b"\x00\x0812345678").unwrap();
    let mut echoed = [0; 10];
    fits.read_exact(&mut echoed).unwrap();
    let mut exceeds = call(&endpoint);
    exceeds.write_all(b"\x00\x09123456789").unwrap();
    assert!(is_hung_up_on(exceeds));
}
