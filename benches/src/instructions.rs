//! Counts instructions with callgrind: a number that neither the machine nor its neighbours change. The program
//! runs itself under valgrind, once for each contender; only what happens inside a pass is counted.

use std::env;
use std::process::Command;

use crate::contender::{Contender, Contest, measured_pass};

/// Instructions a message of each contender, or why they could not be counted.
pub fn count(contest: &Contest, mode: &str) -> Result<Vec<(&'static str, f64)>, String> {
    let names = contest.contenders.iter().map(|one| one.name());
    names.map(|name| Ok((name, count_one(mode, name)? / (PASSES * contest.messages) as f64))).collect()
}

/// What runs under valgrind.
pub fn run_passes(contender: &mut dyn Contender) {
    for _ in 0..PASSES {
        contender.prepare();
        measured_pass(contender);
    }
}

fn count_one(mode: &str, name: &str) -> Result<f64, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg(format!("--toggle-collect={PASS}"))
        .arg(program)
        .args([mode, name])
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report.lines().find_map(|line| line.split_once("Collected :"));
    let count = collected.and_then(|(_, count)| count.trim().parse().ok());
    count.filter(|count| *count > 0.0).ok_or_else(|| format!("{name}: valgrind says\n{report}"))
}

/// As callgrind knows `measured_pass`.
const PASS: &str = "*measured_pass*";

/// What a first pass does once and for all vanishes among so many.
const PASSES: usize = 200;
