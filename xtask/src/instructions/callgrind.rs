//! One run of the scripted conversation under callgrind. What the count is compared with is `record`'s.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::record::Count;

/// Whether there is a valgrind to run.
pub(super) fn is_here() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Instructions of the server's turns for each message of the script.
pub(super) fn count(program: &Path, script: &str) -> Result<Count> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"]);
    command
        .args(["--toggle-collect=*counted_turn*"])
        .arg(program)
        .arg(script)
        .env("GLIBC_TUNABLES", SAME_COPIES);
    let output = command.output().context("cannot start valgrind")?;
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{command:?}: {told}{said}");
    let collected =
        told.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim());
    let collected: f64 = collected.context("callgrind counted nothing")?.parse()?;
    let messages: f64 = said.trim().parse().context("the script says how many messages it echoed")?;
    Ok(Count { script: script.to_owned(), per_message: collected / messages })
}

/// The C library picks its `memcpy` by the processor; here the one that all of them can run.
const SAME_COPIES: &str = "glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM";
