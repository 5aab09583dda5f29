//! Rounds: every peer is measured once, then every peer again. A neighbour who makes the machine busy for a while hits
//! all of them, and what is compared was measured within one round.

use std::time::Duration;

use anyhow::{Error, Result, ensure};

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
    /// The rounds that are not in any of this.
    pub(super) failed: Option<Failed>,
}

/// Rounds in which a peer, or the load on it, failed.
#[derive(Debug, PartialEq)]
pub(super) struct Failed {
    pub(super) rounds: usize,
    /// Out of so many.
    pub(super) of: usize,
    /// Why the first of them did.
    pub(super) why: String,
}

/// A peer's rounds.
struct Lane {
    peer: &'static Peer,
    /// None where it failed.
    runs: Vec<Option<Measured>>,
    errors: Vec<Error>,
}

/// Measures everybody as often as there are rounds.
pub(super) fn play(shape: &'static Shape, rig: &Rig) -> Result<Played> {
    let mut lanes: Vec<Lane> = rig.options.peers(shape).into_iter().map(Lane::new).collect();
    let rounds = shape.figure.rounds(rig.options.rounds);
    for round in 1..=rounds {
        for lane in &mut lanes {
            eprintln!("{}, round {round} of {rounds}: {}", shape.name, lane.peer.name);
            lane.take(measure(shape, lane.peer, rig));
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
    let mut first: Vec<Option<f64>> = Vec::new();
    for lane in lanes {
        let is_first = played.rows.is_empty();
        if is_first {
            first = lane.figures(shape.figure);
        }
        let name = lane.peer.name;
        match lane.judge(shape.figure, &first) {
            Ok(row) if is_first => played.rows.push(Row { spread: None, ..row }),
            Ok(row) => played.rows.push(row),
            // There is nothing to compare with.
            Err(error) if is_first => return Err(error),
            Err(error) => played.absent.push((name, format!("{error:#}"))),
        }
    }
    Ok(played)
}

impl Lane {
    fn new(peer: &'static Peer) -> Lane {
        Lane { peer, runs: Vec::new(), errors: Vec::new() }
    }

    /// A round is over.
    fn take(&mut self, run: Result<Measured>) {
        match run {
            Ok(run) => self.runs.push(Some(run)),
            Err(error) => {
                eprintln!("failed: {error:#}");
                self.runs.push(None);
                self.errors.push(error);
            }
        }
    }

    fn figures(&self, figure: Figure) -> Vec<Option<f64>> {
        self.runs.iter().map(|run| run.as_ref().map(|run| figure.of(run))).collect()
    }

    /// What its good rounds come to. The ratios are of those in which the first peer had a good one, too.
    fn judge(mut self, figure: Figure, first: &[Option<f64>]) -> Result<Row> {
        let pairs = self.figures(figure).into_iter().zip(first);
        let ratios: Vec<f64> = pairs.filter_map(|(own, first)| Some(own? / (*first)?)).collect();
        if self.runs.iter().all(Option::is_none) {
            return Err(self.errors.swap_remove(0));
        }
        ensure!(!ratios.is_empty(), "no round that was good for the first one, too");
        let failed = self.errors.first().map(|error| Failed {
            rounds: self.errors.len(),
            of: self.runs.len(),
            why: format!("{error:#}"),
        });
        let runs: Vec<Measured> = self.runs.into_iter().flatten().collect();
        let (ratio, spread) = (median::of(ratios.iter().copied()), Spread::of(&ratios));
        Ok(Row { peer: self.peer, median: median::of_runs(&runs), ratio, spread, failed })
    }
}

/// Odd, so that the median is a run that took place.
const SHORT_RUNS: usize = 3;

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::super::peers::PEERS;
    use super::super::shapes::SHAPES;
    use super::super::table;
    use super::*;

    /// What comes of two peers whose rounds took so long; in those without a figure they failed.
    fn judged(first: &[Option<f64>], second: &[Option<f64>]) -> Result<Played> {
        let lanes = [first, second].into_iter().zip(PEERS).map(|(figures, peer)| {
            let mut lane = Lane::new(peer);
            for (figure, round) in figures.iter().zip(1..) {
                let run = figure.map(|processor_ns| Measured { processor_ns, ..Measured::default() });
                lane.take(run.ok_or_else(|| anyhow!("altered in round {round}")));
            }
            lane
        });
        judge(&SHAPES[0], lanes.collect())
    }

    fn ratios(row: &Row) -> String {
        format!("{}, {}", row.ratio, table::spread(row))
    }

    #[test]
    fn a_failed_round_costs_a_peer_that_round_only() {
        let played = judged(
            &[Some(1.0), Some(1.0), Some(2.0), Some(2.0), Some(2.0)],
            &[Some(3.0), None, Some(8.0), None, Some(10.0)],
        );
        let played = played.unwrap();
        let row = &played.rows[1];
        assert_eq!(ratios(row), "4, 3.00 to 5.00", "the rounds that both were in");
        assert!((row.median.processor_ns - 8.0).abs() < f64::EPSILON);
        assert_eq!(row.failed, Some(Failed { rounds: 2, of: 5, why: "altered in round 2".to_owned() }));
        assert_eq!(played.rows[0].failed, None);
        let (shown, name) = (table::of(&played), row.peer.name);
        let told = format!("Failed: {name} in 2 of 5 rounds (altered in round 2).");
        assert!(shown.contains(&told) && played.absent.is_empty(), "{shown}");
    }

    #[test]
    fn a_round_in_which_the_first_peer_failed_has_no_ratio() {
        let played = judged(&[None, Some(1.0), Some(1.0)], &[Some(90.0), Some(3.0), Some(5.0)]).unwrap();
        assert_eq!(ratios(&played.rows[1]), "5, 3.00 to 5.00");
        let never_both = judged(&[None, Some(1.0)], &[Some(3.0), None]).unwrap();
        assert_eq!((never_both.rows.len(), never_both.absent.len()), (1, 1));
    }

    #[test]
    fn a_peer_without_a_good_round_is_left_out_with_its_first_reason() {
        let played = judged(&[Some(1.0), Some(1.0)], &[None, None]).unwrap();
        assert_eq!(played.rows.len(), 1);
        assert_eq!(played.absent, [(PEERS[1].name, "altered in round 1".to_owned())]);
        let nothing = judged(&[None, None], &[Some(1.0), Some(1.0)]);
        assert_eq!(nothing.err().unwrap().to_string(), "altered in round 1");
    }
}
