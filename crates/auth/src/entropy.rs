//! The random bytes that one handshake uses up. Drawing them is the caller's business; which of
//! them become a nonce is each dialect's.

use core::fmt;

use zeroize::Zeroize;

/// Fresh random bytes, enough for one handshake of any dialect and good for no second one.
///
/// They must come from the operating system (or something as good) each time: a nonce that comes
/// back lets an old answer be played back.
pub struct Entropy([u8; Entropy::BYTES]);

impl Entropy {
    /// How many bytes one handshake may use.
    pub const BYTES: usize = 64;

    /// The first `N` bytes, for a dialect that needs no more.
    pub(crate) fn leading<const N: usize>(self) -> [u8; N] {
        *self.0.first_chunk().expect("no dialect needs more than 64 bytes")
    }

    /// The first 32 bytes, and the other 32.
    pub(crate) fn halves(self) -> ([u8; 32], [u8; 32]) {
        let (first, second) = self.0.split_at(32);
        let half = |bytes: &[u8]| bytes.try_into().expect("64 bytes have two halves of 32");
        (half(first), half(second))
    }
}

impl From<[u8; Entropy::BYTES]> for Entropy {
    fn from(bytes: [u8; Entropy::BYTES]) -> Self {
        Entropy(bytes)
    }
}

impl Drop for Entropy {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(..)")
    }
}
