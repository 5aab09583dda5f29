//! `sb-key`: makes keys. All of it is in `switchboard::key`.

use std::process::ExitCode;

use clap::Parser;
use switchboard::cli::exit;
use switchboard::key::KeyArgs;

fn main() -> ExitCode {
    exit::run(|| KeyArgs::parse().run())
}
