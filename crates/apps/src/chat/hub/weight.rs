//! What an answer weighs: about as many bytes as it has when it is written. Whoever is given much is heard less often;
//! how much less is left to the hub's limits.

use crate::chat::schema::{Message, Notice, RoomLine};

/// The weight of a notice, for all kinds that can be long; the others weigh nothing.
pub(super) fn weight_of(notice: &Notice) -> usize {
    match notice {
        Notice::Room { topic, messages, .. } => {
            written_bytes(topic) + messages.iter().map(message_bytes).sum::<usize>()
        }
        Notice::History { messages, .. } => messages.iter().map(message_bytes).sum(),
        Notice::Names { names, .. } => names.iter().map(|name| name.len() + FIELD_BYTES).sum(),
        Notice::Rooms { rooms } => rooms.iter().map(line_bytes).sum(),
        _ => 0,
    }
}

fn message_bytes(message: &Message) -> usize {
    OBJECT_BYTES + message.room.len() + message.nick.len() + written_bytes(&message.text)
}

fn line_bytes(line: &RoomLine) -> usize {
    OBJECT_BYTES + line.room.len() + written_bytes(&line.topic)
}

/// A control character takes six bytes, as `\u0000`; a quote and a backslash take two.
fn written_bytes(text: &str) -> usize {
    let written = |byte: u8| match byte {
        0..0x20 => 6,
        b'"' | b'\\' => 2,
        _ => 1,
    };
    text.bytes().map(written).sum()
}

/// Quotes and a comma.
const FIELD_BYTES: usize = 3;

/// The names of a message's fields, its numbers, and what stands between.
const OBJECT_BYTES: usize = 100;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chat::schema::{Answer, write_notice};

    fn messages() -> impl Strategy<Value = Vec<Message>> {
        let message = ("[a-z]{1,64}", any::<[u64; 2]>(), "[a-z]{1,32}", ".{0,50}", any::<bool>());
        let message = message.prop_map(|(room, [id, ms], nick, text, me)| {
            Message { room, id: id >> 11, ms: ms >> 11, nick, text, me } // whole in JSON: 53 bits
        });
        prop::collection::vec(message, 0..50)
    }

    fn lines() -> impl Strategy<Value = Vec<RoomLine>> {
        let line = ("[a-z]{1,64}", 0_usize..10_000, ".{0,50}");
        prop::collection::vec(
            line.prop_map(|(room, members, topic)| RoomLine { room, members, topic }),
            0..50,
        )
    }

    fn notices() -> impl Strategy<Value = Notice> {
        let room = || "lobby".to_owned();
        prop_oneof![
            messages().prop_map(move |messages| Notice::History { room: room(), last: 1, messages }),
            (".{0,50}", messages()).prop_map(move |(topic, messages)| {
                Notice::Room { room: room(), topic, members: 1, last: 1, messages }
            }),
            lines().prop_map(|rooms| Notice::Rooms { rooms }),
            prop::collection::vec("[a-z]{1,32}", 0..50)
                .prop_map(move |names| Notice::Names { room: room(), names }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_hardly_longer_than_its_weight(notice in notices()) {
            let weight = weight_of(&notice);
            let written = write_notice(&Answer { notice, reference: None }).len();
            prop_assert!(written <= weight + OBJECT_BYTES, "{written} bytes weigh {weight}");
        }
    }
}
