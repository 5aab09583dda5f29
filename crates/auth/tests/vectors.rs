//! Both roles against the vectors that `vectors/make.py` made, byte for byte; attacks are left to
//! the other files.

mod support;

use std::path::Path;
use std::process::Command;

use switchboard_auth::{Dialect, Entropy, Key, Policy};

use support::vector::{Case, cases};
use support::{Party, converse, policy, skip};

#[test]
fn mutual_speaks_exactly_the_bytes_of_the_vectors() {
    for case in cases(include_str!("vectors/mutual.json")) {
        println!("case: {}", case.text("name"));
        let policy = mutual_policy(&case);
        let mut server = Party::new(policy.accept(nonce(&case.bytes("server_nonce"))));
        let mut client = Party::new(policy.call(nonce(&case.bytes("client_nonce"))));
        assert_eq!(server.hear(&[]), case.bytes("challenge"));
        assert_eq!(client.hear(&case.bytes("challenge")), case.bytes("response"));
        assert_eq!(server.hear(&case.bytes("response")), case.bytes("accept"));
        assert_eq!(client.hear(&case.bytes("accept")), b"");
        assert!(server.is_done() && client.is_done());
    }
}

#[test]
fn mutual_refuses_the_vectors_of_any_other_case() {
    let cases = cases(include_str!("vectors/mutual.json"));
    for (ours, theirs) in cases.iter().flat_map(|a| cases.iter().map(move |b| (a, b))) {
        let same = ours.text("name") == theirs.text("name");
        let mut server = Party::new(mutual_policy(ours).accept(nonce(&ours.bytes("server_nonce"))));
        server.hear(&[]);
        server.hear(&theirs.bytes("response"));
        assert_eq!(server.is_done(), same, "{} / {}", ours.text("name"), theirs.text("name"));
        let mut client = Party::new(mutual_policy(ours).call(nonce(&ours.bytes("client_nonce"))));
        client.hear(&ours.bytes("challenge"));
        client.hear(&theirs.bytes("accept"));
        assert_eq!(client.is_done(), same, "{} / {}", ours.text("name"), theirs.text("name"));
    }
}

#[test]
fn key_ids_are_those_of_the_vectors() {
    for case in cases(include_str!("vectors/mutual.json")) {
        let id = Key::from_hex(case.text("key")).expect("hexadecimal").id().expect("32 bytes");
        assert_eq!(id.to_string(), case.text("key_id"));
    }
}

#[test]
fn tutorial_speaks_exactly_the_bytes_of_the_vectors() {
    for case in cases(include_str!("vectors/tutorial.json")) {
        println!("case: {}", case.text("name"));
        let policy = policy(Dialect::Tutorial, &case.bytes("key"));
        let mut server = Party::new(policy.accept(nonce(&case.bytes("challenge"))));
        let mut client = Party::new(policy.call(nonce(&[])));
        assert_eq!(server.hear(&[]), case.bytes("challenge"));
        assert_eq!(client.hear(&case.bytes("challenge")), case.bytes("answer"));
        assert_eq!(server.hear(&case.bytes("answer")), b"");
        assert!(server.is_done() && client.is_done());
    }
}

#[test]
fn python_speaks_exactly_the_bytes_of_the_vectors() {
    for case in cases(include_str!("vectors/python.json")) {
        println!("case: {}", case.text("name"));
        let digests = case.text("digests").parse().expect("a digest's name");
        let policy = policy(Dialect::Python, &case.bytes("key")).with_digests(digests);
        let mut server = Party::new(policy.accept(nonce(&case.bytes("server_nonce"))));
        let mut client = Party::new(policy.call(nonce(&case.bytes("client_random"))));
        let said = converse(&mut server, &mut client).into_iter().map(|(_, message)| message);
        assert_eq!(said.collect::<Vec<_>>(), case.list("messages"));
        assert!(server.is_done() && client.is_done());
    }
}

/// They are nobody's handiwork: independent code makes the same again.
#[test]
fn the_scripts_make_these_vectors() {
    for script in ["make.py", "make_noise.py"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(script);
        let Ok(output) = Command::new("python3").arg(path).arg("--check").output() else {
            return skip("python");
        };
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Entropy whose first bytes are the nonce of a vector.
fn nonce(bytes: &[u8]) -> Entropy {
    let mut entropy = [0x5a; Entropy::BYTES];
    entropy[..bytes.len()].copy_from_slice(bytes);
    Entropy::from(entropy)
}

fn mutual_policy(case: &Case) -> Policy {
    policy(Dialect::Mutual, &case.bytes("key"))
        .with_service(case.text("service"))
        .with_server_name(case.text("server_name"))
        .with_channel_binding(&case.bytes("channel_binding"))
}
