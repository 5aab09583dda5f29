//! The table of limits says what is so: every limit has its row, its counters exist and its test is one of these.

use std::collections::BTreeSet;

const LIMITS: &str = include_str!("../../src/limits.rs");
const LISTENERS: &str = include_str!("../../src/net.rs");
const STATS: &str = include_str!("../../src/stats.rs");

/// The fields of a struct, by its source.
fn fields_of(source: &'static str, name: &str) -> BTreeSet<&'static str> {
    let body = source.split(&format!("pub struct {name} {{")).nth(1).unwrap().split("\n}").next().unwrap();
    let fields = body.lines().filter_map(|line| line.trim().strip_prefix("pub "));
    fields.map(|field| field.split(':').next().unwrap()).collect()
}

/// The limits in the order in which they are declared.
pub(super) fn limits() -> impl Iterator<Item = &'static str> {
    let at = |name: &str| LIMITS.find(&format!("pub {name}:")).unwrap();
    let mut limits: Vec<_> = fields_of(LIMITS, "Limits").into_iter().collect();
    limits.sort_by_key(|name| at(name));
    limits.into_iter()
}

/// The table's rows: a limit, what counts it, the test that shows it.
fn rows() -> Vec<[&'static str; 3]> {
    let rows = LIMITS.lines().filter(|line| line.starts_with("/// | `"));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        [cells[1], cells[2], cells[3]]
    })
    .collect()
}

fn tests() -> BTreeSet<&'static str> {
    let sources = [
        include_str!("budgets.rs"),
        include_str!("deadlines.rs"),
        include_str!("inbound.rs"),
        include_str!("outbound.rs"),
        include_str!("places.rs"),
    ];
    let after = sources.into_iter().flat_map(|source| source.split("#[test]\nfn ").skip(1));
    after.map(|test| test.split('(').next().unwrap()).collect()
}

#[test]
fn every_limit_has_a_row_with_a_counter_that_exists_and_a_test_that_runs() {
    let (tests, rows) = (tests(), rows());
    let mut counters = fields_of(STATS, "Stats");
    counters.extend(fields_of(STATS, "DeadlinesPassed"));
    for [limit, counter, test] in &rows {
        assert!(counters.contains(counter.rsplit('.').next().unwrap()), "{limit} is counted by `{counter}`");
        assert!(tests.contains(test), "{limit} is shown by `{test}`");
    }
    let named: BTreeSet<_> = rows.iter().map(|[limit, ..]| *limit).collect();
    assert_eq!(named.len(), rows.len(), "one row for each");
    let of_listeners: BTreeSet<_> =
        named.iter().filter_map(|limit| limit.strip_prefix("ListenOptions::")).collect();
    let of_loops: BTreeSet<_> = named.into_iter().filter(|limit| !limit.contains("::")).collect();
    assert_eq!(of_loops, fields_of(LIMITS, "Limits"));
    // Those who are in the backlog are the kernel's to count.
    let mut options = fields_of(LISTENERS, "ListenOptions");
    options.retain(|option| option.ends_with("_max"));
    assert_eq!(of_listeners, options);
}
