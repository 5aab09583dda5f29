//! The `python` dialect in memory: bytes that real Pythons were seen to send, and attacks. Real
//! Pythons are called in `cpython.rs`.

mod support;

use switchboard_auth::{Dialect, Digest, Entropy, Policy, Refused};

use support::{
    From, Party, State, converse, entropy, flip, hex, honest_transcript, pair, policy, policy_with,
};

const CHALLENGE: usize = 0;
const ANSWER: usize = 1;
const WELCOME: usize = 2;

fn python() -> Policy {
    policy(Dialect::Python, b"secret key")
}

fn with_digests(digests: &str) -> Policy {
    python().with_digests(digests.parse().expect("a list of digests"))
}

/// A server's entropy by which its nonce counts up from zero.
fn counting() -> Entropy {
    let mut bytes = [0; Entropy::BYTES];
    (0..).zip(&mut bytes).for_each(|(value, byte)| *byte = value);
    Entropy::from(bytes)
}

const LEGACY_CHALLENGE: &str = "0000001f234348414c4c454e474523000102030405060708090a0b0c0d0e0f10111213";
const LEGACY_ANSWER: &str = "000000104a02c707870ff5a776b673d15ef53ada";
const MODERN_CHALLENGE: &str = "0000003b234348414c4c454e4745237b7368613235367d000102030405060708090a0b0c0d0e0f\
                                101112131415161718191a1b1c1d1e1f2021222324252627";
const MODERN_ANSWER: &str =
    "000000287b7368613235367dde660527caa52c2d8313422ff6496f5aa46b4ddfca5f20b8da5748f901d3dd5b";
const LEGACY_ANSWER_TO_MODERN: &str = "00000010b60d7fd0e70a7da2749f805c65053205";
const MD5_ANSWER: &str = "000000157b6d64357d4f029a779bdd8985c1f1ad9a0f4b9135";
const SHA3_ANSWER: &str =
    "0000002a7b736861335f3235367d6990901d236ea56107ff9afdef1c41ac688674c4765c42582cf17bff62b0e618";
const WELCOME_FRAME: &str = "000000092357454c434f4d4523";
const FAILURE_FRAME: &str = "00000009234641494c55524523";

/// A server that has sent the vectors' challenge and heard `answer`, and what it said to it.
fn server_hearing(policy: &Policy, answer: &[u8]) -> (Party, Vec<u8>) {
    let mut server = Party::new(policy.accept(counting()));
    assert_eq!(server.hear(&[]), hex(MODERN_CHALLENGE));
    let said = server.hear(answer);
    (server, said)
}

/// What a client says to `challenge`.
fn client_hearing(policy: &Policy, challenge: &[u8]) -> (Party, Vec<u8>) {
    let mut client = Party::new(policy.call(entropy(2)));
    let said = client.hear(challenge);
    (client, said)
}

#[test]
fn a_client_answers_modern_and_legacy_challenges_like_cpython() {
    assert_eq!(client_hearing(&python(), &hex(MODERN_CHALLENGE)).1, hex(MODERN_ANSWER));
    let old = with_digests("sha256,md5");
    assert_eq!(client_hearing(&old, &hex(LEGACY_CHALLENGE)).1, hex(LEGACY_ANSWER));
}

#[test]
fn a_server_takes_the_answers_that_cpython_gives() {
    for (digests, answer) in
        [("sha256", MODERN_ANSWER), ("sha256,md5", MODERN_ANSWER), ("sha256,md5", LEGACY_ANSWER_TO_MODERN)]
    {
        let (server, said) = server_hearing(&with_digests(digests), &hex(answer));
        assert_eq!(said, hex(WELCOME_FRAME), "{answer}");
        assert!(server.is_pending(), "the client has yet to challenge");
    }
}

#[test]
fn every_digest_that_cpython_names_is_spoken() {
    for (digest, answer) in [("md5", MD5_ANSWER), ("sha3_256", SHA3_ANSWER)] {
        let challenge = challenge_asking_for(digest);
        assert_eq!(client_hearing(&with_digests(digest), &challenge).1, hex(answer));
    }
    for digest in Digest::ALL {
        honest_transcript(&with_digests(&digest.to_string()));
    }
}

/// The vectors' nonce behind another digest's name.
fn challenge_asking_for(digest: &str) -> Vec<u8> {
    let nonce: Vec<u8> = (0..40).collect();
    frame(&[format!("#CHALLENGE#{{{digest}}}").as_bytes(), &nonce].concat())
}

fn frame(body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len()).expect("a short message");
    [&length.to_be_bytes()[..], body].concat()
}

#[test]
fn both_sides_prove_themselves() {
    let (mut server, mut client) = pair(&python());
    let messages = converse(&mut server, &mut client);
    assert_eq!(messages.len(), 6, "challenge, answer and welcome, twice");
    for party in [&server, &client] {
        let State::Done(proof) = &party.state else { panic!("{:?}", party.state) };
        assert_eq!((proof.caller(), proof.is_mutual()), (Some("alice"), true));
    }
}

#[test]
fn md5_is_refused_unless_it_is_named() {
    let (server, _) = server_hearing(&python(), &hex(LEGACY_ANSWER_TO_MODERN));
    assert_eq!(server.refusal(), Some(Refused::WeakAnswer { digest: Digest::Md5 }));
    let (client, _) = client_hearing(&python(), &hex(LEGACY_CHALLENGE));
    assert_eq!(client.refusal(), Some(Refused::WeakChallenge { digest: Digest::Md5 }));
    let (client, _) = client_hearing(&python(), &challenge_asking_for("md5"));
    assert_eq!(client.refusal(), Some(Refused::WeakChallenge { digest: Digest::Md5 }));
}

#[test]
fn a_peer_whose_answer_is_wrong_may_be_told_so() {
    let wrong = frame(&[&b"{sha256}"[..], &[0; 32]].concat());
    let (server, _) = server_hearing(&python(), &wrong);
    assert_eq!(server.refusal(), Some(Refused::WrongAnswer));
    assert_eq!(Refused::WrongAnswer.farewell(), hex(FAILURE_FRAME));
    assert_eq!(Refused::WrongProof.farewell(), b"", "mutual says not one more byte");
}

#[test]
fn a_shortened_or_mislabelled_answer_is_wrong() {
    let good = hex(MODERN_ANSWER)[4..].to_vec();
    for length in [8, 9, 17, 39] {
        let (server, _) = server_hearing(&python(), &frame(&good[..length]));
        assert_eq!(server.refusal(), Some(Refused::WrongAnswer), "{length} bytes");
    }
    let renamed = [&b"{sha3_256}"[..], &good[8..]].concat();
    let (server, _) = server_hearing(&with_digests("sha256,sha3_256"), &frame(&renamed));
    assert_eq!(server.refusal(), Some(Refused::WrongAnswer));
    for nameless in [&good[8..], b"", b"{sha1}0123456789abcdef", b"#WELCOME#"] {
        let (server, _) = server_hearing(&python(), &frame(nameless));
        assert_eq!(server.refusal(), Some(Refused::UnknownDigest));
    }
}

#[test]
fn a_client_that_is_turned_away_says_who_did_it() {
    let (mut client, _) = client_hearing(&python(), &hex(MODERN_CHALLENGE));
    client.hear(&hex(FAILURE_FRAME));
    assert_eq!(client.refusal(), Some(Refused::RejectedByPeer));
}

#[test]
fn only_the_exact_welcome_is_one() {
    for other in [&b""[..], b"#WELCOME", b"#WELCOME# ", b"#welcome#", b"#CHALLENGE#"] {
        let (mut client, _) = client_hearing(&python(), &hex(MODERN_CHALLENGE));
        client.hear(&frame(other));
        assert_eq!(client.refusal(), Some(Refused::WrongLabel));
    }
}

#[test]
fn no_flipped_bit_of_any_message_is_accepted_by_its_receiver() {
    for policy in [python(), with_digests("sha256,sha384,sha3_256,sha3_384,md5")] {
        let messages = honest_transcript(&policy);
        for (index, (from, message)) in messages.iter().enumerate() {
            for bit in 0..message.len() * 8 {
                let (mut server, mut client) = pair(&policy);
                support::converse_through(&mut server, &mut client, flip(index, bit));
                let receiver = if *from == From::Server { &client } else { &server };
                assert!(!receiver.is_done(), "message {index}, bit {bit}");
            }
        }
    }
}

#[test]
fn the_server_is_not_satisfied_by_a_client_that_turns_away() {
    // Whoever knows the key may still find that we do not.
    let (mut server, _) = server_hearing(&python(), &hex(MODERN_ANSWER));
    server.hear(&challenge_asking_for("sha256"));
    server.hear(&hex(FAILURE_FRAME));
    assert_eq!(server.refusal(), Some(Refused::RejectedByPeer));
}

#[test]
fn nothing_replayed_is_accepted() {
    let messages = honest_transcript(&python());
    let mut server = Party::new(python().accept(entropy(3)));
    server.hear(&[]);
    server.hear(&messages[ANSWER].1);
    assert_eq!(server.refusal(), Some(Refused::WrongAnswer));

    let mut client = Party::new(python().call(entropy(4)));
    client.hear(&messages[CHALLENGE].1);
    client.hear(&messages[WELCOME].1);
    client.hear(&messages[4].1);
    assert_eq!(client.refusal(), Some(Refused::WrongAnswer));
}

/// The attack that Python's own client falls to: somebody without the key keeps one session of a client waiting
/// and has its challenge answered in another.
fn reflect(first: &Policy, second: &Policy) -> (Party, Party) {
    let any_challenge = hex(MODERN_CHALLENGE);
    let (mut waiting, _) = client_hearing(first, &any_challenge);
    let challenge = waiting.hear(&hex(WELCOME_FRAME));
    let mut used = Party::new(second.call(entropy(9)));
    let answer = used.hear(&challenge);
    if !answer.is_empty() {
        waiting.hear(&answer);
    }
    (waiting, used)
}

#[test]
fn a_client_does_not_answer_its_own_challenge_in_another_session() {
    let policy = python();
    let (waiting, used) = reflect(&policy, &policy);
    assert_eq!(used.refusal(), Some(Refused::Reflected));
    assert!(!waiting.is_done());
}

#[test]
fn a_client_does_not_answer_the_challenge_of_another_program_with_the_same_key() {
    let (waiting, used) = reflect(&python(), &with_digests("md5,sha256"));
    assert_eq!(used.refusal(), Some(Refused::Reflected));
    assert!(!waiting.is_done());
}

#[test]
fn a_client_does_not_answer_its_own_nonce_under_another_digests_name() {
    let policy = with_digests("sha256,sha384,md5");
    let (mut waiting, _) = client_hearing(&policy, &hex(MODERN_CHALLENGE));
    let challenge = waiting.hear(&hex(WELCOME_FRAME));
    for name in ["{sha256}", "{sha384}", "{md5}", "{md5}{sha256}"] {
        let disguised = [b"#CHALLENGE#", name.as_bytes(), &challenge[4 + 11 + 8..]].concat();
        let (client, _) = client_hearing(&policy, &frame(&disguised));
        assert_eq!(client.refusal(), Some(Refused::Reflected), "{name}");
    }
}

#[test]
fn a_client_does_not_answer_itself_in_one_session() {
    let (mut client, _) = client_hearing(&python(), &hex(MODERN_CHALLENGE));
    let challenge = client.hear(&hex(WELCOME_FRAME));
    client.hear(&challenge);
    assert!(client.refusal().is_some());
}

#[test]
fn a_server_answers_nobody_who_has_not_proved_the_key() {
    let (server, said) = server_hearing(&python(), &challenge_asking_for("sha256"));
    assert!(server.refusal().is_some());
    assert_eq!(said, b"");
}

#[test]
fn a_servers_challenge_says_nothing_about_its_key() {
    let greeting = |key: &[u8]| Party::new(policy(Dialect::Python, key).accept(entropy(1))).hear(&[]);
    assert_eq!(greeting(b"one key"), greeting(b"another key"));
}

#[test]
fn a_client_takes_no_other_key_of_its_ring_for_the_servers() {
    let client = policy_with(Dialect::Python, &[("first", b"1"), ("second", b"2")]);
    let mut first = Party::new(policy(Dialect::Python, b"1").accept(entropy(1)));
    let mut second = Party::new(policy(Dialect::Python, b"2").accept(entropy(2)));
    let mut client = Party::new(client.call(entropy(3)));
    let said = client.hear(&first.hear(&[]));
    let challenge = client.hear(&first.hear(&said));
    // A server with the second key alone answers, as it would answer its own caller.
    let mut its_caller = Party::new(policy(Dialect::Python, b"2").call(entropy(4)));
    let said = its_caller.hear(&second.hear(&[]));
    second.hear(&said);
    client.hear(&second.hear(&challenge));
    assert_eq!(client.refusal(), Some(Refused::WrongAnswer));
}

#[test]
fn each_of_several_keys_is_accepted_under_its_own_name() {
    let server = policy_with(Dialect::Python, &[("alice", b"a"), ("bob", b"b")]);
    for (name, key) in [("alice", b"a"), ("bob", b"b")] {
        let mut server = Party::new(server.accept(entropy(1)));
        let mut client = Party::new(policy(Dialect::Python, key).call(entropy(2)));
        converse(&mut server, &mut client);
        assert_eq!(server.caller(), Some(name));
        assert!(client.is_done());
    }
}

#[test]
fn another_key_is_refused_by_either_side() {
    let mut server = Party::new(python().accept(entropy(1)));
    let mut client = Party::new(policy(Dialect::Python, b"secret kez").call(entropy(2)));
    converse(&mut server, &mut client);
    assert_eq!(server.refusal(), Some(Refused::WrongAnswer));
    assert!(client.is_pending());
}

#[test]
fn the_budget_has_room_for_one_full_message_for_each_that_is_due() {
    let messages = honest_transcript(&python());
    let (server, client) = pair(&python());
    for (mut party, peer) in [(server, From::Client), (client, From::Server)] {
        let mut budgets = Vec::new();
        party.hear(&[]);
        for (_, message) in messages.iter().filter(|(from, _)| *from == peer) {
            if let State::Pending(handshake) = &party.state {
                budgets.push(handshake.bytes_max());
            }
            party.hear(message);
        }
        assert!(party.is_done());
        assert_eq!(budgets, [3 * 260, 2 * 260, 260]);
    }
}

#[test]
fn a_challenge_may_fill_a_message_and_no_more() {
    let challenge = |bytes: usize| frame(&[&b"#CHALLENGE#{sha256}"[..], &vec![7; bytes - 19]].concat());
    let (client, said) = client_hearing(&python(), &challenge(256));
    assert_eq!((client.is_pending(), said.len()), (true, 4 + 8 + 32));
    let (client, _) = client_hearing(&python(), &challenge(257));
    assert_eq!(client.refusal(), Some(Refused::TooLong { declared: 257, limit: 256 }));
}

#[test]
fn what_follows_the_last_welcome_is_the_first_message() {
    let messages = honest_transcript(&python());
    let mut server = Party::new(python().accept(entropy(1)));
    server.hear(&[]);
    server.hear(&messages[ANSWER].1);
    server.hear(&messages[3].1);
    server.hear(&[&messages[5].1[..], b"hello"].concat());
    assert!(server.is_done(), "{:?}", server.state);
    assert_eq!(server.rest(), b"hello");
}
