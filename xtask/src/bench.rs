//! `cargo xtask bench`: echo servers under one load on one machine, in rounds that take turns, and the page about it.
//!
//! ```text
//!   options    build          shapes + peers            rounds                tables    page
//!   asked for  what is to run  who is measured how  -->  server, load, ... -->  medians   docs/performance.md
//! ```
//!
//! The peers themselves are in `benches/`, the load is `sb-load`.

mod build;
mod figure;
mod load;
mod machine;
mod median;
mod options;
mod page;
mod peers;
mod pinned;
mod rounds;
mod server;
mod shapes;
mod table;
mod threads;
mod verdict;

use std::process::ExitCode;

use anyhow::Result;

use build::Built;
use machine::Machine;
use options::Options;
use rounds::Played;

/// What a measurement needs: what to measure, whom, and where.
struct Rig {
    options: Options,
    built: Built,
    machine: Machine,
}

/// Measures what was asked for, prints each table when it is done, and writes the page if nothing was left out.
pub(crate) fn run(words: &[&str]) -> Result<ExitCode> {
    let options = Options::parse(words)?;
    let rig = Rig { machine: Machine::look()?, built: Built::build()?, options };
    let mut all: Vec<Played> = Vec::new();
    for shape in rig.options.shapes() {
        let played = rounds::play(shape, &rig)?;
        println!("\n{}\n\n{}", shape.title, table::of(&played));
        all.push(played);
    }
    if all.iter().any(|played| !played.shape.goals.is_empty()) {
        println!("\n{}", verdict::table(&all));
    }
    if rig.options.is_whole() {
        page::write(&all, &rig)?;
    }
    Ok(ExitCode::SUCCESS)
}
