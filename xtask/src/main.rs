//! `cargo xtask TASK`: the project's tasks as a Rust program, the same on every machine.
//! What a task does stands in its own module; this file only picks one.

mod bench;
mod instructions;
mod root;
mod step;
mod tally;
mod test_all;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    run(&words).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(words: &[&str]) -> Result<ExitCode> {
    match words {
        ["test-all"] => test_all::run(),
        ["tidy"] => tidy::run(),
        ["bench", words @ ..] => bench::run(words),
        ["instructions", words @ ..] => instructions::run(words),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprintln!("error: there is no task `{}`\n\n{HELP}", words.join(" "));
            Ok(ExitCode::from(USAGE))
        }
    }
}

/// The same code as the programs' own for a command line that means nothing.
const USAGE: u8 = 2;

const HELP: &str = "\
cargo xtask TASK

  test-all  everything that must hold before a change is merged: format, tidy, clippy,
            builds, tests, doctests, docs, benches, fuzz targets; one line a step, the first
            failure stops
  tidy      the house rules that no compiler checks: layers, file sizes, manifests
  bench [--quick] [--rounds N] [--only NAME]...
            echo servers under one load, ours beside its peers; all of it writes docs/performance.md
  instructions [renew]
            what an echoed message costs, counted by callgrind, beside what is on record
  help      this page
";
