//! `cargo xtask instructions [renew]`: what echoed messages cost the server in instructions, beside what they used to
//! cost. Times on a busy machine say nothing; callgrind's counts of a simulated conversation are the same in every run.
//! The conversation is `crates/apps/examples/scripted_echo.rs`; the step in `test-all` is the same check.

mod callgrind;
mod record;

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};

use crate::root;
use crate::step::{self, Outcome};
use crate::tally::Tally;
use record::{Count, Record};

/// Counts, and compares or renews what is on record.
pub(crate) fn run(words: &[&str]) -> Result<ExitCode> {
    let outcome = match words {
        [] => check()?,
        ["renew"] => renew()?,
        _ => anyhow::bail!("`instructions` takes `renew` or nothing"),
    };
    print!("{}", outcome.output);
    outcome.note.iter().for_each(|note| println!("{note}"));
    Ok(if outcome.is_ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Fails if a script costs more than [`record::SLACK`] above its record.
pub(crate) fn check() -> Result<Outcome> {
    let record = Record::read()?;
    if !callgrind::is_here() {
        ensure!(!is_required("valgrind"), "this machine lacks valgrind, which is required");
        return Ok(passed_over(&record, "no valgrind here, nothing was counted"));
    }
    let toolchain = toolchain()?;
    if toolchain != record.toolchain {
        let reason = format!("counted under {}, this is {toolchain}: not compared", record.toolchain);
        return Ok(passed_over(&record, &reason));
    }
    let counts = count_all()?;
    let (mut output, mut failed) = (String::new(), 0);
    for count in &counts {
        let verdict = record.judge(count);
        writeln!(output, "{verdict}")?;
        failed += usize::from(verdict.is_worse());
    }
    let tally = Tally { passed: counts.len() - failed, failed, skipped: 0 };
    Ok(Outcome { is_ok: failed == 0, output, counts: Some(tally), note: record.advice(&counts) })
}

fn renew() -> Result<Outcome> {
    ensure!(callgrind::is_here(), "valgrind is needed to count");
    let record = Record { toolchain: toolchain()?, counts: count_all()? };
    record.write()?;
    Ok(Outcome { is_ok: true, output: record.to_string(), counts: None, note: None })
}

fn passed_over(record: &Record, reason: &str) -> Outcome {
    let tally = Tally { skipped: record.counts.len(), ..Tally::default() };
    Outcome { is_ok: true, output: String::new(), counts: Some(tally), note: Some(reason.to_owned()) }
}

fn count_all() -> Result<Vec<Count>> {
    let built = step::command(root::cargo().args(BUILD.split(' ')))?;
    ensure!(built.is_ok, "{}", built.output);
    let program = root::target_folder("Cargo.toml")?.join("counted/examples/scripted_echo");
    SCRIPTS.iter().map(|script| callgrind::count(&program, script)).collect()
}

/// What decides which instructions there are.
fn toolchain() -> Result<String> {
    let output = std::process::Command::new("rustc").arg("-vV").current_dir(root::folder()).output();
    let text = String::from_utf8(output.context("cannot start rustc")?.stdout)?;
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim();
    Ok(format!("rustc {} for {}", value("release:"), value("host:")))
}

fn is_required(what: &str) -> bool {
    std::env::var("SWITCHBOARD_REQUIRE").is_ok_and(|names| names.split(',').any(|name| name.trim() == what))
}

const BUILD: &str = "build --quiet --profile counted --package switchboard --example scripted_echo";

/// As the example names them.
const SCRIPTS: &[&str] = &["batch", "reply", "ping", "large", "call"];
