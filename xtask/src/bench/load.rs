//! One run of a load, and what it told.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Output, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::pinned::pinned;
use super::server::Server;
use super::threads::Threads;

/// What one run came to, or the medians of several.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Measured {
    /// Processor time of the server for each message, in nanoseconds.
    pub(super) processor_ns: f64,
    /// The part of it that its busiest thread took.
    pub(super) busiest_ns: f64,
    /// Messages a second.
    pub(super) per_second: f64,
    pub(super) p50_ns: f64,
    pub(super) p999_ns: f64,
    /// The part of the messages that the load itself sent late.
    pub(super) late: f64,
    /// How much larger the server is for each connection.
    pub(super) resident_bytes: f64,
}

/// Lets a load loose on a server.
pub(super) fn run(
    program: &Path,
    key: &Path,
    server: &Server,
    processors: &str,
    words: &[String],
) -> Result<Measured> {
    let pid = server.pid().to_string();
    let words =
        [program.into(), (&server.endpoint).into()].into_iter().chain(words.iter().map(OsString::from));
    let words: Vec<OsString> = words.chain(["--json", "--pid", &pid].map(OsString::from)).collect();
    let threads = Threads::of(server.pid());
    let output =
        pinned(&words, processors, key).stdin(Stdio::null()).output().context("cannot start the load")?;
    let busiest = threads.busiest_since();
    Measured::of(&summary_of(&output)?, busiest)
}

/// What a load told last, if all was well: one that heard a wrong echo tells what it measured, too, and fails.
fn summary_of(output: &Output) -> Result<Value> {
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the load failed: {}", told.lines().last().unwrap_or("without a word"));
    let summary = str::from_utf8(&output.stdout)?;
    Ok(serde_json::from_str(summary.lines().last().context("the load said nothing")?)?)
}

impl Measured {
    fn of(summary: &Value, busiest_ns: f64) -> Result<Measured> {
        let number = |at: &str| {
            summary.pointer(at).and_then(Value::as_f64).with_context(|| format!("{at} is missing"))
        };
        let messages = number("/messages")?;
        ensure!(messages > 0.0, "no message came back");
        Ok(Measured {
            processor_ns: number("/server/cpu_ns_per_message")?,
            busiest_ns: busiest_ns / messages,
            per_second: number("/messages_per_s")?,
            p50_ns: number("/latency/p50_ns")?,
            p999_ns: number("/latency/p999_ns")?,
            // A load that knows no rate is never late.
            late: number("/late").unwrap_or_default() / messages,
            // Nobody is left to share it in a run of short calls.
            resident_bytes: number("/server/resident_bytes_per_connection").unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::*;

    #[test]
    fn a_run_with_a_wrong_echo_counts_for_nothing() {
        let ended = |code: i32| Output {
            status: ExitStatus::from_raw(code << 8),
            stdout: b"{\"type\":\"second\"}\n{\"messages\":4}\n".to_vec(),
            stderr: b"12 altered\n".to_vec(),
        };
        assert_eq!(summary_of(&ended(0)).unwrap()["messages"], 4);
        assert_eq!(summary_of(&ended(6)).unwrap_err().to_string(), "the load failed: 12 altered");
    }

    #[test]
    fn a_summary_gives_its_numbers() {
        let summary = serde_json::json!({
            "messages": 4, "messages_per_s": 2.5, "late": 1, "latency": { "p50_ns": 10, "p999_ns": 99 },
            "server": { "cpu_ns_per_message": 61.5, "resident_bytes_per_connection": null },
        });
        let measured = Measured::of(&summary, 200.0).unwrap();
        let expected = Measured {
            processor_ns: 61.5,
            busiest_ns: 50.0,
            per_second: 2.5,
            p50_ns: 10.0,
            p999_ns: 99.0,
            late: 0.25,
            resident_bytes: 0.0,
        };
        assert_eq!(measured, expected);
        assert!(Measured::of(&serde_json::json!({ "messages": 4 }), 0.0).is_err());
    }
}
