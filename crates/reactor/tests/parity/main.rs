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
