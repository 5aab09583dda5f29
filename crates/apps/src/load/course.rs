//! The course of a run: it begins when all connections stand, warms up, is measured, ends when all is answered, and is
//! told. What is sent is `traffic`'s; on what is left to a [`Carrier`].

use std::time::Duration;

use anyhow::Context;
use framing::EncodeError;
use reactor::{Tag, Time};

use super::beat::{Beat, Clock, GRAIN, set};
use super::content::LaneId;
use super::lane::Lane;
use super::meter::Meter;
use super::plan::{Extent, Plan};
use super::report::{Reporter, Setting, Summary};
use super::tally::Wrong;
use super::traffic::Traffic;
use crate::cli::exit::{Blame, Failure, Fault, Result};
use crate::ending::DRAIN_TIMEOUT;
use crate::session::Link;

/// What carries messages: streams or datagrams.
pub(super) trait Carrier {
    /// How their messages come back.
    type Lane: Lane;

    /// Sends a message on a connection.
    fn send(&mut self, link: &mut Link<'_, '_>, lane: LaneId, message: &[u8]) -> Result<(), EncodeError>;

    /// Ends our side of every connection; says whether anything may still come.
    fn end_sending(&mut self, link: &mut Link<'_, '_>) -> bool;

    /// Whether all is well with what came back, of which so many messages did.
    fn judge(wrong: Wrong, _messages: u64) -> Result<()> {
        judge(wrong)
    }
}

/// Nothing may be wrong.
pub(super) fn judge(wrong: Wrong) -> Result<()> {
    match wrong.total() {
        0 => Ok(()),
        _ => Err(Failure::new(Fault::Integrity, format!("what came back is not what was sent: {wrong}"))),
    }
}

/// A run, from its beginning to its end.
pub(super) struct Course<C: Carrier> {
    pub(super) carrier: C,
    pub(super) traffic: Traffic<C::Lane>,
    pub(super) reporter: Reporter,
    plan: Plan,
    setting: Setting,
    stage: Stage,
    meter: Meter,
    clock: Clock,
    /// A timer is set for the next message.
    is_paced: bool,
    overdue: u64,
    lost: u64,
    outcome: Result<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not all connections stand.
    Opening,
    /// Messages flow.
    Running,
    /// All is answered, and the connections are held open.
    Holding,
    /// Our side is ended; what still comes comes too much.
    Closing,
    /// The summary is told.
    Over,
}

impl<C: Carrier> Course<C> {
    pub(super) fn new(carrier: C, plan: Plan, setting: Setting, reporter: Reporter, meter: Meter) -> Self {
        Self {
            carrier,
            traffic: Traffic::new(&plan, setting.connections),
            reporter,
            plan,
            setting,
            stage: Stage::Opening,
            meter,
            clock: Clock::of_the_system(),
            is_paced: false,
            overdue: 0,
            lost: 0,
            outcome: Ok(()),
        }
    }

    /// The same on the loop's time, for worlds that are simulated.
    #[cfg(test)]
    pub(super) fn on_the_loops_clock(self) -> Self {
        Self { clock: Clock::of_the_loop(), ..self }
    }

    /// What the program ends with.
    pub(super) fn outcome(self) -> Result<()> {
        self.outcome
    }

    /// What tells this run from others.
    pub(super) fn salt(&self) -> u64 {
        self.plan.seed
    }

    pub(super) fn stage(&self) -> Stage {
        self.stage
    }

    pub(super) fn now(&self, link: &Link<'_, '_>) -> Time {
        self.clock.now(link)
    }

    /// All connections stand.
    pub(super) fn begin(&mut self, link: &mut Link<'_, '_>) {
        let now = self.now(link);
        self.stage = Stage::Running;
        self.meter.begin(now);
        self.traffic.begin(now);
        set(link, SECOND, Beat::Second);
        set(link, self.watch_interval(), Beat::Watch);
        if self.plan.warmup.is_zero() {
            self.measure(link, now);
        } else {
            set(link, self.plan.warmup, Beat::Warm);
        }
        self.send(link, now);
    }

    /// From now on it counts.
    fn measure(&mut self, link: &mut Link<'_, '_>, now: Time) {
        self.meter.measure(&mut self.traffic, now);
        match self.plan.extent {
            Extent::Count(messages) => self.traffic.send_until(messages),
            Extent::Time(time) => set(link, time, Beat::Finish),
        }
    }

    /// A message came back, at this time.
    pub(super) fn note(&mut self, lane: LaneId, message: &[u8], at: Time) {
        self.traffic.hear(lane, message, at);
    }

    /// The same, and sends what it has made room for: the session is quickest to answer whom it hears.
    #[inline]
    pub(super) fn answer(&mut self, link: &mut Link<'_, '_>, lane: LaneId, message: &[u8], at: Time) {
        if self.stage != Stage::Running {
            return self.note(lane, message, at);
        }
        if let Some(message) = self.traffic.hear_and_answer(lane, message, at)
            && let Err(error) = self.carrier.send(link, lane, message)
        {
            self.cannot_send(link, error);
        }
    }

    /// Does what follows from what has come back, the last of it at this time.
    pub(super) fn proceed(&mut self, link: &mut Link<'_, '_>, now: Time) {
        if self.stage == Stage::Running {
            self.meter.hear(now);
            self.send(link, now);
            self.go_on(link);
        }
    }

    /// Sends what is to be sent now, within a budget.
    fn send(&mut self, link: &mut Link<'_, '_>, now: Time) {
        let mut bytes_left = SEND_BYTES_MAX;
        while let Some((lane, message)) = self.traffic.next(now) {
            if let Err(error) = self.carrier.send(link, lane, message) {
                return self.cannot_send(link, error);
            }
            let Some(left) = bytes_left.checked_sub(message.len()) else {
                return self.pace(link, Duration::ZERO);
            };
            bytes_left = left;
        }
        if let Some(wait) = self.traffic.wait(now) {
            // The loop counts in milliseconds: the last of them is spent awake.
            self.pace(link, wait.saturating_sub(GRAIN));
        }
    }

    #[cold]
    fn cannot_send(&mut self, link: &mut Link<'_, '_>, error: EncodeError) {
        let why = Err(error).context("--framing cannot carry these messages");
        self.fail(why.blame(Fault::Usage));
        self.end(link);
    }

    fn pace(&mut self, link: &mut Link<'_, '_>, after: Duration) {
        if !std::mem::replace(&mut self.is_paced, true) {
            set(link, after, Beat::Pace);
        }
    }

    /// A timer is due.
    pub(super) fn timeout(&mut self, link: &mut Link<'_, '_>, tag: Tag) {
        let now = self.now(link);
        let Some(beat) = Beat::of(tag) else { return };
        match (beat, self.stage) {
            (Beat::Second, Stage::Running | Stage::Holding) => self.second(link, now),
            (Beat::Watch, Stage::Running) => self.watch(link, now),
            (Beat::Warm, Stage::Running) => self.measure(link, now),
            (Beat::Finish, Stage::Running) => self.finish(link, now),
            (Beat::Pace, Stage::Running) => {
                self.is_paced = false;
                self.send(link, now);
            }
            (Beat::Release, Stage::Holding) => self.release(link),
            (Beat::Leave, Stage::Closing) => self.end(link),
            _ => {}
        }
    }

    fn second(&mut self, link: &mut Link<'_, '_>, now: Time) {
        set(link, SECOND, Beat::Second);
        let second = self.meter.second(&mut self.traffic, now);
        let told = self.reporter.second(&second);
        if told.is_err() {
            self.fail(told);
            self.end(link);
        }
    }

    /// Has anybody been silent for too long?
    fn watch(&mut self, link: &mut Link<'_, '_>, now: Time) {
        set(link, self.watch_interval(), Beat::Watch);
        let timeout = self.plan.timeout;
        self.traffic.expire(timeout, now);
        let silent = self.traffic.silent(timeout, now);
        if silent > 0 {
            let (connections, messages) = (self.setting.connections, self.traffic.in_flight());
            let message = format!(
                "no answer for {timeout:?} on {silent} of {connections} connections; {messages} messages wait for one"
            );
            self.fail(Err(Failure::new(Fault::Connection, message)));
            return self.end(link);
        }
        self.send(link, now);
        self.go_on(link);
    }

    fn watch_interval(&self) -> Duration {
        (self.plan.timeout / 4).clamp(Duration::from_millis(1), SECOND)
    }

    /// Sends no more; ends when all is answered.
    fn finish(&mut self, link: &mut Link<'_, '_>, now: Time) {
        self.overdue = self.traffic.pace().overdue(now);
        self.traffic.send_no_more();
        self.go_on(link);
    }

    /// Goes on to what comes after the last answer, if that has come.
    fn go_on(&mut self, link: &mut Link<'_, '_>) {
        if self.stage != Stage::Running || !self.traffic.is_over() {
            return;
        }
        if self.plan.hold.is_zero() {
            return self.release(link);
        }
        self.stage = Stage::Holding;
        set(link, self.plan.hold, Beat::Release);
    }

    /// Weighs what stands, and ends our side of it.
    fn release(&mut self, link: &mut Link<'_, '_>) {
        self.meter.weigh_standing();
        self.stage = Stage::Closing;
        if self.carrier.end_sending(link) {
            set(link, LEAVE_AFTER, Beat::Leave);
        } else {
            self.end(link);
        }
    }

    /// A connection ended before its time.
    pub(super) fn lose(&mut self, link: &mut Link<'_, '_>, lane: LaneId, failure: Failure) {
        self.lost += 1;
        self.traffic.close(lane);
        self.fail(Err(failure));
        if self.traffic.is_deserted() {
            self.end(link);
        }
        self.go_on(link);
    }

    /// What went wrong first is what is told.
    pub(super) fn fail(&mut self, outcome: Result<()>) {
        if self.outcome.is_ok() {
            self.outcome = outcome;
        }
    }

    /// We were told to end.
    pub(super) fn interrupt(&mut self, link: &mut Link<'_, '_>) {
        if self.stage == Stage::Opening {
            self.fail(Err(Failure::new(Fault::Other, "interrupted before all connections stood")));
        }
        self.end(link);
    }

    /// Tells what was measured, and leaves.
    pub(super) fn end(&mut self, link: &mut Link<'_, '_>) {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        if stage == Stage::Over {
            return;
        }
        if stage != Stage::Opening {
            let told = self.tell();
            self.fail(told);
        }
        link.drain(DRAIN_TIMEOUT);
    }

    /// The summary, and what follows from it.
    fn tell(&mut self) -> Result<()> {
        self.meter.weigh_standing();
        let flow = self.meter.end(&mut self.traffic);
        let wrong = self.traffic.wrong();
        self.reporter.summary(&Summary {
            kind: "summary",
            setting: self.setting.clone(),
            flow,
            wrong,
            unanswered: self.traffic.in_flight() + self.traffic.cut(),
            connections_lost: self.lost,
            overdue: self.overdue,
            late: self.traffic.pace().late(),
            load_cpu: self.meter.load_cpu(),
            server: self.meter.server(self.setting.standing()),
        })?;
        C::judge(wrong, flow.messages)
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// Bytes that are sent before answers are looked for.
const SEND_BYTES_MAX: usize = 256 * 1024;

/// For peers to hang up after we have ended our side.
const LEAVE_AFTER: Duration = Duration::from_secs(1);
