//! Attacks that look the same on every dialect, each shown to work where it does: relays, downgrades, early data,
//! messages that are too long. What only one dialect knows stands in that dialect's file, and what an intruder can do
//! with whole messages in `intruder`.

mod support;

use switchboard_auth::{Dialect, Digest, Policy, Refused};

use support::{KEY, Party, converse, entropy, pair, policy};

/// Those that prove something, with whether their proof names the service.
fn dialects() -> Vec<(Dialect, bool)> {
    vec![
        (Dialect::Tutorial, false),
        (Dialect::Python, false),
        (Dialect::Mutual, true),
        #[cfg(feature = "noise")]
        (Dialect::Noise, true),
    ]
}

fn python(digests: &str) -> Policy {
    policy(Dialect::Python, &KEY).with_digests(digests.parse().expect("a list of digests"))
}

#[test]
fn a_proof_for_one_listener_is_none_for_another_where_it_names_it() {
    for (dialect, names_its_service) in dialects() {
        for (ours, theirs) in [
            (policy(dialect, &KEY).with_service("echo"), policy(dialect, &KEY).with_service("chat")),
            (policy(dialect, &KEY).with_server_name("a"), policy(dialect, &KEY).with_server_name("b")),
        ] {
            let (mut server, mut client) =
                (Party::new(ours.accept(entropy(1))), Party::new(theirs.call(entropy(2))));
            converse(&mut server, &mut client);
            assert_eq!(server.is_done(), !names_its_service, "{dialect}");
        }
    }
}

#[test]
fn a_channel_binding_stops_whoever_passes_everything_on() {
    for (ours, theirs, is_accepted) in [("", "", true), ("1", "1", true), ("1", "2", false), ("1", "", false)]
    {
        let [ours, theirs] = [ours, theirs]
            .map(|binding| policy(Dialect::Mutual, &KEY).with_channel_binding(binding.as_bytes()));
        let (mut server, mut client) =
            (Party::new(ours.accept(entropy(1))), Party::new(theirs.call(entropy(2))));
        converse(&mut server, &mut client);
        assert_eq!((server.is_done(), client.is_done()), (is_accepted, is_accepted));
    }
}

/// Somebody on the path makes a modern challenge look like an old one, so that MD5 is used. A client that allows MD5
/// is led there; its answer is about other bytes than the server signed, so the server does not take it.
#[test]
fn no_digest_is_talked_down() {
    for (digests, refusal) in [
        ("sha256", Some(Refused::WeakChallenge { digest: Digest::Md5 })),
        ("sha256,md5", None), // known: it answers, and is not believed
    ] {
        let mut server = Party::new(python("sha256,md5").accept(entropy(1)));
        let mut client = Party::new(python(digests).call(entropy(2)));
        client.hear(&[]);
        let challenge = server.hear(&[]);
        let old = [b"\0\0\0\x1f#CHALLENGE#", &challenge[4 + 11 + 8..][..20]].concat();
        let answer = client.hear(&old);
        assert_eq!(client.refusal(), refusal, "{digests}");
        if !answer.is_empty() {
            server.hear(&answer);
            assert_eq!(server.refusal(), Some(Refused::WrongAnswer));
        }
    }
}

#[test]
fn an_answer_in_an_old_digest_counts_only_where_it_is_listed() {
    let mut server = Party::new(python("sha256").accept(entropy(1)));
    server.hear(&[]);
    server.hear(&[&b"\0\0\0\x10"[..], &[7; 16]].concat());
    assert_eq!(server.refusal(), Some(Refused::WeakAnswer { digest: Digest::Md5 }));
}

#[test]
fn a_length_that_is_too_long_is_refused_before_a_byte_of_it_has_come() {
    // The other dialects have no lengths in their handshakes but that of the confirm record.
    for dialect in [Dialect::Python, Dialect::Mutual] {
        let (mut server, mut client) = pair(&policy(dialect, &KEY));
        for party in [&mut server, &mut client] {
            party.hear(&[]);
            party.hear(&0x7fff_ffff_u32.to_be_bytes());
            assert!(party.refusal().is_some(), "{dialect}");
        }
    }
}

/// One byte at a time: whatever a peer sends that has no key, it is refused within its budget or waits for more.
#[test]
fn nobody_is_listened_to_beyond_the_budget() {
    for (dialect, _) in dialects() {
        for byte in [0, b'#', b'N', 0xff] {
            let handshake = policy(dialect, &KEY).accept(entropy(1));
            let budget = handshake.bytes_max();
            let mut server = Party::new(handshake);
            server.hear(&[]);
            let heard = (0..=budget).take_while(|_| {
                let is_listening = server.is_pending();
                if is_listening {
                    server.hear(&[byte]);
                }
                is_listening
            });
            assert!(heard.count() <= budget, "{dialect}, byte {byte}");
            assert!(!server.is_done());
        }
    }
}

/// What a client sends before it is accepted is refused where the client has to wait, and is the first message where
/// it is the last to speak.
#[test]
fn early_data_is_refused_or_is_the_first_message() {
    for (dialect, _) in dialects() {
        let (mut server, mut client) = pair(&policy(dialect, &KEY));
        let mut to_server = client.hear(&[]);
        let greeting = server.hear(&[]);
        if to_server.is_empty() {
            to_server = client.hear(&greeting);
        }
        server.hear(&[&to_server[..], b"early"].concat());
        match dialect {
            Dialect::Tutorial => {
                assert!(server.is_done());
                assert_eq!(server.rest(), b"early");
            }
            Dialect::Mutual => assert_eq!(server.refusal(), Some(Refused::EarlyData)),
            // Five bytes are no message of theirs, neither in this place nor later.
            _ => assert!(!server.is_done()),
        }
    }
}

#[test]
fn an_unknown_key_id_gets_exactly_what_a_wrong_proof_gets() {
    for (dialect, names_keys) in dialects() {
        if !names_keys {
            continue;
        }
        let said_to = |change: fn(&mut Vec<u8>)| {
            let (mut server, mut client) = pair(&policy(dialect, &KEY));
            let mut opening = client.hear(&[]);
            let greeting = server.hear(&[]);
            if opening.is_empty() {
                opening = client.hear(&greeting);
            }
            change(&mut opening);
            let said = server.hear(&opening);
            let refusal = server.refusal().expect("either is refused");
            (said, refusal.farewell().to_vec())
        };
        // Byte 22 lies in the key id of either dialect, and the last one in the tag.
        let wrong_id: fn(&mut Vec<u8>) = |opening| opening[22] ^= 1;
        let wrong_tag: fn(&mut Vec<u8>) = |opening| *opening.last_mut().expect("it is not empty") ^= 1;
        assert_eq!(said_to(wrong_id), said_to(wrong_tag), "{dialect}");
        assert_eq!(said_to(wrong_id), (vec![], vec![]));
    }
}
