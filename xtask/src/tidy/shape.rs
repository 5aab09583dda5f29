//! The shape of a source file: what it begins with and how long it may be.
//! How long a function may be is left to clippy.

use super::Complaint;
use super::workspace::{File, Workspace};

pub(super) fn files_say_what_they_hold(workspace: &Workspace) -> Vec<Complaint> {
    let silent = workspace.rust().filter(|file| !file.text.starts_with("//!"));
    let what = "a file begins with `//!`, say what it holds and what it leaves to whom";
    silent.map(|file| Complaint::new(&file.path, 1, what)).collect()
}

pub(super) fn files_are_short(workspace: &Workspace) -> Vec<Complaint> {
    workspace.rust().filter_map(too_long).collect()
}

fn too_long(file: &File) -> Option<Complaint> {
    let all = file.text.lines().count();
    let tests = file.is_test.iter().filter(|is_test| **is_test).count();
    let is_all_tests = tests >= all;
    let lines = if is_all_tests { all } else { all - tests };
    let limit = limit_of(&file.path, if is_all_tests { TEST_LINES_MAX } else { LINES_MAX });
    let what =
        format!("{lines} lines and at most {limit} are allowed, split the file by what its parts hold");
    (lines > limit).then(|| Complaint::new(&file.path, limit + 1, what))
}

fn limit_of(path: &str, usual: usize) -> usize {
    RATCHET.iter().find(|(long, _)| *long == path).map_or(usual, |(_, lines)| *lines)
}

/// Four screens without the tests; what is longer holds two things.
const LINES_MAX: usize = 400;

/// A file of nothing but tests: claims are read one at a time, so it may be longer.
const TEST_LINES_MAX: usize = 600;

/// Files that are longer, and how long they may be: numbers here only ever go down.
const RATCHET: &[(&str, usize)] = &[];

#[cfg(test)]
mod tests {
    use super::super::workspace::of_files;
    use super::*;

    #[test]
    fn a_file_without_a_header_is_named() {
        let workspace = of_files([("a.rs", "//! A.\n"), ("b.rs", "use x;\n"), ("c.py", "import x\n")]);
        let complaints = files_say_what_they_hold(&workspace);
        assert_eq!(complaints.len(), 1);
        assert_eq!(complaints[0].path, "b.rs");
    }

    #[test]
    fn the_limit_is_on_the_lines_without_tests() {
        let tests = "#[cfg(test)]\nmod tests {\n}\n";
        for (lines, complaints) in [(LINES_MAX, 0), (LINES_MAX + 1, 1)] {
            let text = "a;\n".repeat(lines) + tests;
            assert_eq!(files_are_short(&of_files([("a.rs", text.as_str())])).len(), complaints);
        }
    }

    #[test]
    fn a_file_of_tests_has_a_limit_of_its_own() {
        for (lines, complaints) in [(TEST_LINES_MAX, 0), (TEST_LINES_MAX + 1, 1)] {
            let text = "a;\n".repeat(lines);
            assert_eq!(files_are_short(&of_files([("tests/a.rs", text.as_str())])).len(), complaints);
        }
    }
}
