//! `sb-frame guess` on what `sb-frame pack` makes: the framing is found, and nothing is made up.
//! What counts as evidence is left to the program's own tests.

use e2e::{Ending, Launch, Place};
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
