//! `sb-chat join`: a member in a terminal or a pipe.
//!
//! ```text
//!   keys  -> typed -> client -> steps -> service -> hub
//!   shown <- screen <----------- steps <- client <- hub
//! ```
//!
//! `client` decides and is pure; `service` holds the connection; `screen` has the words' looks.

mod backoff;
mod client;
mod screen;
mod service;
mod typed;

use std::env;
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use reactor::Reactor;

use self::client::{Choice, Client};
use self::screen::Screen;
use self::service::{Joiner, Perseverance};
use super::DEFAULTS;
use super::home::Home;
use super::hub::{DEFAULT_ROOM, Nick, RoomName};
use crate::attach::{Callee, Datagrams, callee, limits_for};
use crate::cli::args::{OutputArgs, SessionArgs};
use crate::cli::exit::{Blame, Fault, Result};
use crate::cli::notes::{Notes, Volume};
use crate::cli::output::{Format, Output};
use crate::cli::terminal::Console;
use crate::ending::obey_signals_when_open;
use crate::endpoint::Endpoint;
use crate::session::{Profile, Role, Session};

/// What was typed after `join`.
#[derive(Clone, Debug, clap::Args)]
pub struct Join {
    /// The hub: tcp://HOST:PORT (or HOST:PORT), unix:PATH or fd:N
    #[arg(default_value = super::ENDPOINT)]
    endpoint: Endpoint,
    /// The room to go to
    #[arg(long, value_name = "ROOM", default_value = DEFAULT_ROOM)]
    room: String,
    /// What to be called; by default as on this machine, with a digit if that is somebody else's
    #[arg(long, value_name = "NICK")]
    nick: Option<String>,
    #[command(flatten)]
    session: SessionArgs,
}

impl Join {
    /// Talks until the input ends, or somebody hangs up.
    pub fn run(&self, output: OutputArgs, notes: &Notes) -> Result<()> {
        let room = RoomName::parse(&self.room).context("--room").blame(Fault::Usage)?;
        let (nick, choice) = self.nick()?;
        let options = self.furnished_session().options(&DEFAULTS, [&self.endpoint], notes)?;
        let limits = limits_for(&options.spec);
        let profile = Profile { adopted: Role::Caller, ..Profile::new(options.spec, options.policy) };
        let callee = callee(&self.endpoint, Datagrams::NotSpoken)?;

        // Nothing is typed before the first credit, and nobody grants that before the loop runs.
        let door = Arc::new(OnceLock::new());
        obey_signals_when_open(&door)?; // before the console: from then on Ctrl-C is for us
        let console = Console::start("> ", {
            let door = Arc::clone(&door);
            move |input| drop(door.get().map(|handle: &reactor::Handle<_>| handle.post(input)))
        })?;
        let joiner = joiner(Client::new(nick, choice, &room), &console, output);
        let mut reactor = Reactor::new(Session::new(joiner, profile), limits)?;
        let _ = door.set(reactor.handle());
        call(&mut reactor, callee)?;
        reactor.run()?.into_service().outcome()
    }

    fn nick(&self) -> Result<(Nick, Choice)> {
        if let Some(nick) = &self.nick {
            return Ok((Nick::parse(nick).context("--nick").blame(Fault::Usage)?, Choice::Typed));
        }
        let user = env::var("USER").unwrap_or_default();
        let nick = Nick::near(&user).or_else(|| Nick::near("guest"));
        Ok((nick.context("a nick for whoever has none")?, Choice::Default))
    }

    /// The session that was typed; with the key that a hub of this user has made, where no other was named.
    fn furnished_session(&self) -> SessionArgs {
        let session = self.session.clone();
        let made = Home::of_user().ok().map(|home| home.key_file()).filter(|path| path.exists());
        match (session.key_source(), made) {
            (None, Some(path)) => session.with_key_file(path),
            _ => session,
        }
    }
}

fn joiner(client: Client, console: &Console, output: OutputArgs) -> Joiner {
    let format = output.format();
    let screen = Screen::new(
        Output::on(console, format),
        Notes::on(console, output.volume()),
        Notes::on(console, Volume::Normal),
    );
    let perseverance = match (console.is_interactive(), format) {
        (true, Format::Text) => Perseverance::CallAgain,
        _ => Perseverance::End,
    };
    Joiner::new(client, screen, console.credit(), perseverance)
}

fn call(reactor: &mut Reactor<Session<Joiner>>, callee: Callee) -> Result<()> {
    match callee {
        Callee::Open(socket) => drop(reactor.adopt(socket, 1)?),
        Callee::Addresses(addresses) => reactor.with_context(|session, cx| {
            session.with_link(cx, |joiner, link| joiner.call(link, addresses));
        }),
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Cursor;
    use std::net::SocketAddr;
    use std::time::{Duration, Instant};

    use reactor::{Address, Flow, Limits};

    use super::*;
    use crate::cli::kept::Kept;
    use crate::cli::output::Audience;
    use crate::cli::stdin::pump_from;

    /// What a whole conversation may take on a busy machine.
    const DEADLINE: Duration = Duration::from_mins(1);

    /// Joins as a pipe with this input would; gives how it went and what came out.
    pub(in crate::chat) fn pipe(
        hub: SocketAddr,
        profile: Profile,
        nick: &str,
        input: String,
    ) -> (Result<()>, String) {
        let door = Arc::new(OnceLock::new());
        let deliver = {
            let door = Arc::clone(&door);
            move |input| drop(door.get().map(|handle: &reactor::Handle<_>| handle.post(input)))
        };
        let credit = pump_from(Cursor::new(input), deliver).unwrap();
        let (out, notes) = (Kept::default(), Notes::over(Kept::default(), Volume::Normal));
        let output = Output::over(out.clone(), Format::Text, Audience::Pipe);
        let client =
            Client::new(Nick::parse(nick).unwrap(), Choice::Typed, &RoomName::parse("lobby").unwrap());
        let screen = Screen::new(output, notes.clone(), notes);
        let joiner = Joiner::new(client, screen, credit, Perseverance::End);
        let mut reactor = Reactor::new(Session::new(joiner, profile), Limits::default()).unwrap();
        assert!(door.set(reactor.handle()).is_ok());
        call(&mut reactor, Callee::Addresses(vec![Address::Tcp(hub)])).unwrap();
        let outcome = run_to_end(reactor, &out).outcome();
        (outcome, out.text())
    }

    /// Turns until the loop ends of itself, but not for ever.
    fn run_to_end(mut reactor: Reactor<Session<Joiner>>, out: &Kept) -> Joiner {
        let began = Instant::now();
        while reactor.run_once(DEADLINE.saturating_sub(began.elapsed())).unwrap() == Flow::Continue {
            let (stats, shown) = (reactor.stats(), out.text());
            assert!(began.elapsed() < DEADLINE, "not over after {DEADLINE:?}: {stats:?}, shown {shown:?}");
        }
        reactor.run().unwrap().into_service()
    }
}
