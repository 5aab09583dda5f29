//! `sb-chat`: a hub with rooms, and the people in them.
//!
//! ```text
//!   join                                serve
//!   +--------+   +---------+   TCP, Unix   +---------+   +--------+   +------+
//!   | typed  | > | schema  |  ===========> | session | > | server | > | hub  |
//!   | shown  | < | JSON    |  <=========== |         | < | JSON   | < | pure |
//!   +--------+   +---------+   u32be,      +---------+   +--------+   +------+
//!                              mutual
//! ```
//!
//! [`hub`] has the rules and sees neither sockets nor JSON. [`schema`] is what travels, described in
//! `docs/chat.md`. [`server`] puts the hub on a session.

pub mod home;
pub mod hub;
pub mod invitation;
pub mod join;
pub mod schema;
pub mod serve;
pub mod server;

use auth::Dialect;

use crate::cli::args::{Defaults, OutputArgs};
use crate::cli::exit::Result;

/// Chat in rooms: one hub, any number of members.
#[derive(Debug, clap::Parser)]
#[command(name = "sb-chat", version)]
pub struct ChatArgs {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run a hub: without any arguments, one for this machine with a key made on the first run
    Serve(serve::Serve),
    /// Go into a room of a hub, and talk
    Join(join::Join),
}

impl ChatArgs {
    /// Does what was asked for.
    pub fn run(&self) -> Result<()> {
        let notes = self.output.start();
        match &self.command {
            Command::Serve(serve) => serve.run(&notes),
            Command::Join(join) => join.run(self.output, &notes),
        }
    }
}

/// A frame holds the longest answer that the hub's limits allow.
const DEFAULTS: Defaults = Defaults { framing: "u32be,max=1MiB", auth: Dialect::Mutual, service: "chat" };

/// Where a hub listens, and where it is looked for.
const ENDPOINT: &str = "tcp://127.0.0.1:9000";
