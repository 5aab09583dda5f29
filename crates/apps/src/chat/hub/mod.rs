//! The hub: who is here, in which rooms, and who hears what. A pure state machine: an event goes in with the time,
//! actions come out.
//!
//! It never sees a socket, a clock, a byte of JSON or a disk. Sending is the server's; so is keeping messages for
//! good, which fits between the hub and the sending: the actions of an event may wait until the
//! [`Message`](crate::chat::schema::Message)s in them are safe.
//!
//! ```text
//!   Event + Now  --->  Hub  --->  Tell    one notice, to one member (the answer to its request)
//!   Opened                        Spread  one notice, the same to many
//!   Asked                         HangUp  the end of one member
//!   Closed
//! ```

mod bucket;
mod limits;
mod names;
mod nicks;
mod presence;
mod refusal;
mod room;
mod talk;
mod weight;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

pub use bucket::Rate;
pub use limits::HubLimits;
pub use names::{DEFAULT_ROOM, NICK_BYTES_MAX, Nick, ROOM_BYTES_MAX, RoomName};
pub use refusal::Refusal;

use bucket::Bucket;
use nicks::{Nicks, Owner};
use room::{Manner, Room};
use weight::weight_of;

use super::schema::{Asked, Notice, Ref, Request, VERSION};

/// All rooms and everybody in them.
#[derive(Debug)]
pub struct Hub {
    limits: HubLimits,
    members: BTreeMap<MemberId, Member>,
    nicks: Nicks,
    rooms: BTreeMap<RoomName, Room>,
    /// How many rooms each key has displaced of late; those who proved none count as one.
    displaced: HashMap<Option<String>, Bucket>,
}

/// One connection to the hub, over whatever transport. The hub's caller counts them and never gives one twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberId(pub u64);

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// Somebody has shown who it is.
    Opened {
        /// Its connection.
        member: MemberId,
        /// The name of the key that it proved, unless nobody has to prove anything.
        key: Option<String>,
    },
    /// A member asks for something.
    Asked {
        /// Who.
        member: MemberId,
        /// For what.
        asked: Asked,
    },
    /// A member sent what is no request: it is told so, at the price of one.
    Misread {
        /// Who.
        member: MemberId,
        /// The number of the request that it was meant to be.
        reference: Option<Ref>,
        /// What is wrong with it.
        reason: String,
    },
    /// A connection is over.
    Closed {
        /// Which.
        member: MemberId,
    },
}

/// When it happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// A clock that only goes forward, from any start.
    pub elapsed: Duration,
    /// The calendar's, in milliseconds since 1970: it may jump.
    pub unix_ms: u64,
}

/// What is to be done about it, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Say this to one member.
    Tell {
        /// To whom.
        to: MemberId,
        /// The request that it answers.
        reference: Option<Ref>,
        /// What.
        notice: Notice,
    },
    /// Say the same to many members.
    Spread {
        /// To whom; never empty.
        to: Vec<MemberId>,
        /// What.
        notice: Notice,
    },
    /// End a member's connection once it has been told everything.
    HangUp(MemberId),
}

/// What the hub knows of a member.
#[derive(Debug)]
struct Member {
    owner: Owner,
    nick: Option<Nick>,
    rooms: BTreeSet<RoomName>,
    bucket: Bucket,
}

impl Hub {
    /// A hub without rooms or members.
    pub fn new(limits: HubLimits) -> Hub {
        Hub {
            limits,
            members: BTreeMap::new(),
            nicks: Nicks::default(),
            rooms: BTreeMap::new(),
            displaced: HashMap::new(),
        }
    }

    /// Takes in what happened and appends what is to be done about it.
    pub fn handle(&mut self, event: Event, now: Now, actions: &mut Vec<Action>) {
        match event {
            Event::Opened { member, key } => self.admit(member, key, actions),
            Event::Asked { member, asked } => {
                let Asked { request, reference } = asked;
                self.answer(member, reference, now, actions, |hub, actions| {
                    hub.grant(member, request, now, actions)
                });
            }
            Event::Misread { member, reference, reason } => {
                self.answer(member, reference, now, actions, |_, _| Err(Refusal::BadRequest(reason)));
            }
            Event::Closed { member } => self.dismiss(member, now, actions),
        }
        self.check_invariants();
    }

    /// How many members are here.
    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// How many rooms there are.
    pub fn room_count(&self) -> usize {
        self.rooms.len()
    }

    fn admit(&mut self, id: MemberId, key: Option<String>, actions: &mut Vec<Action>) {
        let limit = self.limits.members_max;
        if self.members.len() >= limit {
            let notice = Refusal::Full { limit }.notice();
            actions.push(Action::Tell { to: id, reference: None, notice });
            actions.push(Action::HangUp(id));
            return;
        }
        let welcome = Notice::Welcome { v: VERSION, key: key.clone() };
        let owner = key.map_or(Owner::Member(id), Owner::Key);
        let member = Member { owner, nick: None, rooms: BTreeSet::new(), bucket: Bucket::default() };
        self.members.insert(id, member);
        actions.push(Action::Tell { to: id, reference: None, notice: welcome });
    }

    /// Answers a request, exactly once, before whatever else comes of it.
    fn answer(
        &mut self,
        id: MemberId,
        reference: Option<Ref>,
        now: Now,
        actions: &mut Vec<Action>,
        grant: impl FnOnce(&mut Hub, &mut Vec<Action>) -> Result<Notice, Refusal>,
    ) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let place = actions.len();
        let heard = member.bucket.take(self.limits.rate.into(), now.elapsed);
        let granted = heard.map_err(|retry| Refusal::SlowDown { retry }).and_then(|()| grant(self, actions));
        let notice = granted.unwrap_or_else(|refusal| refusal.notice());
        self.charge(id, &notice, now);
        actions.insert(place, Action::Tell { to: id, reference, notice });
    }

    /// Lets a member pay for the length of its answer, which nobody knew before.
    fn charge(&mut self, id: MemberId, answer: &Notice, now: Now) {
        let requests = weight_of(answer) / self.limits.answer_bytes_per_request.max(1);
        if let Some(member) = self.members.get_mut(&id) {
            let requests = u32::try_from(requests).unwrap_or(u32::MAX);
            member.bucket.charge(self.limits.rate.into(), requests, now.elapsed);
        }
    }

    /// Does what is asked for, if it may be, and gives the answer.
    fn grant(
        &mut self,
        id: MemberId,
        request: Request,
        now: Now,
        actions: &mut Vec<Action>,
    ) -> Result<Notice, Refusal> {
        match request {
            Request::Nick { nick } => self.rename(id, &nick, now, actions),
            Request::Join { room, after } => self.join(id, &room, after, now, actions),
            Request::Part { room } => self.part(id, &room, now, actions),
            Request::Say { room, text } => self.say(id, &room, &text, Manner::Saying, now, actions),
            Request::Me { room, text } => self.say(id, &room, &text, Manner::Doing, now, actions),
            Request::Msg { to, text } => self.whisper(id, &to, text, now, actions),
            Request::Topic { room, topic: Some(topic) } => self.set_topic(id, &room, topic, actions),
            Request::Topic { room, topic: None } => self.topic(id, &room),
            Request::Names { room } => self.names(id, &room),
            Request::Rooms => Ok(self.list_rooms()),
            Request::History { room, after, before, limit } => self.history(id, &room, after, before, limit),
            Request::Unknown => Err(Refusal::UnknownType),
        }
    }

    /// The nick of a member that has one.
    fn nick_of(&self, id: MemberId) -> Result<Nick, Refusal> {
        self.members.get(&id).and_then(|member| member.nick.clone()).ok_or(Refusal::NickFirst)
    }

    /// A room that the member is in.
    fn room_of(&mut self, id: MemberId, name: &str) -> Result<&mut Room, Refusal> {
        let name = RoomName::parse(name)?;
        let is_in = self.members.get(&id).is_some_and(|member| member.rooms.contains(&name));
        let room = self.rooms.get_mut(&name).filter(|_| is_in);
        room.ok_or_else(|| Refusal::NotInRoom { room: name.to_string() })
    }

    /// What always holds, whatever members ask for.
    fn check_invariants(&self) {
        debug_assert!(self.members.len() <= self.limits.members_max, "members are counted on the way in");
        debug_assert!(self.rooms.len() <= self.limits.rooms_max, "rooms are counted when they are made");
    }
}

/// Adds a notice for these members, unless there are none.
fn spread(actions: &mut Vec<Action>, to: Vec<MemberId>, notice: impl FnOnce() -> Notice) {
    if !to.is_empty() {
        actions.push(Action::Spread { to, notice: notice() });
    }
}
