//! The hub on a session: requests come in as messages, actions become sends. What is granted is the hub's to say,
//! and a member who does not read is the loop's to end.
//!
//! A message for a room is written and framed once, and shared by all who hear it. A second wire form would be one
//! more [`Broadcast`] beside the first: the hub does not notice.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use framing::EncodeError;
use jiff::Timestamp;
use reactor::{Address, ConnId, Measure, Time};

use super::hub::{Action, Event, Hub, MemberId, Now};
use super::schema::{Answer, Notice, Ref, Unreadable, read_request, write_notice};
use crate::cli::notes::Notes;
use crate::cli::sparing::Sparing;
use crate::session::{Broadcast, Caller, Ended, Link, Service, Via};

/// A hub that can be called.
pub struct Server {
    hub: Hub,
    /// Who can be reached. Whoever the hub turned away is among them until it has gone.
    connections: BTreeMap<MemberId, ConnId>,
    notes: Notes,
    /// Told of sparingly.
    strangers: Sparing,
    calendar: Calendar,
    /// Storage for what the hub asks for, reused.
    actions: Vec<Action>,
}

/// Tells the time, in milliseconds since 1970.
pub type Calendar = fn() -> u64;

impl Server {
    /// A server that tells of broken calls in its notes.
    pub fn new(hub: Hub, notes: Notes) -> Server {
        let (connections, strangers) = (BTreeMap::new(), Sparing::of(notes.clone()));
        Server { hub, connections, notes, strangers, calendar: system_calendar, actions: Vec::new() }
    }

    /// The same with another calendar, for tests that must repeat.
    #[must_use]
    pub fn with_calendar(self, calendar: Calendar) -> Server {
        Server { calendar, ..self }
    }

    fn handle(&mut self, link: &mut Link<'_, '_>, event: Event) {
        let now = Now { elapsed: link.now().since(Time::ZERO), unix_ms: (self.calendar)() };
        let mut actions = std::mem::take(&mut self.actions);
        self.hub.handle(event, now, &mut actions);
        for action in actions.drain(..) {
            self.perform(link, action);
        }
        self.actions = actions;
    }

    fn perform(&mut self, link: &mut Link<'_, '_>, action: Action) {
        match action {
            Action::Tell { to, reference, notice } => self.tell(link, to, reference, notice),
            Action::Spread { to, notice } => self.spread(link, &to, notice),
            Action::HangUp(member) => {
                if let Some(id) = self.connections.get(&member) {
                    link.hang_up(*id);
                }
            }
        }
    }

    fn tell(&mut self, link: &mut Link<'_, '_>, to: MemberId, reference: Option<Ref>, notice: Notice) {
        let Some(id) = self.connections.get(&to) else { return };
        let sent = link.send(*id, &write_notice(&Answer { notice, reference }));
        self.give_up_unless(link, *id, sent);
    }

    fn spread(&mut self, link: &mut Link<'_, '_>, to: &[MemberId], notice: Notice) {
        let mut message = Broadcast::new(write_notice(&Answer { notice, reference: None }));
        for id in to.iter().filter_map(|member| self.connections.get(member)) {
            let sent = link.send_shared(*id, &mut message);
            self.give_up_unless(link, *id, sent);
        }
    }

    /// The hub's limits keep everything it says within the usual frames, but a framing can be typed for which it is
    /// too long, and then a member would miss what others hear.
    fn give_up_unless(&self, link: &mut Link<'_, '_>, id: ConnId, sent: Result<(), EncodeError>) {
        if let Err(error) = sent {
            self.notes
                .note(format_args!("hanging up, as the framing cannot carry what is to be said: {error}"));
            link.hang_up(id);
        }
    }

    /// Whoever speaks something else is told what is spoken here, once, and left.
    fn dismiss(&mut self, link: &mut Link<'_, '_>, member: MemberId, error: &Unreadable) {
        let notice = Notice::Error { code: "foreign".to_owned(), text: error.to_string(), retry_ms: None };
        self.tell(link, member, None, notice);
        self.perform(link, Action::HangUp(member));
    }
}

impl Service for Server {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, caller: Caller) {
        let member = member_of(id);
        self.connections.insert(member, id);
        self.handle(link, Event::Opened { member, key: caller.proof.caller().map(str::to_owned) });
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        let member = member_of(id);
        let event = match read_request(message) {
            Ok(asked) => Event::Asked { member, asked },
            Err(Unreadable::WrongFields { reference, error }) => {
                Event::Misread { member, reference, reason: error.to_string() }
            }
            Err(foreign) => return self.dismiss(link, member, &foreign),
        };
        self.handle(link, event);
    }

    fn close(&mut self, link: &mut Link<'_, '_>, id: ConnId, ended: &Ended) {
        let member = member_of(id);
        self.connections.remove(&member);
        if let Ended::Frame(_) | Ended::Lost(reactor::Closed::Overflowed { .. }) = ended {
            self.strangers.note(format_args!("a member was lost: {ended}"));
        }
        self.handle(link, Event::Closed { member });
    }

    fn turned_away(&mut self, _: &mut Link<'_, '_>, peer: &Address, _: Via, ended: &Ended) {
        self.strangers.note(format_args!("turned away {peer}: {ended}"));
    }

    fn handle_error(&mut self, _: &mut Link<'_, '_>, error: &std::io::Error) {
        self.strangers.note(format_args!("a caller was lost: {error}"));
    }

    fn measure(&self, into: &mut Vec<Measure>) {
        into.push(Measure::gauge("chat_members", "Members that are here", self.hub.member_count()));
        into.push(Measure::gauge("chat_rooms", "Rooms that there are", self.hub.room_count()));
    }

    fn draining(&mut self, link: &mut Link<'_, '_>) {
        let everybody: Vec<MemberId> = self.connections.keys().copied().collect();
        self.spread(link, &everybody, Notice::Bye { text: "the hub is shutting down".to_owned() });
    }
}

/// Both are never reused.
fn member_of(id: ConnId) -> MemberId {
    MemberId(id.as_u64())
}

fn system_calendar() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default()
}
