//! What a run is to be like: how much, how large, how fast and for how long, as typed and as meant.
//! Carrying it out is left to `traffic`.

use std::fmt::{self, Display};
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use jiff::SignedDuration;
use serde::Serialize;

/// What a run is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    /// Messages on connections that stand
    Echo,
    /// A connection for each message: opened, authenticated, answered once and closed
    Connect,
    /// One message on each connection, which are then held open: what do they cost?
    Idle,
}

impl Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Echo => "echo",
            Mode::Connect => "connect",
            Mode::Idle => "idle",
        })
    }
}

/// A run of checked echoes.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Messages in flight on each connection, at most.
    pub(super) depth: usize,
    /// How long messages are.
    pub(super) sizes: Sizes,
    /// When it is over.
    pub(super) extent: Extent,
    /// How often a message is sent; as often as answers come, if nothing is said.
    pub(super) rate: Option<Rate>,
    /// How long to run before anything is measured.
    pub(super) warmup: Duration,
    /// How long an answer is waited for.
    pub(super) timeout: Duration,
    /// How long connections are held after the last answer.
    pub(super) hold: Duration,
    /// What the messages are made from.
    pub(super) seed: u64,
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// So long.
    Time(Duration),
    /// So many messages.
    Count(u64),
}

/// How long messages are: from the one to the other, both included, each length as often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) bytes_min: usize,
    pub(super) bytes_max: usize,
}

impl FromStr for Sizes {
    type Err = String;

    fn from_str(text: &str) -> Result<Sizes, String> {
        let (least, most) = text.split_once("..").unwrap_or((text, text));
        let sizes = Sizes { bytes_min: parse_bytes(least)?, bytes_max: parse_bytes(most)? };
        match sizes {
            Sizes { bytes_min: 0, .. } => Err("a message without bytes cannot be checked".into()),
            Sizes { bytes_max, .. } if bytes_max > BYTES_MAX => {
                Err(format!("a message of more than {BYTES_MAX} bytes is too much for one"))
            }
            Sizes { bytes_min, bytes_max } if bytes_min > bytes_max => {
                Err(format!("{bytes_min} is more than {bytes_max}"))
            }
            sizes => Ok(sizes),
        }
    }
}

/// How often a message is sent, on all connections together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    /// Above 0, and finite.
    pub(super) per_second: f64,
}

impl Rate {
    /// When the message of this number is to be sent, counted from the start.
    pub(super) fn at(self, number: u64) -> Duration {
        // Exact to the nanosecond for as long as anybody waits.
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 messages")]
        let seconds = number as f64 / self.per_second;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// How many messages have their time until then.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, and none below 0")]
    pub(super) fn count_until(self, time: Duration) -> u64 {
        (time.as_secs_f64() * self.per_second) as u64 + 1
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Rate, String> {
        match text.parse() {
            Ok(per_second) if (RATE_MIN..=RATE_MAX).contains(&per_second) => Ok(Rate { per_second }),
            _ => Err(format!("`{text}` is no number of messages a second between {RATE_MIN} and {RATE_MAX}")),
        }
    }
}

/// A length of time as typed: `10s`, `1m30s`, `200ms`, or a bare number of seconds.
pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse() {
        return Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string());
    }
    let unclear = || format!("`{text}` is no length of time, as 10s or 200ms are");
    let time: SignedDuration = text.parse().map_err(|_| unclear())?;
    time.try_into().map_err(|_| unclear())
}

/// The same, for what cannot take no time.
pub(super) fn parse_some_time(text: &str) -> Result<Duration, String> {
    match parse_time(text)? {
        Duration::ZERO => Err("it takes more time than none".into()),
        time => Ok(time),
    }
}

fn parse_bytes(text: &str) -> Result<usize, String> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20)];
    let unit = units.into_iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, bytes)));
    let (number, unit_bytes) = unit.unwrap_or((text, 1));
    let number = number.parse::<usize>().ok().and_then(|number| number.checked_mul(unit_bytes));
    number.ok_or_else(|| format!("`{text}` is no number of bytes, as 64 and 64KiB are"))
}

/// One message in memory, and in flight on many connections: more is a file transfer.
const BYTES_MAX: usize = 64 << 20;

/// One message in a day, and more than one a nanosecond.
const RATE_MIN: f64 = 1e-5;
const RATE_MAX: f64 = 1e9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_one_or_a_range() {
        let sizes = |text: &str| text.parse::<Sizes>().map(|sizes| (sizes.bytes_min, sizes.bytes_max));
        assert_eq!(sizes("64"), Ok((64, 64)));
        assert_eq!(sizes("1..64KiB"), Ok((1, 65_536)));
        assert_eq!(sizes("64MiB"), Ok((BYTES_MAX, BYTES_MAX)));
        for wrong in ["", "0", "0..4", "5..4", "64MB", "1..", "-1", "67108865", "99999999999999999999"] {
            assert!(sizes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_seconds_unless_they_say_otherwise() {
        for (text, millis) in
            [("10", 10_000), ("0.5", 500), ("10s", 10_000), ("200ms", 200), ("1m30s", 90_000)]
        {
            assert_eq!(parse_time(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for wrong in ["", "soon", "-1", "-1s", "NaN", "inf"] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
        assert!(parse_some_time("0s").is_err());
    }

    #[test]
    fn a_rate_spreads_messages_evenly() {
        let rate: Rate = "2000".parse().unwrap();
        assert_eq!(rate.at(0), Duration::ZERO);
        assert_eq!(rate.at(3), Duration::from_micros(1_500));
        assert_eq!(rate.at(7_200_000_001), Duration::from_micros(3_600_000_000_500));
        for wrong in ["0", "-1", "NaN", "inf", "1e10", "many"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }
}
