//! A series: datagrams for one place, recorded one behind the other, of which several may leave in one call.
//! Which of them do is the network's to say; what was refused is the turn's.

use crate::address::Address;

/// Datagrams for one place that lie one behind the other: all of one length, of which the last may fall short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series<'a> {
    bytes: &'a [u8],
    each: usize,
}

impl<'a> Series<'a> {
    /// A single datagram.
    pub fn of_one(payload: &'a [u8]) -> Series<'a> {
        Series { bytes: payload, each: payload.len() }
    }

    /// What lies in `bytes`, cut after each so many of them.
    pub(crate) fn new(bytes: &'a [u8], each: usize) -> Series<'a> {
        debug_assert!(bytes.len() <= each || each > 0, "an empty datagram is a series of its own");
        Series { bytes, each }
    }

    /// The payloads, one behind the other.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How long each of them is, but perhaps the last.
    pub fn each(&self) -> usize {
        self.each
    }

    /// How many they are: at least one.
    pub fn count(&self) -> usize {
        self.bytes.len().div_ceil(self.each.max(1)).max(1)
    }

    /// The payload of the first.
    pub fn first(&self) -> &'a [u8] {
        &self.bytes[..self.each.min(self.bytes.len())]
    }

    /// What is left when so many have gone.
    pub fn after(&self, count: usize) -> Option<Series<'a>> {
        let bytes = self.bytes.get(count * self.each..).filter(|rest| !rest.is_empty())?;
        Some(Series { bytes, each: self.each })
    }

    /// The payload of each.
    pub fn datagrams(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        std::iter::successors(Some(*self), |series| series.after(1)).map(|series| series.first())
    }
}

/// Whether one more datagram, of `next` bytes, goes on with a series to this place of so many bytes, cut after each
/// `each`.
pub(crate) fn goes_on(to: &Address, bytes: usize, each: usize, next: usize) -> bool {
    // A shorter one was its last. An empty one has no place among others: nothing would tell that it is there.
    let is_open = each > 0 && bytes.is_multiple_of(each);
    let is_alike = 0 < next && next <= each;
    let has_room = bytes / each.max(1) < SERIES_MAX && bytes + next <= SERIES_BYTES_MAX;
    is_open && is_alike && has_room && is_to_one(to)
}

/// Only internet datagrams are sent several at once, and none to a multicast group: for its members the system makes
/// copies on their way, which are not to be cut.
fn is_to_one(to: &Address) -> bool {
    matches!(to, Address::Udp(place) if !place.ip().to_canonical().is_multicast())
}

/// Datagrams of a series: Linux cuts one call into so many and no more (64 in its older versions, 128 today).
const SERIES_MAX: usize = 64;

/// Bytes of a series: together they must fit one datagram, with room for the headers of any way.
const SERIES_BYTES_MAX: usize = 60 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn there() -> Address {
        Address::Udp(([127, 0, 0, 1], 9).into())
    }

    #[test]
    fn a_series_is_cut_into_what_it_was_made_of() {
        let series = Series::new(b"aabbc", 2);
        assert_eq!((series.count(), series.first()), (3, &b"aa"[..]));
        assert_eq!(series.datagrams().collect::<Vec<_>>(), [&b"aa"[..], b"bb", b"c"]);
        assert_eq!(series.after(1), Some(Series::new(b"bbc", 2)));
        assert_eq!(series.after(2), Some(Series::new(b"c", 2)));
        assert_eq!(series.after(3), None);
    }

    #[test]
    fn a_single_datagram_is_a_series_even_without_bytes() {
        for payload in [&b""[..], b"x"] {
            let series = Series::of_one(payload);
            assert_eq!((series.count(), series.first(), series.after(1)), (1, payload, None));
            assert_eq!(series.datagrams().collect::<Vec<_>>(), [payload]);
        }
    }

    #[test]
    fn what_is_longer_or_empty_or_follows_a_shorter_one_begins_anew() {
        for (bytes, each, next, expected) in [
            (2, 2, 2, true),
            (2, 2, 1, true),
            (2, 2, 3, false),
            (2, 2, 0, false),
            (3, 2, 2, false),
            (0, 0, 0, false),
            (0, 0, 1, false),
        ] {
            assert_eq!(goes_on(&there(), bytes, each, next), expected, "{bytes} of {each}, then {next}");
        }
    }

    #[test]
    fn a_series_has_so_many_datagrams_and_bytes_and_no_more() {
        assert!(goes_on(&there(), SERIES_MAX - 1, 1, 1) && !goes_on(&there(), SERIES_MAX, 1, 1));
        let each = SERIES_BYTES_MAX / 4;
        assert!(goes_on(&there(), 3 * each, each, each));
        assert!(!goes_on(&there(), 3 * (each + 1), each + 1, each + 1));
    }

    #[test]
    fn groups_and_unix_sockets_get_theirs_one_by_one() {
        let group = Address::Udp(([239, 1, 2, 3], 9).into());
        for to in [group, Address::UnixDatagram("/x".into()), Address::Unnamed] {
            assert!(!goes_on(&to, 1, 1, 1), "{to}");
        }
    }
}
