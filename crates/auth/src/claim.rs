//! Tags that peers claim. This is the one file in which they are held against what they should be; what is signed is
//! each dialect's to say.

use hmac::Mac;

/// A tag as it came from a peer. Nobody can look into it, print it or compare it; a MAC can judge it, in a time that
/// does not depend on where it is wrong.
#[derive(Clone, Copy)]
pub(crate) struct Claim<'a>(&'a [u8]);

impl<'a> Claim<'a> {
    pub(crate) fn new(tag: &'a [u8]) -> Claim<'a> {
        Claim(tag)
    }

    /// Whether this is the tag that `mac` comes to, all of it.
    pub(crate) fn is_proved_by(self, mac: impl Mac) -> bool {
        mac.verify_slice(self.0).is_ok()
    }
}

/// Compiles only while a claim cannot be compared: with `PartialEq`, both implementations would apply.
const _: fn() = || {
    trait AmbiguousIfComparable<A> {
        fn is_settled() {}
    }
    struct Comparable;
    impl<T: ?Sized> AmbiguousIfComparable<()> for T {}
    impl<T: ?Sized + PartialEq> AmbiguousIfComparable<Comparable> for T {}
    <Claim<'_> as AmbiguousIfComparable<_>>::is_settled();
};

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit};
    use sha2::Sha256;

    use super::*;

    #[test]
    fn only_the_whole_tag_proves() {
        let mac = || Hmac::<Sha256>::new_from_slice(b"key").expect("any length").chain_update(b"message");
        let tag = mac().finalize().into_bytes();
        assert!(Claim::new(&tag).is_proved_by(mac()));
        assert!((0..32).all(|length| !Claim::new(&tag[..length]).is_proved_by(mac())));
        assert!(!Claim::new(&[&tag[..], &[0]].concat()).is_proved_by(mac()));
        for place in 0..32 {
            let mut other = tag;
            other[place] ^= 0x80;
            assert!(!Claim::new(&other).is_proved_by(mac()), "byte {place}");
        }
    }
}
