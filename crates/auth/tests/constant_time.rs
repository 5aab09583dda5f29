//! That a wrong proof takes the same number of instructions wherever the wrong byte stands, and that an unknown key id
//! takes the way of a wrong proof: counted by callgrind, which runs this very test program once more for each count.
//! Without `valgrind` the tests pass with a printed reason, unless `SWITCHBOARD_REQUIRE` names it.
//!
//! A loop that stops at the first difference is seen, as a control shows. `==` on whole slices may not be: the C library
//! compares 32 bytes in one step where the processor can. So that one is kept out by other means: a claimed tag has no
//! `==` in the code (`Claim`), and tidy finds those that are made some other way.

mod support;

use std::hint::black_box;
use std::process::Command;

use switchboard_auth::{Dialect, Handshake, Policy};

use support::{KEY, Party, entropy, policy, skip};

/// A handshake that waits for its peer's proof, and that proof.
struct Wait {
    handshake: Handshake,
    proof: Vec<u8>,
    /// Where the compared bytes are.
    tag: std::ops::Range<usize>,
}

/// Each place in which a proof is compared.
const PLACES: &[&str] = &[
    "tutorial server",
    "legacy server",
    "legacy client",
    "python server",
    "python client",
    "mutual server",
    "mutual client",
    #[cfg(feature = "noise")]
    "noise server",
    #[cfg(feature = "noise")]
    "noise client",
];

fn wait(place: &str) -> Wait {
    let (dialect, role) = place.split_once(' ').expect("a dialect and a role");
    let policy = policy_of(dialect);
    let mut proof = proofs(&policy).into_iter().find(|(of, _)| *of == role).expect("both roles").1;
    if dialect == "legacy" {
        proof = without_digests_name(&proof);
    }
    let tag_bytes = if matches!(dialect, "noise" | "legacy") { 16 } else { 32 };
    let tag = proof.len() - tag_bytes..proof.len();
    Wait { handshake: waiting(&policy, role), proof, tag }
}

/// `legacy` is `python` as it was spoken before 3.12, which knows MD5 and names no digest.
fn policy_of(dialect: &str) -> Policy {
    match dialect {
        "legacy" => policy(Dialect::Python, &KEY).with_digests("md5".parse().expect("a digest")),
        _ => policy(dialect.parse().expect("a dialect"), &KEY),
    }
}

fn without_digests_name(answer: &[u8]) -> Vec<u8> {
    let tag = answer.strip_prefix(b"\0\0\0\x15{md5}").expect("an answer that names MD5");
    [b"\0\0\0\x10", tag].concat()
}

/// What each role is proved by its peer in an honest conversation.
fn proofs(policy: &Policy) -> [(&'static str, Vec<u8>); 2] {
    let (mut server, mut client) =
        (Party::new(policy.accept(entropy(1))), Party::new(policy.call(entropy(2))));
    let greeting = server.hear(&[]);
    let opening = client.hear(&greeting);
    let mut to_client = server.hear(&opening);
    if policy.dialect() == Dialect::Python {
        let challenge = client.hear(&to_client);
        to_client = server.hear(&challenge);
    }
    [("server", opening), ("client", to_client)]
}

/// The handshake in the state in which it waits for that.
fn waiting(policy: &Policy, role: &str) -> Handshake {
    let mut server = Party::new(policy.accept(entropy(1)));
    let greeting = server.hear(&[]);
    let mut party = if role == "server" {
        server
    } else {
        let mut client = Party::new(policy.call(entropy(2)));
        let opening = client.hear(&greeting);
        if policy.dialect() == Dialect::Python {
            let welcome = server.hear(&opening);
            client.hear(&welcome);
        }
        client
    };
    match std::mem::replace(&mut party.state, support::State::Refused(switchboard_auth::Refused::WrongLabel))
    {
        support::State::Pending(handshake) => handshake,
        other => panic!("{other:?}"),
    }
}

/// What is counted: one proof, judged.
#[inline(never)]
fn judge_one_proof(handshake: Handshake, proof: &[u8], out: &mut Vec<u8>) -> bool {
    handshake.advance(proof, out).is_err()
}

/// Judges one wrong proof: this is run under callgrind, which is told to count only there.
#[test]
fn one_wrong_proof() {
    let Ok(what) = std::env::var(WHAT) else { return };
    let (place, change) = what.rsplit_once(' ').expect("a place and a change");
    if place == CONTROL {
        let (right, mut wrong) = ([b'a'; 32], [b'a'; 32]);
        wrong[place_of(change, &(0..32))] ^= 1;
        assert!(!judge_one_proof_badly(black_box(&right), black_box(&wrong)));
        return;
    }
    let Wait { handshake, mut proof, tag } = wait(place);
    alter(&mut proof[place_of(change, &tag)]);
    let mut out = Vec::with_capacity(1024);
    assert!(judge_one_proof(handshake, &proof, &mut out), "{what} was accepted");
}

/// How it is not to be done: until the first difference.
#[inline(never)]
fn judge_one_proof_badly(right: &[u8], claimed: &[u8]) -> bool {
    right.iter().zip(claimed).all(|(right, claimed)| right == claimed)
}

/// Which byte of the whole proof is to be wrong.
fn place_of(change: &str, tag: &std::ops::Range<usize>) -> usize {
    match change {
        "first" => tag.start,
        "middle" => usize::midpoint(tag.start, tag.end),
        "last" => tag.end - 1,
        // In the key id of either dialect that has one.
        "id" => 22,
        other => panic!("{other}"),
    }
}

/// Another byte, which is still a hexadecimal digit if it was one.
fn alter(byte: &mut u8) {
    *byte = if *byte == b'0' {
        b'1'
    } else if byte.is_ascii_digit() {
        *byte - 1
    } else {
        *byte ^ 1
    };
}

#[test]
fn a_comparison_that_stops_at_the_first_difference_is_seen() {
    if !has_valgrind() {
        return;
    }
    let counts = CHANGES.map(|change| instructions(&format!("{CONTROL} {change}")));
    println!("{CONTROL}: {counts:?}");
    assert!(counts.is_sorted() && counts[0] + 16 < counts[1] && counts[1] + 15 < counts[2], "{counts:?}");
}

#[test]
fn a_wrong_byte_costs_the_same_wherever_it_stands() {
    if !has_valgrind() {
        return;
    }
    for place in PLACES {
        let counts = CHANGES.map(|change| instructions(&format!("{place} {change}")));
        println!("{place}: {counts:?}");
        assert!(counts[0] > 1000 && counts.iter().all(|count| *count == counts[0]), "{place}: {counts:?}");
    }
}

#[test]
fn an_unknown_key_id_costs_what_a_wrong_proof_costs() {
    if !has_valgrind() {
        return;
    }
    for place in PLACES.iter().filter(|place| matches!(**place, "mutual server" | "noise server")) {
        let [id, tag] = ["id", "last"].map(|change| instructions(&format!("{place} {change}")));
        println!("{place}: unknown id {id}, wrong tag {tag}");
        // Looking an id up and naming it in the error is all that differs.
        assert!(id.abs_diff(tag) < LOOKING_UP, "{place}: {id} and {tag}");
    }
}

fn instructions(what: &str) -> u64 {
    let us = std::env::current_exe().expect("the system knows what it runs");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"]);
    command.arg("--toggle-collect=*judge_one_proof*").arg(us);
    command.args(["--exact", "one_wrong_proof", "--test-threads=1"]).env(WHAT, what);
    let output = command.output().expect("valgrind ran a moment ago");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {said}\n{}", String::from_utf8_lossy(&output.stdout));
    let count = said.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = count.unwrap_or_else(|| panic!("{what}: callgrind counted nothing: {said}"));
    count.trim().parse().expect("a number")
}

fn has_valgrind() -> bool {
    let runs = Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success());
    if !runs {
        skip("valgrind");
    }
    runs
}

const CHANGES: [&str; 3] = ["first", "middle", "last"];
const CONTROL: &str = "control";

/// In which the second run is told what to judge.
const WHAT: &str = "SWITCHBOARD_JUDGE";
/// Instructions: a thousandth of what a proof costs.
const LOOKING_UP: u64 = 500;
