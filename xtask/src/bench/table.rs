//! Tables in Markdown, with columns that line up for whoever reads them in a terminal.

use super::rounds::Played;

/// A shape as a table, and below it who is missing from it.
pub(super) fn of(played: &Played) -> String {
    let first = played.rows.first().map_or("", |row| row.peer.name);
    let mut rows = vec![vec![String::new()]];
    rows[0].extend(played.shape.figure.heads());
    rows[0].push(format!("x {first}"));
    for row in &played.rows {
        let mut cells = vec![row.peer.name.to_owned()];
        cells.extend(played.shape.figure.cells(&row.median));
        cells.push(format!("{:.2}", row.ratio));
        rows.push(cells);
    }
    let shown = markdown(&rows);
    match missing(played) {
        None => shown,
        Some(missing) => format!("{shown}\nNot here: {missing}.\n"),
    }
}

fn missing(played: &Played) -> Option<String> {
    let left_out = played.shape.left_out.iter().map(|(peer, why)| format!("{peer} ({why})"));
    let absent = played.absent.iter().map(|(peer, why)| format!("{peer} ({why})"));
    let all: Vec<String> = left_out.chain(absent).collect();
    (!all.is_empty()).then(|| all.join(", "))
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
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["", "CPU"], ["floor", "61.2 ns"], ["us", "5 ns"]];
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        let expected = "|       |     CPU |\n|-------|--------:|\n| floor | 61.2 ns |\n| us    |    5 ns |\n";
        assert_eq!(markdown(&rows), expected);
    }
}
