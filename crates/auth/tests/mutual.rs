//! Attacks on `mutual`, each of which must come to nothing; what holds for every dialect is in
//! `laws.rs`, the bytes in `vectors.rs`.

mod support;

use switchboard_auth::{Dialect, Entropy, Key, Policy, Refused};

use support::{
    KEY, Party, converse, converse_through, entropy, flip, honest_transcript, pair, policy, policy_with,
};

const CHALLENGE: usize = 0;
const RESPONSE: usize = 1;
const ACCEPT: usize = 2;

fn mutual(key: &[u8]) -> Policy {
    policy(Dialect::Mutual, key).with_service("echo")
}

/// Server and client that hold different policies.
fn strangers(server: &Policy, client: &Policy) -> (Party, Party) {
    let mut server = Party::new(server.accept(entropy(1)));
    let mut client = Party::new(client.call(entropy(2)));
    converse(&mut server, &mut client);
    (server, client)
}

#[test]
fn both_sides_prove_themselves() {
    let (mut server, mut client) = pair(&mutual(&KEY));
    converse(&mut server, &mut client);
    for party in [&server, &client] {
        let support::State::Done(proof) = &party.state else { panic!("{:?}", party.state) };
        assert_eq!((proof.caller(), proof.dialect()), (Some("alice"), Dialect::Mutual));
        assert!(proof.is_mutual());
    }
}

#[test]
fn the_server_knows_which_of_its_keys_was_proved() {
    let server = policy_with(Dialect::Mutual, &[("alice", &KEY), ("bob", &[9; 32]), ("carol", &[8; 32])]);
    let (server, client) = strangers(&server, &policy_with(Dialect::Mutual, &[("me", &[9; 32])]));
    assert_eq!((server.caller(), client.caller()), (Some("bob"), Some("me")));
}

#[test]
fn no_flipped_bit_of_any_message_is_accepted_by_its_receiver() {
    let messages = honest_transcript(&mutual(&KEY));
    for (index, (_, message)) in messages.iter().enumerate() {
        for bit in 0..message.len() * 8 {
            let (mut server, mut client) = pair(&mutual(&KEY));
            converse_through(&mut server, &mut client, flip(index, bit));
            assert!(!client.is_done(), "message {index}, bit {bit}");
            // Only the last message comes after the server has been satisfied.
            assert_eq!(server.is_done(), index == ACCEPT, "message {index}, bit {bit}");
        }
    }
}

#[test]
fn nothing_replayed_is_accepted() {
    let messages = honest_transcript(&mutual(&KEY));
    let mut server = Party::new(mutual(&KEY).accept(entropy(3)));
    server.hear(&[]);
    server.hear(&messages[RESPONSE].1);
    assert_eq!(server.refusal(), Some(Refused::WrongProof));

    let mut client = Party::new(mutual(&KEY).call(entropy(4)));
    client.hear(&messages[CHALLENGE].1);
    client.hear(&messages[ACCEPT].1);
    assert_eq!(client.refusal(), Some(Refused::WrongProof));
}

#[test]
fn an_answer_from_one_session_is_none_in_another() {
    let policy = mutual(&KEY);
    let [mut first, mut second] = [1, 3].map(|seed| Party::new(policy.accept(entropy(seed))));
    let [mut for_first, mut for_second] = [2, 4].map(|seed| Party::new(policy.call(entropy(seed))));
    let answer_to_first = for_first.hear(&first.hear(&[]));
    let answer_to_second = for_second.hear(&second.hear(&[]));
    first.hear(&answer_to_second);
    second.hear(&answer_to_first);
    assert_eq!(first.refusal(), Some(Refused::WrongProof));
    assert_eq!(second.refusal(), Some(Refused::WrongProof));
}

#[test]
fn nothing_reflected_is_accepted() {
    let messages = honest_transcript(&mutual(&KEY));
    for (_, message) in &messages {
        let mut server = Party::new(mutual(&KEY).accept(entropy(3)));
        let own = server.hear(&[]);
        server.hear(&own);
        assert!(server.refusal().is_some(), "its own challenge");

        let mut client = Party::new(mutual(&KEY).call(entropy(4)));
        let own = client.hear(&messages[CHALLENGE].1);
        client.hear(&own);
        assert!(client.refusal().is_some(), "its own response");

        let mut client = Party::new(mutual(&KEY).call(entropy(4)));
        client.hear(&messages[CHALLENGE].1);
        client.hear(message);
        assert!(client.refusal().is_some(), "a message of another session");
    }
}

#[test]
fn a_clients_proof_is_no_servers_proof() {
    let mut client = Party::new(mutual(&KEY).call(entropy(4)));
    let challenge = &honest_transcript(&mutual(&KEY))[CHALLENGE].1;
    let response = client.hear(challenge);
    let header = &challenge[..20];
    client.hear(&[header, &response[68..]].concat());
    assert_eq!(client.refusal(), Some(Refused::WrongProof));
}

#[test]
fn another_key_under_the_same_id_is_refused() {
    // The id is public: whoever has seen it may name it.
    let id = *Key::from_bytes(&KEY).id().expect("32 bytes").as_bytes();
    let mut server = Party::new(mutual(&KEY).accept(entropy(1)));
    let mut impostor = Party::new(mutual(&[0xee; 32]).call(entropy(2)));
    converse_through(&mut server, &mut impostor, |at, mut bytes| {
        if at == RESPONSE {
            bytes[20..36].copy_from_slice(&id);
        }
        bytes
    });
    assert_eq!(server.refusal(), Some(Refused::WrongProof));
}

#[test]
fn a_caller_with_an_unknown_key_is_refused_without_a_word() {
    let (server, client) = strangers(&mutual(&KEY), &mutual(&[0xee; 32]));
    let id = Key::from_bytes(&[0xee; 32]).id().expect("32 bytes");
    assert_eq!(server.refusal(), Some(Refused::UnknownKey { id }));
    assert!(client.is_pending());
}

#[test]
fn the_dummy_key_opens_nothing_even_to_somebody_who_knows_it() {
    let mut random = [3; Entropy::BYTES];
    random[32..].fill(0xdd);
    let mut server = Party::new(mutual(&KEY).accept(Entropy::from(random)));
    let mut impostor = Party::new(mutual(&[0xdd; 32]).call(entropy(2)));
    converse(&mut server, &mut impostor);
    assert!(matches!(server.refusal(), Some(Refused::UnknownKey { .. })));
}

#[test]
fn a_server_without_the_key_is_refused() {
    // It may say what it likes: here, what a server with another key would say.
    let (mut server, mut client) = pair(&mutual(&KEY));
    let (mut fake, mut its_client) = pair(&mutual(&[0xee; 32]));
    let fake_accept = converse(&mut fake, &mut its_client)[ACCEPT].1.clone();
    client.hear(&server.hear(&[]));
    client.hear(&fake_accept);
    assert_eq!(client.refusal(), Some(Refused::WrongProof));
}

#[test]
fn the_two_must_mean_the_same_service_server_and_channel() {
    let base = || policy(Dialect::Mutual, &KEY).with_service("ab").with_server_name("cd");
    let others = [
        base().with_service("a"),
        base().with_service(""),
        base().with_server_name("c"),
        base().with_channel_binding(b"\0"),
        // The same bytes in a row, cut elsewhere.
        base().with_service("abc").with_server_name("d"),
        base().with_service("").with_server_name("abcd"),
        base().with_server_name("").with_channel_binding(b"cd"),
    ];
    for other in others {
        for (server, client) in [(base(), other.clone()), (other.clone(), base())] {
            let (server, client) = strangers(&server, &client);
            assert_eq!(server.refusal(), Some(Refused::WrongProof), "{other:?}");
            assert!(client.is_pending());
        }
    }
}

#[test]
fn bytes_before_the_accept_are_a_failure_however_they_are_cut() {
    let response = honest_transcript(&mutual(&KEY)).swap_remove(RESPONSE).1;
    let said = [&response[..], b"hello"].concat();
    for cut in 0..=said.len() {
        let mut server = Party::new(mutual(&KEY).accept(entropy(1)));
        server.hear(&said[..cut]);
        if server.is_pending() {
            server.hear(&said[cut..]);
        }
        // Cut there, nothing was early: what follows comes after the accept.
        let waited = cut == response.len();
        let refusal = (!waited).then_some(Refused::EarlyData);
        assert_eq!((server.is_done(), server.refusal()), (waited, refusal), "cut at {cut}");
    }
}

#[test]
fn a_wrong_response_is_told_by_what_is_wrong_with_it_whatever_comes_behind() {
    let mut wrong = honest_transcript(&mutual(&KEY)).swap_remove(RESPONSE).1;
    *wrong.last_mut().expect("a response has a tag") ^= 1;
    for behind in [&b""[..], b"hello"] {
        let mut server = Party::new(mutual(&KEY).accept(entropy(1)));
        server.hear(&[]);
        assert_eq!(server.hear(&[&wrong, behind].concat()), b"");
        assert_eq!(server.refusal(), Some(Refused::WrongProof));
    }
}

#[test]
fn what_a_server_says_after_its_accept_is_left_alone() {
    let messages = honest_transcript(&mutual(&KEY));
    let mut client = Party::new(mutual(&KEY).call(entropy(2)));
    client.hear(&messages[CHALLENGE].1);
    client.hear(&[&messages[ACCEPT].1[..], b"hello"].concat());
    assert!(client.is_done());
    assert_eq!(client.rest(), b"hello");
}

#[test]
fn a_server_that_says_anything_else_before_its_accept_is_refused() {
    let messages = honest_transcript(&mutual(&KEY));
    for together in [false, true] {
        let mut client = Party::new(mutual(&KEY).call(entropy(2)));
        let mut said = [&messages[CHALLENGE].1[..], b"!"].concat();
        said.extend(&messages[ACCEPT].1);
        let at = if together { said.len() } else { messages[CHALLENGE].1.len() };
        client.hear(&said[..at]);
        if client.is_pending() {
            client.hear(&said[at..]);
        }
        assert!(client.refusal().is_some());
    }
}

#[test]
fn a_peer_that_announces_another_length_is_refused_at_once() {
    for declared in [0_u32, 47, 49, 95, 97, 0x7fff_ffff, u32::MAX] {
        let mut server = Party::new(mutual(&KEY).accept(entropy(1)));
        server.hear(&declared.to_be_bytes());
        assert_eq!(server.refusal(), Some(Refused::WrongLength { declared, expected: 96 }));
        let mut client = Party::new(mutual(&KEY).call(entropy(1)));
        client.hear(&declared.to_be_bytes());
        assert_eq!(client.refusal(), Some(Refused::WrongLength { declared, expected: 48 }));
    }
}

#[test]
fn two_clients_or_two_servers_come_to_nothing() {
    let policy = mutual(&KEY);
    let mut a = Party::new(policy.accept(entropy(1)));
    let mut b = Party::new(policy.accept(entropy(2)));
    let (from_a, from_b) = (a.hear(&[]), b.hear(&[]));
    a.hear(&from_b);
    b.hear(&from_a);
    assert!(a.refusal().is_some() && b.refusal().is_some());
    assert_eq!(Party::new(policy.call(entropy(1))).hear(&[]), b"");
}
