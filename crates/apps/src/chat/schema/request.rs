//! What a member may ask for. Whether it gets it is left to the hub.

use serde::{Deserialize, Serialize};

use super::Ref;

/// A request with the number that its answer is to carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What is asked for.
    #[serde(flatten)]
    pub request: Request,
    /// At most 2^53, the last whole number that every JSON reader knows exactly.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Ref>,
}

/// What a member asks for. Each is answered exactly once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// To go by this nick.
    Nick {
        /// The wish.
        nick: String,
    },
    /// To be in a room, which is made if there is none.
    Join {
        /// Its name.
        room: String,
        /// Only messages after this one: the last that was seen before a connection was lost.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
    },
    /// To leave a room.
    Part {
        /// Its name.
        room: String,
    },
    /// To say something to a room.
    Say {
        /// Its name.
        room: String,
        /// What is said.
        text: String,
    },
    /// To be said to do something: `/me`.
    Me {
        /// The room in which it is told.
        room: String,
        /// What is done, without the nick.
        text: String,
    },
    /// To say something to whoever goes by a nick, and to nobody else.
    Msg {
        /// The nick.
        to: String,
        /// What is said.
        text: String,
    },
    /// To set a room's topic, or to hear it.
    Topic {
        /// The room.
        room: String,
        /// The new topic, empty for none; absent to hear the present one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<String>,
    },
    /// To hear who is in a room.
    Names {
        /// Its name.
        room: String,
    },
    /// To hear which rooms there are.
    Rooms,
    /// To hear what was said in a room: the last messages, or those after or before one.
    History {
        /// The room.
        room: String,
        /// The oldest of those after this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// The newest of those before this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// How many at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<usize>,
    },
    /// Anything that this version does not know.
    #[serde(other)]
    Unknown,
}
