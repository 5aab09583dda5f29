//! `sb-frame guess`: which framings fit a capture, best first, and why.
//!
//! Which are tried is `candidates`, what each makes of the bytes is `trial`, what that is worth is `evidence`, which goes
//! by how usual the bytes are: `background`; where none fits, `later` looks behind the first byte; all pure. This file takes the capture and prints what came out.

mod background;
mod candidates;
mod evidence;
mod later;
mod ranking;
mod trial;

use std::io::Read;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use framing::FrameSpec;
use serde::Serialize;

use self::background::Background;
use self::candidates::Shape;
use self::ranking::{Confidence, Guess, Ranking};
use self::trial::{Capture, Trial};
use super::dump::counted;
use super::input::{Ended, Input};
use super::live::Tapped;
use super::records::Records;
use super::source::{HEADING, SourceArgs};
use crate::cli::colour::STRONG;
use crate::cli::exit::{Blame, Failure, Fault, Result};
use crate::cli::lines::Ending;
use crate::cli::notes::Notes;
use crate::cli::output::{Format, OutputError};
use crate::cli::quantities::{parse_seconds, parse_size};

/// What was typed after `guess`.
#[derive(Debug, Args)]
pub(super) struct GuessArgs {
    /// The most bytes that are looked at, from the first byte of the stream on, as 4096 or 64KiB; at most 1MiB
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = parse_capture_size)]
    bytes: usize,
    /// How long to capture from a live endpoint, once it is connected [default: 10]; its end, as many bytes as are
    /// looked at and Ctrl-C end it before
    #[arg(long = "for", value_name = "SECONDS", value_parser = parse_seconds, help_heading = HEADING)]
    time: Option<Duration>,
    /// End each guess with a NUL instead of a newline
    #[arg(short = '0', long = "null")]
    nul: bool,
    #[command(flatten)]
    source: SourceArgs,
}

impl GuessArgs {
    pub(super) fn run(&self, format: Format, notes: &Notes) -> Result<()> {
        let capture = self.capture(notes)?;
        let ending = if self.nul { Ending::Nul } else { Ending::Newline };
        print(&Ranking::of(&capture), &mut Records::stdout(format, ending))
    }

    fn capture(&self, notes: &Notes) -> Result<Capture> {
        let time = Some(self.time.unwrap_or(LISTENING_TIME));
        let input = self.source.open(Tapped { time, ..Tapped::default() }, notes)?;
        if input.is_live() {
            return self.listen(input, notes);
        }
        if self.time.is_some() {
            return Err(Failure::new(Fault::Usage, "--for is for live endpoints"));
        }
        let capture = self.read(input)?;
        if capture.is_cut {
            notes.note(format_args!("only the first {} are looked at", bytes(self.bytes)));
        }
        Ok(capture)
    }

    fn read(&self, input: Input) -> Result<Capture> {
        let mut bytes = Vec::new();
        // One byte more tells that there is more.
        let mut head = input.take(self.bytes as u64 + 1);
        head.read_to_end(&mut bytes).context("the capture cannot be read").blame(Fault::Other)?;
        let is_cut = bytes.len() > self.bytes;
        bytes.truncate(self.bytes);
        Ok(Capture { bytes, is_cut })
    }

    /// What a live endpoint says, until one of the ends that are stated. Whatever ends it, what came is looked at.
    fn listen(&self, mut input: Input, notes: &Notes) -> Result<Capture> {
        let mut bytes = Vec::new();
        let read = input.by_ref().take(self.bytes as u64).read_to_end(&mut bytes);
        let ended = input.ended();
        let is_cut = read.is_err() || bytes.len() == self.bytes;
        match ended {
            Some(Ended::Lost(failure)) if bytes.is_empty() => return Err(failure),
            Some(Ended::Lost(failure)) => notes.note(failure.message()),
            _ if bytes.is_empty() => return Err(Failure::new(Fault::Protocol, SILENCE)),
            _ => notes.note(format_args!("{} came", self::bytes(bytes.len()))),
        }
        Ok(Capture { bytes, is_cut })
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
    let trial = Trial::of(spec, &Shape::Strict, front, &Background::of(front));
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

fn bytes(count: usize) -> String {
    counted(count as u64, "byte")
}

fn parse_capture_size(text: &str) -> std::result::Result<usize, String> {
    match parse_size(text)? {
        size @ 1..=CAPTURE_BYTES_MAX => Ok(size),
        _ => Err("at least 1 byte and at most 1MiB are looked at".to_owned()),
    }
}

/// Enough to tell any framing, and little enough to try hundreds.
const CAPTURE_BYTES_MAX: usize = 1 << 20;

/// Long enough for a server that reports now and then, short enough to wait for.
const LISTENING_TIME: Duration = Duration::from_secs(10);

/// Nobody speaks to it, so it may have nothing to answer.
const SILENCE: &str = "the peer has said nothing; perhaps it waits to be spoken to";

/// One empty message in so many is not what people send.
const EMPTY_PART: usize = 3;

/// What comes after these is an accident.
const SHOWN_MAX: usize = 4;

/// As the longest usual spec, `u32be,offset=2,incl`.
const SPEC_WIDTH: usize = 19;

#[cfg(test)]
mod tests;
