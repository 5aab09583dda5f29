//! `snow` as it is, with what it does not do itself: its keys are overwritten when they are dropped. What is done with
//! them until then is `snow`'s.

use alloc::boxed::Box;
use core::hint::black_box;

use snow::Error;
use snow::types::{Cipher, Dh, Random};

/// A cipher that forgets its key.
pub(super) struct ForgetfulCipher(Box<dyn Cipher>);

/// A Diffie-Hellman pair that forgets its secret half.
pub(super) struct ForgetfulDh {
    pair: Box<dyn Dh>,
    /// There is something to forget: overwriting it costs as much as making it.
    holds_secret: bool,
}

impl ForgetfulCipher {
    pub(super) fn new(cipher: Box<dyn Cipher>) -> ForgetfulCipher {
        ForgetfulCipher(cipher)
    }
}

impl Drop for ForgetfulCipher {
    fn drop(&mut self) {
        self.0.set(&[0; 32]);
        // Or the compiler could find that nobody reads it any more.
        black_box(&self.0);
    }
}

impl Cipher for ForgetfulCipher {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn set(&mut self, key: &[u8; 32]) {
        self.0.set(key);
    }

    fn encrypt(&self, nonce: u64, associated: &[u8], plain: &[u8], out: &mut [u8]) -> usize {
        self.0.encrypt(nonce, associated, plain, out)
    }

    fn decrypt(&self, nonce: u64, associated: &[u8], sealed: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        self.0.decrypt(nonce, associated, sealed, out)
    }

    fn rekey(&mut self) {
        self.0.rekey();
    }
}

impl ForgetfulDh {
    pub(super) fn new(pair: Box<dyn Dh>) -> ForgetfulDh {
        ForgetfulDh { pair, holds_secret: false }
    }
}

impl Drop for ForgetfulDh {
    fn drop(&mut self) {
        if self.holds_secret {
            self.pair.set(&[0; 32]);
            black_box(&self.pair);
        }
    }
}

impl Dh for ForgetfulDh {
    fn name(&self) -> &'static str {
        self.pair.name()
    }

    fn pub_len(&self) -> usize {
        self.pair.pub_len()
    }

    fn priv_len(&self) -> usize {
        self.pair.priv_len()
    }

    fn set(&mut self, secret: &[u8]) {
        self.holds_secret = true;
        self.pair.set(secret);
    }

    fn generate(&mut self, random: &mut dyn Random) -> Result<(), Error> {
        self.holds_secret = true;
        self.pair.generate(random)
    }

    fn pubkey(&self) -> &[u8] {
        self.pair.pubkey()
    }

    fn privkey(&self) -> &[u8] {
        self.pair.privkey()
    }

    fn dh(&self, public: &[u8], out: &mut [u8]) -> Result<(), Error> {
        self.pair.dh(public, out)
    }

    fn dh_len(&self) -> usize {
        self.pair.dh_len()
    }
}
