//! What a hub says: answers to requests, and what happens in rooms. Showing it is left to the member.

use serde::{Deserialize, Serialize};

use super::Ref;

/// A notice, with the number of the request that it answers, if it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What is said.
    #[serde(flatten)]
    pub notice: Notice,
    /// The request's own number.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Ref>,
}

/// What the hub says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// The first of all.
    Welcome {
        /// The schema's version.
        v: u32,
        /// The name of the key that the member proved, if keys have names here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// A wish was granted; a message that was said can no longer be lost by the hub.
    Accepted {
        /// The message's number in its room.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// When it was said, in milliseconds since 1970.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ms: Option<u64>,
    },
    /// A wish was not granted. Nothing ends by it.
    Error {
        /// Which of the errors in `docs/chat.md`, for programs.
        code: String,
        /// The same in words, for people.
        text: String,
        /// After how many milliseconds the same request would be heard.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_ms: Option<u64>,
    },
    /// The member is in a room now.
    Room {
        /// Its name.
        room: String,
        /// What it is about; empty for nothing in particular.
        topic: String,
        /// How many nicks are in it, one's own included.
        members: usize,
        /// The number of the last message that was said in it; 0 before the first.
        last: u64,
        /// What was said in it, oldest first.
        messages: Vec<Message>,
    },
    /// Somebody came into a room.
    Joined {
        /// The room.
        room: String,
        /// Who.
        nick: String,
    },
    /// Somebody went.
    Left {
        /// The room.
        room: String,
        /// Who.
        nick: String,
    },
    /// Somebody in a room goes by another nick.
    Renamed {
        /// The room.
        room: String,
        /// The nick until now.
        from: String,
        /// The nick from now on.
        to: String,
    },
    /// Something was said in a room.
    Message(Message),
    /// Something was said to this member alone. It is not kept.
    Private {
        /// Who said it.
        from: String,
        /// To whom.
        to: String,
        /// When, in milliseconds since 1970.
        ms: u64,
        /// What.
        text: String,
    },
    /// What a room is about.
    Topic {
        /// The room.
        room: String,
        /// Empty for nothing in particular.
        topic: String,
        /// Who set it; absent when nobody has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nick: Option<String>,
    },
    /// Who is in a room.
    Names {
        /// The room.
        room: String,
        /// Each nick once, in order.
        names: Vec<String>,
    },
    /// Which rooms there are.
    Rooms {
        /// Each room, in order.
        rooms: Vec<RoomLine>,
    },
    /// What was said in a room.
    History {
        /// The room.
        room: String,
        /// The number of the last message that was said in it.
        last: u64,
        /// Oldest first.
        messages: Vec<Message>,
    },
    /// The hub hangs up.
    Bye {
        /// Why.
        text: String,
    },
    /// Anything that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A message in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The room.
    pub room: String,
    /// Its number there: 1, 2, 3 and so on.
    pub id: u64,
    /// When it was said, in milliseconds since 1970.
    pub ms: u64,
    /// Who said it.
    pub nick: String,
    /// What was said.
    pub text: String,
    /// Whether the nick did it instead of saying it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub me: bool,
}

/// A room in the list of rooms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomLine {
    /// Its name.
    pub room: String,
    /// How many nicks are in it.
    pub members: usize,
    /// What it is about; empty for nothing in particular.
    pub topic: String,
}
