//! The X-ray at work: from standard input, a file or a live endpoint to what is drawn.
//!
//! What lies in the reads is found by `xray` and drawn by `dump`, both pure; a live endpoint is listened to by `live`.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use framing::{FrameError, FrameSpec};

use super::dump::{LEGEND, Pen, Rows, sum_up};
use super::live;
use super::records::Records;
use super::xray::{Broken, Xray};
use super::{guess, report};
use crate::cli::exit::{Blame, Failure, Fault, Result};
use crate::cli::lines::Ending;
use crate::cli::notes::Notes;
use crate::cli::output::{Format, OutputError};
use crate::endpoint::Endpoint;

/// What was typed after `show`.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Where the bytes are: a file, an endpoint to connect to, or `-` for stdin, which is meant if nothing is given
    #[arg(value_name = "FILE|ENDPOINT")]
    from: Option<PathBuf>,
    /// How messages are told apart: u32be, i32le, varint, python, netstring, lines, nul, delim=..., with
    /// options as in u32be,max=1MiB. If you do not know, `sb-frame guess` does
    #[arg(long, value_name = "SPEC", default_value = "u32be")]
    framing: FrameSpec,
    /// Listen on the endpoint and show what the first caller sends
    #[arg(long)]
    listen: bool,
    /// The most bytes that one read takes, as 4096 or 64KiB
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = parse_size)]
    read: usize,
    /// Show every byte of long messages
    #[arg(long)]
    full: bool,
    /// End what is shown of each read with a NUL instead of a newline
    #[arg(short = '0', long = "null")]
    nul: bool,
}

impl ShowArgs {
    pub(super) fn run(&self, format: Format, notes: &Notes) -> Result<()> {
        let source = Source::of(self.from.as_deref(), self.listen)?;
        let ending = if self.nul { Ending::Nul } else { Ending::Newline };
        let rows = if self.full { Rows::All } else { Rows::Abridged };
        let screen = Screen::new(&self.framing, Records::stdout(format, ending), rows, notes.clone());
        match source {
            Source::Stdin => copy(io::stdin().lock(), self.read, screen),
            Source::File(path) => {
                let context = || format!("{} cannot be read", path.display());
                let file = File::open(&path).with_context(context).blame(Fault::Other)?;
                copy(file, self.read, screen)
            }
            Source::Called(endpoint) => live::call(&endpoint, self.read, screen, notes),
            Source::Listening(endpoint) => live::listen(&endpoint, self.read, screen, notes),
        }
    }
}

/// Where the bytes are.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    Stdin,
    File(PathBuf),
    Called(Endpoint),
    Listening(Endpoint),
}

impl Source {
    /// A file that exists is a file, whatever its name reads as.
    fn of(typed: Option<&Path>, is_listening: bool) -> Result<Self> {
        let text = typed.and_then(Path::to_str).unwrap_or_default();
        match typed {
            Some(_) if is_listening => Ok(Self::Listening(text.parse()?)),
            None if is_listening => {
                Err(Failure::new(Fault::Usage, "--listen needs an endpoint to listen on"))
            }
            None => Ok(Self::Stdin),
            Some(path) if path == "-" => Ok(Self::Stdin),
            Some(path) if path.exists() => Ok(Self::File(path.to_owned())),
            Some(_) if text.contains("://") => Ok(Self::Called(text.parse()?)),
            Some(path) => Ok(text.parse().map_or_else(|_| Self::File(path.to_owned()), Self::Called)),
        }
    }
}

/// Shows what is read, until the end or the first byte that makes no sense.
fn copy(mut input: impl Read, read_bytes: usize, mut screen: Screen) -> Result<()> {
    let mut room = vec![0; read_bytes];
    loop {
        match input.read(&mut room) {
            Ok(0) => return screen.finish(),
            Ok(got) => screen.show(&room[..got])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error).context("the input cannot be read").blame(Fault::Other),
        }
    }
}

/// Draws each read as it comes.
pub(super) struct Screen {
    xray: Xray,
    spec: FrameSpec,
    front: Vec<u8>, // of the stream, to judge the framing by
    records: Records,
    pen: Pen,
    notes: Notes,
}

impl Screen {
    pub(super) fn new(spec: &FrameSpec, records: Records, rows: Rows, notes: Notes) -> Self {
        let pen = Pen { colour: records.colour, rows };
        Self { xray: Xray::new(spec), spec: spec.clone(), front: Vec::new(), records, pen, notes }
    }

    /// Draws one read. Bytes that are no frame are the end of it all.
    pub(super) fn show(&mut self, bytes: &[u8]) -> Result<()> {
        if self.records.format == Format::Text && self.xray.tally().reads == 0 {
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
            Some(broken) => self.break_off(&broken),
            None => Ok(()),
        }
    }

    /// The stream has ended.
    pub(super) fn finish(mut self) -> Result<()> {
        if let Some(broken) = self.xray.finish() {
            return self.break_off(&broken);
        }
        self.advise(guess::clearly_better_than(&self.spec, &self.front));
        Ok(self.sum_up()?)
    }

    /// We end it, and what is half there stays so.
    pub(super) fn leave(mut self) -> Result<()> {
        Ok(self.sum_up()?)
    }

    fn break_off(&mut self, broken: &Broken) -> Result<()> {
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
        Err(broken.why).blame(Fault::Protocol)
    }

    fn advise(&self, advice: Option<String>) {
        if let Some(advice) = advice {
            self.notes.note(advice);
        }
    }

    pub(super) fn sum_up(&mut self) -> Result<(), OutputError> {
        let tally = self.xray.tally();
        match self.records.format {
            Format::Text => self.records.text(&sum_up(&tally)),
            Format::Json => self.records.object(&report::Summary::of(&tally)),
        }
    }
}

/// Enough to see that a framing is wrong, at the end of a stream of any length.
const FRONT_BYTES_MAX: usize = 64 * 1024;

/// A size as a spec has it.
fn parse_size(text: &str) -> std::result::Result<usize, String> {
    let spec = format!("raw,max={text}").parse::<FrameSpec>().map_err(|error| error.to_string())?;
    Ok(spec.payload_bytes_max())
}
