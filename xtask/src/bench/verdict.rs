//! What was to be reached, and whether it was.

use super::figure::Figure;
use super::rounds::{Played, Row};
use super::shapes::{Goal, Most};
use super::table;

/// A line for each goal of the shapes that were measured.
pub(super) fn table(all: &[Played]) -> String {
    let mut rows = vec![["goal", "at most", "measured", ""].map(str::to_owned).to_vec()];
    for played in all {
        rows.extend(played.shape.goals.iter().filter_map(|goal| line(played, goal)));
    }
    table::markdown(&rows)
}

fn line(played: &Played, goal: &Goal) -> Option<Vec<String>> {
    let row = played.rows.iter().find(|row| row.peer.name == goal.peer)?;
    let figure = played.shape.figure;
    let (most, measured, is_reached) = match goal.most {
        Most::Ratio(most) => (
            format!("{most:.2} x {}", played.rows[0].peer.name),
            format!("{:.2} x", row.ratio),
            row.ratio <= most,
        ),
        Most::Amount(most) => {
            let amount = figure.of(&row.median);
            (figure.show(most), figure.show(amount), amount <= most)
        }
        Most::Anybody => {
            let best = best_of_others(played, figure)?;
            (
                format!("{:.2} x ({})", best.ratio, best.peer.name),
                format!("{:.2} x", row.ratio),
                row.ratio <= best.ratio,
            )
        }
    };
    let what = format!("{}: {}", played.shape.name, goal.peer);
    Some(vec![what, most, measured, if is_reached { "reached" } else { "missed" }.to_owned()])
}

fn best_of_others(played: &Played, figure: Figure) -> Option<&Row> {
    let is_ours = |row: &&Row| row.peer.name.starts_with("switchboard");
    let others = played.rows.iter().filter(|row| !is_ours(row) && !FLOORS.contains(&row.peer.name));
    others.min_by(|a, b| figure.of(&a.median).total_cmp(&figure.of(&b.median)))
}

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
}
