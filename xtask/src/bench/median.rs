//! Medians, and how far apart what they stand for was: what is left of several rounds.

use super::load::Measured;

/// The lowest and the highest of several numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) lowest: f64,
    pub(super) highest: f64,
}

impl Spread {
    /// Of a single number there is none.
    pub(super) fn of(numbers: &[f64]) -> Option<Spread> {
        let lowest = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (numbers.len() > 1).then_some(Spread { lowest, highest })
    }
}

/// The median of each number by itself.
pub(super) fn of_runs(runs: &[Measured]) -> Measured {
    let of = |number: fn(&Measured) -> f64| of(runs.iter().map(number));
    Measured {
        processor_ns: of(|run| run.processor_ns),
        busiest_ns: of(|run| run.busiest_ns),
        per_second: of(|run| run.per_second),
        p50_ns: of(|run| run.p50_ns),
        p999_ns: of(|run| run.p999_ns),
        late: of(|run| run.late),
        resident_bytes: of(|run| run.resident_bytes),
    }
}

/// The middle one; of two in the middle the larger. Nothing has none.
pub(super) fn of(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_round_that_went_wrong_moves_nothing() {
        assert!((of([3.0, 1e9, 2.0].into_iter()) - 3.0).abs() < f64::EPSILON);
        assert!(of(std::iter::empty()).is_nan());
    }

    #[test]
    fn one_round_has_no_spread() {
        assert_eq!(Spread::of(&[1.5]), None);
        assert_eq!(Spread::of(&[2.0, 1.5, 1.75]), Some(Spread { lowest: 1.5, highest: 2.0 }));
    }
}
