//! `--metrics ADDR`: what a server's loops count, shown to Prometheus at `http://ADDR/metrics`.
//!
//! ```text
//!    loop 0  loop 1 ... loop n        a loop of its own, on a thread of its own
//!       ^      ^          ^        +---------------------------------------------+
//!       +------+----------+------- | scrapes: asks every loop, adds up, answers  | <--- GET /metrics
//!        how are you?  (Handle)    | http: what is asked    text: what is said   |
//!                                  +---------------------------------------------+
//! ```
//!
//! A scraper that stalls, a crowd of them, or a loop that is stuck: none of them is felt by those who are served. The
//! numbers are the loops' and their services' own; here they are only asked for. They tell how much happens, not what
//! is said or by whom, so ADDR is what the user says, and this machine alone where it is only a port.

mod addr;
mod http;
mod scrapes;
mod text;

use std::thread::{self, JoinHandle};

use reactor::{Address, Handle, ListenOptions, Reactor};

use self::scrapes::{Loop, Scrapes, Told};
use crate::attach::{Attached, Datagrams, attach};
use crate::cli::exit::{Failure, Fault, Result};
use crate::cli::notes::Notes;

pub use addr::MetricsAddr;

/// What was typed about metrics.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Operation")]
pub struct MetricsArgs {
    /// Show Prometheus what is counted, as the page /metrics at HOST:PORT, PORT (on this machine only), unix:PATH,
    /// fd:N or systemd:NAME
    #[arg(long, value_name = "ADDR")]
    metrics: Option<MetricsAddr>,
}

impl MetricsArgs {
    /// Listens for scrapers, if they were asked for; nobody is answered yet.
    pub fn listen(&self, program: &'static str) -> Result<Listening> {
        Ok(Listening(self.metrics.as_ref().map(|addr| Open::at(addr, program)).transpose()?))
    }
}

/// A place where scrapers may call already, or none.
pub struct Listening(Option<Open>);

impl Listening {
    /// Answers from now on, with what these loops say of themselves; tells where.
    pub fn show<C: Send + 'static>(self, loops: Vec<Handle<C>>, notes: &Notes) -> Result<Showing> {
        Ok(Showing(self.0.map(|open| open.show(loops, notes)).transpose()?))
    }
}

/// Scrapers are answered while this lives.
pub struct Showing(#[expect(dead_code, reason = "kept for its end")] Option<Running>);

struct Open {
    reactor: Reactor<Scrapes>,
    address: Address,
}

impl Open {
    fn at(addr: &MetricsAddr, program: &'static str) -> Result<Open> {
        let mut reactor = Reactor::new(Scrapes::new(program), scrapes::limits())?;
        let options = ListenOptions::default();
        match attach(&mut reactor, addr.endpoint(), &options, Datagrams::NotSpoken)? {
            Attached::Listener(_, address) => Ok(Open { reactor, address }),
            _ => {
                Err(Failure::new(Fault::Usage, format!("--metrics {addr} is no place where one can listen")))
            }
        }
    }

    fn show<C: Send + 'static>(mut self, loops: Vec<Handle<C>>, notes: &Notes) -> Result<Running> {
        let door = self.reactor.handle();
        let loops = loops.into_iter().map(Loop::behind).collect();
        self.reactor.with_context(|scrapes, _| scrapes.begin(door.clone(), loops));
        let (reactor, said) = (self.reactor, notes.clone());
        let thread = thread::Builder::new().name("metrics".into()).spawn(move || {
            if let Err(error) = reactor.run() {
                said.warn(format_args!("metrics are not shown any more: {error}"));
            }
        })?;
        notes.listening(Place(&self.address));
        Ok(Running { door, thread: Some(thread) })
    }
}

struct Running {
    door: Handle<Told>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.door.shutdown();
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by itself.
            let _ = thread.join();
        }
    }
}

/// Where a browser finds it; a Unix socket has no such name.
struct Place<'a>(&'a Address);

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Address::Tcp(address) => write!(f, "http://{address}{}", http::PATH),
            other => write!(f, "{other} ({})", http::PATH),
        }
    }
}
