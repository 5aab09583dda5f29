//! The caller of a greeting server, which is in `serve`.

use std::io;
use std::num::NonZeroU64;

use reactor::{Address, ConnId, Reactor, Tag};

use super::{ANSWER, DEFAULTS, ENDPOINT};
use crate::attach::{Datagrams, callee, limits_for};
use crate::calling::{Route, call};
use crate::cli::args::{OutputArgs, SessionArgs};
use crate::cli::exit::{Failure, Fault, Result};
use crate::cli::notes::Notes;
use crate::cli::output::Output;
use crate::ending::{obey_signals, outcome_of};
use crate::endpoint::Endpoint;
use crate::session::{Ended, Link, Profile, Role, Service, Session, Via};

#[derive(Debug, clap::Args)]
pub(super) struct Call {
    /// Whom to call: tcp://HOST:PORT (or HOST:PORT), unix:PATH or fd:N
    #[arg(default_value = ENDPOINT)]
    endpoint: Endpoint,
    /// How many greetings to answer before hanging up
    #[arg(long, value_name = "N", default_value = "1")]
    count: NonZeroU64,
    #[command(flatten)]
    session: SessionArgs,
}

impl Call {
    /// Answers as many greetings as it was told to.
    pub(super) fn run(&self, output: OutputArgs) -> Result<()> {
        let notes = output.start();
        let mut caller = self.open(Output::stdout(output.format()), notes)?;
        obey_signals(&mut caller)?;
        outcome(caller)
    }

    pub(super) fn open(&self, output: Output, notes: Notes) -> Result<Reactor<Session<Answerer>>> {
        let options = self.session.options(&DEFAULTS, [&self.endpoint], &notes)?;
        let limits = limits_for(&options.spec);
        let profile = Profile { adopted: Role::Caller, ..Profile::new(options.spec, options.policy) };
        let answerer = Answerer::new(self.count, output, notes);
        let mut caller = Reactor::new(Session::new(answerer, profile), limits)?;
        call(&mut caller, callee(&self.endpoint, Datagrams::NotSpoken)?, |answerer| &mut answerer.route)?;
        Ok(caller)
    }
}

/// How a call ends.
pub(super) fn outcome(caller: Reactor<Session<Answerer>>) -> Result<()> {
    caller.run()?.into_service().outcome
}

/// The service: an answer for each greeting, until there were enough.
pub(super) struct Answerer {
    output: Output,
    notes: Notes,
    route: Route,
    count: u64,
    answered: u64,
    outcome: Result<()>,
}

impl Answerer {
    fn new(count: NonZeroU64, output: Output, notes: Notes) -> Answerer {
        Answerer { output, notes, route: Route::default(), count: count.get(), answered: 0, outcome: Ok(()) }
    }

    /// Prints a greeting and answers it.
    fn answer(&mut self, link: &mut Link<'_, '_>, id: ConnId, greeting: &[u8]) -> Result<()> {
        self.output.message(greeting)?;
        link.send(id, ANSWER)?;
        self.answered += 1;
        Ok(())
    }

    fn end(&mut self, link: &mut Link<'_, '_>, outcome: Result<()>) {
        // What went wrong first is what is told.
        if self.outcome.is_ok() {
            self.outcome = outcome;
        }
        link.stop();
    }

    fn verdict(&self, ended: &Ended) -> Result<()> {
        outcome_of(ended)?;
        if self.answered == self.count {
            return Ok(());
        }
        let message = format!("hung up on after {} of {} greetings", self.answered, self.count);
        Err(Failure::new(Fault::Connection, message))
    }
}

impl Service for Answerer {
    type Command = ();

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, greeting: &[u8]) {
        let answered = self.answer(link, id, greeting);
        if answered.is_err() || self.answered == self.count {
            self.outcome = answered;
            link.hang_up(id);
        }
    }

    fn close(&mut self, link: &mut Link<'_, '_>, _: ConnId, ended: &Ended) {
        self.end(link, self.verdict(ended));
    }

    fn turned_away(&mut self, link: &mut Link<'_, '_>, _: &Address, _: Via, ended: &Ended) {
        self.end(link, outcome_of(ended));
    }

    fn unreachable(&mut self, link: &mut Link<'_, '_>, _: Tag, address: &Address, error: &io::Error) {
        match self.route.unreachable(link, address, error) {
            Ok(next) => self.notes.note(format_args!("{address}: {error}; trying {next}")),
            Err(failure) => self.end(link, Err(failure)),
        }
    }

    fn draining(&mut self, _: &mut Link<'_, '_>) {
        self.route.give_up();
        self.count = self.answered; // enough, then
    }
}
