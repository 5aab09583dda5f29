//! Tests run whenever they are asked to, and wait for events instead of for time.
//! Deadlines on those waits are left to the harness.

use super::Complaint;
use super::code::lines_that_name;
use super::workspace::{File, Workspace};

pub(super) fn tests_run_and_do_not_sleep(workspace: &Workspace) -> Vec<Complaint> {
    let rust = workspace.rust().flat_map(in_rust);
    let is_peer = |file: &&File| file.path.starts_with("tests/") && file.is_a("py");
    rust.chain(workspace.files.iter().filter(is_peer).flat_map(in_python)).collect()
}

fn in_rust(file: &File) -> Vec<Complaint> {
    let lines = file.code.lines().enumerate().map(|(index, line)| (index + 1, line));
    let ignored = lines.filter(|(_, line)| line.trim_start().starts_with("#[ignore"));
    let ignored = ignored.map(|(line, _)| Complaint::new(&file.path, line, IGNORED));
    let slept = lines_that_name(&file.code, "thread::sleep").into_iter();
    let slept = slept.filter(|line| file.is_test_line(*line));
    ignored.chain(slept.map(|line| Complaint::new(&file.path, line, SLEPT))).collect()
}

fn in_python(file: &File) -> Vec<Complaint> {
    let lines = file.text.lines().enumerate();
    let slept = lines.filter(|(_, line)| line.contains("sleep("));
    slept.map(|(index, _)| Complaint::new(&file.path, index + 1, SLEPT)).collect()
}

const IGNORED: &str = "an ignored test proves nothing, mend it or delete it";
const SLEPT: &str = "a test never sleeps for a fixed time, wait for the event with a deadline";

#[cfg(test)]
mod tests {
    use super::super::workspace::of_files;
    use super::*;

    #[test]
    fn an_ignored_test_and_a_sleep_are_found() {
        let text = "#[test]\n#[ignore = \"slow\"]\nfn a() { std::thread::sleep(SECOND); }\n";
        let lines = |path: &str| -> Vec<usize> {
            let complaints = tests_run_and_do_not_sleep(&of_files([(path, text)]));
            complaints.iter().map(|complaint| complaint.line).collect()
        };
        assert_eq!(lines("tests/tests/a.rs"), [2, 3]);
        assert_eq!(lines("crates/reactor/src/a.rs"), [2], "code that is no test may sleep");
    }

    #[test]
    fn a_python_peer_does_not_sleep_either() {
        let workspace = of_files([("tests/peers/a.py", "import time\ntime.sleep(1)\n")]);
        assert_eq!(tests_run_and_do_not_sleep(&workspace).len(), 1);
    }
}
