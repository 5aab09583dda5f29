//! `sb-hello`: a greeting, over and over. All of it is in `switchboard::hello`.

use std::process::ExitCode;

use clap::Parser;
use switchboard::cli::exit;
use switchboard::hello::HelloArgs;

fn main() -> ExitCode {
    exit::run(|| HelloArgs::parse().run())
}
