//! `sb-talk`: a conversation between two terminals. All of it is in `switchboard::talk`.

use std::process::ExitCode;

use clap::Parser;
use switchboard::cli::exit;
use switchboard::talk::TalkArgs;

fn main() -> ExitCode {
    exit::run(|| TalkArgs::parse().run())
}
