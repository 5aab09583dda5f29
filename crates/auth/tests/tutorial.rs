//! The tutorial's dialect: what it refuses, and, recorded as such, what it cannot.

mod support;

use switchboard_auth::{Dialect, Policy, Refused};

use support::{
    KEY, Party, converse, converse_through, entropy, flip, honest_transcript, pair, policy, policy_with,
};

fn tutorial() -> Policy {
    policy(Dialect::Tutorial, b"secret key")
}

#[test]
fn the_client_proves_itself_and_the_server_does_not() {
    let (mut server, mut client) = pair(&tutorial());
    let messages = converse(&mut server, &mut client);
    assert_eq!(messages.iter().map(|(_, bytes)| bytes.len()).collect::<Vec<_>>(), [32, 32]);
    let support::State::Done(proof) = &server.state else { panic!("{:?}", server.state) };
    assert_eq!(proof.caller(), Some("alice"));
    assert!(!proof.is_mutual());
}

#[test]
fn what_follows_the_answer_at_once_is_the_first_message() {
    let messages = honest_transcript(&tutorial());
    let mut server = Party::new(tutorial().accept(entropy(1)));
    server.hear(&[]);
    server.hear(&[&messages[1].1[..], b"hello"].concat());
    assert!(server.is_done());
    assert_eq!(server.rest(), b"hello");
}

#[test]
fn what_follows_the_challenge_at_once_is_the_first_message() {
    let mut client = Party::new(tutorial().call(entropy(1)));
    let said = client.hear(&[&[7; 32][..], b"hello"].concat());
    assert_eq!((said.len(), client.rest()), (32, &b"hello"[..]));
}

#[test]
fn no_flipped_bit_is_accepted_by_the_server() {
    for (index, (_, message)) in honest_transcript(&tutorial()).iter().enumerate() {
        for bit in 0..message.len() * 8 {
            let (mut server, mut client) = pair(&tutorial());
            converse_through(&mut server, &mut client, flip(index, bit));
            assert!(server.refusal().is_some(), "message {index}, bit {bit}");
        }
    }
}

#[test]
fn an_answer_in_upper_case_is_refused() {
    let answer = honest_transcript(&tutorial())[1].1.to_ascii_uppercase();
    let mut server = Party::new(tutorial().accept(entropy(1)));
    server.hear(&[]);
    server.hear(&answer);
    assert_eq!(server.refusal(), Some(Refused::NotHex));
}

#[test]
fn another_key_is_refused() {
    let mut server = Party::new(tutorial().accept(entropy(1)));
    let mut client = Party::new(policy(Dialect::Tutorial, b"secret kez").call(entropy(2)));
    converse(&mut server, &mut client);
    assert_eq!(server.refusal(), Some(Refused::WrongProof));
}

#[test]
fn each_of_several_keys_is_accepted_under_its_own_name() {
    let server = policy_with(Dialect::Tutorial, &[("alice", b"a"), ("bob", b"b")]);
    for (name, key) in [("alice", b"a"), ("bob", b"b")] {
        let mut server = Party::new(server.accept(entropy(1)));
        let mut client = Party::new(policy(Dialect::Tutorial, key).call(entropy(2)));
        converse(&mut server, &mut client);
        assert_eq!(server.caller(), Some(name));
    }
}

#[test]
fn an_answer_played_back_to_a_new_challenge_is_refused() {
    let answer = &honest_transcript(&tutorial())[1].1;
    let mut server = Party::new(tutorial().accept(entropy(3)));
    server.hear(&[]);
    server.hear(answer);
    assert_eq!(server.refusal(), Some(Refused::WrongProof));
}

#[test]
fn known_weakness_the_client_trusts_any_server() {
    let mut client = Party::new(tutorial().call(entropy(1)));
    client.hear(&[0; 32]);
    assert!(client.is_done(), "there is nothing it could check");
}

#[test]
fn known_weakness_a_false_server_can_have_a_true_ones_challenge_answered() {
    let mut server = Party::new(tutorial().accept(entropy(1)));
    let mut lured = Party::new(tutorial().call(entropy(2)));
    let answer = lured.hear(&server.hear(&[]));
    server.hear(&answer);
    assert!(server.is_done(), "whoever stands between the two is in");
}

#[test]
fn known_weakness_the_proof_is_for_no_service_in_particular() {
    let mut server = Party::new(tutorial().with_service("upload").accept(entropy(1)));
    let mut client = Party::new(tutorial().with_service("talk").call(entropy(2)));
    converse(&mut server, &mut client);
    assert!(server.is_done(), "the wire has no room for a name");
}

#[test]
fn a_key_of_mutuals_length_works_as_well() {
    honest_transcript(&policy(Dialect::Tutorial, &KEY));
}
