//! One step of a task: run it, time it, print one line; all it printed only when it fails.
//! Which steps there are is left to the task.

use std::io::{PipeReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::tally::Tally;

/// What a step came to, and all that it printed.
pub(crate) struct Outcome {
    pub(crate) is_ok: bool,
    pub(crate) output: String,
    /// Of a step that runs tests.
    pub(crate) counts: Option<Tally>,
    /// What is worth a line although nothing failed.
    pub(crate) note: Option<String>,
}

/// Does `work` under `name` and prints its line: the result, the time taken, the counts, a note.
pub(crate) fn run(name: &str, work: impl FnOnce() -> Result<Outcome>) -> Result<Outcome> {
    print!("{name:<24}");
    std::io::stdout().flush()?;
    let start = Instant::now();
    let outcome = work()?;
    let result = if outcome.is_ok { "ok" } else { "FAILED" };
    let counts = outcome.counts.map(|counts| format!("  {counts}")).unwrap_or_default();
    let note = outcome.note.as_ref().map(|note| format!("  ({note})")).unwrap_or_default();
    println!("{result:<6}{:>7.1} s{counts}{note}", start.elapsed().as_secs_f32());
    if !outcome.is_ok {
        println!("\n{}", outcome.output.trim_end());
    }
    Ok(outcome)
}

/// Runs a command with both its outputs in one, as a terminal would show them.
pub(crate) fn command(command: &mut Command) -> Result<Outcome> {
    let (reader, writer) = std::io::pipe()?;
    let line = format!("$ {command:?}\n");
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    // The command holds our ends of the pipe: while it does, the reader never sees the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (is_ok, output) = collect(child, reader)?;
    Ok(Outcome { is_ok, output: line + &output, counts: None, note: None })
}

/// Reads until the end of the output or [`STEP_TIMEOUT`], whichever comes first.
fn collect(mut child: Child, mut reader: PipeReader) -> Result<(bool, String)> {
    let (sender, chunks) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            if sender.send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    let mut output = Vec::new();
    let end = Instant::now() + STEP_TIMEOUT;
    loop {
        match chunks.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(chunk) => output.extend(chunk),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                output.extend(format!("\nno end after {} s: killed\n", STEP_TIMEOUT.as_secs()).bytes());
                child.kill()?;
                break;
            }
        }
    }
    let is_ok = child.wait()?.success();
    Ok((is_ok, String::from_utf8_lossy(&output).into_owned()))
}

/// A cold build on two slow cores takes a third of it; a hung test must not take the whole day.
const STEP_TIMEOUT: Duration = Duration::from_mins(15);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_outputs_are_kept_in_order() {
        let outcome = command(Command::new("sh").args(["-c", "echo one; echo two >&2; exit 3"])).unwrap();
        assert!(!outcome.is_ok);
        assert!(outcome.output.ends_with("one\ntwo\n"), "{}", outcome.output);
    }

    #[test]
    fn a_command_that_is_not_there_is_an_error_that_names_it() {
        let error = command(&mut Command::new("no-such-program")).err().unwrap();
        assert!(error.to_string().contains("no-such-program"));
    }
}
