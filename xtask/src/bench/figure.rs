//! What is read off a run: how the load is told to make it visible, which number counts, and how tables show it.

use std::time::Duration;

use super::load::Measured;

/// What a shape is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Figure {
    /// The server's processor time for each of these.
    Processor(&'static str),
    /// The server's resident memory for each connection.
    Memory,
    /// How long messages take that are sent at a rate.
    Tail(Rate),
    /// The time of the server's busiest thread for each message: what there can be of them ends when that has no time
    /// left, however many other threads there are.
    Busiest,
}

/// How many messages are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rate {
    /// Half of what the server has just reached.
    Half,
    /// As many as the shape tells the load, whoever the server is.
    Told,
}

impl Figure {
    /// What the load is told besides the shape.
    pub(super) fn load_words(self, span: Duration) -> Vec<String> {
        let span = format!("{}ms", span.as_millis());
        let words: &[&str] = match self {
            Figure::Processor(_) | Figure::Tail(_) => &["--time", &span, "--warmup", WARMUP],
            Figure::Busiest => &["--time", &span],
            Figure::Memory => &[],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// How many of the rounds are played: what a process holds is the same in each.
    pub(super) fn rounds(self, wanted: usize) -> usize {
        if self == Figure::Memory { 1 } else { wanted }
    }

    /// Whether server and load have a processor each, or share all there are.
    pub(super) fn is_pinned(self) -> bool {
        self != Figure::Busiest
    }

    /// What peers are compared by: less is better.
    pub(super) fn of(self, measured: &Measured) -> f64 {
        match self {
            Figure::Processor(_) => measured.processor_ns,
            Figure::Memory => measured.resident_bytes,
            Figure::Tail(_) => measured.p999_ns,
            Figure::Busiest => measured.busiest_ns,
        }
    }

    /// With its unit, and so many decimals more than usual.
    pub(super) fn show(self, amount: f64, decimals: usize) -> String {
        match self {
            Figure::Memory => format!("{amount:.decimals$} B"),
            Figure::Processor(_) | Figure::Tail(_) | Figure::Busiest => finer_time(amount, decimals),
        }
    }

    /// The heads of a table's columns after the name and before the ratio.
    pub(super) fn heads(self) -> Vec<String> {
        match self {
            Figure::Processor(unit) => vec![format!("CPU a {unit}"), format!("{unit}s a second of CPU")],
            Figure::Memory => vec!["resident, a connection".into()],
            Figure::Tail(_) => ["messages a second", "sent late", "p50", "p99.9"].map(str::to_owned).to_vec(),
            Figure::Busiest => ["CPU a message", "of the busiest thread"].map(str::to_owned).to_vec(),
        }
    }

    /// What stands under them.
    pub(super) fn cells(self, measured: &Measured) -> Vec<String> {
        match self {
            Figure::Processor(_) => vec![time(measured.processor_ns), grouped(1e9 / measured.processor_ns)],
            Figure::Memory => vec![self.show(measured.resident_bytes, 0)],
            Figure::Tail(_) => vec![
                grouped(measured.per_second),
                format!("{:.1} %", measured.late * 100.0),
                time(measured.p50_ns),
                time(measured.p999_ns),
            ],
            Figure::Busiest => vec![time(measured.processor_ns), time(measured.busiest_ns)],
        }
    }
}

/// Three digits and a unit.
fn time(ns: f64) -> String {
    finer_time(ns, 0)
}

/// The same with so many digits more.
fn finer_time(ns: f64, more: usize) -> String {
    let (number, unit) = match ns {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "us"),
        ns => (ns / 1e6, "ms"),
    };
    let decimals = more + if number < 10.0 { 2 } else { usize::from(number < 100.0) };
    format!("{number:.decimals$} {unit}")
}

/// Three digits that count, thousands apart.
fn grouped(number: f64) -> String {
    let scale = 10_f64.powf((number.max(1.0).log10().floor() - 2.0).max(0.0));
    let digits = format!("{:.0}", (number / scale).round() * scale);
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const WARMUP: &str = "300ms";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_are_shown() {
        for (ns, text) in [(61.2, "61.2 ns"), (3_412.0, "3.41 us"), (19_000.0, "19.0 us"), (4.4e7, "44.0 ms")]
        {
            assert_eq!(time(ns), text);
        }
        for (number, text) in [(0.4, "0"), (999.0, "999"), (14_949_494.0, "14,900,000"), (1_234.0, "1,230")] {
            assert_eq!(grouped(number), text);
        }
    }
}
