//! Names in the hub: nicks and rooms, checked once, where they come in. Who may have which is left to `nicks`.
//!
//! Both are ASCII on purpose. A nick says who is speaking, and Unicode has letters that look like others, or like
//! nothing at all; what people *say* may be in any script.

use std::fmt;

use super::Refusal;

/// The name that a member goes by: 1 to [`NICK_BYTES_MAX`] ASCII letters, digits, `-`, `_` and `.`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nick(String);

impl Nick {
    /// Checks a nick.
    pub fn parse(text: &str) -> Result<Nick, Refusal> {
        if is_name(text, NICK_BYTES_MAX, b"-_.") { Ok(Nick(text.to_owned())) } else { Err(Refusal::BadNick) }
    }

    /// The nearest nick to any text: what may not stand in one is left out. Nothing when nothing is left.
    pub fn near(text: &str) -> Option<Nick> {
        let fits = |c: &char| c.is_ascii_alphanumeric() || "-_.".contains(*c);
        Nick::parse(&text.chars().filter(fits).take(NICK_BYTES_MAX).collect::<String>()).ok()
    }

    /// The nick as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nick as it is compared: `Ann` and `ann` are one.
    pub fn folded(&self) -> Folded {
        Folded(self.0.to_ascii_lowercase())
    }
}

impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A nick without the difference between capitals and small letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Folded(String);

/// The name of a room: 1 to [`ROOM_BYTES_MAX`] ASCII letters, digits, `-` and `_`. Capitals become small letters,
/// so that there is no second `Lobby`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoomName(String);

impl RoomName {
    /// Checks a room's name. One `#` in front is taken for a habit and left off.
    pub fn parse(text: &str) -> Result<RoomName, Refusal> {
        let name = text.strip_prefix('#').unwrap_or(text);
        let is_good = is_name(name, ROOM_BYTES_MAX, b"-_");
        if is_good { Ok(RoomName(name.to_ascii_lowercase())) } else { Err(Refusal::BadRoom) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_name(text: &str, bytes_max: usize, also: &[u8]) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || also.contains(&byte);
    (1..=bytes_max).contains(&text.len()) && text.bytes().all(fits)
}

/// Room for `first.last`, and short enough to stand before each line.
pub const NICK_BYTES_MAX: usize = 32;

/// Room for a sentence with dashes, and short enough for a list.
pub const ROOM_BYTES_MAX: usize = 64;

/// Where a member goes who names no room.
pub const DEFAULT_ROOM: &str = "lobby";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nick_has_up_to_its_limit_of_plain_characters() {
        for good in ["a", "Ann", "ann.b-c_9", &"n".repeat(NICK_BYTES_MAX)] {
            assert!(Nick::parse(good).is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "a:", "ann\n", "änn", "\u{3164}", &"n".repeat(NICK_BYTES_MAX + 1)] {
            assert!(matches!(Nick::parse(bad), Err(Refusal::BadNick)), "{bad:?}");
        }
        assert_eq!(Nick::parse("Ann").unwrap().folded(), Nick::parse("aNN").unwrap().folded());
    }

    #[test]
    fn the_nearest_nick_leaves_out_what_does_not_fit() {
        assert_eq!(Nick::near("john doe@host").unwrap().as_str(), "johndoehost");
        assert_eq!(Nick::near("ü "), None);
        assert_eq!(Nick::near(&"n".repeat(99)).unwrap().as_str().len(), NICK_BYTES_MAX);
    }

    #[test]
    fn a_room_has_one_name_however_it_is_typed() {
        for same in ["rust-2024", "#Rust-2024", "RUST-2024"] {
            assert_eq!(RoomName::parse(same).unwrap().as_str(), "rust-2024");
        }
        assert!(RoomName::parse(&"r".repeat(ROOM_BYTES_MAX)).is_ok());
        for bad in ["", "#", "##a", "a.b", "a/b", "..", "a b", &"r".repeat(ROOM_BYTES_MAX + 1)] {
            assert!(matches!(RoomName::parse(bad), Err(Refusal::BadRoom)), "{bad:?}");
        }
        assert!(RoomName::parse(DEFAULT_ROOM).is_ok());
    }
}
