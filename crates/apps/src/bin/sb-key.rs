//! `sb-key`: makes keys. All of it is in `switchboard::key`.

use std::process::ExitCode;

use switchboard::cli::{exit, typed};
use switchboard::key::KeyArgs;

fn main() -> ExitCode {
    exit::run(|| typed::read::<KeyArgs>()?.run())
}
