//! `sb-load`: load for echo servers. All of it is in `switchboard::load`.

use std::process::ExitCode;

use switchboard::cli::{exit, typed};
use switchboard::load::LoadArgs;

fn main() -> ExitCode {
    exit::run(|| typed::read::<LoadArgs>()?.run())
}
