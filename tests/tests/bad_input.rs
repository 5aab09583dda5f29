//! What was typed cannot work: each fault has its exit code and one line that says what it is.
//! Faults of the peer are left to `bad_peers`.

use std::net::TcpListener;
use std::time::Duration;

use e2e::{Ending, Launch, Place};

const USAGE: i32 = 2;
const CONNECTION: i32 = 4;

/// Runs a line to its end, which must come with `code` and one line of error that holds `words`.
#[track_caller]
fn refuses(launch: Launch, code: i32, words: &str) {
    let ending = launch.start().wait(PATIENCE);
    ending.expect_code(code).expect_stdout("");
    assert!(one_error(&ending).contains(words), "expected {words:?}\n{ending}");
}

/// The line that begins with `error:`, of which there is one.
#[track_caller]
fn one_error(ending: &Ending) -> &str {
    let mut errors = ending.stderr.lines().filter(|line| line.starts_with("error: "));
    let first = errors.next().unwrap_or_else(|| panic!("no line of error\n{ending}"));
    assert_eq!(errors.next(), None, "a second line of error\n{ending}");
    first
}

/// A resolver takes its time.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_port_in_use_is_a_fault_of_the_connection() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for line in ["sb-talk listen", "sb-hello serve", "sb-echo"] {
        refuses(Launch::ours(line).arg(&address), CONNECTION, &address);
    }
}

#[test]
fn nobody_listening_is_a_fault_of_the_connection() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for line in ["sb-talk call", "sb-hello call"] {
        refuses(Launch::ours(line).arg(&closed), CONNECTION, &closed);
    }
}

#[test]
fn an_unknown_host_is_named() {
    // Longer than a label may be: the resolver knows without asking anybody.
    let host = format!("{}.invalid", "a".repeat(64));
    for line in ["sb-talk call", "sb-talk listen", "sb-hello call"] {
        refuses(Launch::ours(line).arg(format!("tcp://{host}:9000")), CONNECTION, &host);
    }
}

#[test]
fn families_that_the_kernel_lacks_are_named() {
    for line in ["sb-talk listen", "sb-talk call", "sb-echo"] {
        refuses(Launch::ours(line).arg("can:can0"), CONNECTION, "CAN");
        refuses(Launch::ours(line).arg("rds://127.0.0.1:1"), CONNECTION, "RDS");
    }
}

#[test]
fn an_endpoint_that_is_none_is_a_fault_of_the_typist() {
    for endpoint in ["nowhere", "tcp://127.0.0.1:65536", "ftp://127.0.0.1:21", "unix:", "fd:x"] {
        for line in ["sb-talk call", "sb-talk listen", "sb-hello serve", "sb-echo"] {
            Launch::ours(line).arg(endpoint).start().wait(PATIENCE).expect_code(USAGE);
        }
    }
}

#[test]
fn a_framing_that_is_none_is_a_fault_of_the_typist() {
    for framing in ["u7be", "u32be,max=", "fixed=0", "delim="] {
        for line in
            ["sb-talk call 127.0.0.1:1", "sb-talk listen 127.0.0.1:0", "sb-echo 127.0.0.1:0", "sb-frame pack"]
        {
            Launch::ours(line).args(["--framing", framing]).start().wait(PATIENCE).expect_code(USAGE);
        }
    }
}

#[test]
fn a_key_file_that_cannot_be_read_is_a_fault_of_the_typist() {
    let place = Place::new();
    let missing = place.path("missing");
    for path in [missing.as_path(), place.folder()] {
        for line in ["sb-talk call 127.0.0.1:1", "sb-talk listen 127.0.0.1:0"] {
            let launch = Launch::ours(line).args(["--auth", "tutorial", "--key-file"]).arg(path);
            refuses(launch, USAGE, &path.display().to_string());
        }
    }
}

#[test]
fn a_key_file_with_a_line_that_is_no_key_is_a_fault_of_the_typist() {
    let place = Place::new();
    for (name, text) in [("short", "ann 0011\n"), ("nameless", "zz\n"), ("empty", "")] {
        let launch = Launch::ours("sb-talk listen 127.0.0.1:0 --auth mutual --key-file");
        launch.arg(place.file(name, text)).start().wait(PATIENCE).expect_code(USAGE);
    }
}

#[test]
fn a_dialect_without_a_key_is_a_fault_of_the_typist() {
    for dialect in ["tutorial", "mutual"] {
        let line = format!("sb-talk call 127.0.0.1:1 --auth {dialect}");
        Launch::ours(&line).start().finish().expect_code(USAGE);
    }
}

#[test]
fn a_key_is_never_an_argument() {
    for option in ["--key", "--secret", "--password"] {
        let launch = Launch::ours("sb-talk call 127.0.0.1:1 --auth tutorial").args([option, "secret"]);
        launch.start().wait(PATIENCE).expect_code(USAGE);
    }
}

#[test]
fn a_dialect_for_this_host_does_not_leave_it() {
    let place = Place::new();
    let key = place.file("key", "secret");
    for line in ["sb-talk listen 0.0.0.0:0", "sb-talk call 192.0.2.1:9"] {
        let launch = Launch::ours(line).args(["--auth", "tutorial", "--key-file"]).arg(&key);
        let ending = launch.start().wait(PATIENCE);
        assert!(one_error(&ending).contains("--insecure"), "{ending}");
        ending.expect_code(USAGE);
    }
}

#[test]
fn every_program_explains_itself() {
    for name in ["sb-talk", "sb-hello", "sb-echo", "sb-key", "sb-frame"] {
        let help = Launch::ours(name).arg("--help").start().wait(PATIENCE);
        help.expect_code(0);
        assert!(help.stdout.contains("Usage"), "{help}");
        Launch::ours(name).arg("--no-such-option").start().wait(PATIENCE).expect_code(USAGE);
    }
}

#[test]
fn a_line_that_cannot_be_sent_is_told_of_in_one_error() {
    let theirs = Launch::ours("sb-talk listen 127.0.0.1:0 --framing u8").start();
    let call = format!("sb-talk call {} --framing u8,max=4", theirs.listening_on());
    let mut ours = Launch::ours(&call).start();
    ours.say("far too long");
    let ending = ours.finish();
    ending.expect_code(1).expect_stderr("not sent: ");
    assert!(one_error(&ending).contains("lines that could not be sent: 1"), "{ending}");
}
