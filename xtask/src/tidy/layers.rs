//! What a layer must never name in its code: the absences that make it a layer.
//! Tests may name what they like; comments too. Manifests are left to `edges`.

use super::Complaint;
use super::code::{lines_that_name, lines_with_word};
use super::workspace::{File, Workspace};

/// `framing` and `auth`: no I/O, no clock, no thread, no randomness, no standard library.
pub(super) fn pure_crates_touch_nothing(workspace: &Workspace) -> Vec<Complaint> {
    let roots = PURE.iter().filter_map(|folder| workspace.file(&format!("{folder}lib.rs")));
    let mut complaints: Vec<Complaint> = roots.filter_map(no_std_is_missing).collect();
    for file in workspace.rust().filter(|file| PURE.iter().any(|folder| file.path.starts_with(folder))) {
        complaints.extend(forbidden_names(file));
    }
    complaints
}

fn no_std_is_missing(root: &File) -> Option<Complaint> {
    let has_mark = root.code.lines().any(|line| line.trim() == "#![no_std]");
    let what = "`#![no_std]` is missing, state it without a condition and take `alloc` for what allocates";
    (!has_mark).then(|| Complaint::new(&root.path, 1, what))
}

fn forbidden_names(file: &File) -> Vec<Complaint> {
    let is_blocking = file.path.starts_with(BLOCKING);
    let mut complaints = Vec::new();
    for path in NEVER_IN_PURE.iter().filter(|path| !(is_blocking && **path == "std::io")) {
        let what = format!("a pure crate never names `{path}`, take what it gives as an argument");
        complaints.extend(outside_tests(file, lines_that_name(&file.code, path), &what));
    }
    let what = "a pure crate never names `rand`, take random bytes as an argument";
    complaints.extend(outside_tests(file, lines_with_word(&file.code, "rand"), what));
    complaints
}

/// `reactor`: bytes only, neither messages nor keys.
pub(super) fn reactor_knows_bytes_only(workspace: &Workspace) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for file in workspace.rust().filter(|file| file.path.starts_with(REACTOR)) {
        for word in ABOVE_REACTOR {
            let what = format!("the reactor never names `{word}`, let the session join the two");
            complaints.extend(outside_tests(file, lines_with_word(&file.code, word), &what));
        }
    }
    complaints
}

/// The operating system is waited for in one place.
pub(super) fn one_file_polls(workspace: &Workspace) -> Vec<Complaint> {
    let polls = |file: &&File| !lines_that_name(&file.code, "mio::Poll").is_empty();
    let files: Vec<&File> = workspace.rust().filter(polls).collect();
    let [first, others @ ..] = files.as_slice() else { return Vec::new() };
    let complaint = |file: &&File| {
        let line = lines_that_name(&file.code, "mio::Poll")[0];
        let what = format!("`mio::Poll` is named in {} already, go through it", first.path);
        Complaint::new(&file.path, line, what)
    };
    others.iter().map(complaint).collect()
}

/// What threads of the reactor share is tried in every order: a file with a lock is one of those that the test takes in.
pub(super) fn locks_are_tried_in_every_order(workspace: &Workspace) -> Vec<Complaint> {
    let tried = workspace.file(INTERLEAVED).map_or("", |test| &test.text);
    let has_no_threads = |file: &&File| THREADLESS.iter().any(|path| file.path.starts_with(path));
    let mut complaints = Vec::new();
    for file in workspace.rust().filter(|file| !has_no_threads(file)) {
        let Some(path) = file.path.strip_prefix(REACTOR) else { continue };
        if tried.contains(&format!("src/{path}\"")) {
            continue;
        }
        for word in SHARED {
            let what = format!("`{word}` is what threads share, let {INTERLEAVED} try it in every order");
            complaints.extend(outside_tests(file, lines_with_word(&file.code, word), &what));
        }
    }
    complaints
}

fn outside_tests(file: &File, lines: Vec<usize>, what: &str) -> impl Iterator<Item = Complaint> {
    let lines = lines.into_iter().filter(|line| !file.is_test_line(*line));
    lines.map(move |line| Complaint::new(&file.path, line, what))
}

const PURE: &[&str] = &["crates/framing/src/", "crates/auth/src/"];

/// The blocking adapters, behind framing's feature `std`: they may name `std::io` and no more.
const BLOCKING: &str = "crates/framing/src/blocking";

const NEVER_IN_PURE: &[&str] =
    &["std::net", "std::io", "std::fs", "std::env", "std::time", "std::thread", "std::process", "core::net"];

const REACTOR: &str = "crates/reactor/src/";

const INTERLEAVED: &str = "crates/reactor/tests/interleaved/main.rs";

/// The names behind which the locks are exchanged, and a simulation that runs on one thread.
const THREADLESS: &[&str] = &["crates/reactor/src/sync.rs", "crates/reactor/src/sim/"];

const SHARED: &[&str] = &["Mutex", "RwLock", "Condvar", "AtomicBool", "AtomicUsize", "AtomicU64", "mpsc"];

/// Words of the other two layers. `auth` and `framing` are the crates' names in code.
const ABOVE_REACTOR: &[&str] = &[
    "framing",
    "auth",
    "FrameSpec",
    "FrameDecoder",
    "FrameError",
    "Authenticated",
    "Keyring",
    "KeyId",
    "Dialect",
];

#[cfg(test)]
mod tests {
    use super::super::workspace::of_files;
    use super::*;

    fn places(complaints: &[Complaint]) -> Vec<(&str, usize)> {
        complaints.iter().map(|complaint| (complaint.path.as_str(), complaint.line)).collect()
    }

    #[test]
    fn pure_code_names_neither_io_nor_clock_nor_randomness() {
        let text = "use std::{\n io, fmt};\nuse std::time::Instant;\nuse rand::rngs;\n// std::net\n\
                    #[cfg(test)]\nmod tests { use std::thread; }\n";
        let workspace = of_files([("crates/auth/src/key.rs", text)]);
        let mut complaints =
            places(&pure_crates_touch_nothing(&workspace)).iter().map(|place| place.1).collect::<Vec<_>>();
        complaints.sort_unstable();
        assert_eq!(complaints, [1, 3, 4]);
    }

    #[test]
    fn only_the_blocking_module_names_io_and_even_it_no_clock() {
        let text = "use std::io::Read;\nuse std::time::Instant;\n";
        let workspace = of_files([("crates/framing/src/blocking.rs", text)]);
        let complaints = pure_crates_touch_nothing(&workspace);
        assert_eq!(places(&complaints), [("crates/framing/src/blocking.rs", 2)]);
    }

    #[test]
    fn a_pure_crate_without_the_mark_is_told_so() {
        let marked = of_files([("crates/auth/src/lib.rs", "//! Keys.\n#![no_std]\n")]);
        assert!(pure_crates_touch_nothing(&marked).is_empty());
        let conditional = of_files([("crates/auth/src/lib.rs", "#![cfg_attr(not(test), no_std)]\n")]);
        assert_eq!(pure_crates_touch_nothing(&conditional).len(), 1);
    }

    #[test]
    fn the_reactor_names_no_word_of_its_neighbours() {
        let text = "fn handshake_timeout() {}\nuse framing::FrameSpec;\n";
        let workspace = of_files([("crates/reactor/src/a.rs", text)]);
        assert_eq!(places(&reactor_knows_bytes_only(&workspace)), [("crates/reactor/src/a.rs", 2); 2]);
    }

    #[test]
    fn a_lock_that_no_test_tries_is_found() {
        let workspace = of_files([
            ("crates/reactor/src/line.rs", "use crate::sync::Mutex;\n"),
            ("crates/reactor/src/sim/host.rs", "use std::sync::atomic::AtomicBool;\n"),
            ("crates/reactor/src/turn.rs", "\nuse std::sync::{Arc, Mutex};\n"),
            (INTERLEAVED, "#[path = \"../../src/line.rs\"]\nmod line;\n"),
        ]);
        assert_eq!(places(&locks_are_tried_in_every_order(&workspace)), [("crates/reactor/src/turn.rs", 2)]);
    }

    #[test]
    fn a_second_file_that_polls_is_sent_to_the_first() {
        let workspace = of_files([
            ("a.rs", "use mio::Poll;\n"),
            ("b.rs", "// mio::Poll\n"),
            ("c.rs", "\nuse mio::{Events, Poll};\n"),
        ]);
        let complaints = one_file_polls(&workspace);
        assert_eq!(places(&complaints), [("c.rs", 2)]);
        assert!(complaints[0].what.contains("a.rs"));
    }
}
