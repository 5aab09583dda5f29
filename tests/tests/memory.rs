//! What a server has in its memory while it runs: its keys and not the text in which they were written, and no key that
//! it was told to forget. What handshakes leave is left to auth's own tests.
//!
//! Where the system does not let us look, the tests pass with a printed reason, unless `SWITCHBOARD_REQUIRE` names
//! `memory`.
#![cfg(target_os = "linux")]

use std::path::Path;

use e2e::{Launch, Memory, Place, Program, Stream, skip};

/// Like no other bytes in a program.
fn key(number: u8) -> Vec<u8> {
    (0..32_u8).map(|place| place.wrapping_mul(59) ^ number.wrapping_mul(101) ^ 0xa7).collect()
}

fn digits(key: &[u8]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn line(name: &str, key: &[u8]) -> String {
    format!("{name} {}\n", digits(key))
}

fn serve(dialect: &str, key_file: &Path) -> Program {
    let ours =
        Launch::ours(&format!("sb-echo 127.0.0.1:0 --auth {dialect} --key-file")).arg(key_file).start();
    ours.listening_on();
    ours
}

fn memory_of(program: &Program) -> Option<Memory> {
    let memory = Memory::of(program.id(), None);
    if memory.is_none() {
        skip("memory");
    }
    memory
}

/// Of either half of it.
fn is_found(memory: &Memory, secret: &[u8]) -> bool {
    let (first, second) = secret.split_at(secret.len() / 2);
    [first, second].iter().any(|half| !memory.find(half).is_empty())
}

#[test]
fn a_server_has_its_key_in_memory_and_not_the_text_of_its_file() {
    let place = Place::new();
    let key = key(1);
    for dialect in ["mutual", "noise"] {
        let server = serve(dialect, &place.file("keys", line("ann", &key)));
        let Some(memory) = memory_of(&server) else { return };
        assert!(is_found(&memory, &key), "{dialect}: where it is, it is found");
        assert!(!is_found(&memory, digits(&key).as_bytes()), "{dialect}");
    }
}

#[test]
fn a_key_that_was_replaced_is_gone() {
    let place = Place::new();
    let [old, new] = [key(1), key(2)];
    let file = place.file("keys", line("ann", &old));
    let server = serve("noise", &file);
    std::fs::write(&file, line("ann", &new)).unwrap();
    server.reload();
    server.wait_for_line(Stream::Stderr, |line| line.contains("read again"));
    let Some(memory) = memory_of(&server) else { return };
    assert!(is_found(&memory, &new));
    assert!(!is_found(&memory, &old));
    for key in [old, new] {
        assert!(!is_found(&memory, digits(&key).as_bytes()));
    }
}
