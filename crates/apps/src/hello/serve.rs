//! The greeting server: a plain function for each caller, as the tutorial's. The caller is in `call`.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use reactor::blocking::{Call, Order, Threads};
use reactor::{Handle, ListenOptions, Reactor};

use super::{DEFAULTS, ENDPOINT, GREETING};
use crate::attach::{Datagrams, limits_for, listen, raise_descriptor_limit};
use crate::cli::args::{OutputArgs, SessionArgs, SessionOptions};
use crate::cli::exit::Result;
use crate::cli::notes::Notes;
use crate::cli::output::{Output, OutputError};
use crate::cli::sparing::Sparing;
use crate::ending::{DRAIN_TIMEOUT, obey};
use crate::endpoint::Endpoint;
use crate::metrics::MetricsArgs;
use crate::operation;
use crate::session::Session;
use crate::session::blocking::Blocking;

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Where to listen: tcp://HOST:PORT (or HOST:PORT), unix:PATH, fd:N or systemd:NAME
    #[arg(default_value = ENDPOINT)]
    pub(super) endpoint: Endpoint,
    #[command(flatten)]
    pub(super) session: SessionArgs,
    #[command(flatten)]
    metrics: MetricsArgs,
}

impl Serve {
    /// Serves until told to end, or until nobody reads what is printed.
    pub(super) fn run(&self, output: OutputArgs) -> Result<()> {
        let notes = output.start();
        let options = self.session.options(&DEFAULTS, [&self.endpoint], &notes)?;
        raise_descriptor_limit();
        let (mut server, printer) = open(&options, Output::stdout(output.format()), &notes)?;
        // Before the line that scripts wait for: after it they may interrupt us.
        obey(&mut server, &options.signals())?;
        let metrics = self.metrics.listen("sb-hello")?;
        self.listen(&mut server, &notes)?;
        let _showing = operation::begin(metrics, vec![server.handle()], &notes)?;
        server.run()?;
        Ok(printer.outcome()?)
    }

    pub(super) fn listen(&self, server: &mut Reactor<Session<Blocking>>, notes: &Notes) -> Result<()> {
        listen(server, &self.endpoint, &ListenOptions::default(), Datagrams::NotSpoken, notes)?;
        Ok(())
    }
}

/// A server that does not listen yet, and what prints for it.
pub(super) fn open(
    options: &SessionOptions,
    output: Output,
    notes: &Notes,
) -> Result<(Reactor<Session<Blocking>>, Arc<Printer>)> {
    let limits = limits_for(&options.spec);
    let printer = Arc::new(Printer::new(output));
    let greet = {
        let printer = Arc::clone(&printer);
        move |call: &mut Call| greet(call, &printer)
    };
    let tell = {
        let mut notes = Sparing::of(notes.clone());
        move |peer: &_, ended: &dyn std::fmt::Display| notes.note(format_args!("{peer}: {ended}"))
    };
    let profile = options.profile();
    let server = Blocking::reactor(profile, greet, tell, THREADS, limits)?;
    printer.drains(server.handle());
    Ok((server, printer))
}

/// One caller's conversation: `handle` of the tutorial's request handler.
fn greet(call: &mut Call, printer: &Printer) -> io::Result<()> {
    loop {
        call.send(GREETING)?;
        match call.recv()? {
            Some(answer) if printer.print(&answer) => {}
            Some(_) | None => return Ok(()),
        }
    }
}

/// Every caller that waits for its next word has a thread, as in the tutorial. One is started only when it is needed.
const THREADS: Threads = Threads { running_max: 10_000, waiting_max: 10_000 };

/// Prints for all threads, a message at a time; a message that cannot be printed ends the server.
pub(super) struct Printer {
    output: Mutex<(Output, Result<(), OutputError>)>,
    server: OnceLock<Handle<Order>>,
}

impl Printer {
    fn new(output: Output) -> Printer {
        Printer { output: Mutex::new((output, Ok(()))), server: OnceLock::new() }
    }

    fn drains(&self, server: Handle<Order>) {
        // Set once, by the only caller.
        let _ = self.server.set(server);
    }

    /// `false`: nothing can be printed any more, and the server ends. Why, it says then.
    #[must_use]
    fn print(&self, message: &[u8]) -> bool {
        let mut kept = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let (output, outcome) = &mut *kept;
        if outcome.is_ok() {
            *outcome = output.message(message);
        }
        if outcome.is_err()
            && let Some(server) = self.server.get()
        {
            server.drain(DRAIN_TIMEOUT);
        }
        outcome.is_ok()
    }

    /// Whether everything could be printed.
    pub(super) fn outcome(&self) -> Result<(), OutputError> {
        let mut kept = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut kept.1, Ok(()))
    }
}
