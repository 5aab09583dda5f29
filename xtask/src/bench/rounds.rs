//! Rounds: every peer is measured once, then every peer again. A neighbour who makes the machine busy for a while hits
//! all of them, and what is compared was measured within one round.

use std::time::Duration;

use anyhow::Result;

use super::Rig;
use super::figure::{Figure, Rate};
use super::load::{self, Measured};
use super::median::{self, Spread};
use super::peers::Peer;
use super::server::Server;
use super::shapes::Shape;

/// A shape when all rounds are over.
pub(super) struct Played {
    pub(super) shape: &'static Shape,
    pub(super) rows: Vec<Row>,
    /// Who is not among them, and why.
    pub(super) absent: Vec<(&'static str, String)>,
}

/// One peer in it.
pub(super) struct Row {
    pub(super) peer: &'static Peer,
    pub(super) median: Measured,
    /// The median of the ratios to the first peer, each within a round.
    pub(super) ratio: f64,
    /// Where these lay, if there were several and it is not the first peer's own.
    pub(super) spread: Option<Spread>,
}

/// A peer's runs, one for each round; a failure ends its part.
struct Lane {
    peer: &'static Peer,
    runs: Result<Vec<Measured>>,
}

/// Measures everybody as often as there are rounds.
pub(super) fn play(shape: &'static Shape, rig: &Rig) -> Result<Played> {
    let lane = |peer| Lane { peer, runs: Ok(Vec::new()) };
    let mut lanes: Vec<Lane> = rig.options.peers(shape).into_iter().map(lane).collect();
    let rounds = shape.figure.rounds(rig.options.rounds);
    for round in 1..=rounds {
        for Lane { peer, runs } in &mut lanes {
            let Ok(past) = runs else { continue };
            eprintln!("{}, round {round} of {rounds}: {}", shape.name, peer.name);
            match measure(shape, peer, rig) {
                Ok(run) => past.push(run),
                Err(error) => *runs = Err(error),
            }
        }
    }
    judge(shape, lanes)
}

/// One peer once: a server of its own, and the load.
fn measure(shape: &Shape, peer: &Peer, rig: &Rig) -> Result<Measured> {
    let Rig { options, built, machine } = rig;
    let [server, load] = machine.processors_for(shape.figure);
    let server = Server::start(&built.words(peer)?, &server, &built.key)?;
    let words: Vec<String> =
        shape.load.split(' ').chain(peer.load.iter().copied()).map(str::to_owned).collect();
    let loader = built.loader(shape.loader);
    let run = |span: Duration, more: Vec<String>| {
        let words = words.iter().cloned().chain(shape.figure.load_words(span)).chain(more);
        load::run(&loader, &built.key, &server, &load, &words.collect::<Vec<_>>())
    };
    if shape.figure != Figure::Tail(Rate::Half) {
        return run(options.span, Vec::new());
    }
    let half = reached(|| run(options.short_span(), Vec::new()))? / 2.0;
    run(options.span, vec!["--rate".to_owned(), format!("{half:.0}")])
}

/// Messages a second when nobody sets a pace. A single run may meet a neighbour.
fn reached(run: impl Fn() -> Result<Measured>) -> Result<f64> {
    let runs: Vec<Measured> = (0..SHORT_RUNS).map(|_| run()).collect::<Result<_>>()?;
    Ok(median::of_runs(&runs).per_second)
}

fn judge(shape: &'static Shape, lanes: Vec<Lane>) -> Result<Played> {
    let mut played = Played { shape, rows: Vec::new(), absent: Vec::new() };
    let mut first: Vec<f64> = Vec::new();
    for Lane { peer, runs } in lanes {
        match runs {
            Ok(runs) => {
                let figures: Vec<f64> = runs.iter().map(|run| shape.figure.of(run)).collect();
                let is_first = played.rows.is_empty();
                if is_first {
                    first.clone_from(&figures);
                }
                let ratios: Vec<f64> = figures.iter().zip(&first).map(|(own, first)| own / first).collect();
                let ratio = median::of(ratios.iter().copied());
                let spread = Spread::of(&ratios).filter(|_| !is_first);
                played.rows.push(Row { peer, median: median::of_runs(&runs), ratio, spread });
            }
            // There is nothing to compare with.
            Err(error) if first.is_empty() => return Err(error),
            Err(error) => played.absent.push((peer.name, format!("{error:#}"))),
        }
    }
    Ok(played)
}

/// Odd, so that the median is a run that took place.
const SHORT_RUNS: usize = 3;
