//! Numbers as people read them: times with a unit that fits, thousands apart.

use std::fmt::{self, Display};

/// A time in nanoseconds, to three digits.
pub(super) struct Nanos(pub(super) u64);

impl Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1e9, "s"), (1e6, "ms"), (1e3, "us")];
        let nanos = count(self.0);
        let text = match units.into_iter().find(|(unit, _)| nanos >= *unit) {
            None => format!("{} ns", self.0),
            Some((unit, name)) => {
                let number = nanos / unit;
                let decimals = if number < 10.0 { 2 } else { usize::from(number < 100.0) };
                format!("{number:.decimals$} {name}")
            }
        };
        f.pad(&text)
    }
}

/// A number without its fraction, its thousands apart.
pub(super) struct Grouped(pub(super) f64);

impl Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:.0}", self.0);
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        f.pad(&text)
    }
}

/// A count for arithmetic with fractions.
#[expect(clippy::cast_precision_loss, reason = "nothing is counted up to 2^53")]
pub(super) fn count(number: u64) -> f64 {
    number as f64
}

/// How much there is for each; nothing where there are none.
pub(super) fn per(amount: f64, each: f64) -> f64 {
    if each > 0.0 { amount / each } else { 0.0 }
}

/// Bytes as megabytes, with a digit after the point.
pub(super) fn mega(bytes: f64) -> String {
    format!("{:.1}", bytes / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits() {
        let texts = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 us"),
            (12_345, "12.3 us"),
            (999_400, "999 us"),
            (1_234_567, "1.23 ms"),
            (60_000_000_000, "60.0 s"),
            (3_600_000_000_000, "3600 s"),
        ];
        for (nanos, text) in texts {
            assert_eq!(Nanos(nanos).to_string(), text);
        }
        assert_eq!(format!("{:>8}", Nanos(1_000)), " 1.00 us");
    }

    #[test]
    fn thousands_are_apart() {
        for (number, text) in [(0.0, "0"), (999.4, "999"), (1_000.0, "1,000"), (1_234_567.8, "1,234,568")] {
            assert_eq!(Grouped(number).to_string(), text);
        }
    }

    #[test]
    fn nothing_for_none() {
        assert!(per(1.0, 0.0).abs() < f64::EPSILON);
    }
}
