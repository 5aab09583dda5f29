//! What a run tells: a line a second, and a summary, for people or as JSON. The fields are those of `docs/load.md`.
//! What they hold is counted elsewhere.

use std::fmt::{self, Display};
use std::time::Duration;

use serde::Serialize;

use super::plan::Mode;
use super::tally::{Latency, Tally, Wrong};
use super::units::{Grouped, Nanos, count, mega, per};
use crate::cli::exit::Result;
use crate::cli::notes::Notes;
use crate::cli::output::{Format, Output};

/// Who tells it.
pub(super) struct Reporter {
    pub(super) output: Output,
    pub(super) notes: Notes,
}

impl Reporter {
    /// A second: on stderr for people, on stdout for programs.
    pub(super) fn second(&mut self, second: &Second) -> Result<()> {
        match self.output.format() {
            Format::Text => self.notes.note(second),
            Format::Json => self.output.object(second)?,
        }
        Ok(())
    }

    /// The result: on stdout.
    pub(super) fn summary(&mut self, summary: &Summary) -> Result<()> {
        if summary.is_ours() {
            let notes = &self.notes;
            notes.warn("sb-load had no time to spare: these figures say more about it than about the server");
        }
        match self.output.format() {
            Format::Text => self.output.line(summary)?,
            Format::Json => self.output.object(summary)?,
        }
        Ok(())
    }
}

/// The part of a processor from which on a load is taken for the bottleneck.
const LOAD_CPU_HIGH: f64 = 0.9;

/// A shorter run is over before the system has counted what it cost.
const JUDGED_SECONDS_MIN: f64 = 0.1;

/// One message in so many may be sent late.
const MESSAGES_FOR_A_LATE_ONE: u64 = 100;

/// One second of a run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Second {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// Seconds since the beginning, with the opening of connections left out.
    pub(super) at_s: f64,
    /// Before anything is measured.
    pub(super) is_warmup: bool,
    #[serde(flatten)]
    pub(super) flow: Flow,
    pub(super) wrong: Wrong,
    pub(super) in_flight: u64,
}

/// A whole run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Summary {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(flatten)]
    pub(super) setting: Setting,
    #[serde(flatten)]
    pub(super) flow: Flow,
    pub(super) wrong: Wrong,
    pub(super) unanswered: u64,
    pub(super) connections_lost: u64,
    pub(super) overdue: u64,
    pub(super) late: u64,
    pub(super) load_cpu: Option<f64>,
    pub(super) server: Option<Server>,
}

/// What was asked for.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Setting {
    pub(super) mode: Mode,
    pub(super) endpoint: String,
    pub(super) framing: String,
    pub(super) auth: String,
    pub(super) connections: u16,
    pub(super) depth: usize,
    pub(super) bytes_min: usize,
    pub(super) bytes_max: usize,
    pub(super) rate: Option<f64>,
    pub(super) seed: u64,
}

impl Setting {
    /// Connections that stand when all is answered.
    pub(super) fn standing(&self) -> u16 {
        if self.mode == Mode::Connect { 0 } else { self.connections }
    }
}

/// What came back in some time.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Flow {
    pub(super) seconds: f64,
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) messages_per_s: f64,
    pub(super) bytes_per_s: f64,
    pub(super) latency: Latency,
}

/// What it cost the server.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Server {
    pub(super) pid: u32,
    pub(super) cpu: f64,
    pub(super) cpu_ns_per_message: f64,
    pub(super) resident_bytes_before: u64,
    pub(super) resident_bytes_after: u64,
    pub(super) resident_bytes_per_connection: Option<f64>,
}

impl Flow {
    pub(super) fn new(tally: &Tally, took: Duration) -> Flow {
        Flow {
            seconds: took.as_secs_f64(),
            messages: tally.messages,
            bytes: tally.bytes,
            messages_per_s: per(count(tally.messages), took.as_secs_f64()),
            bytes_per_s: per(count(tally.bytes), took.as_secs_f64()),
            latency: tally.latency(),
        }
    }
}

impl Summary {
    /// Whether the figures are more about us than about the server. At a rate we are awake all the time, and it is
    /// messages that leave late which tell.
    fn is_ours(&self) -> bool {
        if self.flow.seconds < JUDGED_SECONDS_MIN {
            return false;
        }
        match self.setting.rate {
            None => self.load_cpu.is_some_and(|cpu| cpu > LOAD_CPU_HIGH),
            Some(_) => self.late > self.flow.messages / MESSAGES_FOR_A_LATE_ONE,
        }
    }
}

impl Display for Second {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Flow { messages_per_s, bytes_per_s, latency, .. } = self.flow;
        write!(
            f,
            "{:>4.0} s  {:>11} msg/s  {:>8} MB/s",
            self.at_s,
            Grouped(messages_per_s),
            mega(bytes_per_s)
        )?;
        write!(f, "  p50 {:>8}  p99 {:>8}", Nanos(latency.p50_ns), Nanos(latency.p99_ns))?;
        if self.wrong.total() > 0 {
            write!(f, "  {}", self.wrong)?;
        }
        if self.is_warmup { f.write_str("  (warming up)") } else { Ok(()) }
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Flow { seconds, messages, messages_per_s, bytes_per_s, latency, .. } = self.flow;
        let connections = match self.setting.connections {
            1 => "1 connection".to_owned(),
            several => format!("{several} connections"),
        };
        writeln!(f, "{} messages in {seconds:.3} s on {connections}", Grouped(count(messages)))?;
        writeln!(f, "  rate     {} msg/s, {} MB/s", Grouped(messages_per_s), mega(bytes_per_s))?;
        writeln!(f, "  latency  {latency}")?;
        write!(f, "  wrong    {}", self.wrong)?;
        if self.unanswered > 0 {
            write!(f, "\n  missing  {} unanswered", self.unanswered)?;
        }
        if self.overdue > 0 {
            write!(f, "\n  overdue  {} were not even sent at their time, nor later", self.overdue)?;
        }
        if self.late > 0 {
            write!(f, "\n  late     {} were sent more than a millisecond after their time", self.late)?;
        }
        if let Some(cpu) = self.load_cpu {
            write!(f, "\n  load     {:.0} % of a processor", cpu * 100.0)?;
        }
        self.server.iter().try_for_each(|server| write!(f, "\n  server   {server}"))
    }
}

impl Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Server { cpu, cpu_ns_per_message, resident_bytes_before, resident_bytes_after, .. } = *self;
        let Server { resident_bytes_per_connection, .. } = *self;
        let (before, after) = (count(resident_bytes_before), count(resident_bytes_after));
        writeln!(f, "{:.0} % of a processor, {cpu_ns_per_message:.0} ns a message", cpu * 100.0)?;
        write!(f, "  memory   {} MB, before {} MB", mega(after), mega(before))?;
        resident_bytes_per_connection
            .iter()
            .try_for_each(|bytes| write!(f, ": {bytes:.0} bytes a connection"))
    }
}

impl Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latency { p50_ns, p90_ns, p99_ns, p999_ns, max_ns } = *self;
        write!(f, "p50 {}, p90 {}, p99 {}", Nanos(p50_ns), Nanos(p90_ns), Nanos(p99_ns))?;
        write!(f, ", p99.9 {}, max {}", Nanos(p999_ns), Nanos(max_ns))
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wrong { altered, lost, duplicated, reordered, strayed } = *self;
        let counts = [
            (altered, "altered"),
            (lost, "lost"),
            (duplicated, "duplicated"),
            (reordered, "reordered"),
            (strayed, "strayed"),
        ];
        let mut counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let Some((first, what)) = counts.next() else { return f.write_str("nothing") };
        write!(f, "{first} {what}")?;
        counts.try_for_each(|(count, what)| write!(f, ", {count} {what}"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    fn flow() -> Flow {
        let mut tally = Tally::new();
        tally.record(3_000, 192_000, Duration::from_micros(250));
        Flow::new(&tally, Duration::from_secs(2))
    }

    fn second() -> Second {
        let wrong = Wrong { lost: 1, strayed: 2, ..Wrong::default() };
        Second { kind: "second", at_s: 3.0, is_warmup: false, flow: flow(), wrong, in_flight: 4 }
    }

    fn summary() -> Summary {
        Summary {
            kind: "summary",
            setting: Setting {
                mode: Mode::Idle,
                endpoint: "tcp://127.0.0.1:9".into(),
                framing: "u32be".into(),
                auth: "none".into(),
                connections: 3,
                depth: 1,
                bytes_min: 64,
                bytes_max: 64,
                rate: Some(1_500.0),
                seed: 7,
            },
            flow: flow(),
            wrong: Wrong::default(),
            unanswered: 0,
            connections_lost: 0,
            overdue: 0,
            late: 0,
            load_cpu: Some(0.5),
            server: Some(Server {
                pid: 4,
                cpu: 0.25,
                cpu_ns_per_message: 130.4,
                resident_bytes_before: 4_000_000,
                resident_bytes_after: 4_600_000,
                resident_bytes_per_connection: Some(200_000.0),
            }),
        }
    }

    /// The names of all fields, those inside others after a point.
    fn fields(value: &Value) -> BTreeSet<String> {
        let Value::Object(map) = value else { return BTreeSet::new() };
        let named = |(name, value): (&String, &Value)| match value {
            Value::Object(_) => fields(value).iter().map(|inner| format!("{name}.{inner}")).collect(),
            _ => vec![name.clone()],
        };
        map.iter().flat_map(named).collect()
    }

    /// The fields that the document lists under a heading.
    fn documented(heading: &str) -> BTreeSet<String> {
        let document = include_str!("../../../../docs/load.md");
        let (_, after) = document.split_once(&format!("\n### {heading}\n")).unwrap();
        let section = after.split("\n#").next().unwrap();
        let field = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
        section.lines().filter_map(field).collect()
    }

    #[test]
    fn the_document_lists_every_field_and_no_other() {
        let second = serde_json::to_value(second()).unwrap();
        assert_eq!(fields(&second), documented("second"));
        let summary = serde_json::to_value(summary()).unwrap();
        assert_eq!(fields(&summary), documented("summary"));
        for (value, heading) in [(second, "second"), (summary, "summary")] {
            assert_eq!(value["type"], heading);
        }
    }

    #[test]
    fn a_second_is_a_line() {
        let line = second().to_string();
        assert_eq!(
            line,
            "   3 s        1,500 msg/s       0.1 MB/s  p50   250 us  p99   250 us  1 lost, 2 strayed"
        );
    }

    #[test]
    fn a_summary_says_what_was_measured() {
        let text = summary().to_string();
        for words in [
            "3,000 messages in 2.000 s on 3 connections",
            "1,500 msg/s, 0.1 MB/s",
            "p50 250 us, p90 250 us, p99 250 us, p99.9 250 us, max 250 us",
            "wrong    nothing",
            "25 % of a processor, 130 ns a message",
            "4.6 MB, before 4.0 MB: 200000 bytes a connection",
        ] {
            assert!(text.contains(words), "{words}\n{text}");
        }
    }

    #[test]
    fn what_is_amiss_has_a_line_and_what_is_not_has_none() {
        assert_eq!(summary().to_string().lines().count(), 7);
        let amiss = Summary { unanswered: 3, overdue: 4, late: 5, ..summary() }.to_string();
        for words in ["missing  3 unanswered", "overdue  4 were not", "late     5 were sent"] {
            assert!(amiss.contains(words), "{words}\n{amiss}");
        }
    }

    #[test]
    fn figures_that_say_more_about_us_are_warned_of() {
        let closed = |load_cpu| {
            let setting = Setting { rate: None, ..summary().setting };
            Summary { load_cpu: Some(load_cpu), setting, ..summary() }.is_ours()
        };
        assert!((closed(0.95), closed(0.8)) == (true, false));
        let paced = |late| Summary { load_cpu: Some(1.0), late, ..summary() }.is_ours();
        assert!((paced(31), paced(30)) == (true, false), "one in a hundred, of 3,000");
    }
}
