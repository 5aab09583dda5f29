//! Times contenders against each other. Rounds are interleaved, so that whatever else the machine does hits all of
//! them alike, and only what is compared within a round counts.

use std::time::{Duration, Instant};

use crate::contender::{Contender, Contest, measured_pass};

/// What one contender took.
#[derive(Debug, Clone)]
pub struct Timing {
    /// The contender.
    pub name: &'static str,
    /// Nanoseconds a message, the median of all rounds.
    pub message_ns: f64,
    /// Its time by the first contender's in the same round, the median of all rounds.
    pub ratio: f64,
}

/// Runs all rounds of a contest.
pub fn run(contest: &mut Contest) -> Vec<Timing> {
    let passes = contest.contenders.iter_mut().map(|one| calibrate(one.as_mut(), contest.messages));
    let passes: Vec<u32> = passes.collect();
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let contenders = contest.contenders.iter_mut().zip(&passes);
        rounds.push(contenders.map(|(one, passes)| time_passes(one.as_mut(), *passes)).collect::<Vec<f64>>());
    }
    let names = contest.contenders.iter().map(|one| one.name());
    let timing = |(index, name)| Timing {
        name,
        message_ns: median(rounds.iter().map(|round| round[index] / contest.messages as f64)),
        ratio: median(rounds.iter().map(|round| round[index] / round[0])),
    };
    names.enumerate().map(timing).collect()
}

/// How many passes fill a round; also warms up, and sees that the contender does the work at all.
fn calibrate(contender: &mut dyn Contender, messages: usize) -> u32 {
    contender.prepare();
    assert_eq!(measured_pass(contender), messages, "{} misses messages", contender.name());
    let once = (1..=5).map(|_| time_passes(contender, 1)).fold(f64::INFINITY, f64::min);
    let passes = ROUND.as_nanos() as f64 / once.max(1.0);
    (passes as u32).clamp(1, PASSES_MAX)
}

/// Nanoseconds a pass.
fn time_passes(contender: &mut dyn Contender, passes: u32) -> f64 {
    let mut taken = Duration::ZERO;
    for _ in 0..passes {
        contender.prepare();
        let start = Instant::now();
        measured_pass(contender);
        taken += start.elapsed();
    }
    taken.as_nanos() as f64 / f64::from(passes)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Odd, so that the median is a round that took place.
const ROUNDS: usize = 101;

/// Long beside the reading of a clock, short beside what a neighbour on the machine does.
const ROUND: Duration = Duration::from_micros(500);

const PASSES_MAX: u32 = 10_000;
