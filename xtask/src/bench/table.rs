//! Tables in Markdown, with columns that line up for whoever reads them in a terminal.

use super::rounds::{Failed, Played, Row};

/// A shape as a table, and below it who or what is missing from it.
pub(super) fn of(played: &Played) -> String {
    let first = played.rows.first().map_or("", |row| row.peer.name);
    let mut rows = vec![vec![String::new()]];
    rows[0].extend(played.shape.figure.heads());
    rows[0].push(format!("x {first}"));
    let has_spread = played.rows.iter().any(|row| row.spread.is_some());
    rows[0].extend(has_spread.then(|| "of the rounds".to_owned()));
    for row in &played.rows {
        let mut cells = vec![row.peer.name.to_owned()];
        cells.extend(played.shape.figure.cells(&row.median));
        cells.push(format!("{:.2}", row.ratio));
        cells.extend(has_spread.then(|| spread(row)));
        rows.push(cells);
    }
    let failed = list("Failed", played.rows.iter().filter_map(failed));
    markdown(&rows) + &failed + &list("Not here", missing(played))
}

/// The lowest and the highest ratio of a row.
pub(super) fn spread(row: &Row) -> String {
    row.spread.map_or_else(String::new, |spread| format!("{:.2} to {:.2}", spread.lowest, spread.highest))
}

fn failed(row: &Row) -> Option<String> {
    let Failed { rounds, of, why } = row.failed.as_ref()?;
    Some(format!("{} in {rounds} of {of} rounds ({why})", row.peer.name))
}

fn missing(played: &Played) -> impl Iterator<Item = String> {
    let left_out = played.shape.left_out.iter().map(|(peer, why)| format!("{peer} ({why})"));
    left_out.chain(played.absent.iter().map(|(peer, why)| format!("{peer} ({why})")))
}

/// A paragraph of its own, if there is anything to be listed.
fn list(head: &str, items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() { String::new() } else { format!("\n{head}: {}.\n", items.join(", ")) }
}

/// The first row is the head; numbers, which is everything but the first column, stand to the right.
pub(super) fn markdown(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut lines: Vec<String> = rows.iter().map(|row| line(row, &widths)).collect();
    lines.insert(1.min(lines.len()), rule(&widths));
    lines.concat()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).enumerate().map(|(at, (cell, &width))| {
        if at == 0 { format!("| {cell:<width$} ") } else { format!("| {cell:>width$} ") }
    });
    cells.collect::<String>() + "|\n"
}

fn rule(widths: &[usize]) -> String {
    let dashes = widths.iter().enumerate().map(|(at, &width)| {
        let end = if at == 0 { '-' } else { ':' };
        format!("|{}{end}", "-".repeat(width + 1))
    });
    dashes.collect::<String>() + "|\n"
}

#[cfg(test)]
mod tests {
    use super::super::load::Measured;
    use super::super::median::Spread;
    use super::super::peers::PEERS;
    use super::super::shapes::SHAPES;
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["", "CPU"], ["floor", "61.2 ns"], ["us", "5 ns"]];
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        let expected = "|       |     CPU |\n|-------|--------:|\n| floor | 61.2 ns |\n| us    |    5 ns |\n";
        assert_eq!(markdown(&rows), expected);
    }

    #[test]
    fn who_reads_a_ratio_sees_how_far_apart_its_rounds_were() {
        let row = |name: &str, ratio, spread| Row {
            peer: PEERS.iter().find(|peer| peer.name == name).unwrap(),
            median: Measured { processor_ns: 100.0, ..Measured::default() },
            ratio,
            spread,
            failed: None,
        };
        let spread = Some(Spread { lowest: 1.04, highest: 1.2 });
        let rows = vec![row("floor", 1.0, None), row("switchboard", 1.1, spread)];
        let table = of(&Played { shape: &SHAPES[0], rows, absent: Vec::new() });
        assert!(table.contains("| x floor | of the rounds |"), "{table}");
        assert!(table.contains("|    1.10 |  1.04 to 1.20 |"), "{table}");
        let once = of(&Played { shape: &SHAPES[0], rows: vec![row("floor", 1.0, None)], absent: Vec::new() });
        assert!(!once.contains("rounds"), "{once}");
    }
}
