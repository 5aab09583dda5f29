//! `sb-echo`: sends messages back. All of it is in `switchboard::echo`.

use std::process::ExitCode;

use clap::Parser;
use switchboard::cli::exit;
use switchboard::echo::EchoArgs;

fn main() -> ExitCode {
    exit::run(|| EchoArgs::parse().run())
}
