//! `sb-frame guess` on what `sb-frame pack` makes, and what Python does: the framing is found, and nothing is made up.
//! What counts as evidence is left to the program's own tests.

use std::path::Path;
use std::time::Duration;

use e2e::{Ending, Launch, Place, Python, python};
use serde_json::Value;

fn guess(options: &str, capture: &[u8]) -> Ending {
    let place = Place::new();
    let file = place.file("capture", capture);
    Launch::ours(&format!("sb-frame guess{options}")).arg(file).start().finish()
}

fn packed(framing: &str, text: &str) -> Vec<u8> {
    let place = Place::new();
    let file = |name: &str| std::fs::File::open(place.path(name)).expect("it was made");
    place.file("text", text);
    let output = std::fs::File::create(place.path("frames")).expect("a new folder takes a file");
    let line = format!("sb-frame pack --framing {framing}");
    Launch::ours(&line).stdin(file("text")).stdout(output).start().finish().expect_code(0);
    std::fs::read(place.path("frames")).expect("it was made")
}

#[test]
fn the_framing_stands_first_in_the_first_line() {
    for framing in ["u16be", "u32le", "u32be,incl", "netstring", "hex4", "crlf", "nul"] {
        let ending = guess("", &packed(framing, "hello\nworld\na third message\nand one more\n"));
        ending.expect_code(0);
        let first = ending.stdout.lines().next().unwrap_or_default();
        assert_eq!(first.split_whitespace().next(), Some(framing), "{ending}");
        assert!(first.contains("4 messages, 0 bytes left over"), "{ending}");
    }
}

#[test]
fn objects_say_the_same() {
    let ending = guess(" --json -0", &packed("python", "hello\nworld\n"));
    ending.expect_code(0);
    let guesses: Vec<Value> = ending
        .stdout
        .split_terminator('\0')
        .map(|record| serde_json::from_str(record).expect("a record is an object"))
        .collect();
    assert_eq!(guesses[0]["spec"], "u32be", "{ending}");
    assert_eq!(guesses[0]["messages"], 2, "{ending}");
    assert!(guesses[0]["alike"].as_array().is_some_and(|alike| alike.contains(&"python".into())), "{ending}");
    assert_eq!(guesses.last().map(|last| &last["spec"]), Some(&"raw".into()), "{ending}");
}

#[test]
fn where_nothing_fits_only_raw_is_left() {
    for capture in [&b""[..], &[0; 100], b"\xff\xfe\xfd\xfc\xfb\xfa"] {
        let ending = guess("", capture);
        ending.expect_code(5).expect_stderr("error: ");
        assert!(ending.stdout.starts_with("raw "), "{ending}");
    }
}

/// What Python's standard library wrote, by name.
fn captures(python: &Python) -> (Place, Vec<String>) {
    let place = Place::new();
    python.peer("captures.py").arg(place.folder()).start().finish().expect_code(0);
    let names = std::fs::read_dir(place.folder()).expect("it is there");
    let names = names.map(|entry| entry.expect("it stays as it is").file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().expect("it is ASCII")).collect();
    names.sort();
    (place, names)
}

/// The guesses of a file, best first: specs and confidences.
fn guesses(path: &Path) -> Vec<(String, String)> {
    let ending = Launch::ours("sb-frame guess -q --json").arg(path).start().finish_within(PATIENCE);
    let guesses = ending.stdout.lines().map(|line| {
        let guess: Value = serde_json::from_str(line).expect("a line is an object");
        let text = |field: &str| guess[field].as_str().expect("it is a word").to_owned();
        (text("spec"), text("confidence"))
    });
    guesses.filter(|(spec, _)| spec != "raw").collect()
}

#[test]
fn the_framings_of_real_streams_are_found_and_in_real_files_nobody_is_misled() {
    let Some(python) = python() else { return };
    let (place, names) = captures(&python);
    let mut streams = 0;
    for name in &names {
        let guesses = guesses(&place.path(name));
        match name.split_once('_') {
            Some((spec, _)) if SPECS.contains(&spec) => {
                assert_eq!(guesses.first().map(|(spec, _)| spec.as_str()), Some(spec), "{name}: {guesses:?}");
                streams += 1;
            }
            // Its pieces do say how long they are.
            _ if name == "png" => {
                assert!(guesses.iter().all(|(spec, _)| spec == "u32be,offset=8"), "{guesses:?}");
            }
            _ => assert!(guesses.iter().all(is_modest), "{name}: {guesses:?}"),
        }
    }
    assert!(streams >= 15 && names.len() - streams >= 10, "{names:?}");
}

#[test]
fn a_program_is_no_stream() {
    let guesses = guesses(Launch::ours("sb-frame").path());
    assert!(guesses.iter().all(is_modest), "{guesses:?}");
}

fn is_modest((_, confidence): &(String, String)) -> bool {
    !matches!(confidence.as_str(), "sure" | "likely")
}

const SPECS: &[&str] = &["u8", "u16be", "u32be", "u32le", "netstring", "crlf", "lines"];

/// A debug build looks at a megabyte in seconds.
const PATIENCE: Duration = Duration::from_mins(1);
