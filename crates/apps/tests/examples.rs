//! Every example runs, and those that are there to be read are short enough for one glance.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "examples stay as plain as they can be")]

#[path = "../examples/echo_server.rs"]
mod echo_server;
#[path = "../examples/everybody.rs"]
mod everybody;
#[path = "../examples/scripted_echo.rs"]
mod scripted_echo;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const LINES_MAX: usize = 40;

#[test]
fn everybody_hears_everybody() {
    everybody::main().unwrap();
}

const IN_CHILD: &str = "SWITCHBOARD_TEST_ECHO_SERVER";
const KEY: &str = "6b6579206f6620616c69636520666f72207468652065786572636973652e2e2e";

/// The server of the README, which is this test again, and is ended with it.
struct Server(Child);

impl Server {
    fn start() -> (Server, String) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_server_of_the_readme_echoes_to_who_has_the_key", "--nocapture"])
            .envs([(IN_CHILD, "1"), ("ALICE_KEY", KEY)])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The harness says something in the same line before it.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| Some(line.split_once("listening on ")?.1.to_owned()));
        (Server(child), address.expect("it says where it listens"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the README's command hears of what it says.
fn talk(address: &str, key: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    fs::write(&keys, format!("alice {key}\n")).unwrap();
    let mut talk = Command::new(env!("CARGO_BIN_EXE_sb-talk"))
        .args(["call", address, "--framing", "u32be", "--auth", "mutual", "--service", "echo", "--key-file"])
        .arg(&keys)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // A caller that is refused may be gone by then.
    let _ = talk.stdin.take().unwrap().write_all(b"hello\nand more\n");
    String::from_utf8(talk.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn the_server_of_the_readme_echoes_to_who_has_the_key() {
    if std::env::var_os(IN_CHILD).is_some() {
        return echo_server::main().unwrap();
    }
    let (_server, address) = Server::start();
    assert_eq!(talk(&address, KEY), "hello\nand more\n");
    assert_eq!(talk(&address, &KEY.replace('6', "7")), "");
    assert_eq!(talk(&address, KEY), "hello\nand more\n", "it goes on");
}

#[test]
fn the_readme_shows_the_example_as_it_is() {
    let example = include_str!("../examples/echo_server.rs");
    let (_, shown) = example.split_once("\n\n").unwrap();
    let shown = shown.replace("/// Serves until it is ended.\npub fn main", "fn main");
    assert!(include_str!("../../../README.md").contains(&shown));
}

/// It is there for callgrind to count, not to be read.
const COUNTED: &str = "scripted_echo.rs";

#[test]
fn every_script_is_played_to_its_end() {
    for script in scripted_echo::SCRIPTS {
        scripted_echo::play(script.name).unwrap();
    }
}

#[test]
fn every_example_is_one_of_these_and_has_at_most_forty_lines() {
    let this = include_str!("examples.rs");
    for example in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).unwrap() {
        let path = example.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(this.contains(&format!("\"../examples/{name}\"")), "no test runs {name}");
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(name == COUNTED || lines <= LINES_MAX, "{name} has {lines} lines");
    }
}
