//! `sb-frame`: frames on the command line. All of it is in `switchboard::frame`.

use std::process::ExitCode;

use switchboard::cli::{exit, typed};
use switchboard::frame::FrameArgs;

fn main() -> ExitCode {
    exit::run(|| typed::read::<FrameArgs>()?.run())
}
