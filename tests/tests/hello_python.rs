//! `sb-hello` and the tutorial's threading server and client, in both directions.
//! Other conversations are left to `talk_python`.

use e2e::{Launch, Stream, host_and_port, python};

#[test]
fn many_python_callers_are_served_at_once() {
    let Some(python) = python() else { return };
    let ours = Launch::ours("sb-hello serve tcp://127.0.0.1:0").start();
    let place = host_and_port(&ours.listening_on());
    let callers = [(); 4].map(|()| python.peer("threading_client.py").args(&place).arg("5").start());
    for theirs in callers {
        theirs.finish().expect_code(0).expect_stdout(&"hello\n".repeat(5));
    }
    for _ in 0..20 {
        ours.wait_for_line(Stream::Stdout, |line| line.ends_with("byebye"));
    }
}

#[test]
fn an_idle_caller_keeps_nobody_waiting() {
    let Some(python) = python() else { return };
    let ours = Launch::ours("sb-hello serve tcp://127.0.0.1:0").start();
    let endpoint = ours.listening_on();
    let idle = e2e::call(&endpoint);
    let theirs = python.peer("threading_client.py").args(host_and_port(&endpoint)).arg("2").start();
    theirs.finish().expect_code(0);
    drop(idle);
}

#[test]
fn we_answer_the_python_server_as_often_as_we_are_told() {
    let Some(python) = python() else { return };
    let (theirs, address) = python.serve("threading_server.py", &[]);
    let callers = [(); 3].map(|()| Launch::ours(&format!("sb-hello call {address} --count 4")).start());
    for ours in callers {
        ours.finish().expect_code(0).expect_stdout(&"hello\n".repeat(4));
    }
    let mut answers = 0;
    while answers < 12 {
        // Two threads of theirs that print at once may share a line.
        answers += theirs.wait_for_line(Stream::Stdout, |_| true).matches("byebye").count();
    }
}
