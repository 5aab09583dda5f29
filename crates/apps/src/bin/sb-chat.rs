//! `sb-chat`: chat in rooms. All of it is in `switchboard::chat`.

use std::process::ExitCode;

use switchboard::chat::ChatArgs;
use switchboard::cli::{exit, typed};

fn main() -> ExitCode {
    exit::run(|| typed::read::<ChatArgs>()?.run())
}
