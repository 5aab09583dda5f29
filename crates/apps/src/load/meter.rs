//! The clock and the scales of a run: since when is measured, what was counted, and what it cost both sides.
//! What happens in the run is `traffic`'s, how it is told `report`'s.

use std::io;
use std::time::Duration;

use reactor::Time;

use super::lane::Lane;
use super::process::Process;
use super::report::{Flow, Second, Server};
use super::tally::Tally;
use super::traffic::Traffic;
use super::units::{count, per};

/// What is measured, and since when.
#[derive(Debug)]
pub(super) struct Meter {
    began: Time,
    /// Since when what comes back counts.
    measured: Option<Time>,
    /// When the present second began.
    second: Time,
    /// When something came back last.
    heard: Time,
    total: Tally,
    recent: Tally,
    /// Ourselves, where the system tells.
    load: Option<Scales>,
    server: Option<Watched>,
    /// The scales have been read for the last time.
    is_weighed: bool,
}

/// The server, if it runs here and we were told which process it is.
#[derive(Debug)]
struct Watched {
    pid: u32,
    scales: Scales,
    resident_bytes_before: u64,
    /// When it was weighed, which is best done while all connections stand.
    resident_bytes_after: Option<u64>,
}

/// A process and what it had cost when measuring began.
#[derive(Debug)]
struct Scales {
    process: Process,
    before: Duration,
    cost: Duration,
}

impl Meter {
    /// Before any connection is opened.
    pub(super) fn new(server: Option<u32>) -> io::Result<Meter> {
        Ok(Meter {
            began: Time::ZERO,
            measured: None,
            second: Time::ZERO,
            heard: Time::ZERO,
            total: Tally::new(),
            recent: Tally::new(),
            load: Scales::new(std::process::id()).ok(),
            server: server.map(Watched::new).transpose()?,
            is_weighed: false,
        })
    }

    /// All connections stand: messages begin to flow.
    pub(super) fn begin(&mut self, now: Time) {
        (self.began, self.second, self.heard) = (now, now, now);
    }

    /// What comes back from now on counts.
    pub(super) fn measure(&mut self, traffic: &mut Traffic<impl Lane>, now: Time) {
        traffic.take_recent(&mut self.recent);
        (self.measured, self.second, self.heard) = (Some(now), now, now);
        self.scales().for_each(Scales::begin);
    }

    /// Something came back.
    pub(super) fn hear(&mut self, now: Time) {
        self.heard = now;
    }

    /// A second is over.
    pub(super) fn second(&mut self, traffic: &mut Traffic<impl Lane>, now: Time) -> Second {
        traffic.take_recent(&mut self.recent);
        if self.measured.is_some() {
            self.total.add(&self.recent);
        }
        let flow = Flow::new(&self.recent, now.since(self.second));
        self.second = now;
        self.weigh();
        Second {
            kind: "second",
            at_s: now.since(self.began).as_secs_f64(),
            is_warmup: self.measured.is_none(),
            flow,
            wrong: traffic.wrong(),
            in_flight: traffic.in_flight(),
        }
    }

    /// Nothing counts any more: all that did.
    pub(super) fn end(&mut self, traffic: &mut Traffic<impl Lane>) -> Flow {
        traffic.take_recent(&mut self.recent);
        if self.measured.is_some() {
            self.total.add(&self.recent);
        }
        self.weigh();
        Flow::new(&self.total, self.took())
    }

    /// From when measuring began to the last answer.
    fn took(&self) -> Duration {
        self.measured.map_or(Duration::ZERO, |since| self.heard.since(since))
    }

    /// The part of a processor that we took.
    pub(super) fn load_cpu(&self) -> Option<f64> {
        self.load.as_ref().map(|load| per(load.cost.as_secs_f64(), self.took().as_secs_f64()))
    }

    /// Weighs while the connections stand: what it takes to close them was no message's, and a thread that ends with
    /// its connection can be looked at no more.
    pub(super) fn weigh_standing(&mut self) {
        if self.is_weighed {
            return;
        }
        self.weigh();
        self.is_weighed = true;
        if let Some(server) = &mut self.server {
            server.resident_bytes_after = server.scales.process.resident_bytes().ok();
        }
    }

    /// What it cost the server, on which so many connections stand when it is weighed.
    pub(super) fn server(&self, connections: u16) -> Option<Server> {
        let Watched { pid, scales, resident_bytes_before, resident_bytes_after } = self.server.as_ref()?;
        let (before, after) = (*resident_bytes_before, (*resident_bytes_after)?);
        let cost = scales.cost;
        Some(Server {
            pid: *pid,
            cpu: per(cost.as_secs_f64(), self.took().as_secs_f64()),
            cpu_ns_per_message: per(cost.as_secs_f64() * 1e9, count(self.total.messages)),
            resident_bytes_before: before,
            resident_bytes_after: after,
            resident_bytes_per_connection: (connections > 0)
                .then(|| (count(after) - count(before)) / f64::from(connections)),
        })
    }

    fn weigh(&mut self) {
        if !self.is_weighed {
            self.scales().for_each(Scales::weigh);
        }
    }

    fn scales(&mut self) -> impl Iterator<Item = &mut Scales> {
        self.load.iter_mut().chain(self.server.iter_mut().map(|server| &mut server.scales))
    }
}

impl Watched {
    fn new(pid: u32) -> io::Result<Watched> {
        let scales = Scales::new(pid)?;
        let resident_bytes_before = scales.process.resident_bytes()?;
        Ok(Watched { pid, scales, resident_bytes_before, resident_bytes_after: None })
    }
}

impl Scales {
    fn new(pid: u32) -> io::Result<Scales> {
        let mut process = Process::new(pid)?;
        Ok(Scales { before: process.cpu()?, process, cost: Duration::ZERO })
    }

    fn begin(&mut self) {
        self.before = self.process.cpu().unwrap_or(self.before);
        self.cost = Duration::ZERO;
    }

    /// A process that is gone costs no more.
    fn weigh(&mut self) {
        if let Ok(cpu) = self.process.cpu() {
            self.cost = cpu.saturating_sub(self.before);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::hint::black_box;

    use rustix::time::{ClockId, clock_gettime};

    use super::*;

    fn work(span: Duration) {
        let taken =
            || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("no time is negative");
        let end = taken() + span;
        while taken() < end {
            black_box((0..1_000).sum::<u64>());
        }
    }

    #[test]
    fn what_is_spent_after_the_last_answer_was_no_messages() {
        let mut meter = Meter::new(Some(std::process::id())).unwrap();
        let cost = |meter: &Meter| meter.server.as_ref().expect("it was asked for").scales.cost;
        work(Duration::from_millis(50));
        meter.weigh_standing();
        let weighed = cost(&meter);
        assert!(weighed > Duration::from_millis(20), "{weighed:?}");
        work(Duration::from_millis(50));
        meter.weigh_standing();
        meter.weigh();
        assert_eq!(cost(&meter), weighed);
    }
}
