//! `sb-load`: sends messages to an echo server, checks every one that comes back, and measures.
//!
//! ```text
//!            what, when, is it right?                          sockets
//!   plan --> traffic = lanes + content + pace  <-- stream --> session --> the server
//!                 |                                  |
//!                 +--> tally --> meter --> report <--+   process: what both sides cost
//! ```
//!
//! What a message is, and who may send one, is the session's business.

mod content;
mod lane;
mod meter;
mod opener;
mod plan;
mod process;
mod report;
mod stream;
mod tally;
mod traffic;
mod units;

use std::time::Duration;

use anyhow::Context;
use auth::Dialect;
use clap::value_parser;
use framing::FrameSpec;
use rand::TryRng;
use rand::rngs::SysRng;
use reactor::{Limits, Reactor};
use rustix::process::{Resource, getrlimit};

use self::meter::Meter;
use self::plan::{Extent, Plan, Rate, Sizes, parse_some_time, parse_time};
use self::report::{Reporter, Setting};
use self::stream::EchoLoad;
use crate::attach::{Callee, Datagrams, callee, limits_for, raise_descriptor_limit};
use crate::calling::call;
use crate::cli::args::{Defaults, OutputArgs, SessionArgs, SessionOptions};
use crate::cli::exit::{Blame, Failure, Fault, Result};
use crate::cli::output::Output;
use crate::ending::obey_signals;
use crate::endpoint::Endpoint;
use crate::session::{Profile, Role, Session};

/// Send messages to a server that sends them back, check every one, and measure how many and how fast.
///
/// All connections are opened first, then the clock starts. While it runs, a line a second is on stderr; the summary
/// is on stdout. With --json both are on stdout, one object a line, as docs/load.md describes them.
#[derive(Debug, clap::Parser)]
#[command(name = "sb-load", version)]
pub struct LoadArgs {
    /// The server: tcp://HOST:PORT (or HOST:PORT), unix:PATH or fd:N
    endpoint: Endpoint,
    /// How many connections to open
    #[arg(short, long, value_name = "CONNS", default_value = "1", value_parser = value_parser!(u16).range(1..))]
    connections: u16,
    /// How many messages may be in flight on each connection: 1, or 1024 with --rate, unless given
    #[arg(short, long, value_name = "DEPTH", value_parser = value_parser!(u32).range(1..=DEPTH_MAX))]
    depth: Option<u32>,
    /// How long messages are, as in 64, 64KiB or 1..1024
    #[arg(short, long, value_name = "BYTES", default_value = "64")]
    size: Sizes,
    /// How long to measure, as in 30s or 500ms: 10s unless given
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
    /// How long to wait for an answer before giving up
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_some_time)]
    timeout: Duration,
    /// What the messages are made from; drawn unless given
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
        let plan = self.plan()?;
        check_fits(&options.spec, plan.sizes)?;
        raise_descriptor_limit();
        check_descriptors(self.connections)?;
        let meter = Meter::new(self.pid).with_context(|| format!("--pid {}", self.pid.unwrap_or(0)));
        let reporter = Reporter { output: Output::stdout(self.output.format()), notes };
        let setting = self.setting(&plan, &options);
        let load = EchoLoad::new(plan, self.connections, setting, reporter, meter.blame(Fault::Usage)?);
        self.run_on_streams(load, options)
    }

    fn run_on_streams(&self, load: EchoLoad, options: SessionOptions) -> Result<()> {
        let callee = callee(&self.endpoint, Datagrams::NotSpoken)?;
        if matches!(callee, Callee::Open(_)) && self.connections > 1 {
            let message = format!("{} is one connection, not {}", self.endpoint, self.connections);
            return Err(Failure::new(Fault::Usage, message));
        }
        let limits = self.limits(&options.spec);
        let profile = Profile { adopted: Role::Caller, ..Profile::new(options.spec, options.policy) };
        let mut reactor = Reactor::new(Session::new(load, profile), limits)?;
        obey_signals(vec![reactor.handle()])?;
        call(&mut reactor, callee, EchoLoad::route)?;
        reactor.run()?.into_service().outcome()
    }

    fn plan(&self) -> Result<Plan> {
        let depth_usual = if self.rate.is_some() { DEPTH_AT_RATE } else { 1 };
        Ok(Plan {
            depth: self.depth.unwrap_or(depth_usual) as usize,
            sizes: self.size,
            extent: self.count.map_or(Extent::Time(self.time.unwrap_or(TIME)), Extent::Count),
            rate: self.rate,
            warmup: self.warmup,
            timeout: self.timeout,
            seed: self.seed.map_or_else(draw_seed, Ok)?,
        })
    }

    fn setting(&self, plan: &Plan, options: &SessionOptions) -> Setting {
        Setting {
            endpoint: self.endpoint.to_string(),
            framing: options.spec.to_string(),
            auth: options.policy.dialect().to_string(),
            connections: self.connections,
            depth: plan.depth,
            bytes_min: plan.sizes.bytes_min,
            bytes_max: plan.sizes.bytes_max,
            rate: plan.rate.map(|rate| rate.per_second),
            seed: plan.seed,
        }
    }

    /// What is in flight is bounded by the depth: the loop need not mind.
    fn limits(&self, spec: &FrameSpec) -> Limits {
        Limits {
            connections_max: usize::from(self.connections),
            outbound_hard: usize::MAX,
            stall_timeout: self.timeout.max(Limits::default().stall_timeout),
            ..limits_for(spec)
        }
    }
}

const DEFAULTS: Defaults = Defaults { framing: "u32be", auth: Dialect::None, service: "echo" };

const TIME: Duration = Duration::from_secs(10);

/// At a rate it is the server's stalls that are to show, not a limit of ours.
const DEPTH_AT_RATE: u32 = 1024;

/// Each place in flight takes eight bytes.
const DEPTH_MAX: i64 = 1 << 20;

/// Refuses sizes that the framing cannot carry, before a server is bothered.
fn check_fits(spec: &FrameSpec, sizes: Sizes) -> Result<()> {
    for bytes in [sizes.bytes_min, sizes.bytes_max] {
        let fits = spec.envelope(&vec![b'a'; bytes]);
        fits.with_context(|| format!("--size {bytes} with --framing {spec}")).blame(Fault::Usage)?;
    }
    Ok(())
}

/// Refuses more connections than this process may have, before some of them are opened.
fn check_descriptors(connections: u16) -> Result<()> {
    let wanted = u64::from(connections) + DESCRIPTORS_BESIDE;
    match getrlimit(Resource::Nofile).current {
        Some(limit) if wanted > limit => {
            let message = format!(
                "{connections} connections take {wanted} descriptors, and this process may have {limit} (ulimit -n)"
            );
            Err(Failure::new(Fault::Usage, message))
        }
        _ => Ok(()),
    }
}

/// Standard streams, the poll, its waker, the pipe of the signals, files of `/proc`.
const DESCRIPTORS_BESIDE: u64 = 16;

fn draw_seed() -> Result<u64> {
    let mut bytes = [0; 8];
    SysRng.try_fill_bytes(&mut bytes).context("no random bytes for a seed")?;
    Ok(u64::from_le_bytes(bytes))
}
