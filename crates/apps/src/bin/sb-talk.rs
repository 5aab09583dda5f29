//! `sb-talk`: a conversation between two terminals. All of it is in `switchboard::talk`.

use std::process::ExitCode;

use switchboard::cli::{exit, typed};
use switchboard::talk::{TalkArgs, words};

fn main() -> ExitCode {
    exit::run(|| typed::read_words::<TalkArgs>(words(std::env::args_os()))?.run())
}
