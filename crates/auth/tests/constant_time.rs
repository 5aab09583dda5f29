//! That a wrong proof takes the same number of instructions wherever the wrong byte stands, and that an unknown key id
//! takes the way of a wrong proof: counted by callgrind, which runs this very test program once more for each count.
//! Without `valgrind` the tests pass with a printed reason, unless `SWITCHBOARD_REQUIRE` names it.

mod support;

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
    let policy = policy(dialect.parse().expect("a dialect"), &KEY);
    let proof = proofs(&policy).into_iter().find(|(of, _)| *of == role).expect("both roles").1;
    let tag_bytes = match policy.dialect() {
        Dialect::Noise => 16,
        _ => 32,
    };
    let tag = proof.len() - tag_bytes..proof.len();
    Wait { handshake: waiting(&policy, role), proof, tag }
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
    let Wait { handshake, mut proof, tag } = wait(place);
    match change {
        "first" => alter(&mut proof[tag.start]),
        "middle" => alter(&mut proof[usize::midpoint(tag.start, tag.end)]),
        "last" => alter(&mut proof[tag.end - 1]),
        // In the key id of either dialect that has one.
        "id" => alter(&mut proof[22]),
        other => panic!("{other}"),
    }
    let mut out = Vec::with_capacity(1024);
    assert!(judge_one_proof(handshake, &proof, &mut out), "{what} was accepted");
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
fn a_wrong_byte_costs_the_same_wherever_it_stands() {
    if !has_valgrind() {
        return;
    }
    for place in PLACES {
        let counts = ["first", "middle", "last"].map(|change| instructions(&format!("{place} {change}")));
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

/// In which the second run is told what to judge.
const WHAT: &str = "SWITCHBOARD_JUDGE";
/// Instructions: a thousandth of what a proof costs.
const LOOKING_UP: u64 = 500;
