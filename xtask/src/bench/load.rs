//! One run of `sb-load`, and what it told.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::build::Built;
use super::server::Server;

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
    /// How much larger the server is for each connection.
    pub(super) resident_bytes: f64,
}

/// Lets the load loose on a server.
pub(super) fn run(built: &Built, server: &Server, processors: &str, words: &[String]) -> Result<Measured> {
    let mut command = Command::new("timeout");
    command.args([TIMEOUT, "taskset", "--cpu-list", processors]).arg(&built.load);
    command.arg(&server.endpoint).args(words).args(["--json", "--pid", &server.pid().to_string()]);
    command.env(KEY_VARIABLE, &built.key).stdin(Stdio::null());
    let threads = super::threads::Threads::of(server.pid());
    let output = command.output().context("cannot start the load")?;
    let busiest = threads.busiest_since();
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the load failed: {}", told.lines().last().unwrap_or("without a word"));
    let summary = String::from_utf8(output.stdout)?;
    let summary: Value = serde_json::from_str(summary.lines().last().context("the load said nothing")?)?;
    Measured::of(&summary, busiest)
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
            // Nobody is left to share it in a run of short calls.
            resident_bytes: number("/server/resident_bytes_per_connection").unwrap_or_default(),
        })
    }
}

/// Where both our programs find their key.
pub(super) const KEY_VARIABLE: &str = "SWITCHBOARD_KEY_FILE";

/// Makes the key for those who want one.
pub(super) fn make_key(program: &Path, key: &Path) -> Result<()> {
    if key.exists() {
        std::fs::remove_file(key)?;
    }
    let made = Command::new(program).args(["new", "bench", "--quiet", "--key-file"]).arg(key).status();
    ensure!(made.context("cannot start sb-key")?.success(), "sb-key made no key");
    Ok(())
}

/// In seconds; the longest run takes a tenth.
const TIMEOUT: &str = "300";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_gives_its_numbers() {
        let summary = serde_json::json!({
            "messages": 4, "messages_per_s": 2.5, "latency": { "p50_ns": 10, "p999_ns": 99 },
            "server": { "cpu_ns_per_message": 61.5, "resident_bytes_per_connection": null },
        });
        let measured = Measured::of(&summary, 200.0).unwrap();
        let expected = Measured {
            processor_ns: 61.5,
            busiest_ns: 50.0,
            per_second: 2.5,
            p50_ns: 10.0,
            p999_ns: 99.0,
            resident_bytes: 0.0,
        };
        assert_eq!(measured, expected);
        assert!(Measured::of(&serde_json::json!({ "messages": 4 }), 0.0).is_err());
    }
}
