//! `sb-load`: sends messages to an echo server, checks every one that comes back, and measures.
//!
//! ```text
//!               what, when, is it right?                           sockets
//!   plan --> traffic = content + lanes + pace     stream, connects, datagrams --> session --> the server
//!               |                                        |
//!               +---------> course <---------------------+
//!                             |
//!                     meter = tally + process --> report
//! ```
//!
//! Everything on the left is pure. What a message is, and who may send one, is the session's business.

mod args;
mod assembly;
mod beat;
mod connects;
mod content;
mod course;
mod datagrams;
mod lane;
mod meter;
mod missing;
mod opener;
mod ordered;
mod pace;
mod plan;
mod process;
mod report;
mod stream;
mod tally;
#[cfg(test)]
mod tests;
mod traffic;
mod units;
mod unordered;

pub use self::args::LoadArgs;

use anyhow::Context;
use auth::Dialect;
use reactor::{Address, Limits, Reactor, SocketId};
use rustix::process::{Resource, getrlimit};

use self::connects::{Calls, ConnectLoad};
use self::course::{Carrier, Course};
use self::datagrams::{DatagramLoad, Sockets};
use self::meter::Meter;
use self::plan::{Mode, Plan};
use self::report::{Reporter, Setting};
use self::stream::{StreamLoad, Streams};
use crate::attach::{Callee, limits_for, raise_descriptor_limit};
use crate::calling::{call, place_for_answers, tell};
use crate::cli::args::{Defaults, SessionOptions};
use crate::cli::exit::{Blame, Failure, Fault, Result};
use crate::cli::notes::Notes;
use crate::cli::output::Output;
use crate::ending::obey_signals;
use crate::session::{Profile, Role, Service, Session};

const DEFAULTS: Defaults = Defaults { framing: "u32be", auth: Dialect::None, service: "echo" };

/// A run that can be carried out.
struct Load {
    plan: Plan,
    setting: Setting,
    options: SessionOptions,
    callee: Callee,
}

/// Whom a run tells, and whose cost it measures.
struct Audience {
    output: Output,
    notes: Notes,
    pid: Option<u32>,
}

impl Load {
    /// Runs it to its end.
    fn run(self, audience: Audience) -> Result<()> {
        raise_descriptor_limit();
        self.check()?;
        match &self.callee {
            Callee::Addresses(addresses) if carries_datagrams(&self.callee) => {
                let server = addresses.first().context("an endpoint has an address")?;
                self.run_on_datagrams(server, audience)
            }
            _ if self.setting.mode == Mode::Connect => self.run_on_connects(audience),
            _ => self.run_on_streams(audience),
        }
    }

    fn run_on_streams(self, audience: Audience) -> Result<()> {
        let connections = self.setting.connections;
        let load =
            StreamLoad::new(self.course(Streams::default(), audience)?, connections, &self.options.spec);
        let mut reactor = self.reactor(load)?;
        call(&mut reactor, self.callee, StreamLoad::route)?;
        reactor.run()?.into_service().outcome()
    }

    fn run_on_connects(self, audience: Audience) -> Result<()> {
        let calls = Calls::new(self.setting.connections, &self.options.spec);
        let load = ConnectLoad::new(self.course(calls, audience)?);
        let mut reactor = self.reactor(load)?;
        call(&mut reactor, self.callee, ConnectLoad::route)?;
        reactor.run()?.into_service().outcome()
    }

    fn run_on_datagrams(&self, server: &Address, audience: Audience) -> Result<()> {
        let load = DatagramLoad::new(self.course(Sockets::new(server.clone()), audience)?);
        let mut reactor = self.reactor(load)?;
        // The folders of the sockets' paths are to outlive the loop.
        let mut folders = Vec::new();
        let mut sockets: Vec<SocketId> = Vec::new();
        for _ in 0..self.setting.connections {
            let (place, folder) = place_for_answers(server)?;
            let (socket, _) = reactor.bind(&place).with_context(|| format!("cannot call from {place}"))?;
            folders.extend(folder);
            sockets.push(socket);
        }
        tell(&mut reactor, |load, link| load.begin(link, sockets));
        reactor.run()?.into_service().outcome()
    }

    fn course<C: Carrier>(&self, carrier: C, audience: Audience) -> Result<Course<C>> {
        let Audience { output, notes, pid } = audience;
        let meter = Meter::new(pid).with_context(|| format!("--pid {}", pid.unwrap_or_default()));
        let reporter = Reporter { output, notes };
        Ok(Course::new(
            carrier,
            self.plan.clone(),
            self.setting.clone(),
            reporter,
            meter.blame(Fault::Usage)?,
        ))
    }

    /// A loop that obeys signals, and has not begun.
    fn reactor<S: Service<Command = ()>>(&self, service: S) -> Result<Reactor<Session<S>>> {
        let profile = Profile::new(self.options.spec.clone(), self.options.policy.clone());
        let profile = Profile { adopted: Role::Caller, ..profile };
        let mut reactor = Reactor::new(Session::new(service, profile), self.limits())?;
        obey_signals(&mut reactor)?;
        Ok(reactor)
    }

    /// What is in flight is bounded by the depth: the loop need not mind.
    fn limits(&self) -> Limits {
        let usual = limits_for(&self.options.spec);
        Limits {
            // With --mode connect some are not quite gone while others come.
            connections_max: usize::from(self.setting.connections) * 2,
            outbound_hard: usize::MAX,
            datagrams_queued_max: usual.datagrams_queued_max.max(self.plan.depth),
            stall_timeout: usual.stall_timeout.max(self.plan.timeout),
            ..usual
        }
    }

    /// Refuses what cannot work before a server is bothered.
    fn check(&self) -> Result<()> {
        self.check_sizes()?;
        self.check_callee()?;
        self.check_descriptors()
    }

    fn check_sizes(&self) -> Result<()> {
        let (sizes, spec) = (self.plan.sizes, &self.options.spec);
        if carries_datagrams(&self.callee) {
            let fault =
                format!("--size {}: a datagram has at most {DATAGRAM_BYTES_MAX} bytes", sizes.bytes_max);
            let fits = (sizes.bytes_max <= DATAGRAM_BYTES_MAX).then_some(());
            return fits.ok_or_else(|| Failure::new(Fault::Usage, fault));
        }
        for bytes in [sizes.bytes_min, sizes.bytes_max] {
            let fits = spec.envelope(&vec![b'a'; bytes]);
            fits.with_context(|| format!("--size {bytes} with --framing {spec}")).blame(Fault::Usage)?;
        }
        Ok(())
    }

    fn check_callee(&self) -> Result<()> {
        let Setting { endpoint, connections, mode, .. } = &self.setting;
        let refused = match &self.callee {
            Callee::Open(_) if *connections > 1 || *mode == Mode::Connect => "is a single connection",
            callee if *mode != Mode::Echo && carries_datagrams(callee) => {
                "carries datagrams, which have no connections"
            }
            _ => return Ok(()),
        };
        Err(Failure::new(Fault::Usage, format!("{endpoint} {refused}")))
    }

    /// Refuses more connections than this process may have, before some of them are opened.
    fn check_descriptors(&self) -> Result<()> {
        let connections = self.setting.connections;
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
}

fn carries_datagrams(callee: &Callee) -> bool {
    matches!(callee, Callee::Addresses(addresses) if addresses.iter().all(Address::is_datagram))
}

/// What UDP over IPv4 can carry.
const DATAGRAM_BYTES_MAX: usize = 65_507;

/// Standard streams, the poll, its waker, the pipe of the signals, files of `/proc`.
const DESCRIPTORS_BESIDE: u64 = 16;
