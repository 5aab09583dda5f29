//! `sb-hello`: a greeting, over and over. All of it is in `switchboard::hello`.

use std::process::ExitCode;

use switchboard::cli::{exit, typed};
use switchboard::hello::HelloArgs;

fn main() -> ExitCode {
    exit::run(|| typed::read::<HelloArgs>()?.run())
}
