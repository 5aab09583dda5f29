//! How servers and loads are started alike: on their processors, with all descriptors they may have, and with a key.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// A command that becomes the program which the words begin with: its id stays the same.
pub(super) fn pinned(words: &[OsString], processors: &str, key: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", WITH_ALL_DESCRIPTORS, "sh", "taskset", "--cpu-list", processors]).args(words);
    command.env("SWITCHBOARD_KEY_FILE", key);
    command
}

const WITH_ALL_DESCRIPTORS: &str = r#"ulimit -n "$(ulimit -H -n)"; exec "$@""#;
