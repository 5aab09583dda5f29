//! What was to be reached, and whether it was.

use super::figure::Figure;
use super::rounds::{Played, Row};
use super::shapes::{Goal, Most};
use super::table;

/// A line for each goal of the shapes that were measured.
pub(super) fn table(all: &[Played]) -> String {
    let mut rows = vec![["goal", "at most", "measured", "of the rounds", ""].map(str::to_owned).to_vec()];
    for played in all {
        rows.extend(played.shape.goals.iter().filter_map(|goal| line(played, goal)));
    }
    table::markdown(&rows)
}

fn line(played: &Played, goal: &Goal) -> Option<Vec<String>> {
    let row = played.rows.iter().find(|row| row.peer.name == goal.peer)?;
    let figure = played.shape.figure;
    let (most, measured, whose) = match goal.most {
        Most::Ratio(most) => (most, row.ratio, format!(" {}", played.rows[0].peer.name)),
        Most::Amount(most) => (most, figure.of(&row.median), String::new()),
        Most::Anybody => {
            let best = best_of_others(played, figure)?;
            (best.ratio, row.ratio, format!(" ({})", best.peer.name))
        }
    };
    let shown = told_apart(most, measured, |number, decimals| match goal.most {
        Most::Amount(_) => figure.show(number, decimals),
        Most::Ratio(_) | Most::Anybody => format!("{number:.*} x", decimals + 2),
    });
    let verdict = if measured <= most { "reached" } else { "missed" };
    let what = format!("{}: {}", played.shape.name, goal.peer);
    Some(vec![what, shown[0].clone() + &whose, shown[1].clone(), table::spread(row), verdict.to_owned()])
}

/// Two figures with as many decimals more than usual as it takes to see that they differ.
fn told_apart(most: f64, measured: f64, show: impl Fn(f64, usize) -> String) -> [String; 2] {
    let shown = |decimals| [most, measured].map(|figure| show(figure, decimals));
    let mut differing = (0..=DECIMALS_MAX).map(shown).filter(|[most, measured]| most != measured);
    differing.next().unwrap_or_else(|| shown(0))
}

fn best_of_others(played: &Played, figure: Figure) -> Option<&Row> {
    let is_ours = |row: &&Row| row.peer.name.starts_with("switchboard");
    let others = played.rows.iter().filter(|row| !is_ours(row) && !FLOORS.contains(&row.peer.name));
    others.min_by(|a, b| figure.of(&a.median).total_cmp(&figure.of(&b.median)))
}

/// What differs by less than these show is shown as the same.
const DECIMALS_MAX: usize = 4;

/// Written for the measurement, and no use for anything else.
const FLOORS: &[&str] = &["floor", "raw", "udp-floor"];

#[cfg(test)]
mod tests {
    use super::super::load::Measured;
    use super::super::peers::PEERS;
    use super::super::shapes::SHAPES;
    use super::*;

    fn played(figures: &[(&str, f64)]) -> Played {
        let row = |(name, processor_ns): &(&str, f64)| Row {
            peer: PEERS.iter().find(|peer| peer.name == *name).unwrap(),
            median: Measured { processor_ns: *processor_ns, ..Measured::default() },
            ratio: processor_ns / figures[0].1,
            spread: None,
            failed: None,
        };
        let rows = figures.iter().map(row).collect();
        Played { shape: &SHAPES[0], rows, absent: Vec::new() }
    }

    #[test]
    fn a_goal_is_reached_at_its_limit_and_missed_above() {
        for (ours, verdicts) in [(110.0, ["reached", "reached"]), (111.0, ["missed", "missed"])] {
            let table =
                table(&[played(&[("floor", 100.0), ("raw", 90.0), ("switchboard", ours), ("libuv", 110.0)])]);
            let lines: Vec<&str> = table.lines().skip(2).collect();
            assert!(lines.iter().zip(verdicts).all(|(line, verdict)| line.contains(verdict)), "{table}");
        }
    }
    #[test]
    fn a_goal_that_is_missed_by_little_is_seen_to_be_missed() {
        let table = table(&[played(&[("floor", 1_000.0), ("switchboard", 1_101.0), ("libuv", 1_200.0)])]);
        let line = table.lines().nth(2).unwrap();
        assert!(line.contains(" 1.100 x floor |") && line.contains(" 1.101 x |"), "{table}");
        let bytes = |amount: f64, decimals: usize| Figure::Memory.show(amount, decimals);
        assert_eq!(told_apart(200.0, 200.0, bytes), ["200 B", "200 B"]);
        assert_eq!(told_apart(200.0, 200.04, bytes), ["200.00 B", "200.04 B"]);
    }
}
