//! `cargo xtask test-all`: everything that must hold, cheapest first.
//! How a step runs and prints is left to `step`, what is tidy to `tidy`.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::instructions;
use crate::root;
use crate::step::{self, Outcome};
use crate::tally::Tally;
use crate::tidy;

/// Runs the steps until one fails, then prints the counts on the last line.
pub(crate) fn run() -> Result<ExitCode> {
    let mut tally = Tally::default();
    for (name, work) in STEPS {
        let outcome = run_step(name, work)?;
        tally += outcome.counts.unwrap_or_default();
        if !outcome.is_ok {
            // A failed build is a failure too: the last line must never say that nothing failed.
            tally.failed = tally.failed.max(1);
            break;
        }
    }
    println!("\n{tally}");
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What a step does.
enum Work {
    /// A cargo command that must succeed.
    Check(&'static str),
    /// A cargo command that must succeed, and whose tests are counted.
    Tests(&'static str),
    /// The house rules, in this process.
    Tidy,
    /// What messages cost, beside what is on record.
    Instructions,
}

/// Everything, in order. The packages that must build without their features do so one at a
/// time: together, one member's features would be switched on for the other.
const STEPS: &[(&str, Work)] = &[
    ("format", Work::Check("fmt --all --check")),
    ("tidy", Work::Tidy),
    ("clippy", Work::Check("clippy --workspace --all-targets -- -D warnings")),
    ("clippy, all features", Work::Check("clippy --workspace --all-targets --all-features -- -D warnings")),
    (
        "framing, no features",
        Work::Check("clippy -p switchboard-framing --no-default-features -- -D warnings"),
    ),
    ("auth, no features", Work::Check("clippy -p switchboard-auth --no-default-features -- -D warnings")),
    (
        "reactor, no features",
        Work::Check("clippy -p switchboard-reactor --no-default-features -- -D warnings"),
    ),
    ("programs, no features", Work::Check("clippy -p switchboard --no-default-features -- -D warnings")),
    ("build", Work::Check("build --workspace")),
    ("docs", Work::Check("doc --workspace --no-deps --all-features")),
    ("tests", Work::Tests("test --workspace --all-features --lib --bins --tests --no-fail-fast")),
    ("doctests", Work::Tests("test --workspace --all-features --doc --no-fail-fast")),
    ("instructions", Work::Instructions),
];

fn run_step(name: &str, work: &Work) -> Result<Outcome> {
    step::run(name, || match work {
        // What cargo compiles on the way only hides what it found.
        Work::Check(words) => step::command(cargo(words).env("CARGO_TERM_QUIET", "true")),
        Work::Tests(words) => run_tests(words),
        Work::Tidy => tidy::check(),
        Work::Instructions => instructions::check(),
    })
}

fn run_tests(words: &str) -> Result<Outcome> {
    let skips = SkipList::start()?;
    let outcome = step::command(cargo(words).env("SWITCHBOARD_SKIPS", &skips.path))?;
    let counts = Tally::of_output(&outcome.output).with_skips(skips.count()?);
    Ok(Outcome { counts: Some(counts), ..outcome })
}

fn cargo(words: &str) -> Command {
    let mut command = root::cargo();
    command.args(words.split(' ')).env("RUSTDOCFLAGS", "-D warnings");
    command
}

/// Where tests write down, a line each, that they lacked something and so checked nothing.
struct SkipList {
    path: PathBuf,
}

impl SkipList {
    fn start() -> Result<SkipList> {
        let path = std::env::temp_dir().join(format!("switchboard-skips-{}", std::process::id()));
        std::fs::write(&path, "").with_context(|| format!("cannot write {}", path.display()))?;
        Ok(SkipList { path })
    }

    fn count(&self) -> Result<usize> {
        let text = std::fs::read_to_string(&self.path)?;
        Ok(text.lines().count())
    }
}

impl Drop for SkipList {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path); // a stray file in the temp folder harms nobody
    }
}
