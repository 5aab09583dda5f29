//! Every limit of the hub in one place, each with its reason. Keeping them is left to the part that each is about.

use super::Rate;

/// What a hub allows. `HubLimits::default()` suits a team, or a hub on the open net.
#[derive(Clone, Debug)]
pub struct HubLimits {
    /// Members at once. Default 10,000: well under the loop's 18,000 connections, which also holds those who have
    /// not yet shown who they are.
    pub members_max: usize,
    /// Rooms at once. Default 256, so that all histories together stay under 64 MiB. An empty room gives way to a
    /// new one: first those in which nothing was ever said, then the longest empty.
    pub rooms_max: usize,
    /// Rooms with a history that new ones of one key may displace in an hour, and as many at once. Default 8:
    /// enough for a busy hub to go on, and somebody who wants all histories gone needs more than a day, in which that is seen.
    /// Whoever has proved nothing (`--auth none`) shares this with all others who have not.
    pub displaced_per_hour_max: u32,
    /// Rooms for each member. Default 32: more than anybody reads.
    pub rooms_per_member_max: usize,
    /// Nicks that one key may hold. Default 256: a team that shares one key has that many people at most, and
    /// nobody can take all names there are.
    pub nicks_per_key_max: usize,
    /// Bytes of one message's text. Default 4,000: a screenful. Longer things are files.
    pub text_bytes_max: usize,
    /// Bytes of a topic. Default 300: a line or two.
    pub topic_bytes_max: usize,
    /// Messages kept for each room. Default 1,000: a busy day.
    pub history_messages_max: usize,
    /// Bytes of text kept for each room. Default 256 KiB: 1,000 messages of usual length.
    pub history_bytes_max: usize,
    /// Messages that are shown on joining. Default 20: a screenful.
    pub joining_messages: usize,
    /// Messages in one answer. Default 100.
    pub answer_messages_max: usize,
    /// Bytes of text in one answer. Default 128 KiB: if JSON must write each as `\u0000`, the answer still fits
    /// into a frame of 1 MiB.
    pub answer_bytes_max: usize,
    /// Bytes of an answer that cost as much as another request. Default 8 KiB: an answer of n KiB costs 1 + n/8
    /// requests, so that 100 at once bring no more than 800 KiB, and what is beyond that of the last answer. Lengths
    /// are those of the written answer, where a control character takes six bytes.
    pub answer_bytes_per_request: usize,
    /// How often a member is heard. Default 20 a second, 100 at once: a pasted page passes, and one member in a
    /// room of 1,000 causes at most 20,000 deliveries a second.
    pub rate: Rate,
}

impl Default for HubLimits {
    fn default() -> HubLimits {
        HubLimits {
            members_max: 10_000,
            rooms_max: 256,
            displaced_per_hour_max: 8,
            rooms_per_member_max: 32,
            nicks_per_key_max: 256,
            text_bytes_max: 4000,
            topic_bytes_max: 300,
            history_messages_max: 1000,
            history_bytes_max: 256 * KIB,
            joining_messages: 20,
            answer_messages_max: 100,
            answer_bytes_max: 128 * KIB,
            answer_bytes_per_request: 8 * KIB,
            rate: Rate { burst: 100, per_second: 20 },
        }
    }
}

const KIB: usize = 1024;
