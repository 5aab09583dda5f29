//! `sb-echo`: sends messages back. All of it is in `switchboard::echo`.

use std::process::ExitCode;

use switchboard::cli::{exit, typed};
use switchboard::echo::EchoArgs;

fn main() -> ExitCode {
    exit::run(|| typed::read::<EchoArgs>()?.run())
}
