//! What holds for every dialect: cuts do not matter, budgets hold, damage and garbage are never
//! accepted. What is special about one dialect stands in that dialect's file.

mod support;

use switchboard_auth::{Dialect, HANDSHAKE_TIMEOUT, Handshake, Policy, Refused};

use support::{
    From, KEY, Party, Random, State, converse_through, entropy, honest_transcript, pair, policy, seed,
};

fn policies() -> Vec<Policy> {
    vec![
        policy(Dialect::Tutorial, &KEY),
        policy(Dialect::Python, &KEY),
        policy(Dialect::Mutual, &KEY).with_service("echo"),
        #[cfg(feature = "noise")]
        policy(Dialect::Noise, &KEY).with_service("echo"),
    ]
}

/// Everything that `from` says in an honest conversation, in one piece.
fn said_by(from: From, policy: &Policy) -> Vec<u8> {
    let transcript = honest_transcript(policy);
    transcript.into_iter().filter(|(who, _)| *who == from).flat_map(|(_, bytes)| bytes).collect()
}

/// Both roles, each with what its honest peer says. Nonces are those of `pair`.
fn roles(policy: &Policy) -> [(Handshake, Vec<u8>); 2] {
    [
        (policy.accept(entropy(1)), said_by(From::Client, policy)),
        (policy.call(entropy(2)), said_by(From::Server, policy)),
    ]
}

/// The state at the end, how much was left over, and all that was said.
fn outcome(handshake: Handshake, pieces: &[&[u8]]) -> (String, usize, Vec<u8>) {
    let mut party = Party::new(handshake);
    let mut said = party.hear(&[]);
    let mut left = 0;
    for piece in pieces {
        if party.is_pending() {
            said.extend(party.hear(piece));
        } else {
            left += piece.len();
        }
    }
    let left = left + party.rest().len();
    (format!("{:?}", party.state), left, said)
}

#[test]
fn nothing_is_asked_where_no_handshake_is_wanted() {
    let (mut server, mut client) = pair(&policy(Dialect::None, &KEY));
    assert_eq!((server.hear(b"first message"), client.hear(b"")), (vec![], vec![]));
    assert!(server.is_done() && client.is_done());
    assert_eq!(server.rest(), b"first message");
    assert_eq!(server.caller(), None);
}

#[test]
fn every_cut_into_two_gives_the_same_result() {
    for policy in policies() {
        for role in [0, 1] {
            let input = roles(&policy)[role].1.clone();
            let fresh = || roles(&policy).into_iter().nth(role).expect("two roles").0;
            let whole = outcome(fresh(), &[&input]);
            assert!(whole.0.starts_with("Done"), "{whole:?}");
            for at in 0..=input.len() {
                let (left, right) = input.split_at(at);
                assert_eq!(outcome(fresh(), &[left, right]), whole, "cut at {at}");
            }
        }
    }
}

#[test]
fn byte_by_byte_gives_the_same_result() {
    for policy in policies() {
        for role in [0, 1] {
            let (handshake, input) = roles(&policy).into_iter().nth(role).expect("two roles");
            let whole = outcome(roles(&policy).into_iter().nth(role).expect("two roles").0, &[&input]);
            let bytes: Vec<&[u8]> = input.chunks(1).collect();
            assert_eq!(outcome(handshake, &bytes), whole);
        }
    }
}

#[test]
fn garbage_is_refused_in_the_same_way_however_it_is_cut() {
    let seed = seed();
    let mut random = Random::new(seed);
    for round in 0..2000 {
        let policies = policies();
        let policy = &policies[round % policies.len()];
        let role = random.below(2);
        let fresh = || roles(policy).into_iter().nth(role).expect("two roles").0;
        let honest = roles(policy)[role].1.clone();
        let mut garbage = honest.clone();
        garbage.resize(random.below(honest.len() + 20), 0);
        let first_changed = random.below(garbage.len() + 1);
        garbage[first_changed..].fill_with(|| random.byte());
        let (whole, ..) = outcome(fresh(), &[&garbage]);
        let (left, right) = garbage.split_at(random.below(garbage.len() + 1));
        if left == honest {
            continue; // it has waited for whatever was to be said to it
        }
        let (cut, ..) = outcome(fresh(), &[left, right]);
        assert_eq!(cut, whole, "round {round}");
    }
}

#[test]
fn no_truncation_is_accepted() {
    for policy in policies() {
        for role in [0, 1] {
            let input = roles(&policy)[role].1.clone();
            for length in 0..input.len() {
                let (handshake, _) = roles(&policy).into_iter().nth(role).expect("two roles");
                let mut party = Party::new(handshake);
                party.hear(&[]);
                party.hear(&input[..length]);
                let have = party.rest().len();
                let State::Pending(handshake) = party.state else {
                    panic!("{length} bytes: {:?}", party.state)
                };
                assert_eq!(handshake.finish(&vec![0; have]), Refused::HungUp { have });
            }
        }
    }
}

/// Whoever is on the path swallows the end of a message, and lets everything else pass.
#[test]
fn no_message_that_lacks_its_end_is_made_up_for_by_those_after_it() {
    for policy in policies() {
        for (index, (from, message)) in honest_transcript(&policy).iter().enumerate() {
            for length in 0..message.len() {
                let (mut server, mut client) = pair(&policy);
                converse_through(&mut server, &mut client, |at, mut bytes| {
                    bytes.truncate(if at == index { length } else { bytes.len() });
                    bytes
                });
                let receiver = if *from == From::Server { client } else { server };
                assert!(!receiver.is_done(), "{}: {length} bytes of message {index}", policy.dialect());
            }
        }
    }
}

#[test]
fn the_budget_is_what_an_honest_peer_needs() {
    for policy in policies() {
        for (handshake, input) in roles(&policy) {
            // In `python` a peer may use more words than it needs: up to 256 bytes for each message.
            let budget = if policy.dialect() == Dialect::Python { 3 * (4 + 256) } else { input.len() };
            assert_eq!(handshake.bytes_max(), budget);
        }
    }
    assert_eq!(policy(Dialect::None, &KEY).accept(entropy(1)).bytes_max(), 0);
}

/// A hundred thousand openings: random bytes, behind as much of an honest opening as a coin decides.
#[test]
fn garbage_openings_are_never_accepted() {
    let seed = seed();
    let mut random = Random::new(seed);
    let policies = policies();
    let openings: Vec<_> = policies.iter().map(|policy| said_by(From::Client, policy)).collect();
    for round in 0..100_000 {
        let which = round % policies.len();
        let mut server = Party::new(policies[which].accept(entropy(1)));
        server.hear(&[]);
        let honest = &openings[which];
        // Mostly from the first byte on; sometimes so late that all the work of a proof is done.
        let kept = if random.below(8) == 0 { random.below(honest.len()) } else { 0 };
        let mut garbage = honest[..kept].to_vec();
        garbage.resize(kept + random.below(200), 0);
        garbage[kept..].fill_with(|| random.byte());
        if garbage.starts_with(honest) {
            continue; // chance, or too short to be garbage
        }
        server.hear(&garbage);
        assert!(!server.is_done(), "round {round}");
    }
}

#[test]
fn a_peer_of_another_dialect_is_never_accepted() {
    let policies = policies();
    for (ours, theirs) in policies.iter().flat_map(|ours| policies.iter().map(move |theirs| (ours, theirs))) {
        if ours.dialect() == theirs.dialect() {
            continue;
        }
        let mut server = Party::new(ours.accept(entropy(1)));
        let mut client = Party::new(theirs.call(entropy(2)));
        // Where each expects the other to begin, or both begin, each hears what the other says.
        let (said, greeting) = (client.hear(&[]), server.hear(&[]));
        if !said.is_empty() {
            server.hear(&said);
        }
        if client.is_pending() {
            let answer = client.hear(&greeting);
            if server.is_pending() {
                server.hear(&answer);
            }
        }
        assert!(!server.is_done(), "{} took a caller of {}", ours.dialect(), theirs.dialect());
    }
}

#[test]
fn the_deadline_is_short() {
    assert_eq!(HANDSHAKE_TIMEOUT.as_secs(), 5);
}
