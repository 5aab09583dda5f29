//! Why the hub does not grant a wish: words for people, codes for programs.

use std::time::Duration;

use super::names::{NICK_BYTES_MAX, ROOM_BYTES_MAX};
use crate::chat::schema::Notice;

/// Why a request is not granted. It ends nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Refusal {
    #[error("this request is not known here")]
    UnknownType,
    #[error("{0}")]
    BadRequest(String),
    #[error("take a nick first")]
    NickFirst,
    #[error("a nick has 1 to {NICK_BYTES_MAX} ASCII letters, digits, `-`, `_` and `.`")]
    BadNick,
    #[error("the nick {nick} belongs to another key")]
    NickTaken { nick: String },
    #[error("this key holds {limit} nicks already")]
    TooManyNicks { limit: usize },
    #[error("nobody here goes by {nick}")]
    NoSuchNick { nick: String },
    #[error("a room's name has 1 to {ROOM_BYTES_MAX} ASCII letters, digits, `-` and `_`")]
    BadRoom,
    #[error("join {room} first")]
    NotInRoom { room: String },
    #[error("there are {limit} rooms already, and nobody's is empty")]
    TooManyRooms { limit: usize },
    #[error(
        "there are {limit} rooms already, and your key has displaced as many as it may for now: try later"
    )]
    TooManyDisplaced { limit: usize },
    #[error("you are in {limit} rooms already")]
    InTooManyRooms { limit: usize },
    #[error("there is nothing in it")]
    TextEmpty,
    #[error("{bytes} bytes of text: at most {limit} are allowed")]
    TextTooLong { bytes: usize, limit: usize },
    #[error("too many requests: wait for {} ms", .retry.as_millis())]
    SlowDown { retry: Duration },
    #[error("{limit} members are here already")]
    Full { limit: usize },
}

impl Refusal {
    /// The name that programs know it by. It never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::UnknownType => "unknown_type",
            Refusal::BadRequest(_) => "bad_request",
            Refusal::NickFirst => "nick_first",
            Refusal::BadNick => "bad_nick",
            Refusal::NickTaken { .. } => "nick_taken",
            Refusal::TooManyNicks { .. } => "too_many_nicks",
            Refusal::NoSuchNick { .. } => "no_such_nick",
            Refusal::BadRoom => "bad_room",
            Refusal::NotInRoom { .. } => "not_in_room",
            // To programs it is the same: there is no place.
            Refusal::TooManyRooms { .. } | Refusal::TooManyDisplaced { .. } => "too_many_rooms",
            Refusal::InTooManyRooms { .. } => "in_too_many_rooms",
            Refusal::TextEmpty => "text_empty",
            Refusal::TextTooLong { .. } => "text_too_long",
            Refusal::SlowDown { .. } => "slow_down",
            Refusal::Full { .. } => "full",
        }
    }

    /// How it is told to the member.
    pub fn notice(&self) -> Notice {
        let retry_ms = match self {
            // A whole millisecond is always enough, half of one never.
            Refusal::SlowDown { retry } => Some(u64::try_from(retry.as_millis()).unwrap_or(u64::MAX) + 1),
            _ => None,
        };
        Notice::Error { code: self.code().to_owned(), text: self.to_string(), retry_ms }
    }
}
