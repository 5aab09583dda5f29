//! The random bytes that one handshake uses up. Drawing them is the caller's business; which of
//! them become a nonce is each dialect's.

use alloc::boxed::Box;
use core::fmt;

use zeroize::Zeroizing;

/// Fresh random bytes, enough for one handshake of any dialect and good for no second one.
///
/// They must come from the operating system (or something as good) each time: a nonce that comes
/// back lets an old answer be played back. They are wiped when they are dropped, and lie in one place
/// until then, so that moving them leaves nothing behind.
pub struct Entropy(Box<Zeroizing<[u8; Entropy::BYTES]>>);

impl Entropy {
    /// How many bytes one handshake may use.
    pub const BYTES: usize = 64;

    /// Lets `draw` fill them where they are to stay.
    pub fn draw<E>(draw: impl FnOnce(&mut [u8; Entropy::BYTES]) -> Result<(), E>) -> Result<Entropy, E> {
        let mut entropy = Entropy::from([0; Entropy::BYTES]);
        draw(&mut entropy.0)?;
        Ok(entropy)
    }

    /// The first `N` bytes, for a dialect that needs no more, and tells them its peer.
    pub(crate) fn into_nonce<const N: usize>(self) -> [u8; N] {
        *self.0.first_chunk().expect("no dialect needs more than 64 bytes")
    }

    /// The first half.
    pub(crate) fn leading(&self) -> &[u8; 32] {
        self.0.first_chunk().expect("64 bytes have 32 first ones")
    }

    /// The second half.
    pub(crate) fn trailing(&self) -> &[u8; 32] {
        self.0.last_chunk().expect("64 bytes have 32 last ones")
    }
}

impl From<[u8; Entropy::BYTES]> for Entropy {
    /// For tests and vectors: what is taken is a copy, and the original is its owner's to wipe.
    fn from(bytes: [u8; Entropy::BYTES]) -> Self {
        Entropy(Box::new(Zeroizing::new(bytes)))
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(..)")
    }
}
