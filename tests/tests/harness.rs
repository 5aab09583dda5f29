//! The harness itself: what it reports when a program does not do what a test expected, and what tests rely on.
//! Only `sh` is started here.

use std::os::unix::fs::PermissionsExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use e2e::{Launch, Place, Program, Stream};

fn sh(script: &str) -> Launch {
    Launch::of("sh").args(["-c", script])
}

/// What a test that fails would print.
fn report_of(test: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("the test must fail");
    panic.downcast_ref::<String>().expect("a report is formatted").clone()
}

#[test]
fn a_line_that_never_comes_is_reported_with_both_outputs() {
    let program = sh("echo here; echo there >&2; cat").start();
    program.expect_line(Stream::Stdout, "here");
    program.expect_line(Stream::Stderr, "there");
    let report = report_of(|| {
        program.wait_for_line_within(Stream::Stdout, |line| line == "never", Duration::from_millis(1));
    });
    for part in ["cat", "| here", "| there", "Stdout"] {
        assert!(report.contains(part), "{part:?} is missing in:\n{report}");
    }
}

#[test]
fn an_output_that_ends_is_not_waited_for() {
    let program = sh("exit 7").start();
    let report = report_of(|| drop(program.wait_for_line(Stream::Stdout, |_| true)));
    assert!(report.contains("ended"), "{report}");
}

#[test]
fn another_exit_code_is_reported_with_the_one_it_was() {
    let ending = sh("echo why >&2; exit 7").start().finish();
    let report = report_of(|| {
        ending.expect_code(0);
    });
    assert!(report.contains("exit code 7") && report.contains("| why"), "{report}");
}

#[test]
fn a_program_that_does_not_end_is_reported_and_killed() {
    let program = sh("exec sleep 1000").start();
    let report = report_of(|| drop(program.finish_within(Duration::from_millis(1))));
    assert!(report.contains("not over"), "{report}");
}

#[test]
fn a_program_that_a_signal_ends_has_no_exit_code() {
    for signal in [Program::interrupt, Program::reload] {
        let mut program = sh("echo up; exec cat").start();
        program.expect_line(Stream::Stdout, "up");
        signal(&program);
        assert_eq!(program.wait(e2e::DEADLINE).code, None);
    }
}

#[test]
fn a_run_in_the_background_of_a_script_is_no_different() {
    let itself = std::env::current_exe().expect("a test has a file");
    let test = "a_program_that_a_signal_ends_has_no_exit_code";
    for ignored in ["INT", "HUP"] {
        let run = Launch::of(&itself).args(["--exact", test]);
        let ending = run.through_shell(&format!("trap '' {ignored}; exec \"$@\"")).start().finish();
        assert!(ending.code == Some(0) && ending.stdout.contains("1 passed"), "{ending}");
    }
}

#[test]
fn a_file_that_is_written_again_is_never_seen_half() {
    let place = Place::new();
    let path = place.file("key", "correct horse");
    let mode = path.metadata().expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it may hold a key");
    let reader = thread::spawn(move || {
        let read = |_| std::fs::read_to_string(&path).expect("it is always there");
        (0..20_000).map(read).find(|content| content != "correct horse")
    });
    while !reader.is_finished() {
        place.file("key", "correct horse");
    }
    assert_eq!(reader.join().expect("it only reads"), None);
}

#[test]
fn what_is_said_arrives_and_the_end_of_input_too() {
    let mut program = sh("cat").start();
    program.say("over the pipe");
    program.expect_line(Stream::Stdout, "over the pipe");
    program.finish().expect_code(0).expect_stdout("over the pipe\n");
}
