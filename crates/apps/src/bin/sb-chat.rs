//! `sb-chat`: chat in rooms. All of it is in `switchboard::chat`.

use std::process::ExitCode;

use clap::Parser;
use switchboard::chat::ChatArgs;
use switchboard::cli::exit;

fn main() -> ExitCode {
    exit::run(|| ChatArgs::parse().run())
}
