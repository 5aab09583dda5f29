//! The client on a session: a connection to the hub, made again when it is lost and somebody sits there to use it.
//! What to say is the client's, how to show it the screen's.

#[cfg(test)]
mod tests;

use std::io;

use framing::EncodeError;
use rand::TryRng;
use rand::rngs::SysRng;
use reactor::{Address, BackoffLimits, ConnId, Dialer, Tag};

use super::client::{Client, Shown, Step};
use super::screen::Screen;
use crate::chat::schema::{Asked, read_notice, write_request};
use crate::cli::exit::{Failure, Fault, Result};
use crate::cli::output::OutputError;
use crate::cli::stdin::{Credit, Input};
use crate::ending::{fault_of, outcome_of};
use crate::session::{Caller, Ended, Link, Service, Via};

/// A member with its connection.
pub(super) struct Joiner {
    client: Client,
    screen: Screen,
    credit: Credit,
    perseverance: Perseverance,
    /// At rest when the connection was handed over.
    dialer: Dialer,
    look_up: LookUp,
    connection: Option<ConnId>,
    /// Whether we have talked with the hub before.
    was_in: bool,
    is_leaving: bool,
    outcome: Result<()>,
}

/// What a lost connection is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Perseverance {
    /// With the end: a script must hear of it.
    End,
    /// With another call: a person would only do the same.
    CallAgain,
}

/// Begins to find out where the hub is now; an [`Order::Found`] follows. `false`: it does not.
pub(super) type LookUp = Box<dyn FnMut() -> bool>;

/// What other threads have to say.
#[derive(Debug)]
pub(super) enum Order {
    /// Something was typed.
    Typed(Input),
    /// The hub was looked up.
    Found(Result<Vec<Address>>),
}

impl Joiner {
    pub(super) fn new(
        client: Client,
        screen: Screen,
        credit: Credit,
        perseverance: Perseverance,
        look_up: LookUp,
    ) -> Joiner {
        Joiner {
            client,
            screen,
            credit,
            perseverance,
            dialer: Dialer::new(BackoffLimits::default(), seed()),
            look_up,
            connection: None,
            was_in: false,
            is_leaving: false,
            outcome: Ok(()),
        }
    }

    /// Calls the first of these addresses, and the others if it does not answer. Later calls go to where the hub is
    /// then.
    pub(super) fn call(&mut self, link: &mut Link<'_, '_>, addresses: Vec<Address>) {
        self.dialer.dial();
        let step = self.dialer.handle_found(link.now(), addresses);
        link.follow(step, CALL);
    }

    /// How it went, when it is over. In a pipe, lines that were not taken are a failure.
    pub(super) fn outcome(self) -> Result<()> {
        self.outcome?;
        match (self.perseverance, self.client.refused) {
            (Perseverance::CallAgain, _) | (_, 0) => Ok(()),
            (_, refused) => Err(Failure::new(
                Fault::Other,
                format!("not every line was accepted: {refused} were refused"),
            )),
        }
    }

    /// Lets the client decide, and does what it decided.
    fn advance(&mut self, link: &mut Link<'_, '_>, decide: impl FnOnce(&mut Client, &mut Vec<Step>)) {
        let mut steps = Vec::new();
        decide(&mut self.client, &mut steps);
        for step in steps {
            match step {
                Step::Ask(asked) => self.ask(link, &asked),
                Step::AskLater(after) => drop(link.set_timer(after, ASK_AGAIN)),
                Step::Show(shown) => self.show(link, &shown),
                Step::NextLine => self.credit.grant(1),
                Step::Leave => self.leave(link),
                Step::Fail(fault, message) => self.fail(link, Failure::new(fault, message)),
            }
        }
    }

    fn ask(&mut self, link: &mut Link<'_, '_>, asked: &Asked) {
        let Some(id) = self.connection else { return };
        let sent: Result<(), EncodeError> = link.send(id, &write_request(asked));
        if let Err(error) = sent {
            let message = format!("the framing cannot carry what is to be said: {error}");
            self.fail(link, Failure::new(Fault::Usage, message));
        }
    }

    fn show(&mut self, link: &mut Link<'_, '_>, shown: &Shown) {
        let shown = self.screen.show(shown);
        self.fail_unless(link, shown);
    }

    fn fail_unless(&mut self, link: &mut Link<'_, '_>, printed: Result<(), OutputError>) {
        if let Err(error) = printed {
            self.fail(link, error.into());
        }
    }

    fn fail(&mut self, link: &mut Link<'_, '_>, failure: Failure) {
        // What went wrong first is what is told.
        if self.outcome.is_ok() {
            self.outcome = Err(failure);
        }
        self.leave(link);
    }

    fn leave(&mut self, link: &mut Link<'_, '_>) {
        self.is_leaving = true;
        match self.connection {
            Some(id) => link.hang_up(id),
            None => link.stop(),
        }
    }

    /// There is no connection any more, or none came about: another call if the dialer wants one, or the end.
    fn lose(&mut self, link: &mut Link<'_, '_>, failure: Failure, step: Option<reactor::Step>) {
        let calls_again = self.perseverance == Perseverance::CallAgain
            && self.was_in
            && !self.is_leaving
            && failure.fault() == Fault::Connection;
        let Some(reactor::Step::Wait(wait)) = step.filter(|_| calls_again) else {
            self.fail(link, failure);
            return;
        };
        let note = format!("{}; calling again in {:.1} s", failure.message(), wait.as_secs_f32());
        self.show(link, &Shown::Alarm(note));
        link.follow(Some(reactor::Step::Wait(wait)), CALL);
    }

    /// Asks where the hub is now.
    fn ask_where(&mut self, link: &mut Link<'_, '_>) {
        if !(self.look_up)() {
            self.handle_found(link, Err(Failure::new(Fault::Connection, "cannot look up the hub")));
        }
    }

    fn handle_found(&mut self, link: &mut Link<'_, '_>, found: Result<Vec<Address>>) {
        match found {
            Ok(addresses) => {
                let step = self.dialer.handle_found(link.now(), addresses);
                link.follow(step, CALL);
            }
            Err(failure) => {
                let step = self.dialer.handle_found(link.now(), Vec::new());
                self.lose(link, failure, step);
            }
        }
    }

    /// The connection ended, and not because we hung up.
    fn loss(&self, ended: &Ended) -> Failure {
        let why = match (&self.client.last_words, outcome_of(ended)) {
            (Some(words), _) => format!("the hub hung up: {words}"),
            (None, Ok(())) => "the hub hung up".to_owned(),
            (None, Err(failure)) => failure.message(),
        };
        let doubt = if self.client.is_waiting() { "; the last line may not have been accepted" } else { "" };
        Failure::new(fault_of(ended).unwrap_or(Fault::Connection), format!("{why}{doubt}"))
    }
}

impl Service for Joiner {
    type Command = Order;

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        self.connection = Some(id);
        self.was_in = true;
        let step = self.dialer.handle_connected(link.now(), id);
        link.follow(step, CALL);
        self.client.last_words = None;
    }

    fn message(&mut self, link: &mut Link<'_, '_>, _: ConnId, message: &[u8]) {
        let printed = self.screen.show_json(message);
        self.fail_unless(link, printed);
        match read_notice(message) {
            Ok(answer) => self.advance(link, |client, steps| client.handle(answer, steps)),
            Err(error) => {
                self.fail(link, Failure::new(Fault::Protocol, format!("this is no sb-chat hub: {error}")));
            }
        }
    }

    fn close(&mut self, link: &mut Link<'_, '_>, id: ConnId, ended: &Ended) {
        self.connection = None;
        let step = self.dialer.handle_lost(link.now(), id);
        if self.is_leaving {
            link.stop();
            return;
        }
        let failure = self.loss(ended);
        self.client.handle_loss();
        self.lose(link, failure, step);
    }

    fn turned_away(&mut self, link: &mut Link<'_, '_>, _: &Address, _: Via, ended: &Ended) {
        let failure = outcome_of(ended).err();
        let failure = failure.unwrap_or_else(|| Failure::new(Fault::Connection, "the hub hung up"));
        let step = self.dialer.handle_unreachable(link.now());
        self.lose(link, failure, step);
    }

    fn unreachable(&mut self, link: &mut Link<'_, '_>, _: Tag, address: &Address, error: &io::Error) {
        let failure = Failure::new(Fault::Connection, format!("cannot reach {address}: {error}"));
        let step = self.dialer.handle_unreachable(link.now());
        self.lose(link, failure, step);
    }

    fn timeout(&mut self, link: &mut Link<'_, '_>, tag: Tag) {
        if self.is_leaving {
            return;
        }
        match tag {
            CALL => {
                if self.dialer.handle_timeout(link.now()) == Some(reactor::Step::LookUp) {
                    self.ask_where(link);
                }
            }
            _ => self.advance(link, Client::ask_again),
        }
    }

    fn command(&mut self, link: &mut Link<'_, '_>, order: Order) {
        let input = match order {
            Order::Typed(input) => input,
            Order::Found(found) => return self.handle_found(link, found),
        };
        match input {
            Input::Line(typed) => self.advance(link, |client, steps| client.handle_line(&typed, steps)),
            Input::End => self.leave(link),
            Input::Failed(error) => self.fail(link, Failure::new(Fault::Other, error.to_string())),
        }
    }

    fn draining(&mut self, _: &mut Link<'_, '_>) {
        self.is_leaving = true;
        if self.client.is_waiting() && self.outcome.is_ok() {
            let message = "interrupted: the last line may not have been accepted";
            self.outcome = Err(Failure::new(Fault::Other, message));
        }
    }
}

/// Anything will do, even the same each time: it only keeps a crowd from calling at one moment.
fn seed() -> u64 {
    let mut bytes = [0; 8];
    let _ = SysRng.try_fill_bytes(&mut bytes);
    u64::from_le_bytes(bytes)
}

const ASK_AGAIN: Tag = Tag(1);
const CALL: Tag = Tag(2);
