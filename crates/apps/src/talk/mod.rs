//! `sb-talk`: one conversation between two terminals or pipes, a message a line.
//!
//! What is said by whom, and when it ends, is decided in `conversation` (streams) and `letters` (datagrams), which
//! are pure, as is `waiting`, the room for the next ones; `stream` and `datagrams` put them on the session, `screen`
//! before the person. Where everybody hears everybody is `lan`'s to find.

mod conversation;
mod datagrams;
mod lan;
mod letters;
mod quit;
mod screen;
mod seam;
mod stream;
#[cfg(test)]
mod tests;
mod waiting;
mod words;

use std::time::Duration;

use anyhow::Context;
use auth::Dialect;
use clap::{Args, Subcommand};
use framing::FrameSpec;
use reactor::{Address, Limits, Reactor, Signal};

use self::conversation::{Boundaries, Conversations, Then};
use self::datagrams::DatagramTalk;
use self::lan::{Lan, LanArgs};
use self::letters::{Leaving, Letters};
use self::quit::QuitWord;
use self::screen::Screen;
use self::stream::StreamTalk;
use crate::attach::{Attached, Callee, Datagrams, callee, carries_datagrams, limits_for, listen};
use crate::calling::{call, place_for_answers, tell};
use crate::cli::args::{Defaults, OutputArgs, SessionArgs, SessionOptions};
use crate::cli::exit::{Failure, Fault, Result};
use crate::cli::notes::Notes;
use crate::cli::quantities::parse_seconds;
use crate::cli::signals::ENDING;
use crate::cli::stdin::Input;
use crate::cli::terminal::Console;
use crate::door;
use crate::ending::obey;
use crate::endpoint::Endpoint;
use crate::metrics::MetricsArgs;
use crate::operation;
use crate::session::{Link, Profile, Role, Service, Session};

pub use self::words::words;

/// Talk with somebody at another terminal, or with any program that has a socket.
///
/// A line typed is a message, a message that comes is a line printed. Typing `q` alone says so and hangs up, and so
/// does hearing it. When the input ends our side ends, and what still comes is printed. With --framing raw, the
/// default, messages are plain bytes: whatever arrives together is one line.
///
/// Over udp:// and unix-dgram: each datagram is a message and is shown with who it is from; what a listener types
/// goes to whoever wrote last.
///
/// `sb-talk udp://239.1.2.3:5000` is a chat without a server: everybody on the network who types the same hears
/// everybody else. It is short for `sb-talk meet udp://239.1.2.3:5000`.
#[derive(Debug, clap::Parser)]
#[command(name = "sb-talk", version)]
pub struct TalkArgs {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    output: OutputArgs,
}

impl TalkArgs {
    /// Does what was asked for.
    pub fn run(&self) -> Result<()> {
        let notes = self.output.start();
        match &self.command {
            Command::Listen(Listen { once, metrics, talk }) => {
                let then = if *once { Then::End } else { Then::Next };
                talk.listen(then, metrics, self.output, &notes)
            }
            Command::Call(Call { talk }) => talk.call(self.output, &notes),
            Command::Meet(Call { talk }) => talk.meet(self.output, &notes),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Wait for callers, and talk to one at a time
    ///
    /// Who calls meanwhile waits for its turn, and what it says for it. With --auth, several may be proving at once who
    /// they are: the first who has is talked to.
    Listen(Listen),
    /// Call somebody who listens
    Call(Call),
    /// Talk with everybody who hears the same multicast group, or broadcast; `meet` may be left out
    ///
    /// Everybody sees what anybody else types, with who it is from, and nobody is in charge. `q` alone tells the others
    /// that we leave. When the input ends we leave, too, once no more answers come; but whoever has said nothing by
    /// then goes on listening. Nothing proves who has sent what, and everybody on the network can read it.
    Meet(Call),
}

#[derive(Debug, Args)]
struct Listen {
    /// End after the first conversation, and cut off who waits, instead of waiting for the next caller; where everybody
    /// hears everybody, when somebody leaves
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    metrics: MetricsArgs,
    #[command(flatten)]
    talk: Talk,
}

#[derive(Debug, Args)]
struct Call {
    #[command(flatten)]
    talk: Talk,
}

#[derive(Debug, Args)]
struct Talk {
    /// Where: tcp://HOST:PORT (or HOST:PORT), udp://HOST:PORT, unix:PATH, unix-dgram:PATH, fd:N or systemd:NAME
    endpoint: Endpoint,
    /// The word by which either side hangs up; empty for none
    #[arg(long, value_name = "WORD", default_value = "q")]
    quit_word: QuitWord,
    /// How long to stay once one side has ended and the other is silent: for lines still to be typed when a peer
    /// has ended its side, for answers when the input of a caller over datagrams has ended
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = parse_seconds)]
    wait: Duration,
    #[command(flatten)]
    lan: LanArgs,
    #[command(flatten)]
    session: SessionArgs,
}

impl Talk {
    /// Talks with everybody.
    fn meet(&self, output: OutputArgs, notes: &Notes) -> Result<()> {
        match Lan::of(&self.endpoint, &self.lan)? {
            Some(lan) => self.join(&lan, Leaving::WithInputIfSpoken, &MetricsArgs::default(), output, notes),
            None => Err(Failure::new(
                Fault::Usage,
                format!(
                    "{0} is no multicast group and no broadcast address: `listen {0}` or `call {0}`?",
                    self.endpoint
                ),
            )),
        }
    }

    fn listen(&self, then: Then, metrics: &MetricsArgs, output: OutputArgs, notes: &Notes) -> Result<()> {
        if let Some(lan) = Lan::of(&self.endpoint, &self.lan)? {
            let leaving = if then == Then::End { Leaving::WithAnother } else { Leaving::Never };
            return self.join(&lan, leaving, metrics, output, notes);
        }
        let options = self.session.options(&DEFAULTS, [&self.endpoint], notes)?;
        let metrics = metrics.listen("sb-talk")?;
        if carries_datagrams(&self.endpoint)? {
            let letters = Letters::listening(then, self.quit_word.clone());
            let talk = DatagramTalk::new(letters, Screen::plain(output), self.wait);
            let mut server = obedient(open(talk, &options, Role::Server)?, &ENDING)?;
            self.attach(&mut server, &options, notes)?;
            let _showing = operation::begin(metrics, vec![server.handle()], notes)?;
            return converse(server, output, Ahead::One);
        }
        let talk = self.stream_talk(then, &options, Screen::plain(output));
        let mut server = obedient(open(talk, &options, Role::Server)?, &options.signals())?;
        if let Attached::Connection(_) = self.attach(&mut server, &options, notes)? {
            tell(&mut server, |talk, _| talk.expect_nobody_else());
        }
        let _showing = operation::begin(metrics, vec![server.handle()], notes)?;
        converse(server, output, Ahead::of(&options.spec))
    }

    fn call(&self, output: OutputArgs, notes: &Notes) -> Result<()> {
        if let Some(lan) = Lan::of(&self.endpoint, &self.lan)? {
            return self.join(&lan, Leaving::WithInput, &MetricsArgs::default(), output, notes);
        }
        let options = self.session.options(&DEFAULTS, [&self.endpoint], notes)?;
        match callee(&self.endpoint, Datagrams::under(&options.policy))? {
            Callee::Addresses(addresses) if addresses.iter().all(Address::is_datagram) => {
                // A datagram that nobody answers says nothing about its address, so there is no next one to try.
                let partner = addresses.into_iter().next().context("an endpoint has an address")?;
                self.write_to(&partner, &options, output)
            }
            streams => {
                let talk = self.stream_talk(Then::End, &options, Screen::plain(output));
                let mut caller = obedient(open(talk, &options, Role::Caller)?, &ENDING)?;
                call(&mut caller, streams, |talk| &mut talk.route)?;
                converse(caller, output, Ahead::of(&options.spec))
            }
        }
    }

    fn join(
        &self,
        lan: &Lan,
        leaving: Leaving,
        metrics: &MetricsArgs,
        output: OutputArgs,
        notes: &Notes,
    ) -> Result<()> {
        // Before a key is asked for that would not help.
        Datagrams::in_dialect(self.session.dialect(&DEFAULTS)).check(&self.endpoint)?;
        let options = self.session.options(&DEFAULTS, [&self.endpoint], notes)?;
        let metrics = metrics.listen("sb-talk")?;
        let letters = Letters::among(leaving, self.quit_word.clone());
        let talk = DatagramTalk::new(letters, Screen::plain(output), self.wait);
        let mut member = obedient(open(talk, &options, Role::Server)?, &ENDING)?;
        let seat = lan.open(&mut member, notes)?;
        let _showing = operation::begin(metrics, vec![member.handle()], notes)?;
        tell(&mut member, |talk, _| talk.take_seat(seat));
        converse(member, output, Ahead::One)
    }

    fn write_to(&self, partner: &Address, options: &SessionOptions, output: OutputArgs) -> Result<()> {
        let letters = Letters::to(partner.clone(), self.quit_word.clone());
        let talk = DatagramTalk::new(letters, Screen::plain(output), self.wait);
        let mut caller = obedient(open(talk, options, Role::Caller)?, &ENDING)?;
        // The folder of the socket's path is to outlive the loop.
        let (place, _folder) = place_for_answers(partner)?;
        let (socket, _) = caller.bind(&place).with_context(|| format!("cannot call from {place}"))?;
        tell(&mut caller, |talk, _| talk.use_socket(socket));
        converse(caller, output, Ahead::One)
    }

    fn stream_talk(&self, then: Then, options: &SessionOptions, screen: Screen) -> StreamTalk {
        let boundaries = if options.spec.is_raw() { Boundaries::Lost } else { Boundaries::Kept };
        let conversations = Conversations::new(then, self.quit_word.clone(), boundaries);
        StreamTalk::new(conversations, screen, self.quit_word.clone(), self.wait)
    }

    fn attach<S: Service>(
        &self,
        server: &mut Reactor<Session<S>>,
        options: &SessionOptions,
        notes: &Notes,
    ) -> Result<Attached> {
        let one_at_a_time = door::options(options.policy.dialect());
        listen(server, &self.endpoint, &one_at_a_time, Datagrams::under(&options.policy), notes)
    }
}

const DEFAULTS: Defaults = Defaults { framing: "raw", auth: Dialect::None, service: "talk" };

/// A service with a person in front of it.
trait Talker: Service<Command = Input> {
    /// From now on the person sees and types here.
    fn begin(&mut self, link: &mut Link<'_, '_>, screen: Screen);

    /// What the program ends with.
    fn outcome(self) -> Result<()>;
}

/// A loop that neither listens nor calls yet.
fn open<T: Talker>(talk: T, options: &SessionOptions, role: Role) -> Result<Reactor<Session<T>>> {
    let profile = Profile { adopted: role, ..options.profile() };
    // A peer that reads slowly stops our typing instead of being given up: what waits for it is bounded by that.
    let newcomers_max = door::NEWCOMERS_MAX;
    let limits = Limits { outbound_hard: usize::MAX, newcomers_max, ..limits_for(&options.spec) };
    Ok(Reactor::new(Session::new(talk, profile), limits)?)
}

/// Has a loop obey these signals, before the line that scripts wait for: after it they may interrupt us.
fn obedient<T: Talker>(mut reactor: Reactor<Session<T>>, signals: &[Signal]) -> Result<Reactor<Session<T>>> {
    obey(&mut reactor, signals)?;
    Ok(reactor)
}

/// Puts a person in front of the loop, and runs it to its end.
fn converse<T: Talker>(mut reactor: Reactor<Session<T>>, output: OutputArgs, ahead: Ahead) -> Result<()> {
    let handle = reactor.handle();
    let console = Console::start(PROMPT, move |input| {
        // A loop that has stopped has no use for it, and it never asks for more than fits its mailbox.
        let _ = handle.post(input);
    })?;
    let screen = Screen::on(&console, output, ahead.lines());
    tell(&mut reactor, |talk, link| talk.begin(link, screen));
    reactor.run()?.into_service().outcome()
}

/// How many lines are taken from the input before the first of them is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ahead {
    /// Each in a turn of the loop, and thereby in a write, of its own.
    One,
    /// As many as make piping quick.
    Many,
}

impl Ahead {
    /// Without boundaries lines that leave together arrive as one, so they leave one by one.
    fn of(spec: &FrameSpec) -> Self {
        if spec.is_raw() { Self::One } else { Self::Many }
    }

    fn lines(self) -> usize {
        match self {
            Self::One => 1,
            Self::Many => LINES_AHEAD,
        }
    }
}

/// Enough that reading lines and sending them overlap; few enough that what a listener has taken when its caller
/// leaves, and keeps for the next, is no more than a screenful.
const LINES_AHEAD: usize = 16;

const PROMPT: &str = "> ";
