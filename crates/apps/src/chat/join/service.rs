//! The client on a session: a connection to the hub, made again when it is lost and somebody sits there to use it.
//! What to say is the client's, how to show it the screen's.

use std::io;

use framing::EncodeError;
use rand::TryRng;
use rand::rngs::SysRng;
use reactor::{Address, ConnId, Tag};

use super::backoff::Backoff;
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
    /// Where the hub may be; empty when the connection was handed over.
    addresses: Vec<Address>,
    /// The next of them to be tried.
    next_address: usize,
    backoff: Backoff,
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

impl Joiner {
    pub(super) fn new(client: Client, screen: Screen, credit: Credit, perseverance: Perseverance) -> Joiner {
        Joiner {
            client,
            screen,
            credit,
            perseverance,
            addresses: Vec::new(),
            next_address: 0,
            backoff: Backoff::default(),
            connection: None,
            was_in: false,
            is_leaving: false,
            outcome: Ok(()),
        }
    }

    /// Calls the first of these addresses, and the others if it does not answer.
    pub(super) fn call(&mut self, link: &mut Link<'_, '_>, addresses: Vec<Address>) {
        self.addresses = addresses;
        self.call_next(link);
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

    /// Calls the next address; says whether there was one.
    fn call_next(&mut self, link: &mut Link<'_, '_>) -> bool {
        let Some(address) = self.addresses.get(self.next_address) else { return false };
        self.next_address += 1;
        link.call(address.clone(), Tag::default());
        true
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

    /// There is no connection any more, or none came about: another call, or the end.
    fn lose(&mut self, link: &mut Link<'_, '_>, failure: Failure) {
        let calls_again = self.perseverance == Perseverance::CallAgain
            && self.was_in
            && !self.is_leaving
            && !self.addresses.is_empty()
            && failure.fault() == Fault::Connection;
        if !calls_again {
            self.fail(link, failure);
            return;
        }
        let wait = self.backoff.next(chance());
        let note = format!("{}; calling again in {:.1} s", failure.message(), wait.as_secs_f32());
        self.show(link, &Shown::Alarm(note));
        link.set_timer(wait, CALL_AGAIN);
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
    type Command = Input;

    fn open(&mut self, _: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        self.connection = Some(id);
        self.was_in = true;
        self.backoff.reset();
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

    fn close(&mut self, link: &mut Link<'_, '_>, _: ConnId, ended: &Ended) {
        self.connection = None;
        if self.is_leaving {
            link.stop();
            return;
        }
        let failure = self.loss(ended);
        self.client.handle_loss();
        self.lose(link, failure);
    }

    fn turned_away(&mut self, link: &mut Link<'_, '_>, _: &Address, _: Via, ended: &Ended) {
        let failure = outcome_of(ended).err();
        let failure = failure.unwrap_or_else(|| Failure::new(Fault::Connection, "the hub hung up"));
        self.lose(link, failure);
    }

    fn unreachable(&mut self, link: &mut Link<'_, '_>, _: Tag, address: &Address, error: &io::Error) {
        if self.is_leaving || !self.call_next(link) {
            self.lose(link, Failure::new(Fault::Connection, format!("cannot reach {address}: {error}")));
        }
    }

    fn timeout(&mut self, link: &mut Link<'_, '_>, tag: Tag) {
        if self.is_leaving {
            return;
        }
        match tag {
            CALL_AGAIN => {
                self.next_address = 0;
                self.call_next(link);
            }
            _ => self.advance(link, Client::ask_again),
        }
    }

    fn command(&mut self, link: &mut Link<'_, '_>, input: Input) {
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
fn chance() -> u8 {
    let mut byte = [u8::MAX];
    let _ = SysRng.try_fill_bytes(&mut byte);
    byte[0]
}

const ASK_AGAIN: Tag = Tag(1);
const CALL_AGAIN: Tag = Tag(2);
