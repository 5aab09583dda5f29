//! Tests that find their machine lacking: said aloud and counted, never passed over in silence.
//! What a test needs is its own affair.

use std::io::Write as _;

/// Says that the running test checks nothing, because the machine lacks `what`; fails it where
/// `SWITCHBOARD_REQUIRE` names that.
pub fn skip(what: &str) {
    let required = std::env::var("SWITCHBOARD_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|name| name.trim() == what),
        "this machine lacks {what}, which is required"
    );
    let thread = std::thread::current();
    let line = format!("skipped: {} needs {what}", thread.name().unwrap_or("a test"));
    println!("{line}");
    if let Some(path) = std::env::var_os("SWITCHBOARD_SKIPS") {
        let list = std::fs::OpenOptions::new().append(true).create(true).open(path);
        let written = list.and_then(|mut list| writeln!(list, "{line}"));
        written.expect("the task runner made the list for us");
    }
}
