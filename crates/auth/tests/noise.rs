//! The `noise` dialect: its bytes against vectors from another implementation, attacks on the
//! handshake, and attacks on the records that follow.
#![cfg(feature = "noise")]

mod support;

use switchboard_auth::{
    Authenticated, Channel, ChannelError, Dialect, Entropy, Key, Opened, Policy, Refused,
};

use support::vector::cases;
use support::{KEY, Party, Random, State, entropy, policy, policy_with, seed};

const HELLO: usize = 0;
const REPLY: usize = 1;
const CONFIRM: usize = 2;

fn noise(key: &[u8]) -> Policy {
    policy(Dialect::Noise, key).with_service("echo")
}

/// Carries the three messages, the client's first, through somebody who may change them.
fn shake(
    server: &Policy,
    client: &Policy,
    mut alter: impl FnMut(usize, Vec<u8>) -> Vec<u8>,
) -> (Party, Party, Vec<Vec<u8>>) {
    let mut server = Party::new(server.accept(entropy(1)));
    let mut client = Party::new(client.call(entropy(2)));
    assert_eq!(server.hear(&[]), b"", "the client speaks first");
    let hello = alter(HELLO, client.hear(&[]));
    let reply = alter(REPLY, server.hear(&hello));
    let confirm = if client.is_pending() { alter(CONFIRM, client.hear(&reply)) } else { Vec::new() };
    if server.is_pending() {
        server.hear(&confirm);
    }
    (server, client, vec![hello, reply, confirm])
}

fn honest() -> (Party, Party, Vec<Vec<u8>>) {
    let (server, client, messages) = shake(&noise(&KEY), &noise(&KEY), |_, message| message);
    assert!(server.is_done() && client.is_done(), "{:?} / {:?}", server.state, client.state);
    (server, client, messages)
}

fn proof(party: &mut Party) -> &mut Authenticated {
    match &mut party.state {
        State::Done(proof) => proof,
        other => panic!("{other:?}"),
    }
}

fn channel(party: &mut Party) -> Box<Channel> {
    proof(party).take_channel().expect("the channel is handed out once")
}

/// The two ends of a fresh conversation: server, client.
fn channels() -> (Box<Channel>, Box<Channel>) {
    let (mut server, mut client, _) = honest();
    (channel(&mut server), channel(&mut client))
}

fn sealed(channel: &mut Channel, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    channel.seal(payload, &mut out).expect("the channel is open");
    out
}

fn closed(channel: &mut Channel) -> Vec<u8> {
    let mut out = Vec::new();
    channel.close(&mut out).expect("the channel is open");
    out
}

fn fixed(secret: &[u8]) -> Entropy {
    let mut bytes = [0x5a; Entropy::BYTES];
    bytes[..secret.len()].copy_from_slice(secret);
    Entropy::from(bytes)
}

#[test]
fn noise_speaks_exactly_the_bytes_of_the_vectors() {
    for case in cases(include_str!("vectors/noise.json")) {
        println!("case: {}", case.text("name"));
        let policy = policy(Dialect::Noise, &case.bytes("key"))
            .with_service(case.text("service"))
            .with_server_name(case.text("server_name"));
        let mut server = Party::new(policy.accept(fixed(&case.bytes("server_secret"))));
        let mut client = Party::new(policy.call(fixed(&case.bytes("client_secret"))));
        assert_eq!(client.hear(&[]), case.bytes("hello"));
        assert_eq!(server.hear(&case.bytes("hello")), case.bytes("reply"));
        assert_eq!(client.hear(&case.bytes("reply")), case.bytes("confirm"));
        assert_eq!(server.hear(&case.bytes("confirm")), b"");
        for (party, direction) in [(&mut client, "to_server"), (&mut server, "to_client")] {
            let mut channel = channel(party);
            let records = [sealed(&mut channel, &case.bytes("payload")), closed(&mut channel)].concat();
            assert_eq!(records, case.bytes(direction));
        }
    }
}

#[test]
fn both_sides_prove_themselves_and_get_one_channel_each() {
    let (mut server, mut client, messages) = honest();
    assert_eq!(messages.iter().map(Vec::len).collect::<Vec<_>>(), [72, 48, 19]);
    for party in [&mut server, &mut client] {
        let proof = proof(party);
        assert_eq!((proof.caller(), proof.dialect()), (Some("alice"), Dialect::Noise));
        assert!(proof.is_mutual());
        assert!(proof.take_channel().is_some());
        assert!(proof.take_channel().is_none());
    }
}

#[test]
fn every_cut_gives_the_same_result() {
    let (.., messages) = honest();
    for at in 0..messages[HELLO].len() {
        let mut server = Party::new(noise(&KEY).accept(entropy(1)));
        assert_eq!(server.hear(&messages[HELLO][..at]), b"");
        assert_eq!(server.hear(&messages[HELLO][at..]), messages[REPLY]);
        let (left, right) = messages[CONFIRM].split_at(at % 20);
        server.hear(left);
        if server.is_pending() {
            server.hear(right);
        }
        assert!(server.is_done(), "cut at {at}");
    }
}

#[test]
fn what_follows_the_confirm_at_once_is_the_first_record() {
    let (_, mut client, messages) = honest();
    let mut server = Party::new(noise(&KEY).accept(entropy(1)));
    server.hear(&messages[HELLO]);
    let record = sealed(&mut channel(&mut client), b"hello");
    server.hear(&[&messages[CONFIRM][..], &record].concat());
    let rest = server.rest().to_vec();
    let mut out = Vec::new();
    let opened = channel(&mut server).open(&rest, &mut out);
    assert_eq!((opened, out.as_slice()), (Ok(Opened::More { consumed: record.len() }), &b"hello"[..]));
}

/// What the peer says up to message `index`, with one bit of the last one flipped.
fn flipped(messages: &[Vec<u8>], index: usize, bit: usize) -> Vec<u8> {
    let mut message = messages[index].clone();
    message[bit / 8] ^= 1 << (bit % 8);
    match index {
        CONFIRM => [&messages[HELLO][..], &message].concat(),
        _ => message,
    }
}

#[test]
fn no_flipped_bit_of_any_message_is_accepted_by_its_receiver() {
    let (.., messages) = honest();
    for index in [HELLO, REPLY, CONFIRM] {
        for bit in 0..messages[index].len() * 8 {
            let policy = noise(&KEY);
            let mut receiver = Party::new(match index {
                REPLY => policy.call(entropy(2)),
                _ => policy.accept(entropy(1)),
            });
            receiver.hear(&flipped(&messages, index, bit));
            assert!(!receiver.is_done(), "message {index}, bit {bit}");
        }
    }
}

#[test]
fn a_caller_without_the_key_gets_no_answer_at_all() {
    let (server, client, messages) = shake(&noise(&KEY), &noise(&[9; 32]), |_, message| message);
    let id = Key::from_bytes(&[9; 32]).id().expect("32 bytes");
    assert_eq!(server.refusal(), Some(Refused::UnknownKey { id }));
    assert_eq!(messages[REPLY], b"");
    assert!(client.is_pending());
}

#[test]
fn another_key_under_the_same_id_is_refused() {
    let id = *Key::from_bytes(&KEY).id().expect("32 bytes").as_bytes();
    let (server, ..) = shake(&noise(&KEY), &noise(&[9; 32]), |at, mut message| {
        if at == HELLO {
            message[8..24].copy_from_slice(&id);
        }
        message
    });
    assert_eq!(server.refusal(), Some(Refused::WrongProof));
}

#[test]
fn the_dummy_key_opens_nothing_even_to_somebody_who_knows_it() {
    let mut random = [3; Entropy::BYTES];
    random[32..].fill(0xdd);
    let mut server = Party::new(noise(&KEY).accept(Entropy::from(random)));
    let mut impostor = Party::new(noise(&[0xdd; 32]).call(entropy(2)));
    assert_eq!(server.hear(&impostor.hear(&[])), b"");
    assert!(matches!(server.refusal(), Some(Refused::UnknownKey { .. })));
}

#[test]
fn the_two_must_mean_the_same_service_and_server() {
    let base = || policy(Dialect::Noise, &KEY).with_service("ab").with_server_name("cd");
    for other in [
        base().with_service("a"),
        base().with_server_name(""),
        base().with_service("abc").with_server_name("d"),
    ] {
        let (server, ..) = shake(&base(), &other, |_, message| message);
        assert_eq!(server.refusal(), Some(Refused::WrongProof));
    }
}

#[test]
fn nothing_replayed_is_accepted() {
    let (_, mut client, messages) = honest();
    let record = sealed(&mut channel(&mut client), b"pay twice");
    let mut server = Party::new(noise(&KEY).accept(entropy(3)));
    assert_eq!(server.hear(&messages[HELLO]).len(), 48, "the hello itself is not fresh, and proves nothing");
    server.hear(&[&messages[CONFIRM][..], &record].concat());
    assert_eq!(server.refusal(), Some(Refused::WrongProof));

    let mut client = Party::new(noise(&KEY).call(entropy(4)));
    client.hear(&[]);
    client.hear(&messages[REPLY]);
    assert_eq!(client.refusal(), Some(Refused::WrongProof));
}

#[test]
fn nothing_reflected_is_accepted() {
    let mut client = Party::new(noise(&KEY).call(entropy(2)));
    let hello = client.hear(&[]);
    client.hear(&hello[24..]);
    assert_eq!(client.refusal(), Some(Refused::WrongProof));

    let (_, mut client, _) = honest();
    let mut channel = channel(&mut client);
    let own = sealed(&mut channel, b"to the server");
    assert_eq!(channel.open(&own, &mut Vec::new()), Err(ChannelError::Forged));
}

#[test]
fn another_record_than_the_confirm_does_not_end_the_handshake() {
    let (_, mut client, messages) = honest();
    let mut channel = channel(&mut client);
    for record in [sealed(&mut channel, b""), sealed(&mut channel, b"x"), closed(&mut channel)] {
        let mut server = Party::new(noise(&KEY).accept(entropy(1)));
        server.hear(&messages[HELLO]);
        server.hear(&record);
        assert!(!server.is_done());
    }
}

#[test]
fn garbage_is_refused_with_its_first_wrong_byte() {
    let mut server = Party::new(noise(&KEY).accept(entropy(1)));
    server.hear(b"NETX");
    assert_eq!(server.refusal(), Some(Refused::WrongLabel));
    let seed = seed();
    let mut random = Random::new(seed);
    for round in 0..500 {
        let mut server = Party::new(noise(&KEY).accept(entropy(1)));
        let mut bytes = b"NETNOIS1".to_vec();
        bytes.extend((0..random.below(200)).map(|_| random.byte()).collect::<Vec<_>>());
        assert_eq!(server.hear(&bytes), b"", "round {round}");
    }
}

#[test]
fn the_budget_is_what_an_honest_peer_needs() {
    assert_eq!(noise(&KEY).accept(entropy(1)).bytes_max(), 72 + 19);
    assert_eq!(noise(&KEY).call(entropy(1)).bytes_max(), 48);
}

#[test]
fn the_server_knows_which_of_its_keys_was_proved() {
    let server = policy_with(Dialect::Noise, &[("alice", &KEY), ("bob", &[9; 32])]).with_service("echo");
    let (server, ..) = shake(&server, &noise(&[9; 32]), |_, message| message);
    assert_eq!(server.caller(), Some("bob"));
}

#[test]
fn what_is_sealed_is_opened_however_it_is_cut() {
    let seed = seed();
    let mut random = Random::new(seed);
    let (mut server, mut client) = channels();
    for length in [0, 1, 16_383, 16_384, 16_385, 40_000] {
        let mut payload = vec![0; length];
        payload.fill_with(|| random.byte());
        let records = sealed(&mut client, &payload);
        assert_eq!(records.len(), length + length.div_ceil(16_384) * (2 + 1 + 16));
        let (mut opened, mut inbox) = (Vec::new(), Vec::new());
        for piece in records.chunks(1 + random.below(5000)) {
            inbox.extend_from_slice(piece);
            let Ok(Opened::More { consumed }) = server.open(&inbox, &mut opened) else {
                panic!("{length} bytes")
            };
            inbox.drain(..consumed);
        }
        assert!(opened == payload && inbox.is_empty(), "{length} bytes");
    }
}

#[test]
fn no_flipped_bit_of_a_record_is_opened() {
    // The same secrets each time, so the same record comes out.
    let record = sealed(&mut channels().1, b"ten pounds");
    for bit in 0..record.len() * 8 {
        let (mut server, _) = channels();
        let mut damaged = record.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let mut out = Vec::new();
        match server.open(&damaged, &mut out) {
            // A longer record was announced, and never comes.
            Ok(Opened::More { consumed: 0 }) => {
                assert!(bit < 16);
                assert!(matches!(server.finish(&damaged), Err(ChannelError::Truncated { .. })));
            }
            Err(error) => assert_eq!(server.open(&record, &mut out), Err(error), "the error stays"),
            other => panic!("bit {bit}: {other:?}"),
        }
        assert_eq!(out, b"");
    }
}

#[test]
fn records_left_out_repeated_or_reordered_are_forged() {
    let order = |order: [usize; 2]| {
        let (mut server, mut client) = channels();
        let records = [sealed(&mut client, b"one"), sealed(&mut client, b"two")];
        let mut out = Vec::new();
        let result = server.open(&order.map(|index| records[index].clone()).concat(), &mut out);
        (result.is_ok(), out)
    };
    assert_eq!(order([0, 1]), (true, b"onetwo".to_vec()));
    assert_eq!(order([1, 0]), (false, vec![]));
    assert_eq!(order([0, 0]), (false, b"one".to_vec()));
    assert_eq!(order([1, 1]), (false, vec![]));
}

#[test]
fn an_end_without_a_close_record_is_a_cut() {
    let (mut server, mut client) = channels();
    let record = sealed(&mut client, b"all of it?");
    let mut out = Vec::new();
    server.open(&record, &mut out).expect("an honest record");
    let cut = Err(ChannelError::Truncated { have: 0 });
    assert_eq!(server.finish(&[]), cut);
    // And nothing covers it up: no close record of ours, and none of the peer's that comes too late.
    assert_eq!(server.close(&mut out), cut);
    assert_eq!(server.open(&closed(&mut client), &mut out), cut.map(|()| Opened::More { consumed: 0 }));

    let (mut server, mut client) = channels();
    let close = closed(&mut client);
    assert_eq!(server.open(&close[..7], &mut out), Ok(Opened::More { consumed: 0 }));
    assert_eq!(server.finish(&close[..7]), Err(ChannelError::Truncated { have: 7 }));

    let (mut server, mut client) = channels();
    let close = closed(&mut client);
    assert_eq!(server.open(&close, &mut out), Ok(Opened::Closed { consumed: close.len() }));
    assert_eq!(server.finish(&[]), Ok(()));
}

#[test]
fn nothing_comes_after_a_close_record() {
    let (mut server, mut client) = channels();
    let close = closed(&mut client);
    assert_eq!(client.seal(b"more", &mut Vec::new()), Err(ChannelError::AlreadyClosed));
    assert_eq!(client.close(&mut Vec::new()), Err(ChannelError::AlreadyClosed));
    let input = [&close[..], b"!"].concat();
    assert_eq!(server.open(&input, &mut Vec::new()), Err(ChannelError::AfterClose { bytes: 1 }));
}

#[test]
fn one_side_may_close_while_the_other_goes_on() {
    let (mut server, mut client) = channels();
    let close = closed(&mut client);
    server.open(&close, &mut Vec::new()).expect("an honest close");
    let answer = sealed(&mut server, b"still here");
    let mut out = Vec::new();
    client.open(&answer, &mut out).expect("an honest record");
    assert_eq!(out, b"still here");
}

#[test]
fn a_record_is_from_17_to_16401_bytes() {
    for (declared, refused) in
        [(16_u16, true), (17, false), (16_401, false), (16_402, true), (u16::MAX, true)]
    {
        let (mut server, _) = channels();
        let result = server.open(&declared.to_be_bytes(), &mut Vec::new());
        let error = ChannelError::WrongLength { declared, least: 17, limit: 16_401 };
        assert_eq!(result, if refused { Err(error) } else { Ok(Opened::More { consumed: 0 }) });
    }
}

#[test]
fn a_second_confirm_record_has_no_place() {
    // A peer with the key that misbehaves: its channel has not counted the confirm yet.
    let (.., messages) = honest();
    let mut server = Party::new(noise(&KEY).accept(entropy(1)));
    server.hear(&messages[HELLO]);
    server.hear(&[&messages[CONFIRM][..], &messages[CONFIRM]].concat());
    let rest = server.rest().to_vec();
    assert_eq!(channel(&mut server).open(&rest, &mut Vec::new()), Err(ChannelError::Forged));
}
