//! The greeting server. The caller is in `call`.

use reactor::{Address, ConnId, ConnMap, ListenOptions, Reactor};

use super::{DEFAULTS, ENDPOINT, GREETING};
use crate::attach::{Datagrams, limits_for, listen, raise_descriptor_limit};
use crate::cli::args::{OutputArgs, SessionArgs, SessionOptions};
use crate::cli::exit::Result;
use crate::cli::notes::Notes;
use crate::cli::output::{Output, OutputError};
use crate::ending::{DRAIN_TIMEOUT, obey_signals};
use crate::endpoint::Endpoint;
use crate::session::{Caller, Ended, Link, Profile, Service, Session, Via};

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Where to listen: tcp://HOST:PORT (or HOST:PORT), unix:PATH or fd:N
    #[arg(default_value = ENDPOINT)]
    pub(super) endpoint: Endpoint,
    #[command(flatten)]
    pub(super) session: SessionArgs,
}

impl Serve {
    /// Serves until told to end, or until nobody reads what is printed.
    pub(super) fn run(&self, output: OutputArgs) -> Result<()> {
        let notes = output.start();
        let options = self.session.options(&DEFAULTS, [&self.endpoint], &notes)?;
        options.reload_on_hangup(&notes)?;
        raise_descriptor_limit();
        let mut server = open(options, Output::stdout(output.format()), &notes)?;
        // Before the line that scripts wait for: after it they may interrupt us.
        obey_signals(vec![server.handle()])?;
        self.listen(&mut server, &notes)?;
        server.run()?.into_service().printed?;
        Ok(())
    }

    pub(super) fn listen(&self, server: &mut Reactor<Session<Greeter>>, notes: &Notes) -> Result<()> {
        listen(server, &self.endpoint, &ListenOptions::default(), Datagrams::NotSpoken, notes)?;
        Ok(())
    }
}

/// A server that does not listen yet.
pub(super) fn open(
    options: SessionOptions,
    output: Output,
    notes: &Notes,
) -> Result<Reactor<Session<Greeter>>> {
    let limits = limits_for(&options.spec);
    let greeter =
        Greeter { output, notes: notes.clone(), peers: ConnMap::new(), sole: None, printed: Ok(()) };
    let session = Session::new(greeter, Profile::new(options.spec, options.policy));
    Ok(Reactor::new(session, limits)?)
}

/// The service: a greeting for whoever comes, and for each answer.
pub(super) struct Greeter {
    output: Output,
    notes: Notes,
    /// Who is at the other end, for the lines about broken calls.
    peers: ConnMap<Address>,
    /// The one connection that it was started for, if there is one.
    sole: Option<ConnId>,
    /// Whether everything could be printed so far.
    printed: Result<(), OutputError>,
}

impl Greeter {
    fn greet(&mut self, link: &mut Link<'_, '_>, id: ConnId) {
        if let Err(error) = link.send(id, GREETING) {
            self.notes.note(format_args!("the greeting does not fit the framing: {error}"));
            link.hang_up(id);
        }
    }
}

impl Service for Greeter {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, caller: Caller) {
        if caller.via == Via::Adoption {
            self.sole = Some(id);
        }
        self.peers.insert(id, caller.peer);
        self.greet(link, id);
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        if self.printed.is_err() {
            return;
        }
        self.printed = self.output.message(message);
        if self.printed.is_ok() {
            self.greet(link, id);
        } else {
            link.drain(DRAIN_TIMEOUT);
        }
    }

    fn close(&mut self, link: &mut Link<'_, '_>, id: ConnId, ended: &Ended) {
        let peer = self.peers.remove(id);
        if let Some(peer) = peer
            && !ended.is_well()
        {
            self.notes.note(format_args!("{peer}: {ended}"));
        }
        if self.sole == Some(id) {
            link.stop();
        }
    }

    fn turned_away(&mut self, link: &mut Link<'_, '_>, peer: &Address, via: Via, ended: &Ended) {
        self.notes.note(format_args!("{peer}: {ended}"));
        if via == Via::Adoption {
            link.stop();
        }
    }
}
