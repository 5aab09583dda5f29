//! `sb-chat join`: a member in a terminal or a pipe.
//!
//! ```text
//!   keys  -> typed -> client -> steps -> service -> hub
//!   shown <- screen <----------- steps <- client <- hub
//! ```
//!
//! `client` decides and is pure; `service` holds the connection; `screen` has the words' looks.

mod client;
mod screen;
mod service;
mod typed;

use std::env;
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use reactor::blocking::{Pool, Threads};
use reactor::{Address, Handle, Reactor};

use self::client::{Choice, Client};
use self::screen::Screen;
use self::service::{Joiner, LookUp, Order, Perseverance};
use super::DEFAULTS;
use super::home::Home;
use super::hub::{DEFAULT_ROOM, Nick, RoomName};
use crate::attach::{Callee, Datagrams, callee, limits_for};
use crate::cli::args::{OutputArgs, SessionArgs};
use crate::cli::exit::{Blame, Failure, Fault, Result};
use crate::cli::notes::{Notes, Volume};
use crate::cli::output::{Format, Output};
use crate::cli::signals::ENDING;
use crate::cli::terminal::Console;
use crate::ending::{DRAIN_TIMEOUT, catch};
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
        let door: Door = Arc::default();
        let signals = catch(&ENDING)?; // before the console: from then on Ctrl-C is for us
        let console = Console::start("> ", {
            let door = Arc::clone(&door);
            move |input| drop(door.get().map(|handle| handle.post(Order::Typed(input))))
        })?;
        let client = Client::new(nick, choice, &room);
        let joiner = joiner(client, &console, output, self.look_up(&door)?);
        let mut reactor = Reactor::new(Session::new(joiner, profile), limits)?;
        reactor.obey(signals, DRAIN_TIMEOUT)?;
        let _ = door.set(reactor.handle());
        call(&mut reactor, callee)?;
        reactor.run()?.into_service().outcome()
    }

    /// Looks the hub up once more, on a thread, and tells the loop where it is now.
    fn look_up(&self, door: &Door) -> Result<LookUp> {
        let (join, door) = (self.clone(), Arc::clone(door));
        let pool = Pool::start(Threads { running_max: 1, waiting_max: 1 })?;
        Ok(Box::new(move || {
            let (join, door) = (join.clone(), Arc::clone(&door));
            // A loop that has ended does not want to know.
            pool.submit(move || drop(door.wait().post_blocking(Order::Found(join.found_anew()))))
        }))
    }

    /// Where the hub is now, under the rules of the first call: a name may have come to mean another host.
    fn found_anew(&self) -> Result<Vec<Address>> {
        let endpoint = self.endpoint.anew();
        self.session.check_confinement(&DEFAULTS, &endpoint)?;
        match callee(&endpoint, Datagrams::NotSpoken)? {
            Callee::Addresses(addresses) => Ok(addresses),
            Callee::Open(_) => {
                Err(Failure::new(Fault::Connection, "a connection that was handed over is gone"))
            }
        }
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

/// The way into the loop, for threads that are there before it is.
type Door = Arc<OnceLock<Handle<Order>>>;

fn joiner(client: Client, console: &Console, output: OutputArgs, look_up: LookUp) -> Joiner {
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
    Joiner::new(client, screen, console.credit(), perseverance, look_up)
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

    use clap::Parser;
    use reactor::{Flow, Limits};

    use super::*;
    use crate::cli::kept::Kept;
    use crate::cli::output::Audience;
    use crate::cli::stdin::pump_from;

    #[derive(clap::Parser)]
    struct Program {
        #[command(flatten)]
        join: Join,
    }

    fn found_anew(line: &str) -> Result<Vec<Address>> {
        Program::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{error}")).join.found_anew()
    }

    #[test]
    fn a_later_call_goes_only_where_the_first_one_might() {
        let far: Address = "tcp://192.0.2.1:9".parse().unwrap();
        assert_eq!(found_anew("join 192.0.2.1:9 --auth mutual").unwrap_err().fault(), Fault::Usage);
        assert_eq!(
            found_anew("join 192.0.2.1:9 --auth mutual --insecure").unwrap(),
            std::slice::from_ref(&far)
        );
        assert_eq!(found_anew("join 192.0.2.1:9 --auth noise").unwrap(), [far]);
        assert_eq!(found_anew("join nobody.invalid:9 --auth noise").unwrap_err().fault(), Fault::Connection);
    }

    /// What a whole conversation may take on a busy machine.
    const DEADLINE: Duration = Duration::from_mins(1);

    /// Joins as a pipe with this input would; gives how it went and what came out.
    pub(in crate::chat) fn pipe(
        hub: SocketAddr,
        profile: Profile,
        nick: &str,
        input: String,
    ) -> (Result<()>, String) {
        let door: Door = Arc::default();
        let deliver = {
            let door = Arc::clone(&door);
            move |input| drop(door.get().map(|handle| handle.post(Order::Typed(input))))
        };
        let credit = pump_from(Cursor::new(input), deliver).unwrap();
        let (out, notes) = (Kept::default(), Notes::over(Kept::default(), Volume::Normal));
        let output = Output::over(out.clone(), Format::Text, Audience::Pipe);
        let client =
            Client::new(Nick::parse(nick).unwrap(), Choice::Typed, &RoomName::parse("lobby").unwrap());
        let screen = Screen::new(output, notes.clone(), notes);
        let joiner = Joiner::new(client, screen, credit, Perseverance::End, Box::new(|| false));
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
