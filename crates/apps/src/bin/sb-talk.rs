//! `sb-talk`: a conversation between two terminals. All of it is in `switchboard::talk`.

use std::process::ExitCode;

use switchboard::cli::{exit, typed};
use switchboard::talk::TalkArgs;

fn main() -> ExitCode {
    exit::run(|| typed::read::<TalkArgs>()?.run())
}
