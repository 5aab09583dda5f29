//! All framings that fit, best first, each with its reasons in words; and what came closest when none does.

use framing::FrameSpec;

use super::super::dump::counted;
use super::background::Background;
use super::candidates::{self, Candidate};
use super::evidence::weigh;
use super::later::Later;
use super::trial::{Capture, End, Trial};

/// What is known about a capture.
#[derive(Debug)]
pub(super) struct Ranking {
    /// Best first; with enough evidence to be named at all.
    pub(super) fits: Vec<Guess>,
    /// Those in which the capture is the front of one message, where nothing surer fits.
    pub(super) unfinished: Vec<Guess>,
    pub(super) capture_bytes: usize,
    /// The one that came furthest of those that do not fit.
    nearest: Option<(Candidate, Trial)>,
    /// Where nothing fits, what would if the capture began later.
    pub(super) later: Option<Later>,
}

/// A framing that fits.
#[derive(Debug)]
pub(super) struct Guess {
    pub(super) spec: FrameSpec,
    pub(super) messages: usize,
    pub(super) empty: usize,
    pub(super) consumed: usize,
    pub(super) left_over: usize,
    pub(super) bits: f64,
    pub(super) confidence: Confidence,
    pub(super) reasons: Vec<String>,
    /// Those that find the same messages and are less usual.
    pub(super) alike: Vec<FrameSpec>,
}

/// What the bits amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Confidence {
    Sure,
    Likely,
    Possible,
    /// Another one fits a little better.
    Rival,
    /// Another one fits so much better that the same bytes are no evidence for this one.
    Inferior,
}

impl Ranking {
    pub(super) fn of(capture: &Capture) -> Self {
        let mut weighed: Vec<(f64, Candidate, Trial)> = Vec::new();
        let mut nearest: Option<(Candidate, Trial)> = None;
        let mut unfinished = Vec::new();
        let background = Background::of(&capture.bytes);
        for candidate in candidates::all() {
            let trial = Trial::of(&candidate.spec, &candidate.shape, &capture.bytes, &background);
            unfinished.extend(Guess::of_unfinished(&candidate, &trial, capture));
            match weigh(&candidate, &trial, capture) {
                Some(bits) if bits >= BITS_MIN => weighed.push((bits, candidate, trial)),
                _ if nearest.as_ref().is_none_or(|(_, other)| nearness(&trial) > nearness(other)) => {
                    nearest = Some((candidate, trial));
                }
                _ => {}
            }
        }
        // Stable: of two as good as each other the simpler one stays first.
        weighed.sort_by(|(left, ..), (right, ..)| right.total_cmp(left));
        let mut fits = gather(&weighed, capture);
        if fits.first().is_some_and(|best| best.confidence == Confidence::Sure) {
            unfinished.clear();
        } else if let (Some(best), false) = (fits.first_mut(), unfinished.is_empty()) {
            // It may be looking at what one long message holds.
            best.confidence = Confidence::Possible;
        }
        let is_nothing = fits.is_empty() && unfinished.is_empty();
        let later = is_nothing.then(|| Later::of(capture, &background)).flatten();
        Self { fits, unfinished, capture_bytes: capture.bytes.len(), nearest, later }
    }

    /// Why there is no guess.
    pub(super) fn why_nothing(&self) -> String {
        if self.capture_bytes == 0 {
            return "the capture is empty, so every framing fits it".to_owned();
        }
        let nearest = self.nearest();
        match &self.later {
            Some(Later { spec, offset, messages, .. }) => format!(
                "{nearest}; but the capture does not seem to begin where the stream does: from byte {offset} on: {spec}, \
                 {} (leave the bytes before it out: tail -c +{})",
                super::messages(*messages),
                offset + 1,
            ),
            None => format!("{nearest}; or the capture does not begin where the stream does"),
        }
    }

    /// What came closest from the first byte on.
    fn nearest(&self) -> String {
        match &self.nearest {
            Some((candidate, trial)) if trial.end == End::Clean && trial.messages > 0 => format!(
                "no framing stands out: {} finds {} in all {} bytes, which may be an accident",
                candidate.spec,
                super::messages(trial.messages),
                self.capture_bytes,
            ),
            Some((candidate, trial)) if trial.messages > 0 => format!(
                "no framing fits: {} comes closest, with {} in {} of {} bytes{}",
                candidate.spec,
                super::messages(trial.messages),
                trial.consumed,
                self.capture_bytes,
                broken(trial),
            ),
            _ => "no framing fits".to_owned(),
        }
    }
}

impl Guess {
    fn of(bits: f64, best: f64, candidate: &Candidate, trial: &Trial, capture: &Capture) -> Self {
        let left_over = capture.bytes.len() - trial.consumed;
        Self {
            spec: candidate.spec.clone(),
            messages: trial.messages,
            empty: trial.empty,
            consumed: trial.consumed,
            left_over,
            bits,
            confidence: Confidence::of(bits, best).after(trial.messages),
            reasons: reasons(trial, left_over),
            alike: Vec::new(),
        }
    }
}

impl Guess {
    /// A usual framing whose first message is longer than what is looked at.
    fn of_unfinished(candidate: &Candidate, trial: &Trial, capture: &Capture) -> Option<Self> {
        let End::Inside { missing } = trial.end else { return None };
        if !capture.is_cut || trial.messages > 0 || !candidate.is_usual_for_long() {
            return None;
        }
        let missing = counted(missing as u64, "byte");
        let reasons = vec![format!("one unfinished message: it lacks {missing} or more")];
        let confidence = Confidence::Possible;
        Some(Self { confidence, reasons, ..Self::of(0.0, 0.0, candidate, trial, capture) })
    }
}

impl Confidence {
    /// The best is judged by itself, any other by the best: it lives on the same evidence.
    fn of(bits: f64, best: f64) -> Self {
        match bits {
            _ if bits + RIVAL_BITS < best => Self::Inferior,
            _ if bits < best => Self::Rival,
            SURE_BITS.. => Self::Sure,
            20.0.. => Self::Likely,
            _ => Self::Possible,
        }
    }

    /// One message may be anything that says how long it is, as many files do, and two may be an accident of it.
    fn after(self, messages: usize) -> Self {
        match (self, messages) {
            (Self::Sure | Self::Likely, 1) => Self::Possible,
            (Self::Sure, 2) => Self::Likely,
            (other, _) => other,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Sure => "hardly an accident",
            Self::Likely => "likely",
            Self::Possible => "possible",
            Self::Rival => "nearly as likely",
            Self::Inferior => "less likely",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sure => "sure",
            Self::Likely => "likely",
            Self::Possible => "possible",
            Self::Rival => "rival",
            Self::Inferior => "inferior",
        }
    }
}

/// Those that find the same messages become one guess.
fn gather(weighed: &[(f64, Candidate, Trial)], capture: &Capture) -> Vec<Guess> {
    let best = weighed.first().map_or(0.0, |(bits, ..)| *bits);
    let mut fits: Vec<(u64, Guess)> = Vec::new();
    for (bits, candidate, trial) in weighed {
        match fits.iter_mut().find(|(fingerprint, _)| *fingerprint == trial.fingerprint) {
            Some((_, guess)) => guess.alike.push(candidate.spec.clone()),
            None => fits.push((trial.fingerprint, Guess::of(*bits, best, candidate, trial, capture))),
        }
    }
    let mut fits: Vec<Guess> = fits.into_iter().map(|(_, guess)| guess).collect();
    for guess in fits.iter_mut().filter(|guess| !guess.alike.is_empty()) {
        let alike: Vec<String> = guess.alike.iter().map(FrameSpec::to_string).collect();
        guess.reasons.push(format!("the same messages as {}", alike.join(", ")));
    }
    fits
}

fn reasons(trial: &Trial, left_over: usize) -> Vec<String> {
    let end = match trial.end {
        End::Inside { missing } => {
            let missing = counted(missing as u64, "byte");
            format!(
                "{} at the end: a message that lacks {missing} or more",
                counted(left_over as u64, "byte")
            )
        }
        _ => "every byte belongs to a message".to_owned(),
    };
    let lengths = match (trial.shortest, trial.longest) {
        (shortest, longest) if shortest == longest => format!("all of {shortest} bytes"),
        (shortest, longest) => format!("of {shortest} to {longest} bytes"),
    };
    let filled = trial.messages - trial.empty;
    let texts = match trial.texts {
        0 => "none is text".to_owned(),
        texts if texts == filled => "all are text".to_owned(),
        1 => "1 is text".to_owned(),
        texts => format!("{texts} are text"),
    };
    let mut reasons = vec![end, lengths, texts];
    match trial.empty {
        0 => {}
        1 => reasons.push("1 is empty".to_owned()),
        empty => reasons.push(format!("{empty} are empty")),
    }
    reasons
}

/// A longer way proves nothing if each step of it was easy; to come out at the very end is something.
fn nearness(trial: &Trial) -> (usize, bool) {
    (trial.texts, trial.end == End::Clean && trial.messages > 0)
}

fn broken(trial: &Trial) -> String {
    match trial.end {
        End::Broken(error) => format!(", then {error}"),
        _ => String::new(),
    }
}

/// With so many bits between two framings one would bet on the better.
const RIVAL_BITS: f64 = 4.0;

/// An accident of one in a million millions.
const SURE_BITS: f64 = 40.0;

/// Among some hundred candidates one that fits with less does so by accident.
const BITS_MIN: f64 = 8.0;
