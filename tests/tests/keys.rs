//! `sb-key`: what it makes, where it puts it, and what it never shows.
//! Whether a key opens a door is left to `auth_ours`.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use e2e::{DEADLINE, Launch, Place};

#[test]
fn a_new_key_is_a_line_of_a_name_and_64_digits() {
    let ending = Launch::ours("sb-key new ann").start().finish();
    ending.expect_code(0);
    let line = ending.stdout.strip_suffix('\n').expect("one whole line");
    let (name, digits) = line.split_once(' ').expect("a name and a key");
    assert_eq!(name, "ann");
    assert!(digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{ending}");
    assert!(!ending.stderr.contains(digits), "the key is told once, and not where logs go");
}

#[test]
fn two_keys_differ() {
    let [one, two] = [(); 2].map(|()| Launch::ours("sb-key new ann").start().finish().stdout);
    assert_ne!(one, two);
}

#[test]
fn keys_gather_in_a_file_that_only_its_owner_reads() {
    let place = Place::new();
    let path = place.path("keys");
    for name in ["ann", "bob"] {
        let ending = Launch::ours("sb-key new").arg(name).arg("--key-file").arg(&path).start().finish();
        ending.expect_code(0).expect_stdout("");
    }
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
}

#[test]
fn a_name_that_is_taken_or_impossible_is_refused() {
    let place = Place::new();
    let path = place.path("keys");
    let add =
        |name: &str| Launch::ours("sb-key new").arg(name).arg("--key-file").arg(&path).start().wait(DEADLINE);
    add("ann").expect_code(0);
    add("ann").expect_code(2);
    add("two words").expect_code(2);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
}

#[test]
fn an_id_tells_a_key_without_showing_it() {
    let place = Place::new();
    let key = "00".repeat(32);
    let path = place.file("keys", format!("ann {key}\n"));
    let ending = Launch::ours("sb-key id --key-file").arg(path).start().finish();
    ending.expect_code(0);
    assert!(ending.stdout.starts_with("ann ") && !ending.stdout.contains(&key), "{ending}");
}

#[test]
fn a_key_file_that_others_can_write_is_refused() {
    let place = Place::new();
    let path = place.file("keys", format!("ann {}\n", "00".repeat(32)));
    for mode in [0o620, 0o602] {
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let ending = Launch::ours("sb-key id -q --key-file").arg(&path).start().finish();
        ending.expect_code(2).expect_stdout("");
        assert!(ending.stderr.contains("chmod 600 ") && ending.stderr.lines().count() == 1, "{ending}");
    }
}

#[test]
fn a_key_file_that_others_can_read_is_warned_of_even_quietly() {
    let place = Place::new();
    let path = place.file("keys", format!("ann {}\n", "00".repeat(32)));
    for (mode, warnings) in [(0o600, 0), (0o640, 1), (0o604, 1)] {
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let ending = Launch::ours("sb-key id -q --key-file").arg(&path).start().finish();
        ending.expect_code(0);
        assert_eq!(ending.stderr.matches("warning: ").count(), warnings, "{ending}");
    }
}
