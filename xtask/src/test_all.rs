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
    // Workspaces of their own: nobody else would notice that they fall behind.
    ("format, benches", Work::Check("fmt --manifest-path benches/Cargo.toml --check")),
    ("format, fuzz", Work::Check("fmt --manifest-path fuzz/Cargo.toml --check")),
    (
        "benches",
        Work::Check("clippy --locked --manifest-path benches/Cargo.toml --all-targets -- -D warnings"),
    ),
    ("tests of benches", Work::Tests("test --locked --manifest-path benches/Cargo.toml --no-fail-fast")),
    ("fuzz targets", Work::Check("clippy --locked --manifest-path fuzz/Cargo.toml -- -D warnings")),
];

fn run_step(name: &str, work: &Work) -> Result<Outcome> {
    step::run(name, || match work {
        // What cargo compiles on the way only hides what it found.
        Work::Check(words) => step::command(cargo(words)?.env("CARGO_TERM_QUIET", "true")),
        Work::Tests(words) => run_tests(words),
        Work::Tidy => tidy::check(),
        Work::Instructions => instructions::check(),
    })
}

fn run_tests(words: &str) -> Result<Outcome> {
    let skips = SkipList::start()?;
    let outcome = step::command(cargo(words)?.env("SWITCHBOARD_SKIPS", &skips.path))?;
    let counts = Tally::of_output(&outcome.output).with_skips(skips.count()?);
    Ok(Outcome { counts: Some(counts), ..outcome })
}

fn cargo(words: &str) -> Result<Command> {
    let mut command = root::cargo();
    command.args(words.split(' ')).env("RUSTDOCFLAGS", "-D warnings");
    // One folder for all workspaces, as most of what they depend on is the same.
    command.env("CARGO_TARGET_DIR", root::target_folder("Cargo.toml")?);
    // Nothing is linked with the fuzzer here, so nobody needs a compiler for its C++.
    command.env("CUSTOM_LIBFUZZER_PATH", "/nowhere/libfuzzer.a");
    Ok(command)
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
