//! `sb-frame`: frames on the command line. All of it is in `switchboard::frame`.

use std::process::ExitCode;

use clap::Parser;
use switchboard::cli::exit;
use switchboard::frame::FrameArgs;

fn main() -> ExitCode {
    exit::run(|| FrameArgs::parse().run())
}
