//! `sb-frame guess`: which framings fit a capture, best first, and why.
//!
//! Which are tried is `candidates`, what each makes of the bytes is `trial`, what that is worth is `evidence`; all
//! pure. This file reads the capture and prints what came out.

mod candidates;
mod evidence;
mod ranking;
mod trial;

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use framing::FrameSpec;
use serde::Serialize;

use self::candidates::Shape;
use self::ranking::{Confidence, Guess, Ranking};
use self::trial::{Capture, Trial};
use super::dump::counted;
use super::records::Records;
use crate::cli::colour::STRONG;
use crate::cli::exit::{Blame, Failure, Fault, Result};
use crate::cli::lines::Ending;
use crate::cli::notes::Notes;
use crate::cli::output::{Format, OutputError};

/// What was typed after `guess`.
#[derive(Debug, Args)]
pub(super) struct GuessArgs {
    /// The capture, from the first byte of a stream on; `-` or nothing for stdin
    #[arg(value_name = "FILE")]
    from: Option<PathBuf>,
    /// End each guess with a NUL instead of a newline
    #[arg(short = '0', long = "null")]
    nul: bool,
}

impl GuessArgs {
    pub(super) fn run(&self, format: Format, notes: &Notes) -> Result<()> {
        let capture = match self.from.as_deref().filter(|path| path.as_os_str() != "-") {
            None => read_capture(io::stdin().lock())?,
            Some(path) => {
                let context = || format!("{} cannot be read", path.display());
                read_capture(File::open(path).with_context(context).blame(Fault::Other)?)?
            }
        };
        if capture.is_cut {
            notes.note(format_args!("only the first {} bytes are looked at", capture.bytes.len()));
        }
        let ending = if self.nul { Ending::Nul } else { Ending::Newline };
        print(&Ranking::of(&capture), &mut Records::stdout(format, ending))
    }
}

/// Whether the rest of a stream that broke reads better in another framing, in a sentence.
pub(super) fn better_than(spec: &FrameSpec, held: &[u8]) -> Option<String> {
    let bytes = held[..held.len().min(CAPTURE_BYTES_MAX)].to_vec();
    let ranking = Ranking::of(&Capture { bytes, is_cut: true });
    let best = ranking.fits.first().filter(|best| best.spec != *spec)?;
    Some(advice(best, "the bytes from there on"))
}

/// Whether a stream that did decode reads so much better in another framing that this one fits by accident: then many
/// of its messages are empty, where the right framing has the high bytes of its lengths.
pub(super) fn clearly_better_than(spec: &FrameSpec, front: &[u8]) -> Option<String> {
    let trial = Trial::of(spec, Shape::Strict { bits_each: 0 }, front);
    if trial.empty * EMPTY_PART < trial.messages || trial.empty == 0 {
        return None;
    }
    let ranking = Ranking::of(&Capture { bytes: front.to_vec(), is_cut: true });
    let best = ranking.fits.first().filter(|best| best.confidence == Confidence::Sure)?;
    (best.empty * EMPTY_PART < best.messages).then(|| advice(best, "the same bytes"))
}

fn advice(best: &Guess, bytes: &str) -> String {
    format!(
        "read as {} {bytes} make {}, {}: try --framing {}",
        best.spec,
        messages(best.messages),
        best.confidence.words(),
        best.spec,
    )
}

fn read_capture(input: impl Read) -> Result<Capture> {
    let mut bytes = Vec::new();
    let mut head = input.take(CAPTURE_BYTES_MAX as u64 + 1);
    head.read_to_end(&mut bytes).context("the capture cannot be read").blame(Fault::Other)?;
    let is_cut = bytes.len() > CAPTURE_BYTES_MAX;
    bytes.truncate(CAPTURE_BYTES_MAX);
    Ok(Capture { bytes, is_cut })
}

fn print(ranking: &Ranking, records: &mut Records) -> Result<()> {
    for guess in ranking.unfinished.iter().chain(ranking.fits.iter().take(SHOWN_MAX)) {
        print_guess(guess, records)?;
    }
    print_raw(ranking, records)?;
    if ranking.fits.is_empty() && ranking.unfinished.is_empty() {
        return Err(Failure::new(Fault::Protocol, ranking.why_nothing()));
    }
    Ok(())
}

fn print_guess(guess: &Guess, records: &mut Records) -> Result<(), OutputError> {
    match records.format {
        Format::Json => records.object(&GuessObject::of(guess)),
        Format::Text => {
            let spec = guess.spec.to_string();
            let gap = " ".repeat(SPEC_WIDTH.saturating_sub(spec.len()));
            let heading = format!(
                "{}{gap} {}, {} left over: {}",
                records.colour.paint(STRONG, &spec),
                messages(guess.messages),
                counted(guess.left_over as u64, "byte"),
                guess.confidence.words(),
            );
            records.text(&format!("{heading}\n    {}", guess.reasons.join("; ")))
        }
    }
}

/// What fits whatever the bytes are.
fn print_raw(ranking: &Ranking, records: &mut Records) -> Result<(), OutputError> {
    let reason = "fits everything and says nothing: a message is whatever a read gets";
    match records.format {
        Format::Text => records.text(&format!("{:SPEC_WIDTH$} {reason}", "raw")),
        Format::Json => records.object(&GuessObject {
            kind: "guess",
            spec: "raw".to_owned(),
            messages: None,
            consumed: ranking.capture_bytes,
            left_over: 0,
            bits: 0.0,
            confidence: "none",
            reasons: &[reason.to_owned()],
            alike: Vec::new(),
        }),
    }
}

#[derive(Serialize)]
struct GuessObject<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    spec: String,
    /// `raw` has none.
    messages: Option<usize>,
    consumed: usize,
    left_over: usize,
    /// By so many bits it is no accident that the bytes fit.
    bits: f64,
    confidence: &'static str,
    reasons: &'a [String],
    /// Specs that find the same messages.
    alike: Vec<String>,
}

impl<'a> GuessObject<'a> {
    fn of(guess: &'a Guess) -> Self {
        Self {
            kind: "guess",
            spec: guess.spec.to_string(),
            messages: Some(guess.messages),
            consumed: guess.consumed,
            left_over: guess.left_over,
            bits: guess.bits.round(),
            confidence: guess.confidence.name(),
            reasons: &guess.reasons,
            alike: guess.alike.iter().map(FrameSpec::to_string).collect(),
        }
    }
}

fn messages(count: usize) -> String {
    counted(count as u64, "message")
}

/// Enough to tell any framing, and little enough to try hundreds.
const CAPTURE_BYTES_MAX: usize = 1 << 20;

/// One empty message in so many is not what people send.
const EMPTY_PART: usize = 3;

/// What comes after these is an accident.
const SHOWN_MAX: usize = 4;

/// As the longest usual spec, `u32be,offset=2,incl`.
const SPEC_WIDTH: usize = 19;

#[cfg(test)]
mod tests;
