//! What `cargo xtask bench` is asked to measure, and for how long.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::peers::{PEERS, Peer};
use super::shapes::{SHAPES, Shape};

/// The command line.
#[derive(Debug)]
pub(super) struct Options {
    /// How often each peer is measured in each shape.
    pub(super) rounds: usize,
    /// How long a load runs.
    pub(super) span: Duration,
    /// Names of shapes and peers; all of them if there is none.
    only: Vec<String>,
    is_quick: bool,
}

impl Options {
    pub(super) fn parse(words: &[&str]) -> Result<Options> {
        let mut options = Options { rounds: ROUNDS, span: SPAN, only: Vec::new(), is_quick: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--quick" => options.be_quick(),
                "--only" => options.only.push(known(words.next().context("--only what?")?)?),
                "--rounds" => options.rounds = words.next().context("--rounds how many?")?.parse()?,
                other => bail!("`bench` knows --quick, --only NAME and --rounds N, not `{other}`"),
            }
        }
        ensure!(options.rounds > 0, "at least one round is needed");
        Ok(options)
    }

    fn be_quick(&mut self) {
        (self.rounds, self.span, self.is_quick) = (QUICK_ROUNDS, QUICK_SPAN, true);
    }

    /// Whether the figures are to be kept.
    pub(super) fn is_whole(&self) -> bool {
        self.only.is_empty() && !self.is_quick
    }

    /// How long a load runs that only tries something.
    pub(super) fn short_span(&self) -> Duration {
        self.span.div_f64(4.0).max(SHORT_SPAN_MIN)
    }

    pub(super) fn shapes(&self) -> impl Iterator<Item = &'static Shape> {
        let named = |shape: &Shape| self.only.iter().any(|name| name == shape.name);
        let none_is_named = !SHAPES.iter().any(named);
        SHAPES.iter().filter(move |shape| none_is_named || named(shape))
    }

    /// Who takes part in a shape. The first one stays: the others are compared with it.
    pub(super) fn peers(&self, shape: &Shape) -> Vec<&'static Peer> {
        let named = |name: &str| self.only.iter().any(|only| only == name);
        let none_is_named = !PEERS.iter().any(|peer| named(peer.name));
        let floor = shape.peers.first().copied();
        let wanted = shape.peers.iter().filter(|name| none_is_named || Some(**name) == floor || named(name));
        wanted.filter_map(|name| PEERS.iter().find(|peer| peer.name == *name)).collect()
    }
}

fn known(name: &str) -> Result<String> {
    let shapes = SHAPES.iter().map(|shape| shape.name);
    let names: Vec<&str> = shapes.chain(PEERS.iter().map(|peer| peer.name)).collect();
    ensure!(names.contains(&name), "--only one of {}, not `{name}`", names.join(", "));
    Ok(name.to_owned())
}

/// Odd, so that the median is a round that took place.
const ROUNDS: usize = 5;
const QUICK_ROUNDS: usize = 1;

/// Long beside the time that a loop takes to find its pace.
const SPAN: Duration = Duration::from_secs(2);
const QUICK_SPAN: Duration = Duration::from_millis(300);

/// A neighbour's turn takes some milliseconds; there are to be many of them.
const SHORT_SPAN_MIN: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_words_everything_is_measured_and_kept() {
        let options = Options::parse(&[]).unwrap();
        assert_eq!(options.shapes().count(), SHAPES.len());
        assert!(SHAPES.iter().all(|shape| options.peers(shape).len() == shape.peers.len()));
        assert!(options.is_whole());
    }

    #[test]
    fn a_peer_that_is_named_is_measured_beside_the_first_one() {
        let options = Options::parse(&["--only", "libuv", "--only", "ping"]).unwrap();
        let shapes: Vec<_> = options.shapes().collect();
        assert_eq!(shapes.len(), 1);
        let names: Vec<_> = options.peers(shapes[0]).iter().map(|peer| peer.name).collect();
        assert_eq!(names, ["floor", "libuv"]);
        assert!(!options.is_whole());
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for words in [&["--only", "nobody"][..], &["--only"], &["--rounds", "0"], &["--fast"]] {
            assert!(Options::parse(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn every_peer_of_a_shape_exists() {
        for name in SHAPES.iter().flat_map(|shape| shape.peers) {
            assert!(PEERS.iter().any(|peer| peer.name == *name), "{name}");
        }
    }
}
