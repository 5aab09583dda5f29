//! The random part of a challenge, and how a client knows its own when it comes back. What a
//! challenge is wrapped in is left to `wire`.

use hkdf::Hkdf;
use sha2::Sha256;

use crate::{Entropy, Key};

/// As many bytes as Python draws (`MESSAGE_LENGTH` since 3.12).
pub(super) type Nonce = [u8; NONCE_BYTES];

/// A server's nonce is random throughout: before a caller has proved anything, it is told nothing
/// that depends on the key, or else it could take it home and try out guesses.
pub(super) fn of_server(entropy: Entropy) -> Nonce {
    entropy.into_nonce()
}

/// A client's nonce carries a mark by which every client that holds the key knows it.
///
/// A server without the key can have it only from a client: it keeps one session of a client
/// waiting and hands that session's challenge to another (reflection). Remembering what was sent
/// would cover one process; the mark covers all that share the key, and nothing has to be kept.
/// A client has answered a challenge before it sends one, so the mark gives away nothing new.
pub(super) fn of_client(entropy: Entropy, key: &Key) -> Nonce {
    let mut nonce: Nonce = entropy.into_nonce();
    let (random, place) = nonce.split_at_mut(RANDOM_BYTES);
    place.copy_from_slice(&mark_of(random, key));
    nonce
}

/// Whether a challenge ends in a nonce that a client with this key made.
pub(super) fn is_marked(challenge: &[u8], key: &Key) -> bool {
    let Some(nonce) = challenge.last_chunk::<NONCE_BYTES>() else { return false };
    let (random, place) = nonce.split_at(RANDOM_BYTES);
    // No secret is compared: whoever forges a mark only has its own challenge refused.
    let expected = mark_of(random, key);
    expected == *place
}

fn mark_of(random: &[u8], key: &Key) -> [u8; MARK_BYTES] {
    let mut mark = [0; MARK_BYTES];
    let schedule = Hkdf::<Sha256>::new(Some(SALT), key.bytes());
    let info = [b"client's challenge", random];
    schedule.expand_multi_info(&info, &mut mark).expect("16 bytes are less than HKDF's limit of 8160");
    mark
}

/// Keeps marks apart from everything else that is made with the key.
const SALT: &[u8] = b"switchboard python";
const NONCE_BYTES: usize = RANDOM_BYTES + MARK_BYTES;
/// Enough never to come up again.
const RANDOM_BYTES: usize = 24;
/// A foreign challenge looks like ours once in 2^128.
const MARK_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_knows_its_own_nonce_and_no_other() {
        let key = Key::from_bytes(b"secret key");
        let nonce = of_client(Entropy::from([7; Entropy::BYTES]), &key);
        assert!(!is_marked(&of_server(Entropy::from([7; Entropy::BYTES])), &key));
        assert!(is_marked(&nonce, &key));
        assert!(is_marked(&[b"{sha256}", &nonce[..]].concat(), &key));
        assert!(!is_marked(&nonce, &Key::from_bytes(b"another")));
        for place in 0..NONCE_BYTES {
            let mut other = nonce;
            other[place] ^= 1;
            assert!(!is_marked(&other, &key), "byte {place}");
        }
        assert!(!is_marked(&nonce[1..], &key), "too short");
    }
}
