//! How a session talks: which frames, which handshake, and where its nonces come from.
//! Reading keys is the keyring's, the text of specs the framing's.

use std::fmt;
use std::io;
use std::sync::Arc;

use auth::Entropy;
use framing::FrameSpec;
use rand::TryRng;
use rand::rngs::SysRng;
use reactor::Origin;

use super::SharedPolicy;

/// What both ends of every connection of a session have agreed on beforehand: nothing is negotiated.
#[derive(Clone, Debug)]
pub struct Profile {
    /// How messages lie in the stream.
    pub framing: FrameSpec,
    /// Who may talk.
    pub auth: SharedPolicy,
    /// Which side of the handshake an adopted stream takes: nobody saw who called whom.
    pub adopted: Role,
    /// Who is told what happens to the server. Default nobody.
    pub operator: Option<Arc<dyn Operator>>,
}

impl Profile {
    /// A profile whose adopted streams are taken for calls that came in.
    pub fn new(framing: FrameSpec, auth: impl Into<SharedPolicy>) -> Profile {
        Profile { framing, auth: auth.into(), adopted: Role::Server, operator: None }
    }

    pub(super) fn role(&self, origin: Origin<'_>) -> Role {
        match origin {
            Origin::Accepted { .. } => Role::Server,
            Origin::Connected { .. } => Role::Caller,
            Origin::Adopted { .. } => self.adopted,
        }
    }
}

/// Whoever keeps a server running. It is told by the loops, and must not hold them up.
pub trait Operator: fmt::Debug + Send + Sync {
    /// `SIGHUP` came, if the loop [obeys](reactor::Reactor::obey) that: settings are to be read again.
    fn hangup(&self);

    /// A loop begins to drain.
    fn draining(&self) {}
}

/// A side of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It was called.
    Server,
    /// It calls.
    Caller,
}

/// Where nonces come from.
pub type Draw = Box<dyn FnMut() -> io::Result<Entropy> + Send>;

/// Fresh random bytes of the operating system. It may fail, and then there is no handshake.
pub fn draw_from_system() -> io::Result<Entropy> {
    Entropy::draw(|bytes| SysRng.try_fill_bytes(bytes).map_err(io::Error::other))
}

#[cfg(test)]
mod tests {
    use auth::{Dialect, Key, Keyring, Policy};

    use super::*;

    /// What a server says first, under nonces of the system's.
    fn opening(policy: &Policy) -> Vec<u8> {
        let mut out = Vec::new();
        let progress = policy.accept(draw_from_system().unwrap()).advance(&[], &mut out);
        assert!(progress.is_ok());
        out
    }

    #[test]
    fn no_two_handshakes_begin_alike() {
        let mut keys = Keyring::new();
        keys.add("alice", Key::from_bytes(&[7; 32])).unwrap();
        let keys = Arc::new(keys);
        for dialect in [Dialect::Tutorial, Dialect::Python, Dialect::Mutual] {
            let policy = Policy::new(dialect, Arc::clone(&keys)).unwrap();
            let first = opening(&policy);
            assert!(first.len() >= 32, "{dialect}: a challenge");
            assert_ne!(first, opening(&policy), "{dialect}: the challenge came twice");
        }
    }
}
