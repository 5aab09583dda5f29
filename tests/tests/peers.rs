//! The Python peers against each other: when one fails against ours, the fault is ours.
//! Our programs are not started here.

use e2e::{Program, Python, Stream, address_of, host_and_port, python};

fn call(python: &Python, name: &str, address: &str, words: &[&str]) -> Program {
    python.peer(name).args(host_and_port(address)).args(words).start()
}

#[test]
fn tcp_chat_answers_one_caller_after_the_other() {
    let Some(python) = python() else { return };
    let (mut server, address) = python.serve("tcp_chat_server.py", &[]);
    for greeting in ["first", "second"] {
        let mut client = call(&python, "tcp_chat_client.py", &address, &[]);
        client.say(greeting);
        server.expect_line(Stream::Stdout, greeting);
        server.say("welcome");
        client.expect_line(Stream::Stdout, "welcome");
        client.say("q");
        client.finish().expect_code(0);
        server.expect_line(Stream::Stdout, "gone");
    }
}

#[test]
fn tcp_chat_hangs_up_on_its_own_q() {
    let Some(python) = python() else { return };
    let (mut server, address) = python.serve("tcp_chat_server.py", &[]);
    let mut client = call(&python, "tcp_chat_client.py", &address, &[]);
    client.say("hi");
    server.say("q");
    client.expect_line(Stream::Stdout, "q");
    client.finish().expect_code(0);
}

#[test]
fn udp_chat_answers_each_sender() {
    let Some(python) = python() else { return };
    let (mut server, address) = python.serve("udp_chat_server.py", &[]);
    for greeting in ["first", "second"] {
        let mut client = call(&python, "udp_chat_client.py", &address, &[]);
        client.say(greeting);
        server.expect_line(Stream::Stdout, greeting);
        server.say(&format!("hello {greeting}"));
        client.expect_line(Stream::Stdout, &format!("hello {greeting}"));
    }
}

#[test]
fn struct_messages_arrive_one_by_one() {
    let Some(python) = python() else { return };
    let (server, address) = python.serve("struct_receiver.py", &[]);
    let mut client = call(&python, "struct_sender.py", &address, &[]);
    client.write_stdin("one\n\ntwei \u{fc}\n".as_bytes());
    client.finish().expect_code(0);
    let ready = format!("ready {}\n", address_of(&address).port());
    server.finish().expect_code(0).expect_stdout(&(ready + "one\n\ntwei \u{fc}\n"));
}

#[test]
fn hmac_lets_in_the_right_key_and_nobody_else() {
    let Some(python) = python() else { return };
    let (server, address) = python.serve("hmac_server.py", &["secret"]);
    let stranger = call(&python, "hmac_client.py", &address, &["wrong"]);
    server.expect_line(Stream::Stdout, "refused");
    stranger.finish(); // hung up on by an end or a reset, whichever comes first
    call(&python, "hmac_client.py", &address, &["secret"]).finish().expect_code(0);
    server.expect_line(Stream::Stdout, "let in");
    server.expect_line(Stream::Stdout, "upload");
}

#[test]
fn threading_server_serves_several_callers_at_once() {
    let Some(python) = python() else { return };
    let (server, address) = python.serve("threading_server.py", &[]);
    let clients = [(); 3].map(|()| call(&python, "threading_client.py", &address, &["4"]));
    for client in clients {
        client.finish().expect_code(0).expect_stdout(&"hello\n".repeat(4));
    }
    let mut answers = 0;
    while answers < 12 {
        // Two threads that print at once may share a line.
        answers += server.wait_for_line(Stream::Stdout, |_| true).matches("byebye").count();
    }
}

#[test]
fn multiprocessing_lets_in_the_right_key_and_nobody_else() {
    let Some(python) = python() else { return };
    let (server, address) = python.serve("connection_server.py", &["secret"]);
    call(&python, "connection_client.py", &address, &["wrong"]).finish().expect_code(1);
    server.expect_line(Stream::Stdout, "refused");
    let mut client = call(&python, "connection_client.py", &address, &["secret"]);
    client.say("loud");
    client.expect_line(Stream::Stdout, "LOUD");
    client.finish().expect_code(0);
}
