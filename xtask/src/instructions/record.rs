//! The counts on record, in a small text file that is committed, and how new ones are judged against them.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::root;

/// How much more than its record a script may cost, as a share of it. Equal code gives equal counts; this is for
/// changes that move a few instructions about.
pub(super) const SLACK: f64 = 0.03;

/// What messages cost once, and under which toolchain: another one counts otherwise.
#[derive(Debug, PartialEq)]
pub(super) struct Record {
    pub(super) toolchain: String,
    pub(super) counts: Vec<Count>,
}

/// What each message of a script costs.
#[derive(Debug, PartialEq)]
pub(super) struct Count {
    pub(super) script: String,
    /// Instructions.
    pub(super) per_message: f64,
}

impl Record {
    pub(super) fn read() -> Result<Record> {
        let text =
            std::fs::read_to_string(path()).with_context(|| format!("cannot read {}", path().display()))?;
        Record::parse(&text).with_context(|| format!("{} is no record of counts", path().display()))
    }

    pub(super) fn write(&self) -> Result<()> {
        std::fs::write(path(), self.to_string()).with_context(|| format!("cannot write {}", path().display()))
    }

    fn parse(text: &str) -> Option<Record> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let toolchain = lines.next()?.to_owned();
        Some(Record { toolchain, counts: lines.map(Count::parse).collect::<Option<_>>()? })
    }

    pub(super) fn judge<'a>(&self, now: &'a Count) -> Verdict<'a> {
        let before =
            self.counts.iter().find(|count| count.script == now.script).map(|count| count.per_message);
        Verdict { now, before }
    }

    /// What to do about counts that have become so much lower that the record guards nothing any more.
    pub(super) fn advice(&self, counts: &[Count]) -> Option<String> {
        let is_better = counts.iter().any(|count| self.judge(count).change() < -SLACK);
        is_better.then(|| "cheaper than on record: `cargo xtask instructions renew` keeps it so".to_owned())
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\n{}", self.toolchain)?;
        self.counts.iter().try_for_each(|count| writeln!(f, "{count}"))
    }
}

impl Count {
    fn parse(line: &str) -> Option<Count> {
        let (script, number) = line.split_once(' ')?;
        Some(Count { script: script.to_owned(), per_message: number.trim().parse().ok()? })
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8}{:>10.1}", self.script, self.per_message)
    }
}

/// A count beside its record.
#[derive(Debug)]
pub(super) struct Verdict<'a> {
    now: &'a Count,
    before: Option<f64>,
}

impl Verdict<'_> {
    /// What is not on record counts as worse: somebody has to put it there.
    pub(super) fn is_worse(&self) -> bool {
        self.change() > SLACK
    }

    fn change(&self) -> f64 {
        self.before.map_or(f64::INFINITY, |before| self.now.per_message / before - 1.0)
    }
}

impl fmt::Display for Verdict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} instructions a message, ", self.now)?;
        match self.before {
            None => write!(f, "not on record: `cargo xtask instructions renew`"),
            Some(before) => {
                write!(f, "{before:.1} on record, {:+.1} %", 100.0 * self.change())?;
                if self.is_worse() {
                    write!(f, ": more than {} % are too many", 100.0 * SLACK)
                } else {
                    Ok(())
                }
            }
        }
    }
}

fn path() -> PathBuf {
    root::folder().join("xtask/instructions.txt")
}

const HEADER: &str = "\
# Instructions that an echoed message costs the server in each script of crates/apps/examples/scripted_echo.rs.
# Renewed by `cargo xtask instructions renew`, together with the change that moved them.";

#[cfg(test)]
mod tests {
    use super::*;

    fn count(script: &str, per_message: f64) -> Count {
        Count { script: script.into(), per_message }
    }

    fn record() -> Record {
        Record {
            toolchain: "rustc 1 for there".into(),
            counts: vec![count("batch", 200.0), count("ping", 3_000.0)],
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        assert_eq!(Record::parse(&record().to_string()), Some(record()));
        assert_eq!(Record::parse("rustc\nbatch many\n"), None);
    }

    #[test]
    fn three_in_a_hundred_are_allowed_and_more_are_not() {
        for (per_message, is_worse) in [(100.0, false), (200.0, false), (205.9, false), (206.1, true)] {
            assert_eq!(record().judge(&count("batch", per_message)).is_worse(), is_worse, "{per_message}");
        }
        assert!(record().judge(&count("newcomer", 1.0)).is_worse(), "nobody agreed to it");
    }

    #[test]
    fn who_became_cheaper_is_told_to_keep_it() {
        assert!(record().advice(&[count("batch", 199.0)]).is_none());
        assert!(record().advice(&[count("batch", 190.0)]).is_some());
    }

    #[test]
    fn the_record_that_is_committed_can_be_read() {
        let record = Record::read().unwrap();
        assert!(record.counts.iter().all(|count| count.per_message > 0.0), "{record}");
    }
}
