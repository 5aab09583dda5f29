//! `cargo xtask tidy`: the house rules that no compiler checks, and how a breach is reported.
//! Each rule has a small module of its own, which knows nothing of disks and processes:
//! it sees a [`Workspace`] and gives complaints. Reading one is left to `workspace`.

mod code;
mod documents;
mod edges;
mod layers;
mod machine;
mod manifests;
mod no_std;
mod secrets;
mod shape;
mod test_manners;
mod workspace;

use std::fmt;
use std::process::ExitCode;

use anyhow::Result;

use crate::step::Outcome;
use workspace::Workspace;

/// Prints every complaint, a line each.
pub(crate) fn run() -> Result<ExitCode> {
    let outcome = check()?;
    print!("{}", outcome.output);
    Ok(if outcome.is_ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The same as a step of another task.
pub(crate) fn check() -> Result<Outcome> {
    let workspace = workspace::read()?;
    let complaints: Vec<Complaint> = RULES.iter().flat_map(|rule| rule(&workspace)).collect();
    let lines: Vec<String> = complaints.iter().map(|complaint| complaint.to_string() + "\n").collect();
    Ok(Outcome { is_ok: lines.is_empty(), output: lines.concat(), counts: None, note: None })
}

/// Looks at everything, complains about what it knows.
type Rule = fn(&Workspace) -> Vec<Complaint>;

const RULES: &[Rule] = &[
    documents::are_present,
    edges::are_allowed,
    layers::pure_crates_touch_nothing,
    layers::reactor_knows_bytes_only,
    layers::one_file_polls,
    layers::locks_are_tried_in_every_order,
    machine::leaves_no_trace,
    manifests::dependencies_have_reasons,
    manifests::members_inherit,
    manifests::versions_are_stated_once,
    manifests::no_member_is_forgotten,
    no_std::links_no_std,
    secrets::tags_are_judged_in_one_place,
    shape::files_say_what_they_hold,
    shape::files_are_short,
    test_manners::tests_run_and_do_not_sleep,
];

/// A breach of a rule, printed as `path:line: what, and what to do instead`.
#[derive(Debug, PartialEq, Eq)]
struct Complaint {
    path: String,
    /// Counted from 1, as editors do; 1 as well for what is missing from a whole file.
    line: usize,
    what: String,
}

impl Complaint {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Complaint {
        Complaint { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}
