//! One test for each row of the page `parity`, named in it. What `socketserver` itself does was looked up in its
//! source; where the page says *else*, the test shows what is else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod handlers;
mod hooks;
mod mixins;
mod running;
mod servers;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

use support::{DEADLINE, Hooks, Running, Told, hooks};
use switchboard_reactor::{Address, Limits, ListenOptions};

/// A loop with [`Hooks`] that listens on a port of its own.
fn listening() -> (Running<Hooks>, Address, Told) {
    let (handler, told) = hooks();
    let (running, address) = Running::start(handler, Limits::default(), |reactor| {
        reactor.listen(&tcp(), &ListenOptions::default()).unwrap().1
    });
    (running, address, told)
}

fn tcp() -> Address {
    "tcp://127.0.0.1:0".parse().unwrap()
}

fn call(address: &Address) -> TcpStream {
    let stream = TcpStream::connect(address.ip().unwrap()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

fn echoes(stream: &mut (impl Read + Write), bytes: &[u8]) {
    stream.write_all(bytes).unwrap();
    let mut back = vec![0; bytes.len()];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(back, bytes);
}

/// Rows of the page: their last cells.
fn named_on_the_page() -> BTreeSet<&'static str> {
    let page = include_str!("../../src/parity.rs");
    let rows = page.lines().filter(|line| line.starts_with("//! | `"));
    rows.map(|row| row.trim_end_matches(" |").rsplit('`').nth(1).unwrap()).collect()
}

fn tests_of(source: &'static str) -> impl Iterator<Item = &'static str> {
    source.split("#[test]\nfn ").skip(1).map(|rest| rest.split_once('(').unwrap().0)
}

#[test]
fn every_row_of_the_page_has_its_test_and_every_test_its_row() {
    let sources = [
        include_str!("handlers.rs"),
        include_str!("hooks.rs"),
        include_str!("mixins.rs"),
        include_str!("running.rs"),
        include_str!("servers.rs"),
    ];
    let tests: BTreeSet<_> = sources.into_iter().flat_map(tests_of).collect();
    assert_eq!(named_on_the_page(), tests);
    assert!(tests.len() > 40);
}
