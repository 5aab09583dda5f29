//! `sb-chat serve`: from what was typed, or nothing at all, to a running hub. The hub's rules are in `hub`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use framing::FrameSpec;
use reactor::{Limits, ListenOptions, Reactor};

use super::DEFAULTS;
use super::home::Home;
use super::hub::{Hub, HubLimits, Rate};
use super::invitation::Invitation;
use super::server::Server;
use crate::attach::{Attached, Datagrams, limits_for, listen, raise_descriptor_limit};
use crate::cli::args::SessionArgs;
use crate::cli::exit::{Blame, Fault, Result};
use crate::cli::notes::Notes;
use crate::ending::obey;
use crate::endpoint::Endpoint;
use crate::keyring::Source;
use crate::metrics::MetricsArgs;
use crate::operation;
use crate::session::Session;

/// What was typed after `serve`.
#[derive(Clone, Debug, clap::Args)]
pub struct Serve {
    /// Where to listen, which may be systemd:NAME; may be given several times
    #[arg(long, value_name = "ENDPOINT", default_value = super::ENDPOINT)]
    listen: Vec<Endpoint>,
    /// The folder for what is to last, made with a key in it on the first run; by default
    /// `$XDG_DATA_HOME/switchboard` or ~/.local/share/switchboard
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Members at once
    #[arg(long, value_name = "N", default_value = "10000")]
    members_max: NonZeroUsize,
    /// Requests a second for each member, five times as many at once
    #[arg(long, value_name = "N", default_value = "20")]
    rate: NonZeroU32,
    #[command(flatten)]
    session: SessionArgs,
    #[command(flatten)]
    metrics: MetricsArgs,
}

impl Serve {
    /// Serves until told to end.
    pub fn run(&self, notes: &Notes) -> Result<()> {
        let session = self.furnished_session()?;
        let options = session.options(&DEFAULTS, &self.listen, notes)?;
        raise_descriptor_limit();
        let server = Server::new(Hub::new(self.hub_limits()), notes.clone());
        let profile = options.profile();
        let mut reactor = Reactor::new(Session::new(server, profile), loop_limits(&options.spec))?;
        obey(&mut reactor, &options.signals())?; // before the line that scripts wait for
        let metrics = self.metrics.listen("sb-chat")?;
        let mut invited = None;
        for endpoint in &self.listen {
            let options = ListenOptions::default();
            let attached = listen(&mut reactor, endpoint, &options, Datagrams::NotSpoken, notes)?;
            if let Attached::Listener(_, address) = attached {
                invited.get_or_insert(address);
            }
        }
        if let Some(address) = invited {
            notes.note(Invitation::new(&address, &session));
        }
        let _showing = operation::begin(metrics, vec![reactor.handle()], notes)?;
        reactor.run()?;
        Ok(())
    }

    /// The session that was typed; with the key in the data folder where no other was named.
    fn furnished_session(&self) -> Result<SessionArgs> {
        let session = self.session.clone();
        if session.dialect(&DEFAULTS) == auth::Dialect::None {
            return Ok(session);
        }
        match session.key_source() {
            Some(Source::File(path)) => Ok(session.with_key_file(path)),
            Some(_) => Ok(session),
            None => {
                let home = self.data.clone().map_or_else(Home::of_user, |folder| Ok(Home::at(folder)));
                let home = home.blame(Fault::Usage)?;
                home.furnish().blame(Fault::Usage)?;
                Ok(session.with_key_file(home.key_file()))
            }
        }
    }

    fn hub_limits(&self) -> HubLimits {
        let per_second = self.rate.get();
        HubLimits {
            members_max: self.members_max.get(),
            rate: Rate { burst: per_second.saturating_mul(5), per_second },
            ..HubLimits::default()
        }
    }
}

/// What waits for a member who does not read is at most a few of the longest answers: there may be many members.
fn loop_limits(spec: &FrameSpec) -> Limits {
    let limits = limits_for(spec);
    let outbound_hard = spec.payload_bytes_max().saturating_mul(4).max(limits.outbound_high);
    Limits { outbound_hard, ..limits }
}
