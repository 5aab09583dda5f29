//! What hub and member say to each other: one JSON object a message, the same over every transport.
//! What a message means is left to the hub, how it reaches the other side to the session.
//!
//! `docs/chat.md` describes it with vectors, which a test here reads and checks.

mod notice;
mod request;

use std::str::Utf8Error;

use serde::{Deserialize, Serialize};

pub use notice::{Answer, Message, Notice, RoomLine};
pub use request::{Asked, Request};

/// The version that `welcome` states. Raised when a member that keeps to the old one would go wrong.
pub const VERSION: u32 = 1;

/// A member's own number for a request, which comes back in its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ref(pub u64);

/// Reads what a member sent.
pub fn read_request(message: &[u8]) -> Result<Asked, Unreadable> {
    serde_json::from_str(text_of(message)?).map_err(|error| Unreadable::of(error, message))
}

/// Reads what a hub sent.
pub fn read_notice(message: &[u8]) -> Result<Answer, Unreadable> {
    serde_json::from_str(text_of(message)?).map_err(|error| Unreadable::of(error, message))
}

/// Writes a request.
pub fn write_request(asked: &Asked) -> Vec<u8> {
    serde_json::to_vec(asked).expect("a request has string keys and plain values only")
}

/// Writes what the hub says.
pub fn write_notice(answer: &Answer) -> Vec<u8> {
    serde_json::to_vec(answer).expect("a notice has string keys and plain values only")
}

/// Why a message cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// No UTF-8: the peer speaks something else.
    #[error("a message is UTF-8, and byte {} of this one is not", .0.valid_up_to())]
    NotUtf8(#[source] Utf8Error),
    /// No JSON: the peer speaks something else.
    #[error("a message is one JSON object: {0}")]
    NotJson(#[source] serde_json::Error),
    /// JSON, but with a field missing or of another type.
    #[error("{error}")]
    WrongFields {
        /// The request's number, if that much could be read.
        reference: Option<Ref>,
        /// What is wrong.
        #[source]
        error: serde_json::Error,
    },
}

impl Unreadable {
    fn of(error: serde_json::Error, message: &[u8]) -> Unreadable {
        if !error.is_data() {
            return Unreadable::NotJson(error);
        }
        let reference = serde_json::from_slice::<RefOnly>(message).ok().and_then(|only| only.reference);
        Unreadable::WrongFields { reference, error }
    }

    /// Whether the peer does not speak the schema at all, so that to go on makes no sense.
    pub fn is_foreign(&self) -> bool {
        !matches!(self, Unreadable::WrongFields { .. })
    }
}

/// What can be read of a request whose other fields are wrong.
#[derive(Deserialize)]
struct RefOnly {
    #[serde(rename = "ref")]
    reference: Option<Ref>,
}

fn text_of(message: &[u8]) -> Result<&str, Unreadable> {
    std::str::from_utf8(message).map_err(Unreadable::NotUtf8)
}

#[cfg(test)]
mod vectors;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_are_ignored_and_unknown_types_are_known_as_such() {
        let asked = read_request(br#"{"type":"rooms","ref":7,"colour":"red"}"#).unwrap();
        assert_eq!(asked, Asked { reference: Some(Ref(7)), request: Request::Rooms });
        let asked = read_request(br#"{"type":"dance","ref":8}"#).unwrap();
        assert_eq!(asked, Asked { reference: Some(Ref(8)), request: Request::Unknown });
    }

    #[test]
    fn a_wrong_field_keeps_the_number_of_its_request() {
        for message in
            [r#"{"type":"say","ref":9,"room":"a"}"#, r#"{"type":"say","ref":9,"room":"a","text":1}"#]
        {
            let error = read_request(message.as_bytes()).unwrap_err();
            assert!(matches!(error, Unreadable::WrongFields { reference: Some(Ref(9)), .. }), "{error}");
        }
        for message in ["5", "[]", "{}", r#"{"type":7}"#] {
            let error = read_request(message.as_bytes()).unwrap_err();
            assert!(!error.is_foreign(), "{message}: {error}");
        }
    }

    #[test]
    fn what_is_no_json_is_foreign() {
        let deep = format!("{{\"x\":{}", "[".repeat(10_000));
        for message in [&b""[..], b"GET / HTTP/1.1\r\n", b"{\"type\":\"rooms\"", b"\xff", deep.as_bytes()] {
            let error = read_request(message).unwrap_err();
            assert!(error.is_foreign(), "{error}");
        }
        let error = read_request(b"{\"type\":\"rooms\",\"x\":\"\xff\"}").unwrap_err();
        assert!(matches!(error, Unreadable::NotUtf8(_)), "not even where nobody looks: {error}");
    }
}
