//! The page: a template in prose, and in it what was measured. Nobody edits the page itself.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::peers::{PEERS, Peer};
use super::rounds::Played;
use super::{Rig, machine, table, verdict};
use crate::root;

/// Fills the template and writes it to [`PATH`].
pub(super) fn write(all: &[Played], rig: &Rig) -> Result<()> {
    let Rig { options, built, machine } = rig;
    let mut page = fill(TEMPLATE, "machine", &machine.describe());
    page = fill(&page, "date", &machine::today()?);
    page = fill(&page, "versions", &built.versions().join(", "));
    page = fill(&page, "rounds", &options.rounds.to_string());
    page = fill(&page, "seconds", &options.span.as_secs_f64().to_string());
    page = fill(&page, "load before", &machine.load_before);
    page = fill(&page, "load after", &machine::load_average());
    page = fill(&page, "peers", &peers());
    page = fill(&page, "verdict", verdict::table(all).trim_end());
    for played in all {
        page = fill(&page, played.shape.name, &section(played));
    }
    ensure!(!page.contains("{{"), "the template has a place for something that was not measured");
    fs::write(root::folder().join(PATH), page).with_context(|| format!("cannot write {PATH}"))?;
    eprintln!("wrote {PATH}");
    Ok(())
}

fn fill(page: &str, name: &str, text: &str) -> String {
    page.replace(&format!("{{{{{name}}}}}"), text)
}

fn section(played: &Played) -> String {
    let shape = played.shape;
    format!(
        "### {}\n\n`{} {}`\n\n{}",
        shape.title,
        shape.loader.name(),
        shape.load,
        table::of(played).trim_end()
    )
}

fn peers() -> String {
    let line = |peer: &Peer| format!("* **{}**: {}.", peer.name, peer.about);
    PEERS.iter().map(line).collect::<Vec<_>>().join("\n")
}

const PATH: &str = "docs/performance.md";
const TEMPLATE: &str = include_str!("page.md");

#[cfg(test)]
mod tests {
    use super::super::shapes::SHAPES;
    use super::*;

    #[test]
    fn the_template_has_a_place_for_every_shape() {
        for shape in SHAPES {
            assert!(TEMPLATE.contains(&format!("{{{{{}}}}}", shape.name)), "{}", shape.name);
        }
    }
}
