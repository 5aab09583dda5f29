//! `sb-load` against servers: what is right is counted, what is wrong is found and named.
//! What it makes of single messages is left to its own tests.

use std::time::Duration;

use e2e::{DEADLINE, Launch, Program};
use serde_json::Value;

fn echo(flags: &str) -> (Program, String) {
    let server = Launch::ours(&format!("sb-echo tcp://127.0.0.1:0{flags}")).start();
    let endpoint = server.listening_on();
    (server, endpoint)
}

/// The summary, which is the last line of what is printed.
fn summary(stdout: &str) -> Value {
    let last = stdout.lines().last().expect("a summary");
    serde_json::from_str(last).expect("JSON")
}

#[test]
fn every_message_that_was_ordered_comes_back_once() {
    let (server, endpoint) = echo("");
    let line = format!("sb-load {endpoint} -n 1001 -c 7 -d 5 -s 1..3000 --json --pid {}", server.id());
    let mut load = Launch::ours(&line).start();
    let ending = load.wait(DEADLINE);
    ending.expect_code(0);
    let summary = summary(&ending.stdout);
    assert_eq!(summary["messages"], 1001, "{summary}");
    assert_eq!(summary["unanswered"], 0, "{summary}");
    for (what, count) in summary["wrong"].as_object().expect("counts") {
        assert_eq!(count, 0, "{what}");
    }
    assert!(summary["server"]["cpu_ns_per_message"].as_f64() > Some(0.0), "{summary}");
}

#[test]
fn a_run_for_a_time_ends_after_it() {
    let (_server, endpoint) = echo("");
    let began = std::time::Instant::now();
    let mut load = Launch::ours(&format!("sb-load {endpoint} -t 300ms -c 2")).start();
    load.wait(DEADLINE).expect_code(0);
    assert!(began.elapsed() >= Duration::from_millis(300));
}
