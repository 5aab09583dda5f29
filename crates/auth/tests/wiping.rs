//! That nothing secret stays in memory: a process of our own (this very program once more) does something with keys and
//! then holds still, and its memory is searched for them. What a whole program leaves is for the end-to-end tests.
//!
//! What is sent in the clear, as nonces are, is no secret. Where a system does not let a process look into another one
//! that it has started, the tests pass with a printed reason, unless `SWITCHBOARD_REQUIRE` names `memory`.
#![cfg(target_os = "linux")]

#[path = "../../../tests/src/memory.rs"]
#[allow(unreachable_pub, reason = "the end-to-end tests have it too, as a part of their harness")]
mod memory;
mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;

use hkdf::Hkdf;
use sha2::Sha256;
use switchboard_auth::{Dialect, Entropy, Key, Keyring, Policy};

use memory::{Found, Memory};
use support::{Party, Random, converse, skip};

/// Numbers from which secrets follow: as constants, they would be found in any case.
const KEY: u64 = 101;
const OTHER_KEY: u64 = 102;
const SERVERS_ENTROPY: u64 = 103;
const CLIENTS_ENTROPY: u64 = 104;

fn fill(number: u64, place: &mut [u8]) {
    let mut random = Random::new(number);
    place.fill_with(|| random.byte());
}

fn secret<const N: usize>(number: u64) -> [u8; N] {
    let mut bytes = [0; N];
    fill(number, &mut bytes);
    bytes
}

/// The life of secrets in a process of their own.
mod life {
    use super::*;

    /// What is still there when it is looked at.
    #[derive(Default)]
    #[expect(dead_code, reason = "it is only held")]
    pub(super) struct Held(Option<Key>, Vec<Party>);

    /// Does what `life` says; all secrets are over when it returns, but what it returns.
    pub(super) fn lead(life: &str) -> Held {
        let (what, dialect) = life.split_once(' ').unwrap_or((life, "none"));
        let dialect: Dialect = dialect.parse().expect("a dialect");
        match what {
            "key-held" => return Held(Some(key(KEY)), Vec::new()),
            "key" => drop(key(KEY)),
            "ring" => drop(policy(Dialect::Mutual, &[KEY, OTHER_KEY])),
            "finished" => drop(talk(dialect, KEY)),
            "refused" => drop(talk(dialect, OTHER_KEY)),
            "waiting" => drop(wait(dialect)),
            #[cfg(feature = "noise")]
            "session-held" => return Held(None, session()),
            #[cfg(feature = "noise")]
            "session" => drop(session()),
            other => panic!("{other}"),
        }
        Held::default()
    }

    /// Through a place that is overwritten: what the test itself leaves behind says nothing.
    fn key(number: u64) -> Key {
        let mut bytes = vec![0; Key::MUTUAL_BYTES];
        fill(number, &mut bytes);
        let key = Key::from_bytes(&bytes);
        bytes.fill(0);
        std::hint::black_box(&bytes);
        key
    }

    fn entropy(number: u64) -> Entropy {
        let drawn = Entropy::draw(|place| {
            fill(number, place);
            Ok::<(), ()>(())
        });
        drawn.expect("filling it does not fail")
    }

    fn policy(dialect: Dialect, keys: &[u64]) -> Policy {
        let mut ring = Keyring::new();
        for number in keys {
            ring.add(&number.to_string(), key(*number)).expect("the keys are different");
        }
        Policy::new(dialect, Arc::new(ring)).expect("the keys suit every dialect")
    }

    fn parties(dialect: Dialect, clients_key: u64) -> [Party; 2] {
        let server = policy(dialect, &[KEY]).accept(entropy(SERVERS_ENTROPY));
        let client = policy(dialect, &[clients_key]).call(entropy(CLIENTS_ENTROPY));
        [server, client].map(Party::new)
    }

    fn talk(dialect: Dialect, clients_key: u64) -> Vec<Party> {
        let [mut server, mut client] = parties(dialect, clients_key);
        converse(&mut server, &mut client);
        assert_eq!(server.is_done(), clients_key == KEY, "{:?}", server.state);
        vec![server, client]
    }

    /// Both wait for an answer that never comes.
    fn wait(dialect: Dialect) -> Vec<Party> {
        let [mut server, mut client] = parties(dialect, KEY);
        let (greeting, hello) = (server.hear(&[]), client.hear(&[]));
        if hello.is_empty() {
            client.hear(&greeting)
        } else {
            server.hear(&hello)
        };
        vec![server, client]
    }

    /// A whole conversation of which every secret is known beforehand.
    #[cfg(feature = "noise")]
    fn session() -> Vec<Party> {
        let case = &support::vector::cases(VECTORS)[0];
        let policy = support::policy(Dialect::Noise, &case.bytes("key"));
        let entropy = |name| {
            Entropy::draw(|place| {
                place[..32].copy_from_slice(&case.bytes(name));
                Ok::<(), ()>(())
            })
        };
        let mut server = Party::new(policy.accept(entropy("server_secret").expect("as above")));
        let mut client = Party::new(policy.call(entropy("client_secret").expect("as above")));
        converse(&mut server, &mut client);
        vec![server, client]
    }
}

/// Leads a life and holds still: this is run in a process of its own.
#[test]
fn one_life() {
    let Ok(what) = std::env::var(LIFE) else { return };
    let held = life::lead(&what);
    let here = 0_u8;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{STACK}{:x}", std::ptr::from_ref(&here).addr()).expect("somebody waits for that");
    stdout.flush().expect("somebody waits for that");
    std::io::stdin().read_to_end(&mut Vec::new()).expect("the end of a pipe comes");
    drop(held);
}

/// The memory of a process after such a life; nothing if we may not look.
fn memory_after(life: &str) -> Option<Memory> {
    let us = std::env::current_exe().expect("the system knows what it runs");
    let mut command = Command::new(us);
    command.args(["--exact", "one_life", "--nocapture", "--test-threads=1"]).env(LIFE, life);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs here");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    // The harness says something in the same line before it.
    let digits = lines.find_map(|line| Some(line.split_once(STACK)?.1.to_owned()));
    let stack = digits.and_then(|digits| u64::from_str_radix(&digits, 16).ok());
    assert!(stack.is_some(), "{life}: it has failed");
    let memory = Memory::of(child.id(), stack);
    child.kill().expect("it holds still");
    child.wait().expect("it was killed");
    if memory.is_none() {
        skip("memory");
    }
    memory
}

/// A secret of that life, by a name for people.
type Secret = (String, Vec<u8>);

/// Which of these were found, whole or in half, and where.
fn found(memory: &Memory, secrets: &[Secret]) -> Vec<(String, Found)> {
    let halves = secrets.iter().flat_map(|(name, bytes)| {
        let (first, second) = bytes.split_at(bytes.len() / 2);
        [(format!("{name}, first half"), first), (format!("{name}, second half"), second)]
    });
    halves.flat_map(|(name, half)| memory.find(half).into_iter().map(move |at| (name.clone(), at))).collect()
}

/// A key and all that is derived from it.
fn of_key(number: u64) -> Vec<Secret> {
    let key = secret::<{ Key::MUTUAL_BYTES }>(number);
    let id = Key::from_bytes(&key).id().expect("it has the length");
    let mut secrets = in_hmac("the key", &key);
    for salt in ["NETAUTH1", "NETNOIS1", "switchboard python"] {
        let (extracted, schedule) = Hkdf::<Sha256>::extract(Some(salt.as_bytes()), &key);
        secrets.extend(in_hmac(&format!("what {salt} extracts"), &extracted));
        for label in ["client proof", "server proof", "noise psk"] {
            let mut derived = [0; 32];
            let info = [label.as_bytes(), id.as_bytes()];
            schedule.expand_multi_info(&info, &mut derived).expect("32 bytes are few");
            secrets.extend(in_hmac(&format!("the {label} key"), &derived));
        }
    }
    secrets
}

/// A key, and what HMAC makes of it before it hashes it.
fn in_hmac(name: &str, key: &[u8]) -> Vec<Secret> {
    let padded = |pad: u8| key.iter().map(|byte| byte ^ pad).collect();
    let names = [name.to_owned(), format!("{name} padded inside"), format!("{name} padded outside")];
    names.into_iter().zip([key.to_vec(), padded(0x36), padded(0x5c)]).collect()
}

/// The random bytes that a dialect keeps to itself.
fn of_entropy(dialect: Dialect) -> Vec<Secret> {
    let [server, client] = [SERVERS_ENTROPY, CLIENTS_ENTROPY].map(secret::<{ Entropy::BYTES }>);
    let dummy = ("the dummy key".to_owned(), server[32..].to_vec());
    match dialect {
        Dialect::Mutual => vec![dummy],
        Dialect::Noise => vec![
            dummy,
            ("the server's ephemeral secret".to_owned(), server[..32].to_vec()),
            ("the client's ephemeral secret".to_owned(), client[..32].to_vec()),
        ],
        _ => Vec::new(),
    }
}

fn dialects() -> Vec<Dialect> {
    vec![
        Dialect::Tutorial,
        Dialect::Python,
        Dialect::Mutual,
        #[cfg(feature = "noise")]
        Dialect::Noise,
    ]
}

#[test]
fn a_key_that_is_held_is_found() {
    let Some(memory) = memory_after("key-held") else { return };
    assert_eq!(found(&memory, &of_key(KEY)[..1]).len(), 2, "both halves");
}

#[test]
fn nothing_of_a_key_is_left_after_it() {
    for life in ["key", "ring"] {
        let Some(memory) = memory_after(life) else { return };
        let secrets = [of_key(KEY), of_key(OTHER_KEY)].concat();
        assert_eq!(found(&memory, &secrets), [], "{life}");
    }
}

#[test]
fn nothing_of_a_key_is_left_after_a_handshake_however_it_ended() {
    for dialect in dialects() {
        for life in ["finished", "refused", "waiting"] {
            // Who calls a client of `tutorial` is not seen by it: there is one end for it.
            let Some(memory) = memory_after(&format!("{life} {dialect}")) else { return };
            let secrets = [of_key(KEY), of_key(OTHER_KEY), of_entropy(dialect)].concat();
            assert_eq!(found(&memory, &secrets), [], "{life} {dialect}");
        }
    }
}

#[cfg(feature = "noise")]
mod noise {
    use super::*;

    fn of_session() -> Vec<Secret> {
        let case = &support::vector::cases(VECTORS)[0];
        let secret = |name: &str| in_hmac(name, &case.bytes(name));
        ["chaining_key", "to_server_key", "to_client_key"].into_iter().flat_map(secret).collect()
    }

    #[test]
    fn the_keys_of_a_conversation_are_found_while_it_lasts() {
        let Some(memory) = memory_after("session-held") else { return };
        let found = found(&memory, &of_session());
        for key in ["to_server_key, first half", "to_client_key, second half"] {
            assert!(found.contains(&(key.to_owned(), Found::Heap)), "{key} in {found:?}");
        }
    }

    /// On the stack the cipher leaves the key that it used last; whatever is called next overwrites that.
    #[test]
    fn nothing_of_a_conversation_is_left_on_the_heap_after_it() {
        let Some(memory) = memory_after("session") else { return };
        let left = found(&memory, &of_session());
        println!("left: {left:?}");
        assert!(left.iter().all(|(_, place)| *place == Found::Stack), "{left:?}");
    }
}

#[cfg(feature = "noise")]
const VECTORS: &str = include_str!("vectors/noise.json");

/// In which the other process is told what to do.
const LIFE: &str = "SWITCHBOARD_LIFE";
/// What it says when it holds still, before the address of something on its stack.
const STACK: &str = "the stack is at ";
