//! `sb-frame`: frames on the command line. Lines to frames and back as a filter, an X-ray of what lies in a stream,
//! a guess at its framing, and a demonstration of why there have to be frames.
//!
//! What a frame is, is `framing`'s business. `frames`, `overlay` and `tale` are pure, and so are `anatomy`, `xray`,
//! `dump` and `report`; `pack` and `unpack` stream from any reader to any writer. What is read is named to `source` and
//! given out by `input`, in one way for all; only `demo` and `live` open sockets.

mod anatomy;
mod demo;
mod dump;
mod frames;
mod guess;
mod input;
mod live;
mod overlay;
mod pack;
mod records;
mod report;
mod show;
mod source;
mod tale;
mod unpack;
mod xray;

use std::io;

use clap::{Args, Parser, Subcommand};
use framing::FrameSpec;

use self::guess::GuessArgs;
use self::live::Tapped;
use self::show::ShowArgs;
use self::source::SourceArgs;
use self::unpack::{Records, Unpacking, unpack};
use crate::cli::args::OutputArgs;
use crate::cli::exit::Result;
use crate::cli::lines::{Ending, LineReader};
use crate::cli::notes::Notes;
use crate::cli::output::{Audience, Format, Output};

/// Turn lines into frames and back, look into a stream of them, or see why there have to be frames.
#[derive(Debug, Parser)]
#[command(name = "sb-frame", version)]
pub struct FrameArgs {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    output: OutputArgs,
}

impl FrameArgs {
    /// Does what was asked for.
    pub fn run(&self) -> Result<()> {
        let notes = self.output.start();
        match &self.command {
            Command::Pack(codec) => codec.pack(&notes),
            Command::Unpack(codec) => codec.unpack(self.output.format(), &notes),
            Command::Show(args) => args.run(self.output.format(), &notes),
            Command::Guess(args) => args.run(self.output.format(), &notes),
            Command::Demo => demo::run(&mut Output::stdout(self.output.format())),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read lines from stdin, a file or a live endpoint, write each as a frame to stdout
    ///
    /// A live endpoint is where lines come from; frames go to stdout, and from there wherever a pipe takes them.
    Pack(Codec),
    /// Read frames from stdin, a file or a live endpoint, write each message as a line to stdout
    Unpack(Codec),
    /// Show which read brought which part of which message, from stdin, a file or a live endpoint
    Show(ShowArgs),
    /// Find out which framings fit what is in a file or comes from a live endpoint, best first; exits with 5 if none does
    Guess(GuessArgs),
    /// Show on a real socket what happens without frames, and with them
    Demo,
}

#[derive(Debug, Args)]
struct Codec {
    /// How messages are told apart: u32be, i32le, varint, python, netstring, lines, nul, delim=..., with
    /// options as in u32be,max=1MiB
    #[arg(long, value_name = "SPEC", default_value = "u32be")]
    framing: FrameSpec,
    /// End lines with a NUL instead of a newline, for messages that hold newlines
    #[arg(short = '0', long = "null")]
    nul: bool,
    #[command(flatten)]
    source: SourceArgs,
}

impl Codec {
    fn pack(&self, notes: &Notes) -> Result<()> {
        let mut input = self.source.open(Tapped::default(), notes)?;
        // A longer line could not be sent anyway; a shorter one may still not fit, which the framing says.
        let line_bytes_max = self.framing.payload_bytes_max();
        let lines = LineReader::new(&mut input, self.ending()).with_bytes_max(line_bytes_max);
        let packed = pack::pack(lines, &self.framing, io::stdout().lock());
        input.conclude(packed)
    }

    fn unpack(&self, format: Format, notes: &Notes) -> Result<()> {
        let records = match format {
            Format::Json => Records::Json,
            Format::Text if Audience::of(&io::stdout()) == Audience::Terminal => Records::Shown,
            Format::Text => Records::Exact(self.ending()),
        };
        let mut input = self.source.open(Tapped::default(), notes)?;
        let unpacking = Unpacking { spec: &self.framing, records, fault_of_cut: input.fault_of_cut() };
        let unpacked = unpack(&mut input, &unpacking, io::stdout().lock(), notes);
        input.conclude(unpacked)
    }

    fn ending(&self) -> Ending {
        if self.nul { Ending::Nul } else { Ending::Newline }
    }
}
