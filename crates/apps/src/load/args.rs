//! The command line of `sb-load`: what is typed, and what it means.
//! Carrying it out is left to the module above.

use std::io;
use std::time::Duration;

use anyhow::Context;
use clap::value_parser;
use rand::TryRng;
use rand::rngs::SysRng;

use super::plan::{Extent, Mode, Plan, Rate, Sizes, parse_some_time, parse_time};
use super::report::Setting;
use super::{Audience, DEFAULTS, Load, carries_datagrams};
use crate::attach::{Callee, Datagrams, callee};
use crate::cli::args::{OutputArgs, SessionArgs, SessionOptions};
use crate::cli::exit::{Failure, Fault, Result};
use crate::cli::notes::{Notes, Volume};
use crate::cli::output::{self, Format, Output};
use crate::endpoint::Endpoint;

/// Send messages to a server that sends them back, check every one, and measure how many and how fast.
///
/// All connections are opened first, then the clock starts. While it runs, a line a second is on stderr; the summary
/// is on stdout. With --json both are on stdout, one object a line, as docs/load.md describes them.
#[derive(Debug, clap::Parser)]
#[command(name = "sb-load", version)]
pub struct LoadArgs {
    /// The server: tcp://HOST:PORT (or HOST:PORT), udp://HOST:PORT, unix:PATH, unix-dgram:PATH or fd:N
    endpoint: Endpoint,
    /// What to measure
    #[arg(long, value_name = "MODE", value_enum, default_value = "echo")]
    mode: Mode,
    /// How many connections to open, or with --mode connect how many to have under way at once
    #[arg(short, long, value_name = "CONNS", default_value = "1", value_parser = value_parser!(u16).range(1..))]
    connections: u16,
    /// How many messages may be in flight on each connection [default: 1, or 1024 with --rate]
    #[arg(short, long, value_name = "DEPTH", value_parser = value_parser!(u32).range(1..=DEPTH_MAX))]
    depth: Option<u32>,
    /// How long messages are, as in 64, 64KiB or 1..1024
    #[arg(short, long, value_name = "BYTES", default_value = "64")]
    size: Sizes,
    /// How long to measure, as in 30s or 500ms; with --mode idle how long to hold [default: 10s; idle: 1s]
    #[arg(short, long, value_name = "TIME", conflicts_with = "count", value_parser = parse_some_time)]
    time: Option<Duration>,
    /// How many messages to measure, on all connections together
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Messages a second on all connections together, each waited for from when it was to be sent
    #[arg(short, long, value_name = "RATE")]
    rate: Option<Rate>,
    /// How long to run before anything is measured
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = parse_time)]
    warmup: Duration,
    /// How long to wait for an answer: then a stream is given up, or a datagram lost [default: 10s; datagrams: 1s]
    #[arg(long, value_name = "TIME", value_parser = parse_some_time)]
    timeout: Option<Duration>,
    /// What the messages are made from [default: drawn]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// The server's process on this machine: also tell what it costs in processor time and memory
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    #[command(flatten)]
    session: SessionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl LoadArgs {
    /// Runs the load to its end.
    pub fn run(&self) -> Result<()> {
        let notes = self.output.start();
        let options = self.session.options(&DEFAULTS, [&self.endpoint], &notes)?;
        let callee = callee(&self.endpoint, Datagrams::under(&options.policy))?;
        if self.pid.is_some() && matches!(callee, Callee::Addresses(_)) {
            self.call_once(&options)?;
        }
        let output = Output::stdout(self.output.format());
        self.load(self.plan(&callee)?, options, callee).run(Audience { output, notes, pid: self.pid })
    }

    fn load(&self, plan: Plan, options: SessionOptions, callee: Callee) -> Load {
        let setting = Setting {
            mode: self.mode,
            endpoint: self.endpoint.to_string(),
            framing: options.spec.to_string(),
            auth: options.policy.dialect().to_string(),
            connections: self.connections,
            depth: plan.depth,
            bytes_min: plan.sizes.bytes_min,
            bytes_max: plan.sizes.bytes_max,
            rate: plan.rate.map(|rate| rate.per_second),
            seed: plan.seed,
        };
        Load { plan, setting, options, callee }
    }

    fn plan(&self, callee: &Callee) -> Result<Plan> {
        let is_idle = self.mode == Mode::Idle;
        self.check_mode()?;
        let time = self.time.unwrap_or(if is_idle { HOLD_TIME } else { TIME });
        Ok(Plan {
            depth: self.depth(),
            sizes: self.size,
            extent: match self.count {
                Some(messages) => Extent::Count(messages),
                None if is_idle => Extent::Count(self.connections.into()),
                None => Extent::Time(time),
            },
            rate: self.rate,
            warmup: self.warmup,
            timeout: self.timeout.unwrap_or(if carries_datagrams(callee) { LOSS_TIMEOUT } else { TIMEOUT }),
            hold: if is_idle { time } else { Duration::ZERO },
            seed: self.seed.map_or_else(draw_seed, Ok)?,
        })
    }

    fn depth(&self) -> usize {
        let usual = if self.rate.is_some() && self.mode == Mode::Echo { DEPTH_AT_RATE } else { 1 };
        self.depth.unwrap_or(usual) as usize
    }

    /// Where there is one message for each connection, nothing else can be asked for.
    fn check_mode(&self) -> Result<()> {
        let odd = match self.mode {
            Mode::Connect | Mode::Idle if self.depth.is_some() => "--depth",
            Mode::Idle if self.count.is_some() => "--count",
            Mode::Idle if !self.warmup.is_zero() => "--warmup",
            _ => return Ok(()),
        };
        let message = format!("{odd} makes no sense with --mode {}", self.mode);
        Err(Failure::new(Fault::Usage, message))
    }

    /// A run of one message that nobody is told of: what the server sets up once is not to count.
    fn call_once(&self, options: &SessionOptions) -> Result<()> {
        let callee = callee(&self.endpoint, Datagrams::under(&options.policy))?;
        let plan = Plan { extent: Extent::Count(1), depth: 1, rate: None, ..self.plan(&callee)? };
        let plan = Plan { warmup: Duration::ZERO, hold: Duration::ZERO, ..plan };
        let mut load = self.load(plan, options.clone(), callee);
        (load.setting.connections, load.setting.mode) = (1, Mode::Echo);
        let output = Output::over(io::sink(), Format::Json, output::Audience::Pipe);
        let notes = Notes::over(io::sink(), Volume::Quiet);
        load.run(Audience { output, notes, pid: None })
    }
}

fn draw_seed() -> Result<u64> {
    let mut bytes = [0; 8];
    SysRng.try_fill_bytes(&mut bytes).context("no random bytes for a seed")?;
    Ok(u64::from_le_bytes(bytes))
}

const TIME: Duration = Duration::from_secs(10);
const HOLD_TIME: Duration = Duration::from_secs(1);

const TIMEOUT: Duration = Duration::from_secs(10);

/// A datagram that has not come by then does not come any more.
const LOSS_TIMEOUT: Duration = Duration::from_secs(1);

/// At a rate it is the server's stalls that are to show, not a limit of ours.
const DEPTH_AT_RATE: u32 = 1024;

/// Each place in flight takes eight bytes.
const DEPTH_MAX: i64 = 1 << 20;
