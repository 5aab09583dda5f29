//! What the fuzzer runs: any bytes go into a handshake, and a broken law is a panic. Ordinary tests
//! run the same function on seeded inputs, so it never rots.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::{Dialect, Digests, Entropy, Handshake, Key, Keyring, Policy, Progress};

/// Any peer, however its bytes are cut, comes to the same end; and none is accepted that does not
/// hold the key. The first three bytes choose the dialect and the role, how much of an honest peer's
/// part comes first, and where the cut is.
pub fn handshake(input: &[u8]) {
    let [choice, honest, cut, garbage @ ..] = input else { return };
    let (policy, role) = (policy(choice / 2), Role::of(*choice));
    let part = honest_part(&policy, role);
    let kept = usize::from(*honest) % (part.len() + 1);
    let said = [&part[..kept], garbage].concat();
    let (left, right) = said.split_at(usize::from(*cut) % (said.len() + 1));

    let whole = run(role.begin(&policy), &[&said]);
    let is_first_message = policy.dialect() == Dialect::Mutual && !role.is_client() && left == part;
    if is_first_message {
        // It waited for its accept, whatever it says now.
        assert_eq!(run(role.begin(&policy), &[left, right]), End::Done, "{policy:?}");
    } else {
        assert_eq!(run(role.begin(&policy), &[left, right]), whole, "{policy:?}");
    }
    let proves =
        !(policy.dialect() == Dialect::None || policy.dialect() == Dialect::Tutorial && role.is_client());
    if proves && !said.starts_with(&part) {
        assert!(whole != End::Done, "{policy:?} {said:?}");
    }
}

#[derive(Clone, Copy)]
enum Role {
    Server,
    Client,
}

impl Role {
    fn of(choice: u8) -> Role {
        if choice.is_multiple_of(2) { Role::Server } else { Role::Client }
    }

    fn is_client(self) -> bool {
        matches!(self, Role::Client)
    }

    fn begin(self, policy: &Policy) -> Handshake {
        match self {
            Role::Server => policy.accept(Entropy::from([1; Entropy::BYTES])),
            Role::Client => policy.call(Entropy::from([2; Entropy::BYTES])),
        }
    }
}

/// How a handshake ended.
#[derive(Debug, PartialEq)]
enum End {
    Pending,
    Done,
    Refused(crate::Refused),
}

fn run(handshake: Handshake, pieces: &[&[u8]]) -> End {
    let (mut inbox, mut said, mut next) = (Vec::new(), Vec::new(), handshake);
    for piece in core::iter::once(&&[][..]).chain(pieces) {
        inbox.extend_from_slice(piece);
        let said_before = said.len();
        match next.advance(&inbox, &mut said) {
            Ok(Progress::Done { consumed, .. }) => {
                assert!(consumed <= inbox.len());
                return End::Done;
            }
            Ok(Progress::Pending { next: later, consumed }) => {
                inbox.drain(..consumed);
                assert!(inbox.len() < later.bytes_max(), "it waits for more than its budget");
                next = later;
            }
            Err(refused) => {
                assert_eq!(said.len(), said_before, "nothing is said on a failure");
                return End::Refused(refused);
            }
        }
    }
    End::Pending
}

/// All that an honest peer of `role` says, in order.
fn honest_part(policy: &Policy, role: Role) -> Vec<u8> {
    let sides = [Role::Server, Role::Client].map(|role| Some(role.begin(policy)));
    let ([mut server, mut client], mut to_server, mut to_client) = (sides, Vec::new(), Vec::new());
    let (mut server_read, mut client_read) = (0, 0);
    while server.is_some() || client.is_some() {
        server = turn(server, &to_server, &mut server_read, &mut to_client);
        client = turn(client, &to_client, &mut client_read, &mut to_server);
    }
    if role.is_client() { to_client } else { to_server }
}

fn turn(side: Option<Handshake>, heard: &[u8], read: &mut usize, said: &mut Vec<u8>) -> Option<Handshake> {
    match side?.advance(&heard[*read..], said).expect("two honest sides agree") {
        Progress::Done { .. } => None,
        Progress::Pending { next, consumed } => {
            *read += consumed;
            Some(next)
        }
    }
}

fn policy(choice: u8) -> Policy {
    let dialect = SPOKEN[usize::from(choice) % SPOKEN.len()];
    let mut ring = Keyring::new();
    ring.add("alice", Key::from_bytes(&[7; 32])).expect("the first key of a ring is like no other");
    let digests: Digests = "sha256,md5".parse().expect("two names of digests");
    let policy = Policy::new(dialect, Arc::new(ring)).expect("a key of 32 bytes suits every dialect");
    policy.with_service("echo").with_digests(digests)
}

#[cfg(feature = "noise")]
const SPOKEN: &[Dialect] = &Dialect::ALL;
#[cfg(not(feature = "noise"))]
const SPOKEN: &[Dialect] = &[Dialect::None, Dialect::Tutorial, Dialect::Python, Dialect::Mutual];
