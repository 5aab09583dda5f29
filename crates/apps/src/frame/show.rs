//! The X-ray at work: from reads to what is drawn.
//!
//! What lies in the reads is found by `xray` and drawn by `dump`, both pure; where they come from is `source`'s.

use std::io::{self, Read};

use anyhow::Context;
use clap::Args;
use framing::{FrameError, FrameSpec};

use super::dump::{LEGEND, Pen, Rows, sum_up};
use super::input::Input;
use super::live::Tapped;
use super::records::Records;
use super::source::SourceArgs;
use super::xray::{Broken, Xray};
use super::{guess, report};
use crate::cli::exit::{Blame, Fault, Result};
use crate::cli::lines::Ending;
use crate::cli::notes::Notes;
use crate::cli::output::{Format, OutputError};
use crate::cli::quantities::parse_size;

/// What was typed after `show`.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// How messages are told apart: u32be, i32le, varint, python, netstring, lines, nul, delim=..., with
    /// options as in u32be,max=1MiB. If you do not know, `sb-frame guess` does
    #[arg(long, value_name = "SPEC", default_value = "u32be")]
    framing: FrameSpec,
    /// The most bytes that one read takes, as 4096 or 64KiB
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = parse_size)]
    read: usize,
    /// Show every byte of long messages
    #[arg(long)]
    full: bool,
    /// End what is shown of each read with a NUL instead of a newline
    #[arg(short = '0', long = "null")]
    nul: bool,
    #[command(flatten)]
    source: SourceArgs,
}

impl ShowArgs {
    pub(super) fn run(&self, format: Format, notes: &Notes) -> Result<()> {
        let input = self.source.open(Tapped { read_bytes: self.read, ..Tapped::default() }, notes)?;
        let ending = if self.nul { Ending::Nul } else { Ending::Newline };
        let rows = if self.full { Rows::All } else { Rows::Abridged };
        let screen = Screen::new(&self.framing, Records::stdout(format, ending), rows, notes.clone());
        show(input, self.read, screen)
    }
}

/// Shows what is read, until the end or the first byte that makes no sense.
fn show(mut input: Input, read_bytes: usize, mut screen: Screen) -> Result<()> {
    let mut room = vec![0; read_bytes];
    let error = loop {
        match input.read(&mut room) {
            Ok(0) => return screen.finish(input.fault_of_cut()),
            Ok(got) => screen.show(&room[..got])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break error,
        }
    };
    let is_live = input.is_live();
    let ended = input.conclude(Err(error).context("the input cannot be read").blame(Fault::Other));
    // A file that cannot be read at all has brought nothing worth a sum.
    if is_live && (ended.is_ok() || !screen.is_blank()) {
        screen.sum_up()?;
    }
    ended
}

/// Draws each read as it comes.
struct Screen {
    xray: Xray,
    spec: FrameSpec,
    front: Vec<u8>, // of the stream, to judge the framing by
    records: Records,
    pen: Pen,
    notes: Notes,
}

impl Screen {
    fn new(spec: &FrameSpec, records: Records, rows: Rows, notes: Notes) -> Self {
        let pen = Pen { colour: records.colour, rows };
        Self { xray: Xray::new(spec), spec: spec.clone(), front: Vec::new(), records, pen, notes }
    }

    /// Draws one read. Bytes that are no frame are the end of it all.
    fn show(&mut self, bytes: &[u8]) -> Result<()> {
        if self.records.format == Format::Text && self.is_blank() {
            self.notes.note(LEGEND);
        }
        let room = FRONT_BYTES_MAX - self.front.len();
        self.front.extend_from_slice(&bytes[..bytes.len().min(room)]);
        let mut read = self.xray.feed(bytes);
        let broken = read.broken.take();
        match self.records.format {
            Format::Text => self.records.text(&self.pen.read(&read, bytes))?,
            Format::Json => self.records.object(&report::Read::of(&read, bytes))?,
        }
        match broken {
            Some(broken) => self.break_off(&broken, Fault::Protocol),
            None => Ok(()),
        }
    }

    /// The stream has ended; if that is inside a message, it is somebody's fault.
    fn finish(mut self, fault_of_cut: Fault) -> Result<()> {
        if let Some(broken) = self.xray.finish() {
            return self.break_off(&broken, fault_of_cut);
        }
        self.advise(guess::clearly_better_than(&self.spec, &self.front));
        Ok(self.sum_up()?)
    }

    /// Whether nothing has been shown.
    fn is_blank(&self) -> bool {
        self.xray.tally().reads == 0
    }

    fn break_off(&mut self, broken: &Broken, fault: Fault) -> Result<()> {
        match self.records.format {
            Format::Text => self.records.text(&self.pen.broken(broken))?,
            Format::Json => self.records.object(&report::Broken::of(broken))?,
        }
        self.advise(match broken.why.error {
            // A stream that was cut off says nothing against its framing.
            FrameError::Truncated { .. } if self.xray.tally().messages > 0 => {
                guess::clearly_better_than(&self.spec, &self.front)
            }
            _ => guess::better_than(&self.spec, self.xray.held()),
        });
        self.sum_up()?;
        Err(broken.why).blame(fault)
    }

    fn advise(&self, advice: Option<String>) {
        if let Some(advice) = advice {
            self.notes.note(advice);
        }
    }

    fn sum_up(&mut self) -> Result<(), OutputError> {
        let tally = self.xray.tally();
        match self.records.format {
            Format::Text => self.records.text(&sum_up(&tally)),
            Format::Json => self.records.object(&report::Summary::of(&tally)),
        }
    }
}

/// Enough to see that a framing is wrong, at the end of a stream of any length.
const FRONT_BYTES_MAX: usize = 64 * 1024;
