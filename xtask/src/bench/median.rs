//! Medians: what is left of several rounds.

use super::load::Measured;

/// The median of each number by itself.
pub(super) fn of_runs(runs: &[Measured]) -> Measured {
    let of = |number: fn(&Measured) -> f64| of(runs.iter().map(number));
    Measured {
        processor_ns: of(|run| run.processor_ns),
        busiest_ns: of(|run| run.busiest_ns),
        per_second: of(|run| run.per_second),
        p50_ns: of(|run| run.p50_ns),
        p999_ns: of(|run| run.p999_ns),
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
}
